//! Bits of strings.

mod bit;
mod count;
mod field;
mod field_type;
mod operation;

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};

const READ: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const UPDATED: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update"])];
const FIELDS: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update", "variable_flags"])];
const COMBINED: &[KeySpec] = &[
    KeySpec { place: Place::Range { first: 2, last: 2, step: 1 }, access: &["OW", "update"] },
    KeySpec { place: Place::Range { first: 3, last: -1, step: 1 }, access: &["RO", "access"] },
];

const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);

pub const ROWS: &[Command] = &[
    Command {
        name: "bitcount",
        arity: -2,
        flags: Flags::READONLY,
        keys: READ,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "2.6.0",
        summary: "Counts the number of set bits (population counting) in a string.",
        complexity: "O(N)",
        syntax: "key [start end [BYTE | BIT]]",
        subcommands: &[],
        run: count::bitcount,
    },
    Command {
        name: "bitfield",
        arity: -2,
        flags: GROW,
        keys: FIELDS,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "3.2.0",
        summary: "Performs arbitrary bitfield integer operations on strings.",
        complexity: "O(1) for each subcommand specified",
        syntax: "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | \
            INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] \
            <SET encoding offset value | INCRBY encoding offset increment> ...]]",
        subcommands: &[],
        run: field::bitfield,
    },
    Command {
        name: "bitfield_ro",
        arity: -2,
        flags: Flags::READONLY.or(Flags::FAST),
        keys: READ,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "6.0.0",
        summary: "Performs arbitrary read-only bitfield integer operations on strings.",
        complexity: "O(1) for each subcommand specified",
        syntax: "key [GET encoding offset [GET encoding offset ...]]",
        subcommands: &[],
        run: field::bitfield_ro,
    },
    Command {
        name: "bitop",
        arity: -4,
        flags: GROW,
        keys: COMBINED,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "2.6.0",
        summary: "Performs bitwise operations on multiple strings, and stores the result.",
        complexity: "O(N)",
        syntax: "<AND | OR | XOR | NOT> destkey key [key ...]",
        subcommands: &[],
        run: operation::bitop,
    },
    Command {
        name: "bitpos",
        arity: -3,
        flags: Flags::READONLY,
        keys: READ,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "2.8.7",
        summary: "Finds the first set (1) or clear (0) bit in a string.",
        complexity: "O(N)",
        syntax: "key bit [start [end [BYTE | BIT]]]",
        subcommands: &[],
        run: count::bitpos,
    },
    Command {
        name: "getbit",
        arity: 3,
        flags: Flags::READONLY.or(Flags::FAST),
        keys: READ,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "2.2.0",
        summary: "Returns a bit value by offset.",
        complexity: "O(1)",
        syntax: "key offset",
        subcommands: &[],
        run: bit::getbit,
    },
    Command {
        name: "setbit",
        arity: 4,
        flags: GROW,
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::Bitmap,
        since: "2.2.0",
        summary: "Sets or clears the bit at offset of the string value. Creates the key if it doesn't \
            exist.",
        complexity: "O(1)",
        syntax: "key offset value",
        subcommands: &[],
        run: bit::setbit,
    },
];
