//! How nodes find each other and count together.

use super::Change::{AtRunTime, AtStart};
use super::{ALWAYS_NO, Directive, INT_MAX, Kind, LONG_MAX, Section, number};
use crate::config::cluster::{
    CLUSTER_PEER, set_announce, set_announce_host, set_node_id, set_secret, show_node_id,
};
use crate::config::number::Unit;

pub const CLUSTER: Section = Section {
    title: "Cluster",
    directives: &[
        Directive::new(
            "cluster-announce",
            AtStart,
            Kind::Text {
                get: |config| config.cluster_announce.peers.clone().unwrap_or_default().into(),
                set: set_announce,
            },
            "Where other nodes reach this node's cluster-port, as host:port; if empty, see below.
Then it is the first `bind` address, or where that is a wildcard this machine's address on
its way to the first peer, with the cluster-port. Say it where others know this node by
another address.",
        ),
        Directive::new(
            "cluster-announce-ip",
            AtRunTime,
            Kind::Text {
                get: |config| config.cluster_announce.host.clone().unwrap_or_default().into(),
                set: set_announce_host,
            },
            "The host that cluster clients are told to reach this node at (CLUSTER SLOTS).
If empty, the one where other nodes reach it.",
        ),
        Directive::new(
            "cluster-announce-port",
            AtRunTime,
            number!(cluster_announce.port, Plain, 0..=65535),
            "The port that cluster clients are told; 0: `port`.
What is changed at run time other nodes hear when they connect anew.",
        ),
        Directive::new(
            "cluster-clock-warning",
            AtRunTime,
            number!(cluster_clock_warning_ms, Plain, 1..=INT_MAX),
            "Milliseconds that a peer's clock may differ before INFO and the log warn of it.",
        ),
        Directive::new(
            "cluster-enabled",
            AtStart,
            ALWAYS_NO,
            "Redis Cluster shares keys out among nodes; here every node of a cluster has them all.",
        )
        .refusing(&[("yes", "every node holds all keys: give the nodes a cluster-port instead")]),
        Directive::new(
            "cluster-max-stamp-ahead",
            AtRunTime,
            number!(cluster_max_stamp_ahead_ms, Plain, 1..=INT_MAX),
            "Milliseconds that a peer's writes may be stamped ahead of this node's clock.
Data beyond that is refused and waits at the peer until the clocks agree better: a clock
that is far ahead would win over everybody else's SET.",
        ),
        Directive::new(
            "cluster-node-id",
            AtStart,
            Kind::Text { get: show_node_id, set: set_node_id },
            "The id of this node in its cluster, 1 to 8 hexadecimal digits; if empty, it is chosen.
No two nodes of a cluster may have the same. One that is chosen is random, and kept in `dir`
in a file node-<cluster-port>.id.",
        ),
        Directive::new(
            "cluster-node-timeout",
            AtRunTime,
            number!(cluster_node_timeout_ms, Plain, 100..=INT_MAX),
            "Milliseconds of silence after which a peer is taken for unreachable.
Nothing is refused or handed over then: this node only says so, and dials again. A node that
starts, and in this time reaches none of its peers to fetch the data, answers clients without.",
        ),
        Directive::new(
            "cluster-peer",
            AtStart,
            Kind::Words(CLUSTER_PEER),
            "The cluster-port of another node, as host:port; the line may be repeated.
One is enough to join, the others are learnt from it. A name that resolves to several
addresses names several nodes. CLUSTER MEET adds one at run time. `\"\"` forgets those of
the lines before.",
        ),
        Directive::new(
            "cluster-port",
            AtStart,
            number!(cluster_port, Plain, 0..=65535),
            "The TCP port on which other nodes reach this one; 0: this node is alone.
It listens on what `bind` says at the start; in protected mode, and without cluster-secret,
it keeps other machines out. In Redis 0 is port + 10000; here a node without a
cluster-port is in no cluster.",
        ),
        Directive::new(
            "cluster-secret",
            AtRunTime,
            Kind::Text { get: |config| config.cluster_secret.clone().into(), set: set_secret },
            "What all nodes of a cluster know and nobody else: who lacks it gets nothing.
It is never sent. It proves who a node is, it does not encrypt. When it changes, connections
end, and begin anew with those who have the new one.",
        )
        .sensitive(),
        Directive::new(
            "cluster-sync-interval",
            AtRunTime,
            number!(cluster_sync_interval_s, Plain, 1..=INT_MAX),
            "Seconds between two comparisons with a peer, which repair what went missing.
A peer that comes back is compared with at once.",
        ),
        Directive::new(
            "cluster-window",
            AtRunTime,
            number!(cluster_window_bytes, Memory, 1 << 20..=LONG_MAX),
            "How many bytes of its own changes a node keeps for peers that lag.
A peer that lags by more is brought up to date by comparing instead.",
        ),
        Directive::new(
            "node-forget-after",
            AtRunTime,
            number!(node_forget_after_s, Plain, 60..=INT_MAX),
            "Seconds of absence after which a node is forgotten: nobody waits for it any more.
Until then what was deleted is remembered for it. If it comes back later it first fetches
the whole state, and hands over what it alone had counted.",
        ),
    ],
};
