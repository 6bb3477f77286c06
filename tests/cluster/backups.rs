//! A backup of one node, restored into a cluster: all nodes have it, and what they count meanwhile.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::clients::ask;
use crate::nodes::Cluster;
use crate::support::{Server, eventually, program};

fn run(server: &Server, subcommand: &str, input: Stdio, out: Stdio) {
    let mut command = Command::new(program());
    command.args([subcommand, "--port", &server.port.to_string()]).env_remove("REDISCLI_AUTH");
    command.stdin(input).stdout(out).stderr(Stdio::piped());
    let output = command.output().expect("the program to run");
    let texts = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy);
    assert!(output.status.success(), "{subcommand}: {}", texts.concat());
}

#[test]
fn a_lost_cluster_is_restored_into_an_empty_one() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("backup");
    let sum = |cluster: &Cluster, node: usize| -> i64 {
        let mut client = cluster.connect(node);
        (0..500).map(|key| ask::<i64>(&mut client, &format!("INCRBY k{key} 0"))).sum()
    };
    {
        let lost = Cluster::start(3);
        for (node, times) in [(0, 1), (1, 2), (2, 3)] {
            let mut client = lost.connect(node);
            for key in 0..500 {
                let _: i64 = ask(&mut client, &format!("INCRBY k{key} {times}"));
            }
        }
        let _: i64 = ask(&mut lost.connect(1), "SADD online ann bob");
        lost.converge();
        let out = File::create(&path).expect("a file");
        run(lost.server(2), "dump", Stdio::null(), out.into());
    }
    let cluster = Cluster::start(3);
    let counted = std::thread::scope(|scope| {
        let counting = scope.spawn(|| {
            let mut client = cluster.connect(0);
            for key in 0..500 {
                let _: i64 = ask(&mut client, &format!("INCR k{key}"));
            }
            500
        });
        for node in [1, 2] {
            let file = File::open(&path).expect("the backup");
            run(cluster.server(node), "restore", file.into(), Stdio::piped());
        }
        counting.join().expect("no panic")
    });
    cluster.converge();
    for node in 0..3 {
        eventually("all is there", || sum(&cluster, node) == 500 * 6 + counted);
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "SCARD online"), 2);
    }
}
