//! Command tips: what clients of a cluster are told of a command, and of how its reply varies.

const VARIES: &str = "nondeterministic_output";
const UNORDERED: &str = "nondeterministic_output_order";
const ALL_NODES: &str = "request_policy:all_nodes";
const ALL_SHARDS: &str = "request_policy:all_shards";
const MULTI_SHARD: &str = "request_policy:multi_shard";
const SPECIAL_REQUEST: &str = "request_policy:special";
const ALL_SUCCEEDED: &str = "response_policy:all_succeeded";
const ONE_SUCCEEDED: &str = "response_policy:one_succeeded";
const ALL_TRUE: &str = "response_policy:agg_logical_and";
const LEAST: &str = "response_policy:agg_min";
const SUM: &str = "response_policy:agg_sum";
const SPECIAL: &str = "response_policy:special";

/// Tips, and the commands that have them, as in Redis.
const TIPS: &[(&[&str], &[&str])] = &[
    (
        &[VARIES],
        &[
            "client|info",
            "client|list",
            "cluster|count-failure-reports",
            "cluster|getkeysinslot",
            "cluster|info",
            "cluster|links",
            "cluster|nodes",
            "cluster|replicas",
            "cluster|shards",
            "cluster|slaves",
            "cluster|slots",
            "dump",
            "hpttl",
            "hrandfield",
            "hscan",
            "httl",
            "lastsave",
            "object|encoding",
            "object|freq",
            "object|idletime",
            "object|refcount",
            "pttl",
            "spop",
            "srandmember",
            "sscan",
            "time",
            "ttl",
            "zrandmember",
            "zscan",
        ],
    ),
    (
        &[UNORDERED],
        &[
            "command",
            "command|docs",
            "command|info",
            "command|list",
            "hgetall",
            "hkeys",
            "hvals",
            "sdiff",
            "sinter",
            "smembers",
            "sunion",
        ],
    ),
    (
        &[ALL_NODES, ALL_SUCCEEDED],
        &["config|set", "latency|reset", "script|flush", "script|load", "slowlog|reset"],
    ),
    (&[ALL_SHARDS, SUM], &["dbsize"]),
    (&[ALL_SHARDS, ALL_TRUE], &["script|exists"]),
    (&[ALL_SHARDS, ONE_SUCCEEDED], &["script|kill"]),
    (&[MULTI_SHARD, SUM], &["del", "exists", "touch", "unlink"]),
    (&[ALL_SHARDS, ALL_SUCCEEDED], &["flushall", "flushdb", "memory|purge", "ping"]),
    (
        &[VARIES, ALL_SHARDS, SPECIAL],
        &["info", "memory|doctor", "memory|malloc-stats", "memory|stats"],
    ),
    (&[ALL_SHARDS, UNORDERED], &["keys"]),
    (
        &[VARIES, ALL_NODES, SPECIAL],
        &[
            "latency|doctor",
            "latency|graph",
            "latency|histogram",
            "latency|history",
            "latency|latest",
        ],
    ),
    (&[MULTI_SHARD], &["mget"]),
    (&[MULTI_SHARD, ALL_SUCCEEDED], &["mset"]),
    (&[MULTI_SHARD, LEAST], &["msetnx"]),
    (&[ALL_SHARDS, VARIES], &["randomkey"]),
    (&[VARIES, SPECIAL_REQUEST], &["scan"]),
    (&[ALL_NODES, VARIES], &["slowlog|get"]),
    (&[ALL_NODES, SUM, VARIES], &["slowlog|len"]),
    (&[ALL_SHARDS, LEAST], &["wait"]),
];

/// The tips of a command, by its full name.
#[must_use]
pub fn tips(full_name: &str) -> &'static [&'static str] {
    TIPS.iter().find(|(_, commands)| commands.contains(&full_name)).map_or(&[], |(tips, _)| tips)
}
