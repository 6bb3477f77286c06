use super::*;

#[test]
fn a_panic_in_a_transaction_fails_alone_and_closes_its_connection() {
    let mut connected = Connected::with(|config| config.enable_debug_command = Permission::Yes);
    let replies = connected.run(&["MULTI", "INCR a", "DEBUG PANIC", "INCR a", "EXEC"]);
    assert_eq!(
        replies,
        "+OK|+QUEUED|+QUEUED|+QUEUED|*3|:1|-ERR internal error: the command was given up, and is \
         in the server's log|:2|"
    );
    assert_eq!(connected.session.after, After::Close);
    let mut other = session_of(&connected.node);
    assert_eq!(run(&connected.node, &mut other, &["INCR a", "FLUSHALL"]), ":3|+OK|");
}

#[test]
fn a_transaction_is_refused_for_what_its_commands_are_refused_for() {
    let mut connected = Connected::with(|_| ());
    assert_eq!(connected.run(&["MULTI", "GET a", "INCR a"]), "+OK|+QUEUED|+QUEUED|");
    connected.node.cluster = Some(Arc::new(cluster()));
    let loading = "LOADING Headcount is loading the dataset from its peers|";
    let aborted = format!("-EXECABORT Transaction discarded because of: {loading}");
    assert_eq!(connected.run(&["EXEC", "EXEC"]), aborted + "-ERR EXEC without MULTI|");
    let doomed = format!(
        "+OK|-{loading}-EXECABORT Transaction discarded because of previous errors.|\
         +OK|+QUEUED|*1|$1|a|"
    );
    let replies = connected.run(&["MULTI", "GET a", "EXEC", "MULTI", "ECHO a", "EXEC"]);
    assert_eq!(replies, doomed);
}

/// As in Redis 7.0.15.
#[test]
fn monitors_see_commands_as_they_run_and_exec_behind_them() {
    let mut connected = Connected::with(|_| ());
    let monitor = session_of(&connected.node);
    connected.node.monitors.add(monitor.client.clone());
    connected.run(&["MULTI", "SELECT 3", "AUTH secret", "EXEC", "EXEC now"]);
    let lines: Vec<String> = std::iter::from_fn(|| monitor.client.pop())
        .map(|line| String::from_utf8_lossy(&line).split_once(' ').expect("a time").1.to_owned())
        .map(|line| line.replace(" 127.0.0.1:1", ""))
        .collect();
    assert_eq!(
        lines.concat(),
        "[0] \"MULTI\"\r\n[3] \"SELECT\" \"3\"\r\n[3] \"AUTH\" \"(redacted)\"\r\n\
         [3] \"EXEC\"\r\n[3] \"EXEC\" \"now\"\r\n"
    );
}

/// Those of EXEC are its own: what its commands do counts for them. The slow log shows them, and not EXEC.
#[test]
fn commands_of_a_transaction_are_counted_one_by_one() {
    let mut connected = Connected::with(|config| config.slowlog_log_slower_than_us = 0);
    connected.run(&["SET a x", "MULTI", "INCR a", "INCR b", "GET b", "GET c", "EXEC"]);
    connected.run(&["MULTI", "NOSUCH", "EXEC", "EXEC now"]);
    let totals = connected.node.stats.totals();
    let of = |name: &[u8]| {
        let totals = &totals.commands[registry::find(name).expect("known").index];
        (totals.calls, totals.failed, totals.rejected)
    };
    assert_eq!(of(b"incr"), (2, 1, 0));
    assert_eq!(of(b"multi"), (2, 0, 0));
    assert_eq!(of(b"exec"), (2, 1, 1));
    assert_eq!((totals.hits, totals.misses), (1, 1));
    assert_eq!(connected.node.stats.errors().1["EXECABORT"], 2);
    let noted: Vec<Vec<u8>> =
        connected.node.slowlog.newest(10).iter().map(|entry| entry.arguments.join(&b' ')).collect();
    let noted: Vec<&[u8]> = noted.iter().map(Vec::as_slice).collect();
    assert_eq!(
        noted,
        [&b"MULTI"[..], b"GET c", b"GET b", b"INCR b", b"INCR a", b"MULTI", b"SET a x"]
    );
}

/// As in Redis 7.0.15, which breaks the array off.
#[test]
fn replies_of_a_transaction_are_left_out_as_its_commands_ask() {
    let mut connected = Connected::with(|_| ());
    let skip = "CLIENT REPLY SKIP";
    let skipped = ["MULTI", skip, "PING 1", "EXEC", "PING 2", "PING 3"];
    assert_eq!(connected.run(&skipped), "+OK|+QUEUED|+QUEUED|*2|$1|1|$1|3|");
    let off = ["MULTI", "PING 1", "CLIENT REPLY OFF", "PING 2", "EXEC", "PING 3"];
    assert_eq!(connected.run(&off), "+OK|+QUEUED|+QUEUED|+QUEUED|*3|$1|1|");
    let on = ["MULTI", "NOSUCH", "EXEC", "MULTI", "PING 1", "CLIENT REPLY ON", "PING 2", "EXEC"];
    assert_eq!(connected.run(&on), "+OK|$1|2|");
}

/// The engine's lock comes before those of keys: what asks it runs between the others, in its order.
#[test]
fn commands_that_ask_the_engine_see_what_was_written_before_them() {
    let mut connected = Connected::with(|_| ());
    let replies = connected.run(&["MULTI", "SET a 1", "COUNTER.INFO a", "INFO keyspace", "EXEC"]);
    assert!(replies.contains("$5|value|$1|1|"), "{replies}");
    assert!(replies.contains("|db0:keys=1,"), "{replies}");
    let replies = connected.run(&["MULTI", "DUMP a", "DEL a", "DUMP a", "DBSIZE", "EXEC"]);
    assert!(replies.ends_with("|:1|$-1|:0|"), "{replies}");
}

#[test]
fn a_client_is_shown_with_what_waits() {
    let mut connected = Connected::with(|_| ());
    connected.run(&["MULTI", "SET key value", "GET key"]);
    let activity = &connected.session.client.activity;
    let bytes = activity.queued_bytes.load(Ordering::Relaxed);
    assert_eq!(activity.queued(), Some(2));
    assert!(bytes > "SETkeyvalueGETkey".len());
    assert_eq!(connected.session.queued_bytes(), bytes);
    connected.run(&["DISCARD"]);
    let activity = &connected.session.client.activity;
    assert_eq!((activity.queued(), connected.session.queued_bytes()), (None, 0));
}
