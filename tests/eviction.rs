//! maxmemory from outside: what goes, what stays, and that nobody waits long for it; and that what is
//! freed goes back to the system.

mod support;

use std::time::{Duration, Instant};

use headcount::client::{Client, Reply};
use support::{Server, eventually};

fn fill(client: &mut Client, count: usize, options: &[&str]) {
    let value = "v".repeat(100);
    for first in (0..count).step_by(500) {
        let names: Vec<String> = (first..first + 500).map(|at| format!("key:{at}")).collect();
        let commands: Vec<Vec<&str>> = names
            .iter()
            .map(|name| [&["SET", name.as_str(), value.as_str()], options].concat())
            .collect();
        let commands: Vec<&[&str]> = commands.iter().map(Vec::as_slice).collect();
        client.send(&commands).expect("a pipeline sent");
        for _ in 0..500 {
            client.receive().expect("a reply");
        }
    }
}

fn number(server: &Server, field: &str) -> u64 {
    server.info(field).and_then(|value| value.parse().ok()).expect("a number")
}

fn set_maxmemory(client: &mut Client, policy: &str, bytes: u64) {
    let bytes = bytes.to_string();
    let set = ["CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", &bytes];
    assert_eq!(client.call(&set).expect("CONFIG SET"), Reply::Simple("OK".into()));
}

/// What counts for maxmemory. Of one moment: the log's buffers come and go.
fn counted(server: &Server) -> u64 {
    let info = server.connect().call(&["INFO", "memory"]).expect("INFO");
    let info = support::print::text(&info);
    let number = |field: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.and_then(|value| value.parse::<u64>().ok()).expect("a number")
    };
    number("used_memory") - number("mem_not_counted_for_evict")
}

/// In memory only, and as it is by default.
const BOTH: [&[&str]; 2] = [&[], &["--appendonly", "yes"]];

/// Half a million bytes at most go at once; the rest goes in the background, down to the limit.
#[test]
fn a_limit_far_below_what_is_used_holds_nobody_up() {
    BOTH.iter().for_each(|flags| nobody_is_held_up(&Server::headcount(flags)));
}

fn nobody_is_held_up(server: &Server) {
    let mut client = server.connect();
    let empty = number(server, "used_memory");
    fill(&mut client, 50_000, &[]);
    if server.info("aof_enabled").as_deref() == Some("1") {
        // What goes to the disk takes memory on its way.
        let kept = client.call(&["WAITAOF", "1", "0", "0"]).expect("WAITAOF");
        assert_eq!(kept, Reply::Array(vec![Reply::Integer(1), Reply::Integer(0)]));
    }
    let limit = empty + (number(server, "used_memory") - empty) / 10;
    set_maxmemory(&mut client, "allkeys-random", limit);
    let start = Instant::now();
    client.call(&["SET", "new", "x"]).expect("SET");
    let (took, evicted) = (start.elapsed(), number(server, "evicted_keys"));
    assert!(evicted < 40_000 || took < Duration::from_millis(20), "{evicted} keys in {took:?}");
    // Names of keys that were evicted are not counted until the log is told of them: by an estimate, so it may take two
    // rounds.
    let is_done = || number(server, "evicted_keys") > 40_000 && counted(server) <= limit;
    eventually("the rest is evicted", is_done);
    // A limit is not a reason to evict more than it asks for.
    assert!(counted(server) > limit * 8 / 10);
}

#[test]
fn without_keys_that_may_go_writes_are_refused_and_the_rest_goes_on() {
    for policy in ["noeviction", "volatile-lru", "volatile-ttl", "volatile-random"] {
        let server = Server::headcount(&[]);
        let mut client = server.connect();
        fill(&mut client, 1_000, &[]);
        set_maxmemory(&mut client, policy, 1);
        let oom = "OOM command not allowed when used memory > 'maxmemory'.";
        for (command, expected) in [
            (&["SET", "a", "1"][..], Reply::Error(oom.into())),
            (&["SADDEX", "s", "10", "m"], Reply::Error(oom.into())),
            (&["STRLEN", "key:1"], Reply::Integer(100)),
            (&["DEL", "key:1"], Reply::Integer(1)),
            (&["DBSIZE"], Reply::Integer(999)),
        ] {
            assert_eq!(client.call(command).expect("a reply"), expected, "{policy} {command:?}");
        }
    }
}

/// One key with a deadline among many without is found, and at once.
#[test]
fn the_only_key_that_may_go_goes() {
    BOTH.iter().for_each(|flags| the_only_one_goes(&Server::headcount(flags)));
}

fn the_only_one_goes(server: &Server) {
    let mut client = server.connect();
    fill(&mut client, 5_000, &[]);
    for policy in ["volatile-lru", "volatile-ttl", "volatile-random"] {
        client.call(&["SET", "volatile", &"v".repeat(1 << 20), "EX", "1000"]).expect("SET");
        let limit = number(server, "used_memory") - (1 << 19);
        set_maxmemory(&mut client, policy, limit);
        assert_eq!(client.call(&["SET", "a", "1"]).expect("SET"), Reply::Simple("OK".into()));
        assert_eq!(client.call(&["EXISTS", "volatile"]).expect("EXISTS"), Reply::Integer(0));
        assert_eq!(client.call(&["DBSIZE"]).expect("DBSIZE"), Reply::Integer(5_001));
        set_maxmemory(&mut client, policy, 0);
    }
}

#[test]
fn the_least_recently_used_and_the_next_to_expire_go_first() {
    const KEYS: usize = 10_000;
    let policies = ["allkeys-lru", "volatile-lru", "volatile-ttl"];
    for (policy, flags) in policies.into_iter().flat_map(|policy| BOTH.map(|flags| (policy, flags)))
    {
        let server = Server::headcount(flags);
        let mut client = server.connect();
        fill(&mut client, KEYS, &["EX", "1000"]);
        // The first half is to stay: used lately, and due later.
        std::thread::sleep(Duration::from_millis(500));
        for at in 0..KEYS / 2 {
            client.call(&["EXPIRE", &format!("key:{at}"), "2000"]).expect("EXPIRE");
        }
        // A third of the keys: the rest of the memory is not theirs.
        let limit = counted(&server) * 85 / 100;
        set_maxmemory(&mut client, policy, limit);
        eventually("it is evicted", || {
            client.call(&["PING"]).expect("PING");
            counted(&server) <= limit
        });
        let mut left = |from: usize, to: usize| {
            let names: Vec<String> = (from..to).map(|at| format!("key:{at}")).collect();
            let words = ["EXISTS"].into_iter().chain(names.iter().map(String::as_str));
            match client.call(&words.collect::<Vec<_>>()) {
                Ok(Reply::Integer(count)) => count as usize,
                other => panic!("{other:?}"),
            }
        };
        let (young, old) = (left(0, KEYS / 2), left(KEYS / 2, KEYS));
        assert!(young > KEYS / 2 * 9 / 10, "{policy}: {young} young and {old} old keys are left");
        assert!(old < KEYS / 2 * 8 / 10, "{policy}: {young} young and {old} old keys are left");
    }
}

#[test]
fn freed_memory_goes_back_to_the_system() {
    let server = Server::headcount(&["--io-threads", "2"]);
    let before = number(&server, "used_memory_rss");
    // Each connection is served by a thread of its own, which allocates for itself.
    for client in &mut [server.connect(), server.connect()] {
        let (name, value) = (format!("{:p}", client), "v".repeat(4_000));
        for at in 0..10_000 {
            client.call(&["SET", &format!("{name}:{at}"), &value]).expect("SET");
        }
    }
    assert!(number(&server, "used_memory_rss") > before + (60 << 20));
    server.connect().call(&["FLUSHALL"]).expect("FLUSHALL");
    eventually("the memory is given back", || {
        number(&server, "used_memory_rss") < before + (20 << 20)
    });
}

/// A deletion is one on all nodes, and takes memory until all have confirmed it.
#[test]
fn with_peers_nothing_is_evicted() {
    let port = support::free_port().to_string();
    let server = Server::headcount(&["--cluster-port", &port]);
    let mut client = server.connect();
    fill(&mut client, 2_000, &[]);
    set_maxmemory(&mut client, "allkeys-lru", 100_000);
    let refused = client.call(&["SET", "one", "more"]).expect("a reply");
    assert!(matches!(&refused, Reply::Error(text) if text.starts_with(b"OOM ")), "{refused:?}");
    assert_eq!(client.call(&["DBSIZE"]).expect("a reply"), Reply::Integer(2_000));
    assert_eq!(number(&server, "evicted_keys"), 0);
}
