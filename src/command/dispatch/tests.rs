use super::*;
use crate::base::Replica;
use crate::command::args::tests::Request;
use crate::command::registry;
use crate::config::{Config, Permission};
use crate::crdt::Tombstones;
use crate::node::{Cluster, NewClient};
use crate::replication::{Engine, Now, Settings};
use crate::store::Keyspace;
use std::sync::Arc;

mod transactions;

const NOW_MS: u64 = 1_700_000_000_000;

/// A node and one connection to it.
struct Connected {
    node: Node,
    session: Session,
}

impl Connected {
    fn with(change: impl FnOnce(&mut Config)) -> Connected {
        let mut config = Config::default();
        change(&mut config);
        let me = Replica { node: 1, epoch: 1 };
        let keyspace = Keyspace::new(16, me, Tombstones::Drop, NOW_MS);
        let node = Node::new(config, keyspace, registry::all().len());
        let session = session_of(&node);
        Connected { node, session }
    }

    /// Executes a pipeline, a line each, and answers the replies, line ends shown as `|`.
    fn run(&mut self, lines: &[&str]) -> String {
        run(&self.node, &mut self.session, lines)
    }
}

fn session_of(node: &Node) -> Session {
    let new = NewClient {
        addr: "127.0.0.1:1".to_owned(),
        laddr: "127.0.0.1:2".to_owned(),
        unix_socket: false,
        created_ms: NOW_MS,
    };
    let client = node.clients.register(new, 10).expect("room");
    Session::new(client, &node.access)
}

fn run(node: &Node, session: &mut Session, lines: &[&str]) -> String {
    let (recorder, mut config) = (node.stats.recorder(), CachedConfig::default());
    let mut out = Vec::new();
    let mut batch = Batch::new(node, &recorder, &mut config, NOW_MS);
    for line in lines {
        let request = Request::new(line.split(' ').collect::<Vec<_>>().iter());
        let mut plan = Plan::default();
        batch.plan(session.db, std::iter::once(request.args()), &mut plan);
        batch.execute(plan.requests[0], session, request.args(), &mut out);
    }
    batch.finish();
    String::from_utf8_lossy(&out).replace("\r\n", "|")
}

#[test]
fn a_write_that_begins_shared_is_answered_once() {
    let mut connected = Connected::with(|_| ());
    assert_eq!(connected.run(&["INCR a", "incr a", "incrby a 5", "get a"]), ":1|:2|:7|$1|7|");
}

#[test]
fn an_error_takes_the_place_of_the_reply() {
    let mut connected = Connected::with(|_| ());
    let replies = connected.run(&["SET a x", "INCR a", "SADD s 1", "MGET s a", "GET s"]);
    assert_eq!(
        replies,
        "+OK|-ERR value is not an integer or out of range|:1|*2|$-1|$1|x|\
         -WRONGTYPE Operation against a key holding the wrong kind of value|"
    );
}

#[test]
fn a_panic_is_answered_and_closes_only_its_connection() {
    let mut connected = Connected::with(|config| config.enable_debug_command = Permission::Yes);
    let replies = connected.run(&["SET a 1", "DEBUG PANIC"]);
    assert_eq!(
        replies,
        "+OK|-ERR internal error: the command was given up, and is in the server's log|"
    );
    assert_eq!(connected.session.after, After::Close);
    let mut other = session_of(&connected.node);
    assert_eq!(run(&connected.node, &mut other, &["INCR a"]), ":2|");
    assert_eq!(other.after, After::Nothing);
}

#[test]
fn only_what_needs_no_password_runs_without_it() {
    let mut connected = Connected::with(|config| config.requirepass = Some(b"secret".to_vec()));
    let replies = connected.run(&["GET a b", "GET a", "AUTH secret", "GET a"]);
    assert_eq!(
        replies,
        "-ERR wrong number of arguments for 'get' command|-NOAUTH Authentication required.|\
         +OK|$-1|"
    );
}

/// Of a node that has not heard of its peers yet.
fn cluster() -> Cluster {
    let settings = Settings {
        node: 1,
        epoch: 1,
        incarnation: 1,
        address: "a:1".to_owned(),
        seeds: vec!["b:1".to_owned()],
        tick_ms: 5,
        window_bytes: 0,
        notes_max: 1 << 20,
        sync_interval_ms: 5_000,
        forget_after_ms: 60_000,
        max_stamp_ahead_ms: 60_000,
        grace_ms: 60_000,
        clock_warning_ms: 500,
        node_timeout_ms: 5_000,
        databases: 16,
        survives: false,
    };
    Cluster::new(Engine::new(settings, 1, Now { wall_ms: NOW_MS, mono_ms: 0 }))
}

// What runs, and what comes first, is as in Redis 7.0.15; the text is our own.
#[test]
fn only_what_needs_no_data_runs_while_they_are_loaded() {
    let mut connected = Connected::with(|config| {
        config.requirepass = Some(b"secret".to_vec());
        config.maxmemory_bytes = 1;
    });
    connected.node.cluster = Some(Arc::new(cluster()));
    let loading = "-LOADING Headcount is loading the dataset from its peers|";
    let replies = connected.run(&["INCR a", "AUTH secret", "INCR a", "INCR", "NOSUCH"]);
    let refused = "-NOAUTH Authentication required.|+OK|";
    let wrong = "-ERR wrong number of arguments for 'incr' command|\
                 -ERR unknown command 'NOSUCH', with args beginning with: |";
    assert_eq!(replies, format!("{refused}{loading}{wrong}"));
    let replies = connected.run(&["SELECT 1", "ECHO a", "CLIENT REPLY ON"]);
    assert_eq!(replies, "+OK|$1|a|+OK|");
    for command in ["PING", "GET a", "DBSIZE", "WAIT 0 0", "CLUSTER INFO", "OBJECT FREQ a"] {
        assert_eq!(connected.run(&[command]), loading, "{command}");
    }
    connected.session.monitoring = true;
    assert_eq!(connected.run(&["GET a"]), loading);
    assert_eq!(connected.node.stats.errors().1["LOADING"], 8);
    let persistence = connected.run(&["INFO persistence"]);
    assert!(persistence.contains("|loading:1|"), "{persistence}");
}

// The replies are those of Redis 7.0.15.
#[test]
fn replies_are_left_out_as_the_client_asks() {
    let mut connected = Connected::with(|_| ());
    let skip = "CLIENT REPLY SKIP";
    assert_eq!(connected.run(&[skip, "PING 1", "PING 2"]), "$1|2|");
    assert_eq!(connected.run(&[skip, skip, "PING 1", "PING 2"]), "$1|2|");
    assert_eq!(connected.run(&[skip, "CLIENT REPLY ON", "PING 2"]), "+OK|$1|2|");
    assert_eq!(connected.run(&[skip, "NOSUCH", "PING 2"]), "$1|2|");
    assert_eq!(connected.run(&["CLIENT REPLY OFF", "PING", "GET", "NOSUCH"]), "");
    assert_eq!(connected.run(&[skip, "PING 1", "CLIENT REPLY ON", "PING 2"]), "+OK|$1|2|");
}

#[test]
fn calls_failures_and_refusals_are_counted() {
    let mut connected = Connected::with(|_| ());
    connected.run(&["SET a x", "INCR a", "INCR b", "INCR b", "INCR", "GET b", "GET c", "NOSUCH"]);
    let totals = connected.node.stats.totals();
    let of = |name: &[u8]| {
        let totals = &totals.commands[registry::find(name).expect("known").index];
        (totals.calls, totals.failed, totals.rejected)
    };
    assert_eq!(of(b"incr"), (3, 1, 1));
    assert_eq!(of(b"get"), (2, 0, 0));
    assert_eq!((totals.hits, totals.misses), (1, 1));
    let (errors, by_code) = connected.node.stats.errors();
    assert_eq!((errors, by_code["ERR"]), (3, 3));
}

#[test]
fn slow_commands_are_noted_when_each_is_to_be_measured() {
    let mut connected = Connected::with(|config| config.slowlog_log_slower_than_us = 0);
    connected.run(&["GET a", "AUTH secret"]);
    let noted: Vec<Vec<u8>> =
        connected.node.slowlog.newest(10).iter().map(|entry| entry.arguments.join(&b' ')).collect();
    assert_eq!(noted, [b"AUTH (redacted)".to_vec(), b"GET a".to_vec()]);
}

#[test]
fn monitors_see_what_ran() {
    let mut connected = Connected::with(|_| ());
    let monitor = session_of(&connected.node);
    connected.node.monitors.add(monitor.client.clone());
    connected.run(&["SELECT 5", "GET", "CONFIG GET port", "GET a"]);
    let lines: Vec<String> = std::iter::from_fn(|| monitor.client.pop())
        .map(|line| String::from_utf8_lossy(&line).split_once(' ').expect("a time").1.to_owned())
        .collect();
    assert_eq!(
        lines,
        ["[5 127.0.0.1:1] \"SELECT\" \"5\"\r\n", "[5 127.0.0.1:1] \"GET\" \"a\"\r\n"]
    );
}
