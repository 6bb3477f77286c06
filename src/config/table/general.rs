//! The process: threads, databases, logs.

use std::path::Path;

use super::Change::{AtRunTime, AtStart};
use super::text::{path_bytes, path_of};
use super::{ALWAYS_NO, Directive, INT_MAX, Kind, Section, choice, number, optional_path, yes_no};
use crate::config::LogLevel;
use crate::config::number::Unit;

/// Why the values that ask for a service manager's protocol are refused.
const NOT_SUPERVISED: &str = "readiness is not reported to a service manager: use 'supervised no', \
    and Type=exec in a systemd unit";

pub const GENERAL: Section = Section {
    title: "General",
    directives: &[
        Directive::new(
            "always-show-logo",
            AtStart,
            yes_no!(always_show_logo),
            "Accepted for the sake of Redis's files: it changes nothing, there is no logo.",
        ),
        Directive::new(
            "daemonize",
            AtStart,
            ALWAYS_NO,
            "The server stays in the foreground: a service manager runs it in the background.",
        )
        .refusing(&[(
            "yes",
            "the server does not detach itself: let the service manager run it in the background",
        )]),
        Directive::new(
            "databases",
            AtStart,
            number!(databases, Plain, 1..=INT_MAX),
            "How many databases there are, for SELECT.",
        ),
        Directive::new(
            "io-threads",
            AtStart,
            number!(io_threads, Plain, 0..=128),
            "How many threads serve clients; 0 for one less than there are cores.
In Redis these threads only read and write; here each one also executes commands.",
        ),
        Directive::new(
            "logfile",
            AtStart,
            optional_path!(logfile),
            "The file to append log messages to; standard output if empty.",
        ),
        Directive::new(
            "loglevel",
            AtRunTime,
            choice!(loglevel, LogLevel),
            "The least severe messages that are logged.",
        ),
        Directive::new(
            "pidfile",
            AtStart,
            optional_path!(pidfile),
            "The file to write the process id to; none if empty.",
        ),
        Directive::new(
            "supervised",
            AtStart,
            Kind::Choice {
                names: &["no"],
                get: |_| "no",
                set: |_, name| name.eq_ignore_ascii_case(b"no"),
            },
            "Whether readiness is reported to a service manager: it is not.",
        )
        .refusing(&[
            ("systemd", NOT_SUPERVISED),
            ("upstart", NOT_SUPERVISED),
            ("auto", NOT_SUPERVISED),
        ]),
    ],
};
