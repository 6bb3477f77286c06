//! Who may do what.

use super::Change::{AtRunTime, AtStart};
use super::text::{path_bytes, path_of};
use super::{Directive, Kind, LONG_MAX, Section, choice, number, optional_path};
use crate::config::number::Unit;
use crate::config::{Permission, PubsubDefault, users};
use std::path::Path;

pub const SECURITY: Section = Section {
    title: "Security",
    directives: &[
        Directive::new(
            "acl-pubsub-default",
            AtRunTime,
            choice!(users.channels, PubsubDefault),
            "The channels that a new user may use: all, or none.",
        ),
        Directive::new(
            "aclfile",
            AtStart,
            optional_path!(users.file),
            "The file that users are read from, at the start and by ACL LOAD; ACL SAVE writes it.\n\
             With it, there may be no `user` lines here.",
        ),
        Directive::new(
            "acllog-max-len",
            AtRunTime,
            number!(users.log_max_len, Plain, 0..=LONG_MAX),
            "How many refusals ACL LOG remembers.",
        ),
        Directive::new(
            "enable-debug-command",
            AtStart,
            choice!(enable_debug_command, Permission),
            "Who may use DEBUG: nobody, everybody, or clients on this machine (local).",
        ),
        Directive::new(
            "enable-protected-configs",
            AtStart,
            choice!(enable_protected_configs, Permission),
            "Who may change protected directives by CONFIG SET; the values as above.",
        ),
        Directive::new(
            "requirepass",
            AtRunTime,
            Kind::Text {
                get: |config| config.requirepass.clone().unwrap_or_default(),
                set: |config, value| {
                    config.requirepass = (!value.is_empty()).then(|| value.to_vec());
                    Ok(())
                },
            },
            "The password of the default user, which clients must give (AUTH); none if empty.",
        )
        .sensitive(),
        Directive::new(
            "user",
            AtStart,
            Kind::Words(users::USER),
            "A user, and what it may do: rules as ACL SETUSER takes them. A line each.",
        )
        .sensitive()
        .hidden(),
    ],
};
