//! How memory is bounded, and how what expired is found and freed.

use super::Change::AtRunTime;
use super::{Directive, INT_MAX, Kind, LONG_MAX, Section, ULONG_MAX, choice, number, yes_no};
use crate::config::MaxmemoryPolicy;
use crate::config::number::Unit;

/// Why the policies by frequency are refused.
const NO_FREQUENCIES: &str =
    "how often keys are used is not counted: choose an lru, random or ttl policy";

pub const MEMORY: Section = Section {
    title: "Memory",
    directives: &[
        Directive::new(
            "maxmemory",
            AtRunTime,
            number!(maxmemory_bytes, Memory, 0..=ULONG_MAX),
            "How much memory the data may take; 0 for no limit.
Sizes may have a unit: 1k is 1000 bytes, 1kb 1024; likewise m, mb, g, gb.",
        ),
        Directive::new(
            "maxmemory-policy",
            AtRunTime,
            choice!(maxmemory_policy, MaxmemoryPolicy),
            "What happens to a write when maxmemory is reached.
noeviction refuses it. The others remove keys: of those with a deadline (volatile) or of
all; the least recently used (lru), the next to expire (ttl), or any (random). The lfu
policies of Redis are refused: how often keys are used is not counted. With a cluster-port
nothing is removed, whatever the policy: it would be gone on all nodes.",
        )
        .refusing(&[("volatile-lfu", NO_FREQUENCIES), ("allkeys-lfu", NO_FREQUENCIES)]),
        Directive::new(
            "maxmemory-samples",
            AtRunTime,
            number!(maxmemory_samples, Plain, 1..=INT_MAX),
            "How many keys are compared to find one to remove.",
        ),
        Directive::new(
            "once-retention",
            AtRunTime,
            number!(once.retention_s, Plain, 1..=INT_MAX),
            "For how many seconds it is kept what ONCE has answered under a token.
A retry that comes later runs the command again.",
        ),
        Directive::new(
            "once-tokens-max",
            AtRunTime,
            number!(once.tokens_max, Plain, 0..=LONG_MAX),
            "How many tokens of ONCE are kept; a new one is refused when there are so many.
They are counted ten times a second, and by each node for itself: a few more may come in between.",
        ),
    ],
};

pub const BACKGROUND: Section = Section {
    title: "Background work",
    directives: &[
        Directive::new(
            "active-expire-effort",
            AtRunTime,
            number!(active_expire_effort, Plain, 1..=10),
            "How hard the server looks for expired keys that nobody reads.
More finds them sooner and takes more time from clients.",
        ),
        Directive::new(
            "hz",
            AtRunTime,
            Kind::Number {
                unit: Unit::Plain,
                range: 0..=INT_MAX,
                get: |config| config.hz.into(),
                set: |config, value| {
                    value.clamp(1, 500).try_into().map(|value| config.hz = value).is_ok()
                },
            },
            "How many times a second background work runs.
Values below 1 or above 500 are taken as 1 and 500.",
        ),
        Directive::new(
            "lazyfree-lazy-eviction",
            AtRunTime,
            yes_no!(lazyfree_lazy.eviction),
            LAZYFREE,
        ),
        Directive::new("lazyfree-lazy-expire", AtRunTime, yes_no!(lazyfree_lazy.expire), LAZYFREE),
        Directive::new(
            "lazyfree-lazy-server-del",
            AtRunTime,
            yes_no!(lazyfree_lazy.server_del),
            LAZYFREE,
        ),
        Directive::new(
            "lazyfree-lazy-user-del",
            AtRunTime,
            yes_no!(lazyfree_lazy.user_del),
            "Whether DEL frees large values on a thread of its own, as UNLINK does.",
        ),
        Directive::new(
            "lazyfree-lazy-user-flush",
            AtRunTime,
            yes_no!(lazyfree_lazy.user_flush),
            "Whether FLUSHDB and FLUSHALL, when they are not told, free on a thread of their own.",
        ),
    ],
};

const LAZYFREE: &str = "Accepted for the sake of Redis's files: it changes nothing here.";
