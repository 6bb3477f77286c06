//! CLUSTER, WAIT, COUNTER.INFO and INFO replication on nodes that have a cluster-port.

mod support;

use headcount::client::{Client, Reply};
use std::time::{Duration, Instant};
use support::{Server, eventually, free_port, print, show};

/// A node of that id which knows these peers, and its cluster-port.
fn node(id: &str, peers: &[u16]) -> (Server, u16) {
    let port = free_port();
    let mut flags = vec!["--cluster-port".to_owned(), port.to_string()];
    flags.extend(["--cluster-node-id".to_owned(), id.to_owned()]);
    for peer in peers {
        flags.extend(["--cluster-peer".to_owned(), format!("127.0.0.1:{peer}")]);
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    (Server::headcount(&flags), port)
}

/// Two nodes, `a` and `b`, that hear each other.
fn two_nodes() -> (Server, Server) {
    let (first, port) = node("a", &[]);
    let (second, _) = node("b", &[port]);
    for server in [&first, &second] {
        eventually("they hear each other", || peer(server).contains(",health=alive,link=up,"));
    }
    (first, second)
}

/// What INFO says of the only peer.
fn peer(server: &Server) -> String {
    server.info("peer0").unwrap_or_default()
}

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words.split(' ').collect::<Vec<_>>()))
}

/// The text that a command answers.
fn text(client: &mut Client, words: &str) -> String {
    print::text(&client.call(&words.split(' ').collect::<Vec<_>>()).expect("a reply"))
}

#[test]
fn a_node_without_peers_knows_itself() {
    let (server, port) = node("ab", &[]);
    let mut client = server.connect();
    let id = format!("{:0>40}", "ab");
    assert_eq!(text(&mut client, "CLUSTER MYID"), id);
    let line =
        format!("{id} 127.0.0.1:{}@{port} myself,master - 0 0 0 connected 0-16383\n", server.port);
    assert_eq!(text(&mut client, "CLUSTER NODES"), line);
    let info = text(&mut client, "CLUSTER INFO");
    assert!(info.starts_with("cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"), "{info}");
    assert!(info.contains("\r\ncluster_known_nodes:1\r\n"), "{info}");
    assert_eq!(call(&mut client, "CLUSTER KEYSLOT somekey"), "(integer) 11058");
    assert_eq!(server.info("node_id").as_deref(), Some("000000ab"));
    assert_eq!(server.info("peers").as_deref(), Some("0"));
    assert_eq!(server.info("role").as_deref(), Some("master"));
    assert_eq!(server.info("cluster_enabled").as_deref(), Some("0"));
    assert_eq!(call(&mut client, "INCR a"), "(integer) 1");
    let begun = Instant::now();
    assert_eq!(call(&mut client, "WAIT 1 100"), "(integer) 0");
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

// The texts are those of redis-server 7.0.15 in cluster mode.
#[test]
fn what_cannot_be_is_refused_as_in_redis() {
    let (server, _) = node("ab", &[]);
    let mut client = server.connect();
    let id = format!("{:0>40}", "ab");
    for (words, error) in [
        ("CLUSTER MEET a b", "Invalid TCP base port specified: b"),
        ("CLUSTER MEET 127.0.0.1 0", "Invalid node address specified: 127.0.0.1:0"),
        ("CLUSTER FORGET x", "Unknown node x"),
        ("CLUSTER FORGET 1", "Unknown node 1"),
        (&format!("CLUSTER FORGET {id}"), "I tried hard but I can't forget myself..."),
        ("CLUSTER FORGET ab", "I tried hard but I can't forget myself..."),
        ("CLUSTER RESET x", "syntax error"),
        ("CLUSTER NOSUCH", "unknown subcommand 'NOSUCH'. Try CLUSTER HELP."),
    ] {
        assert_eq!(call(&mut client, words), format!("(error) ERR {error}"), "{words}");
    }
    assert!(call(&mut client, "CLUSTER HELP").contains("MEET <ip> <port> [<bus-port>]"));
    for db in [0, 9] {
        call(&mut client, &format!("SELECT {db}"));
        call(&mut client, "SET k v");
        assert_eq!(
            call(&mut client, "CLUSTER RESET"),
            "(error) ERR CLUSTER RESET can't be called with master nodes containing keys"
        );
        call(&mut client, "DEL k");
    }
    assert_eq!(call(&mut client, "CLUSTER RESET"), "OK");
}

#[test]
fn a_reset_node_may_get_a_new_id() {
    let (server, _) = node("ab", &[]);
    let mut client = server.connect();
    let old = format!("{:0>40}", "ab");
    assert_eq!(text(&mut client, "CLUSTER MYID"), old);
    assert_eq!(call(&mut client, "CLUSTER RESET HARD"), "OK");
    eventually("it is another", || text(&mut client, "CLUSTER MYID") != old);
}

#[test]
fn nodes_that_meet_confirm_each_other_s_writes() {
    let (first, _) = node("a", &[]);
    let (second, port) = node("b", &[]);
    let mut client = first.connect();
    assert_eq!(call(&mut client, &format!("CLUSTER MEET 127.0.0.1 {port}")), "OK");
    eventually("they hear each other", || peer(&first).contains(",health=alive,link=up,"));
    assert!(peer(&first).starts_with("node=0000000b,"), "{}", peer(&first));
    for number in 1..=20 {
        assert_eq!(call(&mut client, "INCR a"), format!("(integer) {number}"));
        assert_eq!(call(&mut client, "WAIT 1 10000"), "(integer) 1", "the other node has it");
        assert_eq!(call(&mut second.connect(), "GET a"), format!("\"{number}\""));
    }
    assert_eq!(call(&mut client, "WAIT 0 0"), "(integer) 1");
    let begun = Instant::now();
    assert_eq!(call(&mut client, "WAIT 2 100"), "(integer) 1", "there is no second one");
    assert!(begun.elapsed() >= Duration::from_millis(100));
    // Who has written nothing has everybody's word.
    assert_eq!(call(&mut first.connect(), "WAIT 1 0"), "(integer) 1");
    let nodes = text(&mut client, "CLUSTER NODES");
    let line = nodes.lines().nth(1).expect("the other node").to_owned();
    let place = format!("127.0.0.1:{}@{port}", second.port);
    assert!(line.starts_with(&format!("{:0>40} {place} master - 0 1", "b")), "{line}");
    assert!(line.ends_with(" 0 connected 8192-16383"), "{line}");
}

/// All that WAIT counts is in memory there: a peer that is gone confirms nothing more.
#[test]
fn who_is_gone_confirms_nothing() {
    let (first, second) = two_nodes();
    let mut client = first.connect();
    call(&mut client, "INCR a");
    assert_eq!(call(&mut client, "WAIT 1 10000"), "(integer) 1");
    drop(second);
    eventually("it is noticed", || !peer(&first).contains(",link=up,"));
    call(&mut client, "INCR a");
    assert_eq!(call(&mut client, "WAIT 1 50"), "(integer) 0");
    eventually("the lag is told", || {
        let peer = peer(&first);
        !peer.contains(",unconfirmed_deltas=0,") && !peer.contains(",lag_ms=0,")
    });
    // Nobody waits for who is forgotten.
    assert_eq!(call(&mut client, "CLUSTER FORGET b"), "OK");
    eventually("it is no member", || first.info("peers").as_deref() == Some("0"));
}

/// A pipeline goes on as soon as the peer has confirmed.
#[test]
fn a_pipeline_waits_in_the_middle() {
    let (first, _second) = two_nodes();
    let mut client = first.connect();
    let commands: [&[&str]; 4] =
        [&["SET", "a", "1"], &["WAIT", "1", "0"], &["INCR", "a"], &["PING"]];
    client.send(&commands).expect("a pipeline");
    let replies: Vec<String> = commands.iter().map(|_| show(&client.receive())).collect();
    assert_eq!(replies, ["OK", "(integer) 1", "(integer) 2", "PONG"]);
}

/// What a map of a reply has under a name.
fn field(map: &Reply, name: &str) -> Reply {
    let Reply::Array(items) = map else { panic!("no map: {map:?}") };
    let mut pairs = items.chunks(2);
    let found = pairs.find(|pair| pair[0] == Reply::Bulk(name.into()));
    found.unwrap_or_else(|| panic!("no {name} in {map:?}"))[1].clone()
}

#[test]
fn counter_info_tells_who_counted_what() {
    let (first, second) = two_nodes();
    let mut client = first.connect();
    call(&mut client, "SET a 100");
    assert_eq!(call(&mut client, "WAIT 1 10000"), "(integer) 1");
    let mut other = second.connect();
    assert_eq!(call(&mut other, "DECRBY a 30"), "(integer) 70");
    assert_eq!(call(&mut other, "WAIT 1 10000"), "(integer) 1");
    assert_eq!(call(&mut client, "INCRBY a 5"), "(integer) 75");
    assert_eq!(call(&mut client, "WAIT 1 10000"), "(integer) 1");
    let report = client.call(&["COUNTER.INFO", "a"]).expect("a reply");
    assert_eq!(show(&Ok(field(&report, "value"))), "\"75\"");
    assert_eq!(show(&Ok(field(&report, "base"))), "\"100\"");
    let contributions = field(&report, "contributions");
    assert_eq!(show(&Ok(field(&contributions, "0000000a"))), "\"5\"");
    assert_eq!(show(&Ok(field(&contributions, "0000000b"))), "\"-30\"");
    assert_eq!(show(&Ok(field(&field(&report, "unconfirmed"), "0000000b"))), "\"0\"");
    assert!(matches!(field(&field(&report, "heard_ms"), "0000000b"), Reply::Integer(0..)));
    drop(second);
    eventually("it is noticed", || !peer(&first).contains(",link=up,"));
    assert_eq!(call(&mut client, "INCRBY a 7"), "(integer) 82");
    eventually("what it lacks is told", || {
        let report = client.call(&["COUNTER.INFO", "a"]).expect("a reply");
        show(&Ok(field(&field(&report, "unconfirmed"), "0000000b"))) == "\"7\""
    });
    assert_eq!(call(&mut client, "COUNTER.INFO nosuch"), "(nil)");
    call(&mut client, "SADD s x");
    let wrong_type = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
    assert_eq!(call(&mut client, "COUNTER.INFO s"), wrong_type);
    assert_eq!(call(&mut client, "SREM s x"), "(integer) 1");
    assert_eq!(call(&mut client, "COUNTER.INFO s"), "(nil)", "what is deleted is not there");
}

/// The ranges of CLUSTER SLOTS: first, last, port, node.
fn slots(server: &Server) -> Vec<(i64, i64, i64, String)> {
    let Ok(Reply::Array(ranges)) = server.connect().call(&["CLUSTER", "SLOTS"]) else {
        return Vec::new();
    };
    let number = |reply: &Reply| match reply {
        Reply::Integer(number) => *number,
        other => panic!("no number: {other:?}"),
    };
    let range = |range: &Reply| {
        let Reply::Array(range) = range else { panic!("no range: {range:?}") };
        let Reply::Array(node) = &range[2] else { panic!("no node: {range:?}") };
        let id = print::text(&node[2]).trim_start_matches('0').to_owned();
        assert_eq!(print::text(&node[0]), "127.0.0.1");
        (number(&range[0]), number(&range[1]), number(&node[1]), id)
    };
    ranges.iter().map(range).collect()
}

#[test]
fn cluster_clients_are_shown_the_slots_of_who_is_alive() {
    let (first, second) = two_nodes();
    let both = [
        (0, 8191, i64::from(first.port), "a".to_owned()),
        (8192, 16383, i64::from(second.port), "b".to_owned()),
    ];
    for server in [&first, &second] {
        eventually("both are shown", || slots(server) == both);
    }
    let mut client = first.connect();
    call(&mut client, "CONFIG SET cluster-node-timeout 300");
    drop(second);
    let alone = [(0, 16383, i64::from(first.port), "a".to_owned())];
    eventually("only one is shown", || slots(&first) == alone);
    let shards = call(&mut client, "CLUSTER SHARDS");
    assert!(shards.contains("\"online\"") && shards.contains("\"fail\""), "{shards}");
    call(&mut client, "CONFIG SET cluster-announce-ip 127.0.0.1 cluster-announce-port 7");
    eventually("it is told at once here", || slots(&first)[0].2 == 7);
}

#[test]
fn cluster_clients_find_what_they_ask_for() {
    let (server, _) = node("ab", &[]);
    let mut client = server.connect();
    for words in ["READONLY", "READWRITE", "ASKING"] {
        assert_eq!(call(&mut client, words), "OK");
    }
    assert_eq!(call(&mut client, "MSET {t}a 1 {t}b 2 other 3"), "OK");
    let slot = call(&mut client, "CLUSTER KEYSLOT t");
    let slot = slot.trim_start_matches("(integer) ");
    assert_eq!(call(&mut client, &format!("CLUSTER COUNTKEYSINSLOT {slot}")), "(integer) 2");
    let keys = call(&mut client, &format!("CLUSTER GETKEYSINSLOT {slot} 5"));
    assert!(keys.contains("\"{t}a\"") && keys.contains("\"{t}b\""), "{keys}");
    let one = call(&mut client, &format!("CLUSTER GETKEYSINSLOT {slot} 1"));
    assert_eq!(one.lines().count(), 1);
    assert_eq!(call(&mut client, "SELECT 1"), "OK");
    assert_eq!(call(&mut client, &format!("CLUSTER COUNTKEYSINSLOT {slot}")), "(integer) 0");
    assert_eq!(text(&mut client, "CLUSTER MYSHARDID"), text(&mut client, "CLUSTER MYID"));
    assert_eq!(call(&mut client, "CLUSTER LINKS"), "(empty array)");
    assert_eq!(call(&mut client, "CLUSTER REPLICAS ab"), "(empty array)");
    assert_eq!(call(&mut client, "CLUSTER COUNT-FAILURE-REPORTS ab"), "(integer) 0");
    for (words, error) in [
        ("CLUSTER COUNTKEYSINSLOT 16384", "Invalid slot"),
        ("CLUSTER COUNTKEYSINSLOT -1", "Invalid slot"),
        ("CLUSTER COUNTKEYSINSLOT x", "value is not an integer or out of range"),
        ("CLUSTER GETKEYSINSLOT 0 -1", "Invalid slot or number of keys"),
        ("CLUSTER REPLICAS 1", "Unknown node 1"),
    ] {
        assert_eq!(call(&mut client, words), format!("(error) ERR {error}"), "{words}");
    }
}

#[test]
fn a_node_that_starts_from_its_disk_tells_where_clients_reach_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, port) = (folder.path().to_string_lossy(), free_port().to_string());
    let flags = ["--cluster-port", &port, "--appendonly", "yes", "--dir", &dir];
    for _ in 0..2 {
        let server = Server::headcount(&flags);
        eventually("it has read its log", || slots(&server).len() == 1);
        assert_eq!(slots(&server)[0].2, i64::from(server.port));
        assert_eq!(call(&mut server.connect(), "SET a 1"), "OK");
    }
}
