//! Sets, and members that expire by themselves.

mod algebra;
mod edit;
mod member_ttl;
mod random;
mod read;
mod scan;

use super::Call;
use super::table::{Command, Flags, Group, KeySpec, Place, Reach};

const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);

const FIRST: Place = Place::Range { first: 1, last: 1, step: 1 };
const SECOND: Place = Place::Range { first: 2, last: 2, step: 1 };
const FROM_FIRST: Place = Place::Range { first: 1, last: -1, step: 1 };
const FROM_SECOND: Place = Place::Range { first: 2, last: -1, step: 1 };

/// Says something of the set, but hands out nothing of it.
const LOOKS: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RO"] }];
const READS: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RO", "access"] }];
const ADDS: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RW", "insert"] }];
const REMOVES: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RW", "delete"] }];
const POPS: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RW", "access", "delete"] }];
const UPDATES: &[KeySpec] = &[KeySpec { place: FIRST, access: &["RW", "update"] }];
const MOVES: &[KeySpec] = &[
    KeySpec { place: FIRST, access: &["RW", "access", "delete"] },
    KeySpec { place: SECOND, access: &["RW", "insert"] },
];
const READS_ALL: &[KeySpec] = &[KeySpec { place: FROM_FIRST, access: &["RO", "access"] }];
const READS_COUNTED: &[KeySpec] =
    &[KeySpec { place: Place::Counted { at: 1 }, access: &["RO", "access"] }];
const STORES: &[KeySpec] = &[
    KeySpec { place: FIRST, access: &["OW", "update"] },
    KeySpec { place: FROM_SECOND, access: &["RO", "access"] },
];
/// As [`STORES`]; Redis says of SINTERSTORE alone that it reads its destination.
const STORES_RW: &[KeySpec] = &[
    KeySpec { place: FIRST, access: &["RW", "update"] },
    KeySpec { place: FROM_SECOND, access: &["RO", "access"] },
];

pub const ROWS: &[Command] = &[
    Command {
        name: "sadd",
        arity: -3,
        flags: GROW_FAST,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Adds one or more members to a set. Creates the key if it doesn't exist.",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is \
            called with multiple arguments.",
        syntax: "key member [member ...]",
        subcommands: &[],
        run: edit::sadd,
    },
    Command {
        name: "srem",
        arity: -3,
        flags: WRITE_FAST,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Removes one or more members from a set. Deletes the set if the last member was \
            removed.",
        complexity: "O(N) where N is the number of members to be removed.",
        syntax: "key member [member ...]",
        subcommands: &[],
        run: edit::srem,
    },
    Command {
        name: "smove",
        arity: 4,
        flags: WRITE_FAST,
        keys: MOVES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Moves a member from one set to another.",
        complexity: "O(1)",
        syntax: "source destination member",
        subcommands: &[],
        run: edit::smove,
    },
    Command {
        name: "scard",
        arity: 2,
        flags: READ_FAST,
        keys: LOOKS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the number of members in a set.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: read::scard,
    },
    Command {
        name: "sismember",
        arity: 3,
        flags: READ_FAST,
        keys: LOOKS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Determines whether a member belongs to a set.",
        complexity: "O(1)",
        syntax: "key member",
        subcommands: &[],
        run: read::sismember,
    },
    Command {
        name: "smismember",
        arity: -3,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "6.2.0",
        summary: "Determines whether multiple members belong to a set.",
        complexity: "O(N) where N is the number of elements being checked for membership",
        syntax: "key member [member ...]",
        subcommands: &[],
        run: read::smismember,
    },
    Command {
        name: "smembers",
        arity: 2,
        flags: Flags::READONLY,
        keys: READS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns all members of a set.",
        complexity: "O(N) where N is the set cardinality.",
        syntax: "key",
        subcommands: &[],
        run: read::smembers,
    },
    Command {
        name: "sscan",
        arity: -3,
        flags: Flags::READONLY,
        keys: READS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "2.8.0",
        summary: "Iterates over members of a set.",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough \
            command calls for the cursor to return back to 0. N is the number of elements inside \
            the collection.",
        syntax: "key cursor [MATCH pattern] [COUNT count]",
        subcommands: &[],
        run: scan::sscan,
    },
    Command {
        name: "spop",
        arity: -2,
        flags: WRITE_FAST,
        keys: POPS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns one or more random members from a set after removing them. Deletes the \
            set if the last member was popped.",
        complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the \
            passed count.",
        syntax: "key [count]",
        subcommands: &[],
        run: random::spop,
    },
    Command {
        name: "srandmember",
        arity: -2,
        flags: Flags::READONLY,
        keys: READS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Get one or multiple random members from a set",
        complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute \
            value of the passed count.",
        syntax: "key [count]",
        subcommands: &[],
        run: random::srandmember,
    },
    Command {
        name: "sunion",
        arity: -2,
        flags: Flags::READONLY,
        keys: READS_ALL,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the union of multiple sets.",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        syntax: "key [key ...]",
        subcommands: &[],
        run: algebra::sunion,
    },
    Command {
        name: "sinter",
        arity: -2,
        flags: Flags::READONLY,
        keys: READS_ALL,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the intersect of multiple sets.",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is \
            the number of sets.",
        syntax: "key [key ...]",
        subcommands: &[],
        run: algebra::sinter,
    },
    Command {
        name: "sdiff",
        arity: -2,
        flags: Flags::READONLY,
        keys: READS_ALL,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the difference of multiple sets.",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        syntax: "key [key ...]",
        subcommands: &[],
        run: algebra::sdiff,
    },
    Command {
        name: "sunionstore",
        arity: -3,
        flags: GROW,
        keys: STORES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Stores the union of multiple sets in a key.",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        syntax: "destination key [key ...]",
        subcommands: &[],
        run: algebra::sunionstore,
    },
    Command {
        name: "sinterstore",
        arity: -3,
        flags: GROW,
        keys: STORES_RW,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Stores the intersect of multiple sets in a key.",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is \
            the number of sets.",
        syntax: "destination key [key ...]",
        subcommands: &[],
        run: algebra::sinterstore,
    },
    Command {
        name: "sdiffstore",
        arity: -3,
        flags: GROW,
        keys: STORES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "1.0.0",
        summary: "Stores the difference of multiple sets in a key.",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        syntax: "destination key [key ...]",
        subcommands: &[],
        run: algebra::sdiffstore,
    },
    Command {
        name: "sintercard",
        arity: -3,
        flags: Flags::READONLY.or(Flags::MOVABLEKEYS),
        keys: READS_COUNTED,
        reach: Reach::Keys,
        group: Group::Set,
        since: "7.0.0",
        summary: "Returns the number of members of the intersect of multiple sets.",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is \
            the number of sets.",
        syntax: "numkeys key [key ...] [LIMIT limit]",
        subcommands: &[],
        run: algebra::sintercard,
    },
    Command {
        name: "saddex",
        arity: -4,
        flags: GROW_FAST,
        keys: ADDS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "headcount 0.1",
        summary: "Adds members that expire after a number of seconds to a set, or renews them; \
            with KEEPTTL members that are there keep their expiration.",
        complexity: "O(N) where N is the number of members.",
        syntax: "key [KEEPTTL] seconds member [member ...]",
        subcommands: &[],
        run: member_ttl::saddex,
    },
    Command {
        name: "fieldttl",
        arity: 3,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::Set,
        since: "headcount 0.1",
        summary: "Returns the expiration time in seconds of a member of a set.",
        complexity: "O(1)",
        syntax: "key member",
        subcommands: &[],
        run: member_ttl::fieldttl,
    },
    Command {
        name: "fieldexpire",
        arity: -4,
        flags: GROW_FAST,
        keys: UPDATES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "headcount 0.1",
        summary: "Sets the expiration time of members of a set in seconds.",
        complexity: "O(N) where N is the number of members.",
        syntax: "key seconds member [member ...]",
        subcommands: &[],
        run: member_ttl::fieldexpire,
    },
    Command {
        name: "expiremember",
        arity: -4,
        flags: WRITE_FAST,
        keys: UPDATES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "headcount 0.1",
        summary: "Sets the expiration time of a member of a set in seconds or milliseconds.",
        complexity: "O(1)",
        syntax: "key member time [S | MS]",
        subcommands: &[],
        run: member_ttl::expiremember,
    },
    Command {
        name: "expirememberat",
        arity: 4,
        flags: WRITE_FAST,
        keys: UPDATES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "headcount 0.1",
        summary: "Sets the expiration time of a member of a set to a Unix timestamp.",
        complexity: "O(1)",
        syntax: "key member unix-time-seconds",
        subcommands: &[],
        run: member_ttl::expirememberat,
    },
    Command {
        name: "pexpirememberat",
        arity: 4,
        flags: WRITE_FAST,
        keys: UPDATES,
        reach: Reach::Keys,
        group: Group::Set,
        since: "headcount 0.1",
        summary: "Sets the expiration time of a member of a set to a Unix milliseconds timestamp.",
        complexity: "O(1)",
        syntax: "key member unix-time-milliseconds",
        subcommands: &[],
        run: member_ttl::pexpirememberat,
    },
];

/// The reply of whatever counts members or keys.
fn reply_count(call: &mut Call<'_, '_>, count: usize) {
    call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
}
