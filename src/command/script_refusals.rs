//! Why a script, or a command of one, is not run; in the words of Redis.

use crate::acl::Denied;
use crate::command::CommandError;
use crate::config::Config;
use crate::node::Node;
use crate::script::Script;

pub const UNKNOWN: &str = "ERR Unknown Redis command called from script";
pub const ARITY: &str = "ERR Wrong number of args calling Redis command from script";
pub const NOT_ALLOWED: &str = "ERR This Redis command is not allowed from script";
pub const READ_ONLY: &str = "ERR Write commands are not allowed from read-only scripts.";

pub const NO_SCRIPT: CommandError =
    CommandError::fixed("NOSCRIPT No matching script. Please use EVAL.");

const SNAPSHOT_FAILED: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
    persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts.";
const LOG_FAILED: &str = "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist \
    to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error: ";
const OUT_OF_MEMORY: CommandError = CommandError::fixed(
    "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
);
const NOT_READ_ONLY: CommandError =
    CommandError::fixed("ERR Can not execute a script with write flag using *_ro command.");

/// Why a script's command is not allowed to its user.
pub fn denied(denied: Denied) -> &'static str {
    match denied {
        Denied::Command => "ERR The user executing the script can't run this command or subcommand",
        Denied::Key(_) => {
            "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments"
        }
        Denied::Channel(_) => {
            "ERR The user executing the script can't publish to the channel mentioned in the command"
        }
    }
}

/// What a script must allow before it begins, if it has said what it does. One without a shebang is looked at command
/// by command.
///
/// # Errors
/// Why it does not run.
pub fn before(
    node: &Node,
    config: &Config,
    script: &Script,
    is_read_only: bool,
    is_out_of_memory: bool,
) -> Result<(), CommandError> {
    let flags = script.flags;
    if flags.is_plain || flags.no_writes {
        return Ok(());
    }
    if let Some(disk) = &node.disk {
        let has_failed = disk.snapshots.has_failed() && !config.save.is_empty();
        if config.stop_writes_on_bgsave_error && has_failed {
            return Err(CommandError::fixed(SNAPSHOT_FAILED));
        }
        if let Some(failure) = disk.failure() {
            return Err(CommandError::text(format!("{LOG_FAILED}{failure}")));
        }
    }
    if is_read_only {
        return Err(NOT_READ_ONLY);
    }
    if is_out_of_memory && !flags.allow_oom {
        return Err(OUT_OF_MEMORY);
    }
    Ok(())
}
