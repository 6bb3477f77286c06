//! What a synopsis does not say of arguments: their types, the names of groups, and since when they
//! are. Names and versions are those of Redis 7.2.

use super::Kind;
use crate::command::table::Place;

/// The name of a block that may come again.
pub const REPEATED: &str = "data";

/// Types by the name of the value, for those that are no strings. The first column is the token or the
/// command where it holds; empty: everywhere.
const KINDS: &[(&str, &[&str], Kind)] = &[
    ("blpop", &["timeout"], Kind::Double),
    ("brpop", &["timeout"], Kind::Double),
    ("blmove", &["timeout"], Kind::Double),
    ("brpoplpush", &["timeout"], Kind::Double),
    ("blmpop", &["timeout"], Kind::Double),
    ("bzmpop", &["timeout"], Kind::Double),
    ("bzpopmax", &["timeout"], Kind::Double),
    ("bzpopmin", &["timeout"], Kind::Double),
    ("incrbyfloat", &["increment"], Kind::Double),
    ("hincrbyfloat", &["increment"], Kind::Double),
    ("BYFLOAT", &["increment"], Kind::Double),
    ("SLEEP", &["seconds"], Kind::Double),
    ("bitpos", &["bit"], Kind::Integer),
    ("setbit", &["value"], Kind::Integer),
    ("SET", &["value"], Kind::Integer),
    ("zcount", &["min", "max"], Kind::Double),
    ("zrange", &["start", "stop"], Kind::String),
    ("zrangebyscore", &["min", "max"], Kind::Double),
    ("zremrangebyscore", &["min", "max"], Kind::Double),
    ("zrevrangebyscore", &["min", "max"], Kind::Double),
    ("", &["score"], Kind::Double),
    (
        "",
        &[
            "bits",
            "client-id",
            "cluster-bus-port",
            "count",
            "cursor",
            "db",
            "decrement",
            "destination-db",
            "end",
            "frequency",
            "increment",
            "index",
            "index1",
            "index2",
            "len",
            "limit",
            "maxage",
            "milliseconds",
            "min-match-len",
            "num-matches",
            "numfields",
            "numkeys",
            "numreplicas",
            "offset",
            "port",
            "protover",
            "rank",
            "seconds",
            "slot",
            "start",
            "stop",
            "time",
            "timeout",
            "ttl",
            "version",
            "weight",
        ],
        Kind::Integer,
    ),
    ("", &["lowerbound", "upperbound"], Kind::Double),
    ("", &["pattern"], Kind::Pattern),
    ("", &["unix-time-seconds", "unix-time-milliseconds"], Kind::UnixTime),
];

/// Groups by the word that they begin with.
const GROUPS: &[(&str, &str, &str)] = &[
    ("acl|log", "count", "operation"),
    ("client|reply", "ON", "action"),
    ("client|tracking", "ON", "status"),
    ("client|kill", "ip:port", "filter"),
    ("client|kill", "ID", "new-format"),
    ("hrandfield", "count", "options"),
    ("TYPE", "NORMAL", "client-type"),
    ("bitfield", "GET", "operation"),
    ("bitfield", "SET", "write-operation"),
    ("", "AND", "operation"),
    ("", "ASC", "order"),
    ("", "ASYNC", "flush-type"),
    ("", "BYTE", "unit"),
    ("", "BYSCORE", "sortby"),
    ("", "GT", "comparison"),
    ("", "MIN", "where"),
    ("zrandmember", "count", "options"),
    ("", "BEFORE", "where"),
    ("", "BYFLOAT", "increment"),
    ("", "DIGEST", "subcommand"),
    ("", "HARD", "reset-type"),
    ("", "EX", "expiration"),
    ("lmove", "LEFT", "wherefrom"),
    ("blmove", "LEFT", "wherefrom"),
    ("", "LEFT", "where"),
    ("", "LIB-NAME", "attr"),
    ("", "NOSAVE", "save-selector"),
    ("", "NX", "condition"),
    ("", "ON", "enabled"),
    ("", "S", "unit"),
    ("", "TIMEOUT", "unblock-type"),
    ("", "WRITE", "mode"),
    ("", "YES", "mode"),
    ("", "host", "args"),
    ("", "protover", "arguments"),
];

/// Groups that come a second time.
const SECONDS: &[(&str, &str)] = &[("wherefrom", "whereto")];

/// Alternatives of several arguments, by the word that they begin with.
const BLOCKS: &[(&str, &str)] = &[
    ("NO", "no-one"),
    ("OVERFLOW", "write"),
    ("end", "end-unit-block"),
    ("host", "host-port"),
    ("start", "range"),
];

/// What stands behind a word, if it is not called after that: command, word, name.
const INTRODUCED: &[(&str, &str, &str)] = &[
    ("bitfield", "GET", "get-block"),
    ("bitfield", "INCRBY", "incrby-block"),
    ("bitfield", "OVERFLOW", "overflow-block"),
    ("bitfield", "SET", "set-block"),
    ("sort", "LIMIT", "offset_count"),
    ("sort_ro", "LIMIT", "offset_count"),
    ("bitfield_ro", "GET", "get-block"),
];

/// Values that are not called what the synopsis writes.
const VALUES: &[(&str, &str, &str)] =
    &[("ADDR", "ip:port", "addr"), ("LADDR", "ip:port", "laddr"), ("", "ip:port", "old-format")];

/// Literals that are not called what they are.
const TOKENS: &[(&str, &str, &str)] = &[
    ("sort", "ALPHA", "sorting"),
    ("sort_ro", "ALPHA", "sorting"),
    ("zadd", "CH", "change"),
    ("zadd", "INCR", "increment"),
];

/// Arguments that came after their command: command, name, version.
const SINCE: &[(&str, &str, &str)] = &[
    ("auth", "username", "6.0.0"),
    ("bgsave", "schedule", "3.2.2"),
    ("bitcount", "unit", "7.0.0"),
    ("bitpos", "unit", "7.0.0"),
    ("client|kill", "client-id", "2.8.12"),
    ("client|kill", "client-type", "2.8.12"),
    ("client|kill", "laddr", "6.2.0"),
    ("client|kill", "maxage", "7.4.0"),
    ("client|kill", "master", "3.2.0"),
    ("client|kill", "replica", "5.0.0"),
    ("client|list", "client-id", "6.2.0"),
    ("client|list", "client-type", "5.0.0"),
    ("client|pause", "mode", "6.2.0"),
    ("cluster|meet", "cluster-bus-port", "4.0.0"),
    ("expire", "condition", "7.0.0"),
    ("expireat", "condition", "7.0.0"),
    ("flushall", "async", "4.0.0"),
    ("flushall", "sync", "6.2.0"),
    ("flushdb", "async", "4.0.0"),
    ("flushdb", "sync", "6.2.0"),
    ("hscan", "novalues", "7.4.0"),
    ("pexpire", "condition", "7.0.0"),
    ("pexpireat", "condition", "7.0.0"),
    ("lpop", "count", "6.2.0"),
    ("restore", "absttl", "5.0.0"),
    ("restore", "frequency", "5.0.0"),
    ("restore", "replace", "3.0.0"),
    ("restore", "seconds", "5.0.0"),
    ("rpop", "count", "6.2.0"),
    ("scan", "type", "6.0.0"),
    ("set", "condition", "2.6.12"),
    ("set", "get", "6.2.0"),
    ("set", "keepttl", "6.0.0"),
    ("set", "milliseconds", "2.6.12"),
    ("set", "seconds", "2.6.12"),
    ("set", "unix-time-milliseconds", "6.2.0"),
    ("set", "unix-time-seconds", "6.2.0"),
    ("script|flush", "flush-type", "6.2.0"),
    ("shutdown", "abort", "7.0.0"),
    ("shutdown", "force", "7.0.0"),
    ("shutdown", "now", "7.0.0"),
    ("spop", "count", "3.2.0"),
    ("srandmember", "count", "2.6.0"),
    ("zadd", "change", "3.0.2"),
    ("zadd", "comparison", "6.2.0"),
    ("zadd", "condition", "3.0.2"),
    ("zadd", "increment", "3.0.2"),
    ("zrange", "limit", "6.2.0"),
    ("zrange", "rev", "6.2.0"),
    ("zrange", "sortby", "6.2.0"),
    ("zrangebyscore", "withscores", "2.0.0"),
    ("zrank", "withscore", "7.2.0"),
    ("zrevrank", "withscore", "7.2.0"),
];

/// Arguments that are not to be used any more.
const DEPRECATED: &[(&str, &str, &str)] = &[("client|kill", "old-format", "2.8.12")];

/// The type of the value `word` behind `token`.
pub fn kind(command: &str, token: &str, word: &str) -> Kind {
    let holds = |place: &str| ["", token, command].contains(&place);
    let row = KINDS.iter().find(|(place, words, _)| holds(place) && words.contains(&word));
    row.map_or(Kind::String, |(_, _, kind)| *kind)
}

/// The name of the value `word` behind `token`.
pub fn value(command: &str, token: &str, word: &str) -> String {
    find(VALUES, command, token, word).unwrap_or(word).to_owned()
}

/// The name of the literal `word`.
pub fn token(command: &str, word: &str) -> String {
    find(TOKENS, command, "", word).map_or_else(|| word.to_ascii_lowercase(), str::to_owned)
}

/// The name of the group behind `token` that begins with `word`.
pub fn group(command: &str, token: &str, word: &str) -> String {
    let default = if token.is_empty() { word } else { token };
    let known = find(GROUPS, command, token, word);
    // A group behind a token is named after it, unless the token says too little.
    match known.filter(|_| token.is_empty() || token == "TYPE") {
        Some(name) => name.to_owned(),
        None => default.to_ascii_lowercase(),
    }
}

/// The name of a group whose name another one has already.
pub fn second(name: &str) -> String {
    let known = SECONDS.iter().find(|(first, _)| *first == name);
    known.map_or(name, |(_, second)| second).to_owned()
}

/// Where the keys stand that are named behind a token.
pub fn place(token: &str) -> Option<Place> {
    match token {
        "BY" | "GET" => Some(Place::Unknown),
        "STORE" => Some(Place::StoreOption),
        _ => None,
    }
}

/// The name of an alternative of several arguments that begins with `word`.
pub fn block(word: &str) -> Option<&'static str> {
    BLOCKS.iter().find(|(first, _)| *first == word).map(|(_, name)| *name)
}

/// The name of what stands behind `token`, if it has one of its own.
pub fn introduced(command: &str, token: &str) -> Option<&'static str> {
    version(INTRODUCED, command, token)
}

/// Since when a command has the argument of this name, if it is younger than the command.
pub fn since(command: &str, name: &str) -> Option<&'static str> {
    version(SINCE, command, name)
}

/// Since when the argument should not be used.
pub fn deprecated_since(command: &str, name: &str) -> Option<&'static str> {
    version(DEPRECATED, command, name)
}

fn version(
    table: &'static [(&str, &str, &'static str)],
    command: &str,
    name: &str,
) -> Option<&'static str> {
    table.iter().find(|row| (row.0, row.1) == (command, name)).map(|row| row.2)
}

fn find(
    table: &'static [(&str, &str, &'static str)],
    command: &str,
    token: &str,
    word: &str,
) -> Option<&'static str> {
    let row = table.iter().find(|row| row.1 == word && ["", token, command].contains(&row.0));
    row.map(|row| row.2)
}
