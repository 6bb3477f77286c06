//! How commands have changed in the course of Redis's versions, as COMMAND DOCS tells it.

/// A command that another one replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation {
    pub since: &'static str,
    pub replaced_by: &'static str,
}

const DEPRECATED: &[(&str, Deprecation)] = &[
    (
        "brpoplpush",
        Deprecation {
            since: "6.2.0",
            replaced_by: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
        },
    ),
    ("cluster|slaves", Deprecation { since: "5.0.0", replaced_by: "`CLUSTER REPLICAS`" }),
    ("cluster|slots", Deprecation { since: "7.0.0", replaced_by: "`CLUSTER SHARDS`" }),
    ("getset", Deprecation { since: "6.2.0", replaced_by: "`SET` with the `!GET` argument" }),
    (
        "hmset",
        Deprecation { since: "4.0.0", replaced_by: "`HSET` with multiple field-value pairs" },
    ),
    ("psetex", Deprecation { since: "2.6.12", replaced_by: "`SET` with the `PX` argument" }),
    ("quit", Deprecation { since: "7.2.0", replaced_by: "just closing the connection" }),
    (
        "rpoplpush",
        Deprecation {
            since: "6.2.0",
            replaced_by: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
        },
    ),
    ("setex", Deprecation { since: "2.6.12", replaced_by: "`SET` with the `EX` argument" }),
    ("setnx", Deprecation { since: "2.6.12", replaced_by: "`SET` with the `NX` argument" }),
    ("slaveof", Deprecation { since: "5.0.0", replaced_by: "`REPLICAOF`" }),
    ("substr", Deprecation { since: "2.0.0", replaced_by: "`GETRANGE`" }),
    (
        "zrangebylex",
        Deprecation { since: "6.2.0", replaced_by: "`ZRANGE` with the `BYLEX` argument" },
    ),
    (
        "zrangebyscore",
        Deprecation { since: "6.2.0", replaced_by: "`ZRANGE` with the `BYSCORE` argument" },
    ),
    ("zrevrange", Deprecation { since: "6.2.0", replaced_by: "`ZRANGE` with the `REV` argument" }),
    (
        "zrevrangebylex",
        Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `REV` and `BYLEX` arguments",
        },
    ),
    (
        "zrevrangebyscore",
        Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
        },
    ),
];

const BLOCKING_TIMEOUT: &str = "`timeout` is interpreted as a double instead of an integer.";
const MANY_ELEMENTS: &str = "Accepts multiple `element` arguments.";

/// Changes: command, version, what is new.
const CHANGES: &[(&str, &str, &str)] = &[
    ("acl|getuser", "6.2.0", "Added Pub/Sub channel patterns."),
    (
        "acl|getuser",
        "7.0.0",
        "Added selectors and changed the format of key and channel patterns from a list to their rule representation.",
    ),
    ("acl|log", "7.2.0", "Added entry ID, timestamp created, and timestamp last updated."),
    ("acl|setuser", "6.2.0", "Added Pub/Sub channel patterns."),
    ("acl|setuser", "7.0.0", "Added selectors and key based permissions."),
    ("auth", "6.0.0", "Added ACL style (username and password)."),
    ("bgsave", "3.2.2", "Added the `SCHEDULE` option."),
    ("bitcount", "7.0.0", "Added the `BYTE|BIT` option."),
    ("bitpos", "7.0.0", "Added the `BYTE|BIT` option."),
    ("blpop", "6.0.0", BLOCKING_TIMEOUT),
    ("brpop", "6.0.0", BLOCKING_TIMEOUT),
    ("brpoplpush", "6.0.0", BLOCKING_TIMEOUT),
    ("bzpopmax", "6.0.0", BLOCKING_TIMEOUT),
    ("bzpopmin", "6.0.0", BLOCKING_TIMEOUT),
    ("lpop", "6.2.0", "Added the `count` argument."),
    ("rpop", "6.2.0", "Added the `count` argument."),
    ("lpush", "2.4.0", MANY_ELEMENTS),
    ("rpush", "2.4.0", MANY_ELEMENTS),
    ("lpushx", "4.0.0", MANY_ELEMENTS),
    ("rpushx", "4.0.0", MANY_ELEMENTS),
    ("client|kill", "2.8.12", "Added new filter format."),
    ("client|kill", "2.8.12", "`ID` option."),
    ("client|kill", "3.2.0", "Added `master` type in for `TYPE` option."),
    (
        "client|kill",
        "5.0.0",
        "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.",
    ),
    ("client|kill", "6.2.0", "`LADDR` option."),
    ("client|kill", "7.4.0", "`MAXAGE` option."),
    ("client|list", "2.8.12", "Added unique client `id` field."),
    ("client|list", "5.0.0", "Added optional `TYPE` filter."),
    ("client|list", "6.0.0", "Added `user` field."),
    (
        "client|list",
        "6.2.0",
        "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.",
    ),
    ("client|list", "7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."),
    ("client|list", "7.0.3", "Added `ssub` field."),
    ("client|pause", "6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."),
    ("cluster|meet", "4.0.0", "Added the optional `cluster_bus_port` argument."),
    ("cluster|slots", "4.0.0", "Added node IDs."),
    ("cluster|slots", "7.0.0", "Added additional networking metadata field."),
    ("command|info", "7.0.0", "Allowed to be called with no argument to get info on all commands."),
    ("config|get", "7.0.0", "Added the ability to pass multiple pattern parameters in one call"),
    ("config|set", "7.0.0", "Added the ability to set multiple parameters in one call."),
    ("exists", "3.0.3", "Accepts multiple `key` arguments."),
    ("expire", "7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."),
    ("expireat", "7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."),
    ("script|flush", "6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers."),
    ("flushall", "4.0.0", "Added the `ASYNC` flushing mode modifier."),
    ("flushall", "6.2.0", "Added the `SYNC` flushing mode modifier."),
    ("flushdb", "4.0.0", "Added the `ASYNC` flushing mode modifier."),
    ("flushdb", "6.2.0", "Added the `SYNC` flushing mode modifier."),
    ("hdel", "2.4.0", "Accepts multiple `field` arguments."),
    (
        "hello",
        "6.2.0",
        "`protover` made optional; when called without arguments the command reports the current connection's context.",
    ),
    ("hset", "4.0.0", "Accepts multiple `field` and `value` arguments."),
    ("info", "7.0.0", "Added support for taking multiple section arguments."),
    ("pexpire", "7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."),
    ("pexpireat", "7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."),
    ("pttl", "2.8.0", "Added the -2 reply."),
    (
        "renamenx",
        "3.2.0",
        "The command no longer returns an error when source and destination names are the same.",
    ),
    ("restore", "3.0.0", "Added the `REPLACE` modifier."),
    ("restore", "5.0.0", "Added the `ABSTTL` modifier."),
    ("restore", "5.0.0", "Added the `IDLETIME` and `FREQ` options."),
    ("sadd", "2.4.0", "Accepts multiple `member` arguments."),
    ("scan", "6.0.0", "Added the `TYPE` subcommand."),
    ("set", "2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
    ("set", "6.0.0", "Added the `KEEPTTL` option."),
    ("set", "6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
    ("set", "7.0.0", "Allowed the `NX` and `GET` options to be used together."),
    ("shutdown", "7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."),
    ("slowlog|get", "4.0.0", "Added client IP address, port and name to the reply."),
    ("spop", "3.2.0", "Added the `count` argument."),
    ("srandmember", "2.6.0", "Added the optional `count` argument."),
    ("srem", "2.4.0", "Accepts multiple `member` arguments."),
    ("ttl", "2.8.0", "Added the -2 reply."),
    ("zadd", "2.4.0", "Accepts multiple elements."),
    ("zadd", "3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."),
    ("zadd", "6.2.0", "Added the `GT` and `LT` options."),
    ("zrange", "6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."),
    ("zrangebyscore", "2.0.0", "Added the `WITHSCORES` modifier."),
    ("zrank", "7.2.0", "Added the optional `WITHSCORE` argument."),
    ("zrem", "2.4.0", "Accepts multiple elements."),
    ("zrevrangebyscore", "2.1.6", "`min` and `max` can be exclusive."),
    ("zrevrank", "7.2.0", "Added the optional `WITHSCORE` argument."),
];

/// What replaces a command that should not be used any more.
#[must_use]
pub fn deprecation(full_name: &str) -> Option<Deprecation> {
    DEPRECATED.iter().find(|(name, _)| *name == full_name).map(|(_, deprecation)| *deprecation)
}

/// The versions that changed a command, the oldest first, and what they changed.
#[must_use]
pub fn changes(full_name: &str) -> Vec<(&'static str, &'static str)> {
    let own = CHANGES.iter().filter(|(name, _, _)| *name == full_name);
    own.map(|(_, version, change)| (*version, *change)).collect()
}
