//! COPY, MOVE: keys between databases.

use super::index::{database, databases};
use super::{FIRST, SECOND};
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Args, Call, CommandError};
use crate::store::{EventClasses, KeyRef};

const SAME_OBJECT: CommandError =
    CommandError::fixed("ERR source and destination objects are the same");

pub const COPY: Command = Command {
    name: "copy",
    arity: -3,
    flags: Flags::WRITE.or(Flags::DENYOOM),
    keys: &[
        KeySpec { place: FIRST, access: &["RO", "access"] },
        KeySpec { place: SECOND, access: &["OW", "update"] },
    ],
    reach: Reach::Databases,
    group: Group::Generic,
    since: "6.2.0",
    summary: "Copies the value of a key to a new key.",
    complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
    syntax: "source destination [DB destination-db] [REPLACE]",
    subcommands: &[],
    run: copy,
};

pub const MOVE: Command = Command {
    name: "move",
    arity: 3,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: &[KeySpec { place: FIRST, access: &["RW", "access", "update"] }],
    reach: Reach::Databases,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Moves a key to another database.",
    complexity: "O(1)",
    syntax: "key db",
    subcommands: &[],
    run: move_key,
};

/// What follows the two names of COPY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CopyOptions {
    db: Option<u16>,
    replace: bool,
}

impl CopyOptions {
    /// Each may come more than once; the last DB holds, though all are checked.
    fn parse(options: Args<'_>, databases: u32) -> Result<CopyOptions, CommandError> {
        let mut parsed = CopyOptions::default();
        let mut rest = options.iter();
        while let Some(option) = rest.next() {
            if option.eq_ignore_ascii_case(b"replace") {
                parsed.replace = true;
            } else if option.eq_ignore_ascii_case(b"db") {
                let index = rest.next().ok_or(CommandError::SYNTAX)?;
                parsed.db = Some(database(index, databases)?);
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(parsed)
    }
}

/// Replies 1 when copied, 0 when there is no such key or its copy's name is taken.
fn copy(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = CopyOptions::parse(call.args.from(3), databases(call))?;
    let from = call.key(1);
    let to = KeyRef::new(options.db.unwrap_or(from.db), call.key(2).name);
    if (from.db, from.name) == (to.db, to.name) {
        return Err(SAME_OBJECT);
    }
    if !call.keys.exists(from)? {
        call.keys.notify(EventClasses::KEY_MISS, "keymiss", from);
        call.reply.integer(0);
        return Ok(());
    }
    let free = options.replace || !call.keys.exists(to)?;
    let copied = free && call.keys.copy(from, to);
    if copied {
        call.keys.notify(EventClasses::GENERIC, "copy_to", to);
    }
    call.reply.integer(i64::from(copied));
    Ok(())
}

/// Replies 1 when moved, 0 when there is no such key or the other database has one of its name.
fn move_key(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let db = database(&call.args[2], databases(call))?;
    let from = call.key(1);
    if db == from.db {
        return Err(SAME_OBJECT);
    }
    let to = KeyRef::new(db, from.name);
    let moved = !call.keys.exists(to)? && call.keys.rename(from, to);
    if moved {
        call.keys.notify(EventClasses::GENERIC, "move_from", from);
        call.keys.notify(EventClasses::GENERIC, "move_to", to);
    }
    call.reply.integer(i64::from(moved));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::index::OUT_OF_RANGE;
    use super::*;
    use crate::command::args::with_words;

    fn parse(text: &str) -> Result<CopyOptions, CommandError> {
        with_words(text, |args| CopyOptions::parse(args, 16))
    }

    /// Against Redis 7.0.15: `COPY k n …`.
    #[test]
    fn options_are_read_as_redis_does() {
        assert_eq!(parse(""), Ok(CopyOptions { db: None, replace: false }));
        assert_eq!(parse("Replace REPLACE"), Ok(CopyOptions { db: None, replace: true }));
        assert_eq!(parse("db 3 replace DB 15"), Ok(CopyOptions { db: Some(15), replace: true }));
        assert_eq!(parse("db"), Err(CommandError::SYNTAX));
        assert_eq!(parse("foo"), Err(CommandError::SYNTAX));
        assert_eq!(parse("db 1 db 99"), Err(OUT_OF_RANGE));
        assert_eq!(parse("db 99 foo"), Err(OUT_OF_RANGE));
        assert_eq!(parse("db x"), Err(CommandError::NOT_INTEGER));
    }
}
