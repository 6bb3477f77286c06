//! HyperLogLogs: strings that count distinct elements.

mod add;
mod count;
mod debug;

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};
use super::{Call, CommandError};
use crate::base::hll::HllError;

const ADDED: &[KeySpec] = &[KeySpec::first(&["RW", "insert"])];
/// RW: what was counted is written down in the string.
const COUNTED: &[KeySpec] =
    &[KeySpec { place: Place::Range { first: 1, last: -1, step: 1 }, access: &["RW", "access"] }];
const MERGED: &[KeySpec] = &[
    KeySpec::first(&["RW", "access", "insert"]),
    KeySpec { place: Place::Range { first: 2, last: -1, step: 1 }, access: &["RO", "access"] },
];
const LOOKED_AT: &[KeySpec] =
    &[KeySpec { place: Place::Range { first: 2, last: 2, step: 1 }, access: &["RW", "access"] }];

pub const ROWS: &[Command] = &[
    Command {
        name: "pfadd",
        arity: -2,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
        keys: ADDED,
        reach: Reach::Keys,
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
        complexity: "O(1) to add every element.",
        syntax: "key [element [element ...]]",
        subcommands: &[],
        run: add::pfadd,
    },
    Command {
        name: "pfcount",
        arity: -2,
        flags: Flags::READONLY,
        keys: COUNTED,
        reach: Reach::Keys,
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).",
        complexity: "O(1) with a very small average constant time when called with a single key. O(N) \
            with N being the number of keys, and much bigger constant times, when called with multiple \
            keys.",
        syntax: "key [key ...]",
        subcommands: &[],
        run: count::pfcount,
    },
    Command {
        name: "pfdebug",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::ADMIN),
        keys: LOOKED_AT,
        reach: Reach::Keys,
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Internal commands for debugging HyperLogLog values.",
        complexity: "N/A",
        syntax: "subcommand key",
        subcommands: &[],
        run: debug::pfdebug,
    },
    Command {
        name: "pfmerge",
        arity: -2,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: MERGED,
        reach: Reach::Keys,
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Merges one or more HyperLogLog values into a single key.",
        complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
        syntax: "destkey [sourcekey [sourcekey ...]]",
        subcommands: &[],
        run: add::pfmerge,
    },
    Command {
        name: "pfselftest",
        arity: 1,
        flags: Flags::ADMIN,
        keys: &[],
        reach: Reach::Keys,
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "An internal command for testing HyperLogLog values.",
        complexity: "N/A",
        syntax: "",
        subcommands: &[],
        run: debug::pfselftest,
    },
];

impl From<HllError> for CommandError {
    fn from(error: HllError) -> CommandError {
        match error {
            HllError::NotOne => {
                CommandError::fixed("WRONGTYPE Key is not a valid HyperLogLog string value.")
            }
            HllError::Corrupted => CommandError::fixed("INVALIDOBJ Corrupted HLL object detected"),
        }
    }
}

/// How long one may get before it is dense.
fn sparse_max_bytes(call: &Call<'_, '_>) -> usize {
    usize::try_from(call.node.config().encodings.hll_sparse_max_bytes).unwrap_or(usize::MAX)
}
