//! Who may do what.

use super::Change::{AtRunTime, AtStart};
use super::{Directive, Kind, Section, choice};
use crate::config::Permission;

pub const SECURITY: Section = Section {
    title: "Security",
    directives: &[
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
            "The password that clients must give (AUTH); none if empty.",
        )
        .sensitive(),
    ],
};
