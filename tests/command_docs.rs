//! What COMMAND DOCS and COMMAND INFO say of arguments, keys and changes, against redis-server 7.0.15.
//!
//! The fixture has for every command and subcommand a line with its name, and indented below it its
//! key specs, arguments and changes.

use headcount::command::history::{changes, deprecation};
use headcount::command::registry::{self, Entry};
use headcount::command::server::command::arguments::{Argument, arguments};
use headcount::command::table::{KeySpec, Place};
use std::collections::{BTreeMap, BTreeSet};

const REDIS: &str = include_str!("fixtures/redis_docs.txt");

/// Where we say something else on purpose: the command, what only Redis 7.0 says, what only we say.
/// Without a remark it is what Redis 7.2 says.
const DIFFERENT: &[(&str, &[&str], &[&str])] = &[
    ("acl|cat", &["argument categoryname:string optional"], &["argument category:string optional"]),
    (
        "acl|log",
        &[],
        &["change 7.2.0 Added entry ID, timestamp created, and timestamp last updated."],
    ),
    (
        "psubscribe",
        &["argument pattern:block multiple (pattern:pattern)"],
        &["argument pattern:pattern multiple"],
    ),
    ("restore", &[], &["argument merge:pure-token=MERGE optional"]),
    (
        "bitcount",
        &["argument index:block optional (start:integer, end:integer, index_unit:oneof+7.0.0 \
             optional (byte:pure-token=BYTE, bit:pure-token=BIT))"],
        &["argument range:block optional (start:integer, end:integer, unit:oneof+7.0.0 \
             optional (byte:pure-token=BYTE, bit:pure-token=BIT))"],
    ),
    (
        "bitfield",
        &[
            "argument operation:oneof optional multiple (encoding_offset:block=GET (encoding:string, \
             offset:integer), write:block (wrap_sat_fail:oneof=OVERFLOW optional \
             (wrap:pure-token=WRAP, sat:pure-token=SAT, fail:pure-token=FAIL), \
             write_operation:oneof (encoding_offset_value:block=SET (encoding:string, \
             offset:integer, value:integer), encoding_offset_increment:block=INCRBY \
             (encoding:string, offset:integer, increment:integer))))",
        ],
        &["argument operation:oneof optional multiple (get-block:block=GET (encoding:string, \
             offset:integer), write:block (overflow-block:oneof=OVERFLOW optional \
             (wrap:pure-token=WRAP, sat:pure-token=SAT, fail:pure-token=FAIL), \
             write-operation:oneof (set-block:block=SET (encoding:string, \
             offset:integer, value:integer), incrby-block:block=INCRBY \
             (encoding:string, offset:integer, increment:integer))))"],
    ),
    (
        "bitfield_ro",
        &["argument encoding_offset:block=GET optional multiple multiple_token (encoding:string, \
             offset:integer)"],
        &["argument get-block:block=GET optional multiple multiple_token (encoding:string, \
             offset:integer)"],
    ),
    (
        "bitop",
        &["argument operation:string"],
        &["argument operation:oneof (and:pure-token=AND, or:pure-token=OR, xor:pure-token=XOR, \
             not:pure-token=NOT)"],
    ),
    (
        "bitpos",
        &["argument index:block optional (start:integer, end_index:block optional (end:integer, \
             index_unit:oneof+7.0.0 optional (byte:pure-token=BYTE, bit:pure-token=BIT)))"],
        &["argument range:block optional (start:integer, end-unit-block:block optional \
             (end:integer, unit:oneof+7.0.0 optional (byte:pure-token=BYTE, bit:pure-token=BIT)))"],
    ),
    (
        "client|kill",
        &["argument filter:oneof (ip:port:string-2.8.12, new-format:oneof multiple \
             (client-id:integer=ID+2.8.12 optional, normal_master_slave_pubsub:oneof=TYPE+2.8.12 \
             optional (normal:pure-token=NORMAL, master:pure-token=MASTER+3.2.0, \
             slave:pure-token=SLAVE, replica:pure-token=REPLICA+5.0.0, pubsub:pure-token=PUBSUB), \
             username:string=USER optional, ip:port:string=ADDR optional, \
             ip:port:string=LADDR+6.2.0 optional, yes/no:string=SKIPME optional))"],
        &[
            "argument filter:oneof (old-format:string-2.8.12, new-format:oneof multiple \
             (client-id:integer=ID+2.8.12 optional, client-type:oneof=TYPE+2.8.12 optional \
             (normal:pure-token=NORMAL, master:pure-token=MASTER+3.2.0, slave:pure-token=SLAVE, \
             replica:pure-token=REPLICA+5.0.0, pubsub:pure-token=PUBSUB), \
             username:string=USER optional, addr:string=ADDR optional, \
             laddr:string=LADDR+6.2.0 optional, \
             skipme:oneof=SKIPME optional (yes:pure-token=YES, no:pure-token=NO), \
             maxage:integer=MAXAGE+7.4.0 optional))",
            "change 7.4.0 `MAXAGE` option.",
        ],
    ),
    (
        "client|list",
        &[
            "argument id:block=ID+6.2.0 optional (client-id:integer multiple)",
            "argument normal_master_replica_pubsub:oneof=TYPE+5.0.0 optional \
             (normal:pure-token=NORMAL, master:pure-token=MASTER, replica:pure-token=REPLICA, \
             pubsub:pure-token=PUBSUB)",
        ],
        &[
            "argument client-id:integer=ID+6.2.0 optional multiple",
            "argument client-type:oneof=TYPE+5.0.0 optional \
             (normal:pure-token=NORMAL, master:pure-token=MASTER, replica:pure-token=REPLICA, \
             pubsub:pure-token=PUBSUB)",
        ],
    ),
    (
        "client|reply",
        &[
            "argument on_off_skip:oneof (on:pure-token=ON, off:pure-token=OFF, skip:pure-token=SKIP)",
        ],
        &["argument action:oneof (on:pure-token=ON, off:pure-token=OFF, skip:pure-token=SKIP)"],
    ),
    (
        "client|unblock",
        &[
            "argument timeout_error:oneof optional (timeout:pure-token=TIMEOUT, error:pure-token=ERROR)",
        ],
        &[
            "argument unblock-type:oneof optional (timeout:pure-token=TIMEOUT, error:pure-token=ERROR)",
        ],
    ),
    (
        "cluster|meet",
        &["argument cluster_bus_port:integer+4.0.0 optional"],
        &["argument cluster-bus-port:integer+4.0.0 optional"],
    ),
    (
        "cluster|reset",
        &["argument hard_soft:oneof optional (hard:pure-token=HARD, soft:pure-token=SOFT)"],
        &["argument reset-type:oneof optional (hard:pure-token=HARD, soft:pure-token=SOFT)"],
    ),
    ("command|getkeys", &[], &["argument command:string", "argument arg:string optional multiple"]),
    (
        "command|getkeysandflags",
        &[],
        &["argument command:string", "argument arg:string optional multiple"],
    ),
    (
        "config|get",
        &["argument parameter:block multiple (parameter:string)"],
        &["argument parameter:string multiple"],
    ),
    (
        "config|set",
        &["argument parameter_value:block multiple (parameter:string, value:string)"],
        &["argument data:block multiple (parameter:string, value:string)"],
    ),
    // Redis describes none of its subcommands, which are others.
    (
        "debug",
        &[],
        &["argument subcommand:oneof (digest:pure-token=DIGEST, \
             key:string=DIGEST-VALUE multiple, text:string=ERROR, loadaof:pure-token=LOADAOF, \
             text:string=LOG, key:string=OBJECT, panic:pure-token=PANIC, type:string=PROTOCOL, \
             reload:oneof=RELOAD optional (merge:pure-token=MERGE, noflush:pure-token=NOFLUSH, \
             nosave:pure-token=NOSAVE), set-active-expire:oneof=SET-ACTIVE-EXPIRE (0:pure-token=0, 1:pure-token=1), \
             seconds:double=SLEEP, help:pure-token=HELP)"],
    ),
    (
        "script|flush",
        &["argument async:oneof+6.2.0 optional (async:pure-token=ASYNC, sync:pure-token=SYNC)"],
        &[
            "argument flush-type:oneof+6.2.0 optional (async:pure-token=ASYNC, sync:pure-token=SYNC)",
        ],
    ),
    (
        "flushall",
        &[
            "argument async:oneof optional (async:pure-token=ASYNC+4.0.0, sync:pure-token=SYNC+6.2.0)",
        ],
        &[
            "argument flush-type:oneof optional (async:pure-token=ASYNC+4.0.0, sync:pure-token=SYNC+6.2.0)",
        ],
    ),
    (
        "flushdb",
        &[
            "argument async:oneof optional (async:pure-token=ASYNC+4.0.0, sync:pure-token=SYNC+6.2.0)",
        ],
        &[
            "argument flush-type:oneof optional (async:pure-token=ASYNC+4.0.0, sync:pure-token=SYNC+6.2.0)",
        ],
    ),
    (
        "hello",
        &["argument arguments:block optional (protover:integer, username_password:block=AUTH \
             optional (username:string, password:string), clientname:string=SETNAME optional)"],
        &["argument arguments:block optional (protover:integer, auth:block=AUTH \
             optional (username:string, password:string), clientname:string=SETNAME optional)"],
    ),
    (
        "hmset",
        &["argument field_value:block multiple (field:string, value:string)"],
        &["argument data:block multiple (field:string, value:string)"],
    ),
    // Of a later Redis.
    ("hscan", &[], &["argument novalues:pure-token=NOVALUES+7.4.0 optional"]),
    (
        "hset",
        &["argument field_value:block multiple (field:string, value:string)"],
        &["argument data:block multiple (field:string, value:string)"],
    ),
    (
        "lcs",
        &["argument len:integer=MINMATCHLEN optional"],
        &["argument min-match-len:integer=MINMATCHLEN optional"],
    ),
    (
        "mset",
        &["argument key_value:block multiple (key:key@0, value:string)"],
        &["argument data:block multiple (key:key@0, value:string)"],
    ),
    (
        "msetnx",
        &["argument key_value:block multiple (key:key@0, value:string)"],
        &["argument data:block multiple (key:key@0, value:string)"],
    ),
    // Takes a member too, as KeyDB's.
    ("persist", &[], &["argument member:string optional"]),
    (
        "pfmerge",
        &["argument sourcekey:key@1 multiple"],
        &["argument sourcekey:key@1 optional multiple"],
    ),
    ("psetex", &[], &["deprecated 2.6.12 `SET` with the `PX` argument", "flag deprecated"]),
    // Takes a member too, as KeyDB's.
    ("pttl", &[], &["argument member:string optional"]),
    ("quit", &[], &["deprecated 7.2.0 just closing the connection", "flag deprecated"]),
    ("setex", &[], &["deprecated 2.6.12 `SET` with the `EX` argument", "flag deprecated"]),
    ("setnx", &[], &["deprecated 2.6.12 `SET` with the `NX` argument", "flag deprecated"]),
    (
        "shutdown",
        &["argument nosave_save:oneof optional (nosave:pure-token=NOSAVE, save:pure-token=SAVE)"],
        &["argument save-selector:oneof optional (nosave:pure-token=NOSAVE, save:pure-token=SAVE)"],
    ),
    // Takes a member too, as KeyDB's.
    ("ttl", &[], &["argument member:string optional"]),
    (
        "zadd",
        &["argument score_member:block multiple (score:double, member:string)"],
        &["argument data:block multiple (score:double, member:string)"],
    ),
    (
        "zrange",
        &["argument offset_count:block=LIMIT+6.2.0 optional (offset:integer, count:integer)"],
        &["argument limit:block=LIMIT+6.2.0 optional (offset:integer, count:integer)"],
    ),
    (
        "zrangebylex",
        &["argument offset_count:block=LIMIT optional (offset:integer, count:integer)"],
        &["argument limit:block=LIMIT optional (offset:integer, count:integer)"],
    ),
    (
        "zrangebyscore",
        &["argument offset_count:block=LIMIT optional (offset:integer, count:integer)"],
        &["argument limit:block=LIMIT optional (offset:integer, count:integer)"],
    ),
    (
        "zrangestore",
        &["argument offset_count:block=LIMIT optional (offset:integer, count:integer)"],
        &["argument limit:block=LIMIT optional (offset:integer, count:integer)"],
    ),
    (
        "zrank",
        &[],
        &[
            "argument withscore:pure-token=WITHSCORE+7.2.0 optional",
            "change 7.2.0 Added the optional `WITHSCORE` argument.",
        ],
    ),
    (
        "zrevrangebylex",
        &["argument offset_count:block=LIMIT optional (offset:integer, count:integer)"],
        &["argument limit:block=LIMIT optional (offset:integer, count:integer)"],
    ),
    (
        "zrevrangebyscore",
        &["argument offset_count:block=LIMIT optional (offset:integer, count:integer)"],
        &["argument limit:block=LIMIT optional (offset:integer, count:integer)"],
    ),
    (
        "zrevrank",
        &[],
        &[
            "argument withscore:pure-token=WITHSCORE+7.2.0 optional",
            "change 7.2.0 Added the optional `WITHSCORE` argument.",
        ],
    ),
];

fn redis() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut commands = BTreeMap::new();
    let mut current = "";
    for line in REDIS.lines() {
        match line.strip_prefix("  ") {
            None => {
                current = line;
                commands.insert(current, BTreeSet::new());
            }
            Some(fact) => {
                commands.get_mut(current).expect("a name first").insert(fact.to_owned());
            }
        }
    }
    commands
}

fn ours(entry: &Entry) -> BTreeSet<String> {
    let name = &entry.full_name;
    let keys = entry.command.keys.iter().map(|spec| format!("key {}", show_keys(spec)));
    let arguments = arguments(entry);
    let arguments = arguments.iter().map(|argument| format!("argument {}", show(argument)));
    let changes = changes(name);
    let changes = changes.iter().map(|(version, change)| format!("change {version} {change}"));
    let deprecation = deprecation(name).into_iter().flat_map(|it| {
        ["flag deprecated".to_owned(), format!("deprecated {} {}", it.since, it.replaced_by)]
    });
    let mut facts: BTreeSet<_> = keys.chain(arguments).chain(changes).chain(deprecation).collect();
    if ["debug", "pfdebug", "pfselftest"].contains(&name.as_str()) {
        facts.insert("flag syscmd".to_owned());
    }
    facts
}

fn show_keys(spec: &KeySpec) -> String {
    let access = spec.access.iter().copied().collect::<BTreeSet<_>>();
    let access = access.into_iter().collect::<Vec<_>>().join(",");
    match spec.place {
        Place::Range { first, last, step } => {
            let last = if last < 0 { last } else { last - first };
            format!("{access} {first} range {last} {step}")
        }
        Place::Counted { at } => format!("{access} {at} keynum"),
        Place::StoreOption | Place::Nested { .. } | Place::Unknown => {
            format!("{access} unknown unknown")
        }
    }
}

fn show(argument: &Argument) -> String {
    let mut text = format!("{}:{}", argument.name, argument.kind.name());
    let mut add = |mark: &str, value: Option<String>| {
        text.extend(value.map(|value| format!("{mark}{value}")));
    };
    add("@", argument.key_spec.map(|index| index.to_string()));
    add("=", argument.token.map(str::to_owned));
    add("+", argument.since.map(str::to_owned));
    add("-", argument.deprecated_since.map(str::to_owned));
    argument.flags().iter().for_each(|flag| text.push_str(&format!(" {flag}")));
    if !argument.arguments.is_empty() {
        let within: Vec<_> = argument.arguments.iter().map(show).collect();
        text.push_str(&format!(" ({})", within.join(", ")));
    }
    text
}

#[test]
fn commands_are_described_as_in_redis() {
    let redis = redis();
    let mut found = Vec::new();
    let mut compared = 0;
    for entry in registry::all() {
        let Some(theirs) = redis.get(entry.full_name.as_str()) else { continue };
        compared += 1;
        let ours = ours(entry);
        let mut expected = theirs.clone();
        for (name, not, but) in DIFFERENT {
            if *name == entry.full_name {
                not.iter().for_each(|fact| assert!(expected.remove(*fact), "{name}: {fact}"));
                expected.extend(but.iter().map(|fact| (*fact).to_owned()));
            }
        }
        if ours != expected {
            let lacking = expected.difference(&ours);
            let lacking = lacking.map(|fact| format!("{} lacks {fact}", entry.full_name));
            found.extend(lacking);
            let added = ours.difference(&expected);
            found.extend(added.map(|fact| format!("{} adds {fact}", entry.full_name)));
        }
    }
    assert!(compared > 100, "only {compared} commands are compared");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The order of arguments, which a set of facts does not show.
#[test]
fn arguments_come_in_the_order_of_the_synopsis() {
    for (name, expected) in [
        ("set", vec!["key", "value", "condition", "get", "expiration"]),
        ("smove", vec!["source", "destination", "member"]),
        ("sintercard", vec!["numkeys", "key", "limit"]),
        (
            "increx",
            vec!["key", "increment", "lowerbound", "upperbound", "saturate", "expiration", "enx"],
        ),
    ] {
        let entry = registry::find(name.as_bytes()).expect(name);
        let names: Vec<_> = arguments(entry).into_iter().map(|argument| argument.name).collect();
        assert_eq!(names, expected, "{name}");
    }
}

/// Redis 7.2 tells clients how to display an argument; 7.0 does not.
#[test]
fn values_are_displayed_as_the_synopsis_writes_them() {
    let kill = registry::find_full(b"client|kill").expect("CLIENT KILL");
    let [filter] = &arguments(kill)[..] else { panic!("one argument") };
    assert_eq!(filter.display_text, None);
    assert_eq!(filter.arguments[0].display_text.as_deref(), Some("ip:port"));
    let get = registry::find(b"set").map(arguments).expect("SET").remove(3);
    assert_eq!(get.display_text.as_deref(), Some("get"));
}
