//! The fields of INFO, against those of redis-server: dashboards and exporters read them by name.

mod support;

use std::collections::BTreeSet;
use support::{Server, print};

/// What only Redis has.
const ABSENT: &[&str] = &[
    // Of its being a C program.
    "atomicvar_api",
    "gcc_version",
    "used_cpu_sys_main_thread",
    "used_cpu_user_main_thread",
];

/// What Redis 7.0 does not have.
const ADDED: &[&str] = &[
    // Redis 7.2.
    "acl_access_denied_auth",
    "acl_access_denied_channel",
    "acl_access_denied_cmd",
    "acl_access_denied_key",
    "listener0",
    "total_blocking_keys",
    "total_blocking_keys_on_nokey",
    // Redis 7.4.
    "pubsub_clients",
    "expired_subkeys",
    "headcount_durability",
    "headcount_version",
];

/// Section titles and names of fields, as they come. Each command and each error has fields of its own.
fn names(server: &Server) -> Vec<String> {
    let mut client = server.connect();
    for command in [&["SET", "k", "v"][..], &["GET", "k"], &["INCR", "k"]] {
        client.call(command).expect("a reply");
    }
    let info = print::text(&client.call(&["INFO", "everything"]).expect("INFO"));
    let names = info.lines().filter_map(|line| line.split(':').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn fields_are_those_of_redis_and_in_its_order() {
    let Some(redis) = Server::redis(&[]) else { return };
    let (ours, theirs) = (names(&Server::headcount(&[])), names(&redis));
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    let listed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let absent: BTreeSet<_> = set(&theirs).difference(&set(&ours)).cloned().collect();
    // redis-server has answered INFO before.
    let of_info = |name: &String| !name.ends_with("_info");
    assert_eq!(absent.into_iter().filter(of_info).collect::<BTreeSet<_>>(), listed(ABSENT));
    let added: BTreeSet<_> = set(&ours).difference(&set(&theirs)).cloned().collect();
    assert_eq!(added.into_iter().filter(of_info).collect::<BTreeSet<_>>(), listed(ADDED));
    let shared = |names: &[String], other: &BTreeSet<String>| -> Vec<String> {
        let by_command = |name: &str| name.starts_with("cmdstat_") || name.starts_with("latency_");
        let kept = names.iter().filter(|name| other.contains(*name) && !by_command(name));
        kept.cloned().collect()
    };
    assert_eq!(shared(&ours, &set(&theirs)), shared(&theirs, &set(&ours)));
}

#[test]
fn what_happens_is_counted() {
    support::against_both(&["--requirepass", "secret"], |server| {
        let mut client = server.connect();
        let mut field = |words: &[&str], name: &str| -> String {
            client.call(words).expect("a reply");
            let info = print::text(&client.call(&["INFO", "everything"]).expect("INFO"));
            let mut values = info.lines().filter_map(|line| line.split_once(':'));
            values
                .find(|(field, _)| *field == name)
                .map(|(_, value)| value.to_owned())
                .unwrap_or_default()
        };
        field(&["AUTH", "wrong"], "");
        assert_eq!(field(&["AUTH", "secret"], "errorstat_WRONGPASS"), "count=1");
        field(&["CONFIG", "RESETSTAT"], "");
        field(&["SET", "k", "v"], "");
        assert_eq!(field(&["GET", "k"], "keyspace_hits"), "1");
        assert_eq!(field(&["GET", "nosuch"], "keyspace_misses"), "1");
        field(&["SET", "k", "v", "PX", "1"], "");
        std::thread::sleep(std::time::Duration::from_millis(400));
        assert_eq!(field(&["GET", "k"], "expired_keys"), "1");
        assert_eq!(field(&["SET", "l", "v"], "db0"), "keys=1,expires=0,avg_ttl=0");
        field(&["CONFIG", "SET", "maxmemory", "1"], "");
        std::thread::sleep(std::time::Duration::from_millis(400));
        let since = field(&["SET", "m", "v"], "total_eviction_exceeded_time");
        assert_ne!(since, "");
        if server.kind == support::Kind::Headcount {
            // Redis counts from the first command that is refused.
            assert!(since.parse::<u64>().is_ok_and(|ms| (100..3000).contains(&ms)), "{since}");
        }
        let reads = field(&["PING"], "total_reads_processed").parse::<u64>().expect("a number");
        assert!((10..40).contains(&reads), "{reads}");
    });
}
