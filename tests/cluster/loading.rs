//! A node that starts without its state answers clients when it has got it from another, or when nobody
//! can be reached: `-LOADING` until then.

use std::time::{Duration, Instant};

use headcount::client::Client;

use crate::clients::{ask, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;
use crate::support::{eventually, show};

const LOADING: &str = "(error) LOADING Headcount is loading the dataset from its peers";

fn call(client: &mut Client, command: &str) -> String {
    show(&client.call(&command.split(' ').collect::<Vec<_>>()))
}

/// What is answered first that is no refusal.
fn first_answer(client: &mut Client, command: &str) -> String {
    let mut answer = LOADING.to_owned();
    eventually("it answers", || {
        answer = call(client, command);
        answer != LOADING
    });
    answer
}

/// A node that can reach nobody yet.
fn run_cut_off(cluster: &mut Cluster, node: usize, timeout_ms: &str) -> Client {
    let first = cluster.network.address(0).to_string();
    cluster.between(&[node], &[0], Way::Reset);
    let flags = ["--cluster-peer", &first, "--cluster-node-timeout", timeout_ms];
    cluster.run_with(node, &flags);
    cluster.server(node).connect_early()
}

#[test]
fn a_node_that_joins_never_shows_an_empty_count() {
    let mut cluster = Cluster::start(1);
    let client = &mut cluster.connect(0);
    let mut pipeline = redis::pipe();
    for key in 0..50_000 {
        pipeline.cmd("INCR").arg(format!("views:{key}"));
    }
    pipeline.query::<redis::Value>(client).expect("replies");
    tell(client, &["INCRBY views 7", "SADD online ann"]);
    let mut joining = run_cut_off(&mut cluster, 1, "60000");
    for command in ["PING", "GET views", "INCR views", "SCARD online", "DBSIZE", "FLUSHALL"] {
        assert_eq!(call(&mut joining, command), LOADING, "{command}");
    }
    assert_eq!(call(&mut joining, "SELECT 0"), "OK", "what needs no data is answered");
    let loading = || cluster.server(1).info("loading").expect("a field");
    assert_eq!(loading(), "1");
    cluster.heal();
    let views = first_answer(&mut joining, "GET views");
    assert_eq!(views, "\"7\"");
    let answers = ["DBSIZE", "GET views:49999", "SCARD online", "INCR views"];
    let answers = answers.map(|command| call(&mut joining, command));
    assert_eq!(answers, ["(integer) 50002", "\"1\"", "(integer) 1", "(integer) 8"]);
    assert_eq!(loading(), "0");
    cluster.converge();
    assert_eq!(ask::<i64>(&mut cluster.connect(0), "GET views"), 8);
}

#[test]
fn a_node_that_reaches_nobody_answers_after_a_while() {
    let begun = Instant::now();
    let mut cluster = Cluster::planned(&[]);
    let mut alone = run_cut_off(&mut cluster, 1, "1000");
    assert_eq!(first_answer(&mut alone, "INCR views"), "(integer) 1");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    // What it has counted meanwhile counts.
    cluster.run(0);
    tell(&mut cluster.connect(0), &["INCRBY views 10"]);
    cluster.heal().converge();
    assert_eq!(ask::<i64>(&mut cluster.connect(0), "GET views"), 11);
}

#[test]
fn a_node_without_peers_answers_at_once() {
    let mut cluster = Cluster::planned(&["--cluster-node-timeout", "60000"]);
    cluster.run_with(0, &[]);
    assert_eq!(call(&mut cluster.server(0).connect_early(), "INCR views"), "(integer) 1");
}
