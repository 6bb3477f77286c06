//! Real nodes that find each other, or do not, and part.

mod support;

use headcount::client::Client;
use rustix::process::Signal;
use support::{Server, eventually, free_port, show};

/// A node that knows these others; its log is in `log`.
fn node(cluster_port: u16, peers: &[String], more: &[&str]) -> Server {
    let port = cluster_port.to_string();
    let mut flags = vec!["--cluster-port", &port, "--logfile", "log", "--loglevel", "debug"];
    for peer in peers {
        flags.extend(["--cluster-peer", peer]);
    }
    flags.extend(more);
    Server::headcount(&flags)
}

fn log(server: &Server) -> String {
    std::fs::read_to_string(server.path("log")).expect("a log")
}

fn call(server: &Server, words: &[&str]) -> String {
    show(&server.connect().call(words))
}

/// How many peers it has both connections with.
fn peers_up(server: &Server) -> usize {
    let mut client: Client = server.connect();
    let info = support::print::text(&client.call(&["INFO", "replication"]).expect("INFO"));
    info.lines().filter(|line| line.starts_with("peer") && line.contains(",link=up,")).count()
}

fn hear_each_other(servers: &[&Server]) {
    for server in servers {
        eventually("all peers are up", || peers_up(server) == servers.len() - 1);
    }
}

#[test]
fn one_address_is_enough_to_find_all() {
    let ports = [free_port(), free_port(), free_port()];
    let first = format!("127.0.0.1:{}", ports[0]);
    let nodes =
        ports.map(|port| node(port, std::slice::from_ref(&first), &["--cluster-secret", "s"]));
    hear_each_other(&nodes.each_ref());
    for server in &nodes {
        call(server, &["INCR", "key"]);
    }
    for server in &nodes {
        eventually("all counts are there", || call(server, &["GET", "key"]) == "\"3\"");
        // The first was told to dial itself, which is no trouble.
        let is_trouble = |line: &str| line.contains("warning") && line.contains("very node");
        assert!(!log(server).lines().any(is_trouble));
    }
}

#[test]
fn a_node_known_by_several_names_and_addresses_is_one_node() {
    let ports = [free_port(), free_port()];
    let names: Vec<_> = ports
        .iter()
        .flat_map(|port| ["localhost", "127.0.0.1"].map(|host| format!("{host}:{port}")))
        .collect();
    let nodes = ports.map(|port| node(port, &names, &[]));
    hear_each_other(&nodes.each_ref());
    for server in &nodes {
        assert_eq!(server.info("peers").as_deref(), Some("1"));
        call(server, &["INCR", "key"]);
    }
    for server in &nodes {
        eventually("all counts are there", || call(server, &["GET", "key"]) == "\"2\"");
    }
}

#[test]
fn nodes_with_different_secrets_stay_apart_and_both_say_why() {
    let ports = [free_port(), free_port()];
    let first = node(ports[0], &[], &["--cluster-secret", "one"]);
    let peers = [format!("127.0.0.1:{}", ports[0])];
    // It does not wait for long to be let in before it answers clients.
    let soon = ["--cluster-secret", "other", "--cluster-node-timeout", "1000"];
    let second = node(ports[1], &peers, &soon);
    let reason = "the secret is another one (cluster-secret)";
    for server in [&first, &second] {
        eventually("the log says why", || log(server).contains(reason));
        assert_eq!(server.info("peers").as_deref(), Some("0"));
        call(server, &["INCR", "key"]);
    }
    // A secret can be changed at run time, and the next attempt is a good one.
    assert_eq!(call(&second, &["CONFIG", "SET", "cluster-secret", "one"]), "OK");
    hear_each_other(&[&first, &second]);
    eventually("all counts are there", || call(&first, &["GET", "key"]) == "\"2\"");
}

#[test]
fn a_node_that_leaves_has_handed_over_what_it_was_told() {
    let ports = [free_port(), free_port()];
    let staying = node(ports[0], &[], &[]);
    let leaving = node(ports[1], &[format!("127.0.0.1:{}", ports[0])], &[]);
    hear_each_other(&[&staying, &leaving]);
    let mut client = leaving.connect();
    for _ in 0..1000 {
        client.call(&["INCR", "key"]).expect("a reply");
    }
    // At once: what was answered last may not even be drained.
    assert!(leaving.signal(Signal::TERM).success());
    eventually("its counts are there", || call(&staying, &["GET", "key"]) == "\"1000\"");
    eventually("it is known to have left", || log(&staying).contains("leaves the cluster"));
}

#[test]
fn a_node_that_was_killed_finds_its_way_back() {
    let ports = [free_port(), free_port()];
    let staying = node(ports[0], &[], &[]);
    let peers = [format!("127.0.0.1:{}", ports[0])];
    let folder = tempfile::TempDir::new().expect("a folder");
    let dir = ["--dir", folder.path().to_str().expect("UTF-8")];
    let killed = node(ports[1], &peers, &dir);
    hear_each_other(&[&staying, &killed]);
    call(&killed, &["INCR", "key"]);
    eventually("its count is there", || call(&staying, &["GET", "key"]) == "\"1\"");
    killed.signal(Signal::KILL);
    call(&staying, &["INCR", "key"]);
    let back = node(ports[1], &peers, &dir);
    hear_each_other(&[&staying, &back]);
    call(&back, &["INCR", "key"]);
    for server in [&staying, &back] {
        eventually("all counts are there", || call(server, &["GET", "key"]) == "\"3\"");
    }
}
