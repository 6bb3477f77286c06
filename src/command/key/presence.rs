//! DEL, UNLINK, EXISTS, TOUCH, TYPE.

use super::{EVERY, FIRST};
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Call, CommandError};
use crate::store::Kind;

const REMOVES_EVERY: &[KeySpec] = &[KeySpec { place: EVERY, access: &["RM", "delete"] }];
const LOOKS_AT_EVERY: &[KeySpec] = &[KeySpec { place: EVERY, access: &["RO"] }];
const LOOKS_AT_FIRST: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RO"] }];

pub const DEL: Command = Command {
    name: "del",
    arity: -2,
    flags: Flags::WRITE,
    keys: REMOVES_EVERY,
    reach: Reach::Keys,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Deletes one or more keys.",
    complexity: "O(N) where N is the number of keys that will be removed, plus O(M) for a set of M members.",
    syntax: "key [key ...]",
    subcommands: &[],
    run: delete,
};

pub const UNLINK: Command = Command {
    name: "unlink",
    arity: -2,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: REMOVES_EVERY,
    reach: Reach::Keys,
    group: Group::Generic,
    since: "4.0.0",
    summary: "Asynchronously deletes one or more keys.",
    complexity: "As DEL.",
    syntax: "key [key ...]",
    subcommands: &[],
    run: unlink,
};

pub const EXISTS: Command = Command {
    name: "exists",
    arity: -2,
    flags: Flags::READONLY.or(Flags::FAST),
    keys: LOOKS_AT_EVERY,
    reach: Reach::Keys,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Determines whether one or more keys exist.",
    complexity: "O(N) where N is the number of keys to check.",
    syntax: "key [key ...]",
    subcommands: &[],
    run: exists,
};

pub const TOUCH: Command = Command {
    name: "touch",
    arity: -2,
    flags: Flags::READONLY.or(Flags::FAST),
    keys: LOOKS_AT_EVERY,
    reach: Reach::Keys,
    group: Group::Generic,
    since: "3.2.1",
    summary: "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
    complexity: "O(N) where N is the number of keys that will be touched.",
    syntax: "key [key ...]",
    subcommands: &[],
    run: touch,
};

pub const TYPE: Command = Command {
    name: "type",
    arity: 2,
    flags: Flags::READONLY.or(Flags::FAST),
    keys: LOOKS_AT_FIRST,
    reach: Reach::Keys,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Determines the type of value stored at a key.",
    complexity: "O(1)",
    syntax: "key",
    subcommands: &[],
    run: kind,
};

fn unlink(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.keys.free_later();
    delete_all(call)
}

fn delete(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    delete_all(call)?;
    // What is small is freed already: the configuration is looked at for large values only.
    if call.keys.has_garbage() && call.node.config().lazyfree_lazy.user_del {
        call.keys.free_later();
    }
    Ok(())
}

fn delete_all(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut deleted = 0;
    for index in 1..call.args.len() {
        let key = call.key(index);
        let was_there = call.keys.delete(key);
        call.keys.notify_deleted(was_there, key);
        deleted += i64::from(was_there);
    }
    call.reply.integer(deleted);
    Ok(())
}

/// A key that is named twice counts twice.
fn exists(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut found = 0;
    for index in 1..call.args.len() {
        found += i64::from(call.keys.exists(call.key(index))?);
    }
    call.reply.integer(found);
    Ok(())
}

fn touch(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut found = 0;
    for index in 1..call.args.len() {
        found += i64::from(call.keys.touch(call.key(index))?);
    }
    call.reply.integer(found);
    Ok(())
}

fn kind(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let name = match call.keys.kind(call.key(1))? {
        Some(Kind::String) => "string",
        Some(Kind::Set) => "set",
        Some(Kind::Hash) => "hash",
        Some(Kind::SortedSet) => "zset",
        Some(Kind::List) => "list",
        None => "none",
    };
    call.reply.simple(name);
    Ok(())
}
