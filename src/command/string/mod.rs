//! Strings and counters.

mod counter;
mod expiry_options;
mod increx;
mod lcs;
mod many;
mod range;
mod set;
mod size_limit;
mod value;

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};

const READ: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const READ_TWO: &[KeySpec] = &[over(1, 2, &["RO", "access"])];
const READ_ALL: &[KeySpec] = &[over(1, -1, &["RO", "access"])];
const MEASURED: &[KeySpec] = &[KeySpec::first(&["RO"])];
const UPDATED: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update"])];
const SET_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update", "variable_flags"])];
const TAKEN: &[KeySpec] = &[KeySpec::first(&["RW", "access", "delete"])];
const APPENDED: &[KeySpec] = &[KeySpec::first(&["RW", "insert"])];
const PATCHED: &[KeySpec] = &[KeySpec::first(&["RW", "update"])];
const INSERTED: &[KeySpec] = &[KeySpec::first(&["OW", "insert"])];
const INSERTED_PAIRS: &[KeySpec] = &[over(2, -1, &["OW", "insert"])];
const OVERWRITTEN: &[KeySpec] = &[KeySpec::first(&["OW", "update"])];
const OVERWRITTEN_PAIRS: &[KeySpec] = &[over(2, -1, &["OW", "update"])];

/// Every `step`th argument from the first to `last`.
const fn over(step: i16, last: i16, access: &'static [&'static str]) -> KeySpec {
    KeySpec { place: Place::Range { first: 1, last, step }, access }
}

const SUBSTRING_COST: &str = "O(N) where N is the length of the returned string. The complexity is ultimately \
    determined by the returned length, but because creating a substring from an existing \
    string is very cheap, it can be considered O(1) for small strings.";

pub const ROWS: &[Command] = &[
    Command {
        name: "append",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
        keys: APPENDED,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.0.0",
        summary: "Appends a string to the value of a key. Creates the key if it doesn't exist.",
        complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and \
            the already present value is of any size, since the dynamic string library used by \
            Redis will double the free space available on every reallocation.",
        syntax: "key value",
        subcommands: &[],
        run: range::append,
    },
    Command {
        name: "decr",
        arity: 2,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST).or(Flags::SHARED_FIRST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Decrements the integer value of a key by one. Uses 0 as initial value if the key \
            doesn't exist.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: counter::decr,
    },
    Command {
        name: "decrby",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST).or(Flags::SHARED_FIRST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Decrements a number from the integer value of a key. Uses 0 as initial value if the \
            key doesn't exist.",
        complexity: "O(1)",
        syntax: "key decrement",
        subcommands: &[],
        run: counter::decrby,
    },
    Command {
        name: "get",
        arity: 2,
        flags: Flags::READONLY.or(Flags::FAST),
        keys: READ,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the string value of a key.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: value::get,
    },
    Command {
        name: "getdel",
        arity: 2,
        flags: Flags::WRITE.or(Flags::FAST),
        keys: TAKEN,
        reach: Reach::Keys,
        group: Group::String,
        since: "6.2.0",
        summary: "Returns the string value of a key after deleting the key.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: value::getdel,
    },
    Command {
        name: "getex",
        arity: -2,
        flags: Flags::WRITE.or(Flags::FAST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "6.2.0",
        summary: "Returns the string value of a key after setting its expiration time.",
        complexity: "O(1)",
        syntax: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
            unix-time-milliseconds | PERSIST]",
        subcommands: &[],
        run: value::getex,
    },
    Command {
        name: "getrange",
        arity: 4,
        flags: Flags::READONLY,
        keys: READ,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.4.0",
        summary: "Returns a substring of the string stored at a key.",
        complexity: SUBSTRING_COST,
        syntax: "key start end",
        subcommands: &[],
        run: range::getrange,
    },
    Command {
        name: "getset",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the previous string value of a key after setting it to a new value.",
        complexity: "O(1)",
        syntax: "key value",
        subcommands: &[],
        run: value::getset,
    },
    Command {
        name: "incr",
        arity: 2,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST).or(Flags::SHARED_FIRST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key \
            doesn't exist.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: counter::incr,
    },
    Command {
        name: "incrby",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST).or(Flags::SHARED_FIRST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Increments the integer value of a key by a number. Uses 0 as initial value if the \
            key doesn't exist.",
        complexity: "O(1)",
        syntax: "key increment",
        subcommands: &[],
        run: counter::incrby,
    },
    Command {
        name: "incrbyfloat",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.6.0",
        summary: "Increment the floating point value of a key by a number. Uses 0 as initial value if \
            the key doesn't exist.",
        complexity: "O(1)",
        syntax: "key increment",
        subcommands: &[],
        run: counter::incrbyfloat,
    },
    Command {
        name: "increx",
        arity: -2,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
        keys: UPDATED,
        reach: Reach::Keys,
        group: Group::String,
        since: "8.8.0",
        summary: "Increments the numeric value of a key by a number and sets its expiration time. Uses \
            0 as initial value if the key doesn't exist.",
        complexity: "O(1)",
        syntax: "key [BYFLOAT increment | BYINT increment] [LBOUND lowerbound] [UBOUND upperbound] \
            [SATURATE] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
            unix-time-milliseconds | PERSIST] [ENX]",
        subcommands: &[],
        run: increx::increx,
    },
    Command {
        name: "lcs",
        arity: -3,
        flags: Flags::READONLY,
        keys: READ_TWO,
        reach: Reach::Keys,
        group: Group::String,
        since: "7.0.0",
        summary: "Finds the longest common substring.",
        complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
        syntax: "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        subcommands: &[],
        run: lcs::lcs,
    },
    Command {
        name: "mget",
        arity: -2,
        flags: Flags::READONLY.or(Flags::FAST),
        keys: READ_ALL,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Atomically returns the string values of one or more keys.",
        complexity: "O(N) where N is the number of keys to retrieve.",
        syntax: "key [key ...]",
        subcommands: &[],
        run: many::mget,
    },
    Command {
        name: "mset",
        arity: -3,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: OVERWRITTEN_PAIRS,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.1",
        summary: "Atomically creates or modifies the string values of one or more keys.",
        complexity: "O(N) where N is the number of keys to set.",
        syntax: "key value [key value ...]",
        subcommands: &[],
        run: many::mset,
    },
    Command {
        name: "msetnx",
        arity: -3,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: INSERTED_PAIRS,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.1",
        summary: "Atomically modifies the string values of one or more keys only when all keys don't \
            exist.",
        complexity: "O(N) where N is the number of keys to set.",
        syntax: "key value [key value ...]",
        subcommands: &[],
        run: many::msetnx,
    },
    Command {
        name: "psetex",
        arity: 4,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: OVERWRITTEN,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.6.0",
        summary: "Sets both string value and expiration time in milliseconds of a key. The key is \
            created if it doesn't exist.",
        complexity: "O(1)",
        syntax: "key milliseconds value",
        subcommands: &[],
        run: set::psetex,
    },
    Command {
        name: "set",
        arity: -3,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: SET_KEY,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't \
            exist.",
        complexity: "O(1)",
        syntax: "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
            PXAT unix-time-milliseconds | KEEPTTL]",
        subcommands: &[],
        run: set::set,
    },
    Command {
        name: "setex",
        arity: 4,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: OVERWRITTEN,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.0.0",
        summary: "Sets the string value and expiration time of a key. Creates the key if it doesn't \
            exist.",
        complexity: "O(1)",
        syntax: "key seconds value",
        subcommands: &[],
        run: set::setex,
    },
    Command {
        name: "setnx",
        arity: 3,
        flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
        keys: INSERTED,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Set the string value of a key only when the key doesn't exist.",
        complexity: "O(1)",
        syntax: "key value",
        subcommands: &[],
        run: set::setnx,
    },
    Command {
        name: "setrange",
        arity: 4,
        flags: Flags::WRITE.or(Flags::DENYOOM),
        keys: PATCHED,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.2.0",
        summary: "Overwrites a part of a string value with another by an offset. Creates the key if it \
            doesn't exist.",
        complexity: "O(1), not counting the time taken to copy the new string in place. Usually, this \
            string is very small so the amortized complexity is O(1). Otherwise, complexity is \
            O(M) with M being the length of the value argument.",
        syntax: "key offset value",
        subcommands: &[],
        run: range::setrange,
    },
    Command {
        name: "strlen",
        arity: 2,
        flags: Flags::READONLY.or(Flags::FAST),
        keys: MEASURED,
        reach: Reach::Keys,
        group: Group::String,
        since: "2.2.0",
        summary: "Returns the length of a string value.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: value::strlen,
    },
    Command {
        name: "substr",
        arity: 4,
        flags: Flags::READONLY,
        keys: READ,
        reach: Reach::Keys,
        group: Group::String,
        since: "1.0.0",
        summary: "Returns a substring from a string value.",
        complexity: SUBSTRING_COST,
        syntax: "key start end",
        subcommands: &[],
        run: range::getrange,
    },
];
