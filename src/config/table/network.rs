//! How clients reach the server, and how much each may take.

use std::path::Path;

use super::Change::{AtRunTime, AtStart};
use super::text::{path_bytes, path_of};
use super::{Directive, INT_MAX, Kind, LONG_MAX, Section, UINT_MAX, number, optional_path, yes_no};
use crate::config::number::Unit;
use crate::config::special::{
    BIND, CLIENT_OUTPUT_BUFFER_LIMIT, set_source_address, show_source_address,
};

pub const NETWORK: Section = Section {
    title: "Network",
    directives: &[
        Directive::new(
            "bind",
            AtRunTime,
            Kind::Words(BIND),
            "The addresses to listen on.
`*` is every IPv4 address, `::*` every IPv6 address, `\"\"` none. An address with `-` before it
may be missing on this machine. Redis without a configuration file listens on every
address; Headcount listens on loopback only.",
        ),
        Directive::new(
            "bind-source-addr",
            AtRunTime,
            Kind::Text { get: show_source_address, set: set_source_address },
            "The IP address from which peers are dialled; if empty, the system chooses.
It must be one of this machine's. Peers of the other IP version are dialled without it.",
        ),
        Directive::new(
            "port",
            AtRunTime,
            number!(port, Plain, 0..=65535),
            "The TCP port; 0 for no TCP.",
        ),
        Directive::new(
            "protected-mode",
            AtRunTime,
            yes_no!(protected_mode),
            "Refuse clients from other machines while no password is set.",
        ),
        Directive::new(
            "tcp-backlog",
            AtStart,
            number!(tcp_backlog, Plain, 0..=INT_MAX),
            "How many connections may wait to be accepted.
The kernel's net.core.somaxconn limits it too.",
        ),
        Directive::new(
            "tcp-keepalive",
            AtRunTime,
            number!(tcp_keepalive_s, Plain, 0..=INT_MAX),
            "Seconds of silence after which TCP asks whether a client still lives; 0 for never.",
        ),
        Directive::new(
            "timeout",
            AtRunTime,
            number!(timeout_s, Plain, 0..=INT_MAX),
            "Seconds after which an idle client is disconnected; 0 for never.
Clients that subscribe to channels are never idle.",
        ),
        Directive::new(
            "unixsocket",
            AtStart,
            optional_path!(unixsocket),
            "The path of a Unix socket to listen on; none if empty.",
        ),
        Directive::new(
            "unixsocketperm",
            AtStart,
            number!(unixsocketperm, Octal, 0..=0o777),
            "The mode of the Unix socket, in octal; 0 for what the umask leaves.",
        ),
    ],
};

pub const CLIENTS: Section = Section {
    title: "Clients",
    directives: &[
        Directive::new(
            "client-output-buffer-limit",
            AtRunTime,
            Kind::Words(CLIENT_OUTPUT_BUFFER_LIMIT),
            "How much output may wait for a client that reads too slowly.
The classes are normal, replica and pubsub. A client is disconnected at once above the
hard size, and after soft-seconds above the soft size; 0 turns a limit off. Classes that
are not named keep their limits. Redis leaves normal clients unbounded (0 0 0); here they
are bounded, so that a client that does not read cannot take all memory. Messages of channels that
wait for one client are never more than 1gb.",
        ),
        Directive::new(
            "client-query-buffer-limit",
            AtRunTime,
            number!(client_query_buffer_limit_bytes, Memory, 1 << 20..=LONG_MAX),
            "How much input of one client may wait for the rest of a request.",
        ),
        Directive::new(
            "maxclients",
            AtRunTime,
            number!(maxclients, Plain, 1..=UINT_MAX),
            "How many clients may be connected at once.",
        ),
        Directive::new(
            "proto-max-bulk-len",
            AtRunTime,
            number!(proto_max_bulk_len_bytes, Memory, 1 << 20..=LONG_MAX),
            "How long one argument of a request, and a string value, may be.",
        ),
        Directive::new(
            "proto-max-multibulk-len",
            AtRunTime,
            number!(proto_max_multibulk_len, Plain, 1024..=INT_MAX),
            "How many arguments one request may have.
Headcount's own: in Redis this bound is fixed.",
        ),
        Directive::new(
            "tracking-table-max-keys",
            AtRunTime,
            number!(tracking_table_max_keys, Plain, 0..=LONG_MAX),
            "How many keys are remembered that clients may have cached (CLIENT TRACKING); 0 for any number.
When there are more, some are forgotten, and their readers are told to drop them.",
        ),
    ],
};
