//! Lists: what is pushed at either end, and taken from it.

mod blocking;
mod edit;
mod pop;
mod position;
mod push;
mod read;
mod transfer;

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};
use super::{Call, CommandError};
use crate::store::End;

const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);
const POP_MANY: Flags = Flags::WRITE.or(Flags::MOVABLEKEYS);

const BLOCKING_POP: Flags = Flags::WRITE.or(Flags::NOSCRIPT).or(Flags::BLOCKING);
const BLOCKING_MOVE: Flags = GROW.or(Flags::NOSCRIPT).or(Flags::BLOCKING);

const FIRST: Place = Place::Range { first: 1, last: 1, step: 1 };
const SECOND: Place = Place::Range { first: 2, last: 2, step: 1 };

/// Says something of the list, but hands out nothing of it.
const LOOKS: &[KeySpec] = &[KeySpec::first(&["RO"])];
const READS: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const ADDS: &[KeySpec] = &[KeySpec::first(&["RW", "insert"])];
const REMOVES: &[KeySpec] = &[KeySpec::first(&["RW", "delete"])];
const POPS: &[KeySpec] = &[KeySpec::first(&["RW", "access", "delete"])];
const UPDATES: &[KeySpec] = &[KeySpec::first(&["RW", "update"])];
const MOVES: &[KeySpec] = &[
    KeySpec { place: FIRST, access: &["RW", "access", "delete"] },
    KeySpec { place: SECOND, access: &["RW", "insert"] },
];
const POPS_COUNTED: &[KeySpec] =
    &[KeySpec { place: Place::Counted { at: 1 }, access: &["RW", "access", "delete"] }];

const POPS_ALL: &[KeySpec] = &[KeySpec {
    place: Place::Range { first: 1, last: -2, step: 1 },
    access: &["RW", "access", "delete"],
}];
const POPS_COUNTED_SECOND: &[KeySpec] =
    &[KeySpec { place: Place::Counted { at: 2 }, access: &["RW", "access", "delete"] }];

pub const ROWS: &[Command] = &[
    Command {
        name: "lpush",
        arity: -3,
        flags: GROW_FAST,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Prepends one or more elements to a list. Creates the key if it doesn't exist.",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called \
            with multiple arguments.",
        syntax: "key element [element ...]",
        subcommands: &[],
        run: push::lpush,
    },
    Command {
        name: "rpush",
        arity: -3,
        flags: GROW_FAST,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Appends one or more elements to a list. Creates the key if it doesn't exist.",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called \
            with multiple arguments.",
        syntax: "key element [element ...]",
        subcommands: &[],
        run: push::rpush,
    },
    Command {
        name: "lpushx",
        arity: -3,
        flags: GROW_FAST,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::List,
        since: "2.2.0",
        summary: "Prepends one or more elements to a list only when the list exists.",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called \
            with multiple arguments.",
        syntax: "key element [element ...]",
        subcommands: &[],
        run: push::lpushx,
    },
    Command {
        name: "rpushx",
        arity: -3,
        flags: GROW_FAST,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::List,
        since: "2.2.0",
        summary: "Appends an element to a list only when the list exists.",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called \
            with multiple arguments.",
        syntax: "key element [element ...]",
        subcommands: &[],
        run: push::rpushx,
    },
    Command {
        name: "lpop",
        arity: -2,
        flags: WRITE_FAST,
        keys: POPS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the first elements in a list after removing it. Deletes the list if the last \
            element was popped.",
        complexity: "O(N) where N is the number of elements returned",
        syntax: "key [count]",
        subcommands: &[],
        run: pop::lpop,
    },
    Command {
        name: "rpop",
        arity: -2,
        flags: WRITE_FAST,
        keys: POPS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Returns and removes the last elements of a list. Deletes the list if the last \
            element was popped.",
        complexity: "O(N) where N is the number of elements returned",
        syntax: "key [count]",
        subcommands: &[],
        run: pop::rpop,
    },
    Command {
        name: "llen",
        arity: 2,
        flags: READ_FAST,
        keys: LOOKS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the length of a list.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: read::llen,
    },
    Command {
        name: "lrange",
        arity: 4,
        flags: Flags::READONLY,
        keys: READS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Returns a range of elements from a list.",
        complexity: "O(log(S)+N) where S is the length of the list, and N is the number of elements in \
            the specified range.",
        syntax: "key start stop",
        subcommands: &[],
        run: read::lrange,
    },
    Command {
        name: "lindex",
        arity: 3,
        flags: Flags::READONLY,
        keys: READS,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Returns an element from a list by its index.",
        complexity: "O(log(N)) where N is the length of the list.",
        syntax: "key index",
        subcommands: &[],
        run: read::lindex,
    },
    Command {
        name: "lset",
        arity: 4,
        flags: GROW,
        keys: UPDATES,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Sets the value of an element in a list by its index.",
        complexity: "O(log(N)) where N is the length of the list.",
        syntax: "key index element",
        subcommands: &[],
        run: edit::lset,
    },
    Command {
        name: "linsert",
        arity: 5,
        flags: GROW,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::List,
        since: "2.2.0",
        summary: "Inserts an element before or after another element in a list.",
        complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot. \
            This means that inserting somewhere on the left end on the list (head) can be \
            considered O(1) and inserting somewhere on the right end (tail) is O(N).",
        syntax: "key <BEFORE | AFTER> pivot element",
        subcommands: &[],
        run: edit::linsert,
    },
    Command {
        name: "lrem",
        arity: 4,
        flags: Flags::WRITE,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Removes elements from a list. Deletes the list if the last element was removed.",
        complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
        syntax: "key count element",
        subcommands: &[],
        run: edit::lrem,
    },
    Command {
        name: "ltrim",
        arity: 4,
        flags: Flags::WRITE,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.0.0",
        summary: "Removes elements from both ends a list. Deletes the list if all elements were \
            trimmed.",
        complexity: "O(N) where N is the number of elements to be removed by the operation.",
        syntax: "key start stop",
        subcommands: &[],
        run: edit::ltrim,
    },
    Command {
        name: "lpos",
        arity: -3,
        flags: Flags::READONLY,
        keys: READS,
        reach: Reach::Keys,
        group: Group::List,
        since: "6.0.6",
        summary: "Returns the index of matching elements in a list.",
        complexity: "O(N) where N is the number of elements in the list, for the average case. When \
            searching for elements near the head or the tail of the list, or when the MAXLEN \
            option is provided, the command may run in constant time.",
        syntax: "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
        subcommands: &[],
        run: position::lpos,
    },
    Command {
        name: "lmove",
        arity: 5,
        flags: GROW,
        keys: MOVES,
        reach: Reach::Keys,
        group: Group::List,
        since: "6.2.0",
        summary: "Returns an element after popping it from one list and pushing it to another. Deletes \
            the list if the last element was moved.",
        complexity: "O(1)",
        syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
        subcommands: &[],
        run: transfer::lmove,
    },
    Command {
        name: "rpoplpush",
        arity: 3,
        flags: GROW,
        keys: MOVES,
        reach: Reach::Keys,
        group: Group::List,
        since: "1.2.0",
        summary: "Returns the last element of a list after removing and pushing it to another list. \
            Deletes the list if the last element was popped.",
        complexity: "O(1)",
        syntax: "source destination",
        subcommands: &[],
        run: transfer::rpoplpush,
    },
    Command {
        name: "lmpop",
        arity: -4,
        flags: POP_MANY,
        keys: POPS_COUNTED,
        reach: Reach::Keys,
        group: Group::List,
        since: "7.0.0",
        summary: "Returns multiple elements from a list after removing them. Deletes the list if the \
            last element was popped.",
        complexity: "O(N+M) where N is the number of provided keys and M is the number of elements \
            returned.",
        syntax: "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        subcommands: &[],
        run: pop::lmpop,
    },
    Command {
        name: "blpop",
        arity: -3,
        flags: BLOCKING_POP,
        keys: POPS_ALL,
        reach: Reach::Keys,
        group: Group::List,
        since: "2.0.0",
        summary: "Removes and returns the first element in a list. Blocks until an element is \
            available otherwise. Deletes the list if the last element was popped.",
        complexity: "O(N) where N is the number of provided keys.",
        syntax: "key [key ...] timeout",
        subcommands: &[],
        run: blocking::blpop,
    },
    Command {
        name: "brpop",
        arity: -3,
        flags: BLOCKING_POP,
        keys: POPS_ALL,
        reach: Reach::Keys,
        group: Group::List,
        since: "2.0.0",
        summary: "Removes and returns the last element in a list. Blocks until an element is available \
            otherwise. Deletes the list if the last element was popped.",
        complexity: "O(N) where N is the number of provided keys.",
        syntax: "key [key ...] timeout",
        subcommands: &[],
        run: blocking::brpop,
    },
    Command {
        name: "blmove",
        arity: 6,
        flags: BLOCKING_MOVE,
        keys: MOVES,
        reach: Reach::Keys,
        group: Group::List,
        since: "6.2.0",
        summary: "Pops an element from a list, pushes it to another list and returns it. Blocks until \
            an element is available otherwise. Deletes the list if the last element was moved.",
        complexity: "O(1)",
        syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
        subcommands: &[],
        run: blocking::blmove,
    },
    Command {
        name: "brpoplpush",
        arity: 4,
        flags: BLOCKING_MOVE,
        keys: MOVES,
        reach: Reach::Keys,
        group: Group::List,
        since: "2.2.0",
        summary: "Pops an element from a list, pushes it to another list and returns it. Block until \
            an element is available otherwise. Deletes the list if the last element was popped.",
        complexity: "O(1)",
        syntax: "source destination timeout",
        subcommands: &[],
        run: blocking::brpoplpush,
    },
    Command {
        name: "blmpop",
        arity: -5,
        flags: POP_MANY.or(Flags::BLOCKING),
        keys: POPS_COUNTED_SECOND,
        reach: Reach::Keys,
        group: Group::List,
        since: "7.0.0",
        summary: "Pops the first element from one of multiple lists. Blocks until an element is \
            available otherwise. Deletes the list if the last element was popped.",
        complexity: "O(N+M) where N is the number of provided keys and M is the number of elements \
            returned.",
        syntax: "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        subcommands: &[],
        run: blocking::blmpop,
    },
];

/// LEFT or RIGHT.
fn end(word: &[u8]) -> Result<End, CommandError> {
    if word.eq_ignore_ascii_case(b"left") {
        Ok(End::Left)
    } else if word.eq_ignore_ascii_case(b"right") {
        Ok(End::Right)
    } else {
        Err(CommandError::SYNTAX)
    }
}

/// The reply of whatever counts elements.
fn reply_count(call: &mut Call<'_, '_>, count: usize) {
    call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
}

/// The place of an element that an index means: a negative one counts from the right. `None`: there is none.
fn place(index: i64, len: usize) -> Option<usize> {
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    (index < len).then_some(index)
}

/// The places that two indexes mean, the second included.
fn places(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let at = |index: i64| match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let start = at(start).unwrap_or(0);
    let end = at(stop).map_or(0, |stop| stop.saturating_add(1)).min(len);
    if start < end { start..end } else { 0..0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_count_from_both_ends() {
        assert_eq!((place(0, 3), place(2, 3), place(3, 3)), (Some(0), Some(2), None));
        assert_eq!((place(-1, 3), place(-3, 3), place(-4, 3)), (Some(2), Some(0), None));
        assert_eq!((place(i64::MIN, 3), place(0, 0)), (None, None));
        assert_eq!((places(0, -1, 3), places(-2, -1, 3), places(-9, 9, 3)), (0..3, 1..3, 0..3));
        assert_eq!((places(1, 0, 3), places(3, 9, 3), places(0, -4, 3)), (0..0, 0..0, 0..0));
        assert_eq!(places(i64::MIN, i64::MAX, 3), 0..3);
    }
}
