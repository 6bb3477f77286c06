//! Scripts: EVAL and its like, SCRIPT.

mod eval;
mod manage;

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};
use manage::SCRIPT;

pub const ROWS: &[Command] = &[EVAL, EVAL_RO, EVALSHA, EVALSHA_RO, SCRIPT];

const FLAGS: Flags = Flags::NOSCRIPT
    .or(Flags::STALE)
    .or(Flags::SKIP_MONITOR)
    .or(Flags::NO_MANDATORY_KEYS)
    .or(Flags::MOVABLEKEYS);

/// What the rows of EVAL and its like have in common.
const BASE: Command = Command {
    name: "",
    arity: -3,
    flags: FLAGS.or(Flags::MAY_WRITE),
    keys: &[KeySpec { place: Place::Counted { at: 2 }, access: &["RW", "access", "update"] }],
    reach: Reach::Script,
    group: Group::Scripting,
    since: "2.6.0",
    summary: "",
    complexity: "Depends on the script that is executed.",
    syntax: "",
    subcommands: &[],
    run: eval::eval,
};

const EVAL: Command = Command {
    name: "eval",
    summary: "Executes a server-side Lua script.",
    syntax: "script numkeys [key [key ...]] [arg [arg ...]]",
    run: eval::eval,
    ..BASE
};

const EVALSHA: Command = Command {
    name: "evalsha",
    summary: "Executes a server-side Lua script by SHA1 digest.",
    syntax: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
    run: eval::evalsha,
    ..BASE
};

const READ_ONLY: Command = Command {
    flags: FLAGS.or(Flags::READONLY),
    keys: &[KeySpec { place: Place::Counted { at: 2 }, access: &["RO", "access"] }],
    since: "7.0.0",
    ..BASE
};

const EVAL_RO: Command = Command {
    name: "eval_ro",
    summary: "Executes a read-only server-side Lua script.",
    syntax: "script numkeys [key [key ...]] [arg [arg ...]]",
    run: eval::eval_ro,
    ..READ_ONLY
};

const EVALSHA_RO: Command = Command {
    name: "evalsha_ro",
    summary: "Executes a read-only server-side Lua script by SHA1 digest.",
    syntax: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
    run: eval::evalsha_ro,
    ..READ_ONLY
};
