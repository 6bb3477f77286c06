//! Three nodes on network links of their own, which are taken down and up, and on which packets are
//! late and lost. Where the machine lets no test make such a network it is skipped, and says why.

mod lan;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use redis::Connection;
use tempfile::TempDir;

use crate::agreement::{agree_after_heal, agree_by};
use crate::clients::{ask, connect_to, tell};
use crate::support::{PATIENCE, eventually, program};
use lan::{Lan, address};

const NODES: usize = 3;
const CLUSTER_PORT: u16 = 7000;

/// A node in its namespace. Clients come by a Unix socket, which is in none.
struct Node {
    child: Child,
    folder: TempDir,
}

impl Node {
    fn start(lan: &Lan, node: usize) -> Node {
        let folder = TempDir::new().expect("a folder");
        let (bind, port) = (address(node), CLUSTER_PORT.to_string());
        let (first, id) = (format!("{}:{port}", address(0)), format!("{:x}", node + 1));
        let child = lan
            .command(node, &program())
            .args([
                "--dir",
                ".",
                "--port",
                "0",
                "--unixsocket",
                "socket",
                "--enable-debug-command",
                "yes",
            ])
            .args(["--bind", &bind, "--cluster-port", &port, "--cluster-peer", &first])
            .args(["--cluster-node-id", &id, "--cluster-secret", "secret", "--logfile", "log"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("a node");
        let node = Node { child, folder };
        let socket = node.folder.path().join("socket");
        eventually("it listens", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        node
    }

    fn connect(&self) -> Connection {
        connect_to(&format!("redis+unix://{}/socket", self.folder.path().display()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Either may fail only because the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nodes, and the network that they are in: it goes after them.
struct Cluster {
    nodes: Vec<Node>,
    lan: Lan,
}

impl Cluster {
    /// Nodes that hear each other; `None` where that cannot be.
    fn start() -> Option<Cluster> {
        let lan = Lan::new(NODES);
        let lan = lan.inspect_err(|why| println!("skipped: no network namespaces: {why}")).ok()?;
        let cluster =
            Cluster { nodes: (0..NODES).map(|node| Node::start(&lan, node)).collect(), lan };
        for mut client in cluster.clients() {
            eventually("the nodes hear each other", || {
                ask::<String>(&mut client, "INFO replication").matches(",link=up,").count()
                    == NODES - 1
            });
        }
        Some(cluster)
    }

    fn clients(&self) -> Vec<Connection> {
        self.nodes.iter().map(Node::connect).collect()
    }

    /// On each node a digit of its own.
    fn count(&self) -> i64 {
        for (client, one) in self.clients().iter_mut().zip([1, 100, 10_000]) {
            tell(client, &[&format!("INCRBY views {one}"), &format!("SADD online n{one}")]);
        }
        10_101
    }

    fn views(&self) -> Vec<i64> {
        self.clients().iter_mut().map(|client| ask(client, "GET views")).collect()
    }

    fn portrait(&self) -> String {
        let infos =
            self.clients().into_iter().map(|mut client| ask(&mut client, "INFO replication"));
        infos.collect::<Vec<String>>().join("\n")
    }

    fn agree_after_heal(&self) {
        agree_after_heal(&mut self.clients(), Instant::now(), || self.portrait());
    }
}

/// Short ones, which TCP sits out, and one that makes it give up.
const CUTS_MS: [u64; 4] = [300, 1_000, 2_500, 8_000];

#[test]
fn counts_add_up_after_links_were_down() {
    let Some(cluster) = Cluster::start() else { return };
    let mut expected = 0;
    for (number, cut_ms) in CUTS_MS.into_iter().enumerate() {
        let node = number % NODES;
        cluster.lan.set_link(node, false);
        expected += cluster.count();
        std::thread::sleep(Duration::from_millis(cut_ms));
        expected += cluster.count();
        assert!(cluster.views().iter().all(|views| *views < expected));
        cluster.lan.set_link(node, true);
        cluster.agree_after_heal();
        assert_eq!(cluster.views(), [expected; NODES], "a cut of {cut_ms} ms");
    }
}

#[test]
fn counts_add_up_after_two_did_not_hear_each_other() {
    let Some(cluster) = Cluster::start() else { return };
    let mut expected = 0;
    for cut_ms in CUTS_MS {
        cluster.lan.set_isolated(&[0, 1], true);
        expected += cluster.count();
        std::thread::sleep(Duration::from_millis(cut_ms));
        expected += cluster.count();
        cluster.lan.set_isolated(&[0, 1], false);
        cluster.agree_after_heal();
        assert_eq!(cluster.views(), [expected; NODES], "a cut of {cut_ms} ms");
    }
}

#[test]
fn counts_add_up_where_packets_are_late_and_lost() {
    let Some(cluster) = Cluster::start() else { return };
    if let Err(why) = cluster.lan.disturb("delay 30ms 20ms loss 5%") {
        return println!("skipped: this kernel delays and loses nothing: {why}");
    }
    let mut expected = 0;
    for cut_ms in [0, 1_000] {
        cluster.lan.set_link(0, cut_ms == 0);
        for _ in 0..50 {
            expected += cluster.count();
            std::thread::sleep(Duration::from_millis(cut_ms / 50 + 5));
        }
        cluster.lan.set_link(0, true);
        let deadline = Instant::now() + PATIENCE;
        agree_by(&mut cluster.clients(), deadline, || cluster.portrait());
        assert_eq!(cluster.views(), [expected; NODES]);
    }
}
