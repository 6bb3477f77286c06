//! RENAME, RENAMENX.

use super::{FIRST, SECOND};
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Call, CommandError};
use crate::store::{EventClasses, KeyRef};

pub const RENAME: Command = Command {
    name: "rename",
    arity: 3,
    flags: Flags::WRITE,
    keys: &[
        KeySpec { place: FIRST, access: &["RW", "access", "delete"] },
        KeySpec { place: SECOND, access: &["OW", "update"] },
    ],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Renames a key and overwrites the destination.",
    complexity: "O(1)",
    syntax: "key newkey",
    subcommands: &[],
    run: rename,
};

pub const RENAMENX: Command = Command {
    name: "renamenx",
    arity: 3,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: &[
        KeySpec { place: FIRST, access: &["RW", "access", "delete"] },
        KeySpec { place: SECOND, access: &["OW", "insert"] },
    ],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Renames a key only when the target key name doesn't exist.",
    complexity: "O(1)",
    syntax: "key newkey",
    subcommands: &[],
    run: renamenx,
};

fn rename(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (from, to) = (call.key(1), call.key(2));
    if !call.keys.exists(from)? {
        return Err(CommandError::NO_SUCH_KEY);
    }
    if from.name != to.name {
        rename_to(call, from, to);
    }
    call.reply.ok();
    Ok(())
}

fn rename_to(call: &mut Call<'_, '_>, from: KeyRef, to: KeyRef) {
    if call.keys.rename(from, to) {
        call.keys.notify(EventClasses::GENERIC, "rename_from", from);
        call.keys.notify(EventClasses::GENERIC, "rename_to", to);
    }
}

/// Replies 1 when renamed, 0 when the new name is taken (by the key itself, even).
fn renamenx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (from, to) = (call.key(1), call.key(2));
    if !call.keys.exists(from)? {
        return Err(CommandError::NO_SUCH_KEY);
    }
    let free = !call.keys.exists(to)?;
    if free {
        rename_to(call, from, to);
    }
    call.reply.integer(i64::from(free));
    Ok(())
}
