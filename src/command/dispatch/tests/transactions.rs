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

/// A change by a peer is one like any other; what a peer says that changes nothing is none.
#[test]
fn what_a_peer_says_of_a_watched_key_is_a_change() {
    let peer = Keyspace::new(16, Replica { node: 2, epoch: 1 }, Tombstones::KEEP, NOW_MS);
    let key = KeyRef::new(0, b"k");
    let mut connected = Connected::with(|_| ());
    connected.node.keyspace =
        Keyspace::new(16, Replica { node: 1, epoch: 1 }, Tombstones::KEEP, NOW_MS);
    let execute = ["MULTI", "INCR k", "EXEC"];
    assert_eq!(connected.run(&["INCR k", "WATCH k"]), ":1|+OK|");
    peer.open([key], Mode::Exclusive, NOW_MS).add(key, 10).expect("an integer");
    let theirs = peer.state(0, b"k").expect("it is there");
    connected.node.keyspace.merge_part(0, b"k", &theirs, NOW_MS);
    assert!(connected.session.client.watch().has_changed());
    assert_eq!(connected.run(&execute), "+OK|+QUEUED|*-1|");
    connected.run(&["WATCH k"]);
    connected.node.keyspace.merge_part(0, b"k", &theirs, NOW_MS);
    assert_eq!(connected.run(&execute), "+OK|+QUEUED|*1|:12|");
}

/// In each form of expiry: by who comes across it, in the background, and by EXEC itself.
#[test]
fn what_expires_while_it_is_watched_has_changed() {
    for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
        for reclaimed in [false, true] {
            let mut connected = Connected::with(|_| ());
            let me = Replica { node: 1, epoch: 1 };
            connected.node.keyspace = Keyspace::new(16, me, tombstones, NOW_MS);
            let key = KeyRef::new(0, b"k");
            let ends = |at_ms| crate::store::Deadline::At(at_ms);
            let keyspace = &connected.node.keyspace;
            keyspace.open([key], Mode::Exclusive, NOW_MS - 10).set_text(
                key,
                b"1",
                ends(NOW_MS - 5),
            );
            // It had expired when it was watched, whoever removes it later.
            connected.run(&["WATCH k"]);
            connected.node.keyspace.expire(NOW_MS, 100);
            assert_eq!(connected.run(&["MULTI", "EXEC"]), "+OK|*0|");
            // Watched before it expires: by a scope of an earlier time.
            let keyspace = &connected.node.keyspace;
            let watch = connected.session.client.watch().clone();
            let mut keys = keyspace.open([key], Mode::Exclusive, NOW_MS - 3);
            keys.set_text(key, b"1", ends(NOW_MS - 1));
            let watched = keys.watch(key, &watch).expect("held").expect("not watched yet");
            drop(keys);
            if reclaimed {
                keyspace.expire(NOW_MS, 100);
                assert!(watch.has_changed());
            }
            connected.session.note_watched(watched);
            assert_eq!(connected.run(&["MULTI", "EXEC"]), "+OK|*-1|");
        }
    }
}

/// Also when the first of the commands may hold no key, or looks at everything.
#[test]
fn what_is_watched_is_looked_at_whatever_comes_first() {
    let mut connected = Connected::with(|_| ());
    for first in ["COUNTER.INFO k", "DBSIZE", "FLUSHALL"] {
        connected.run(&["SET k 1", "WATCH k", "MULTI"]);
        assert!(connected.run(&[first, "EXEC"]).starts_with("+QUEUED|*1|"), "{first}");
        connected.run(&["SET k 1", "WATCH k", "SET k 2", "MULTI"]);
        assert_eq!(connected.run(&[first, "EXEC"]), "+QUEUED|*-1|", "{first}");
        assert_eq!(connected.run(&["MULTI", "GET k", "EXEC"]), "+OK|+QUEUED|*1|$1|2|");
    }
}

#[test]
fn a_key_that_is_evicted_has_changed() {
    let mut connected = Connected::with(|_| ());
    connected.run(&["SET k 1", "WATCH k"]);
    let policy = crate::config::MaxmemoryPolicy::AllkeysRandom;
    assert!(connected.node.keyspace.evict(policy, 5, NOW_MS));
    assert_eq!(connected.run(&["MULTI", "EXEC"]), "+OK|*-1|");
}

#[test]
fn what_is_watched_is_counted_once_and_forgotten() {
    let mut connected = Connected::with(|_| ());
    connected.run(&["WATCH key"]);
    let bytes = connected.session.queued_bytes();
    assert!(bytes > 0);
    connected.run(&["WATCH key key"]);
    assert_eq!(connected.session.queued_bytes(), bytes);
    connected.session.forget(&connected.node.keyspace);
    assert_eq!(connected.session.queued_bytes(), 0);
    let mut other = session_of(&connected.node);
    run(&connected.node, &mut other, &["SET key 1"]);
    assert!(!connected.session.client.watch().has_changed());
}

/// What a drain hands out goes to peers and to the log in one batch.
#[test]
fn peers_hear_of_all_of_a_transaction_or_of_nothing() {
    const TURNS: usize = 2_000;
    let mut connected = Connected::with(|_| ());
    let here = Keyspace::new(16, Replica { node: 1, epoch: 1 }, Tombstones::KEEP, NOW_MS);
    connected.node.keyspace = here;
    let there = Keyspace::new(16, Replica { node: 2, epoch: 1 }, Tombstones::KEEP, NOW_MS);
    let pair = [KeyRef::new(0, b"left"), KeyRef::new(3, b"right")];
    let Connected { node, session } = &mut connected;
    let (node, is_done) = (&*node, std::sync::atomic::AtomicBool::new(false));
    let hear = || {
        let mut batch = Vec::new();
        let mut take = |drained: crate::store::Drained<'_>| {
            batch.push((drained.db, drained.name.to_vec(), drained.state.clone()));
        };
        node.keyspace.drain(NOW_MS, &mut take);
        for (db, name, state) in batch {
            there.merge_part(db, &name, &state, NOW_MS);
        }
        let keys = there.open(pair, Mode::Exclusive, NOW_MS);
        pair.map(|key| keys.text(key).expect("a string").map(|text| text.to_vec()))
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let commands = ["MULTI", "INCR left", "SELECT 3", "INCR right", "SELECT 0", "EXEC"];
            for _ in 0..TURNS {
                run(node, session, &commands);
            }
            is_done.store(true, Ordering::Release);
        });
        while !is_done.load(Ordering::Acquire) {
            let [left, right] = hear();
            assert_eq!(left, right);
        }
    });
    assert_eq!(hear(), [(); 2].map(|()| Some(TURNS.to_string().into_bytes())));
}
