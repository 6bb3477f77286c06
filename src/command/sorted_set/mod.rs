//! Sorted sets.

mod add;
mod algebra;
mod blocking;
mod events;
pub mod pop;
mod random;
pub mod range;
mod read;
mod remove;
mod reply;
mod scan;

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = READ.or(Flags::FAST);
const READ_MOVABLE: Flags = READ.or(Flags::MOVABLEKEYS);
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const WRITE_MOVABLE: Flags = Flags::WRITE.or(Flags::MOVABLEKEYS);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);
const GROW_MOVABLE: Flags = GROW.or(Flags::MOVABLEKEYS);

const BLOCKING_POP: Flags = WRITE_FAST.or(Flags::NOSCRIPT).or(Flags::BLOCKING);

const SECOND: Place = Place::Range { first: 2, last: 2, step: 1 };
const COUNTED: Place = Place::Counted { at: 1 };

/// Says something of the set, but hands out nothing of it.
const LOOKS: &[KeySpec] = &[KeySpec::first(&["RO"])];
const READS: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const UPDATES: &[KeySpec] = &[KeySpec::first(&["RW", "update"])];
const COUNTS: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update"])];
const REMOVES: &[KeySpec] = &[KeySpec::first(&["RW", "delete"])];
const POPS: &[KeySpec] = &[KeySpec::first(&["RW", "access", "delete"])];
const POPS_COUNTED: &[KeySpec] = &[KeySpec { place: COUNTED, access: &["RW", "access", "delete"] }];
const POPS_ALL: &[KeySpec] = &[KeySpec {
    place: Place::Range { first: 1, last: -2, step: 1 },
    access: &["RW", "access", "delete"],
}];
const POPS_COUNTED_SECOND: &[KeySpec] =
    &[KeySpec { place: Place::Counted { at: 2 }, access: &["RW", "access", "delete"] }];
const READS_COUNTED: &[KeySpec] = &[KeySpec { place: COUNTED, access: &["RO", "access"] }];
const STORES: &[KeySpec] =
    &[KeySpec::first(&["OW", "update"]), KeySpec { place: SECOND, access: &["RO", "access"] }];
const STORES_COUNTED: &[KeySpec] = &[
    KeySpec::first(&["OW", "update"]),
    KeySpec { place: Place::Counted { at: 2 }, access: &["RO", "access"] },
];

pub const ROWS: &[Command] = &[
    Command {
        name: "zadd",
        arity: -4,
        flags: GROW_FAST,
        keys: UPDATES,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Adds one or more members to a sorted set, or updates their scores. Creates the \
            key if it doesn't exist.",
        complexity: "O(log(N)) for each item added, where N is the number of elements in the \
            sorted set.",
        syntax: "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
        subcommands: &[],
        run: add::zadd,
    },
    Command {
        name: "zincrby",
        arity: 4,
        flags: GROW_FAST,
        keys: COUNTS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Increments the score of a member in a sorted set.",
        complexity: "O(log(N)) where N is the number of elements in the sorted set.",
        syntax: "key increment member",
        subcommands: &[],
        run: add::zincrby,
    },
    Command {
        name: "zrem",
        arity: -3,
        flags: WRITE_FAST,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Removes one or more members from a sorted set. Deletes the sorted set if all \
            members were removed.",
        complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the \
            number of elements to be removed.",
        syntax: "key member [member ...]",
        subcommands: &[],
        run: remove::zrem,
    },
    Command {
        name: "zcard",
        arity: 2,
        flags: READ_FAST,
        keys: LOOKS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns the number of members in a sorted set.",
        complexity: "O(1)",
        syntax: "key",
        subcommands: &[],
        run: read::zcard,
    },
    Command {
        name: "zscore",
        arity: 3,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns the score of a member in a sorted set.",
        complexity: "O(1)",
        syntax: "key member",
        subcommands: &[],
        run: read::zscore,
    },
    Command {
        name: "zmscore",
        arity: -3,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the score of one or more members in a sorted set.",
        complexity: "O(N) where N is the number of members being requested.",
        syntax: "key member [member ...]",
        subcommands: &[],
        run: read::zmscore,
    },
    Command {
        name: "zrank",
        arity: -3,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Returns the index of a member in a sorted set ordered by ascending scores.",
        complexity: "O(log(N))",
        syntax: "key member [WITHSCORE]",
        subcommands: &[],
        run: read::zrank,
    },
    Command {
        name: "zrevrank",
        arity: -3,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Returns the index of a member in a sorted set ordered by descending scores.",
        complexity: "O(log(N))",
        syntax: "key member [WITHSCORE]",
        subcommands: &[],
        run: read::zrevrank,
    },
    Command {
        name: "zrandmember",
        arity: -2,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns one or more random members from a sorted set.",
        complexity: "O(N) where N is the number of elements returned",
        syntax: "key [count [WITHSCORES]]",
        subcommands: &[],
        run: random::zrandmember,
    },
    Command {
        name: "zscan",
        arity: -3,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.8.0",
        summary: "Iterates over members and scores of a sorted set.",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough \
            command calls for the cursor to return back to 0. N is the number of elements inside \
            the collection.",
        syntax: "key cursor [MATCH pattern] [COUNT count]",
        subcommands: &[],
        run: scan::zscan,
    },
    Command {
        name: "zpopmin",
        arity: -2,
        flags: WRITE_FAST,
        keys: POPS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Returns the lowest-scoring members from a sorted set after removing them. \
            Deletes the sorted set if the last member was popped.",
        complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M \
            being the number of elements popped.",
        syntax: "key [count]",
        subcommands: &[],
        run: pop::zpopmin,
    },
    Command {
        name: "zpopmax",
        arity: -2,
        flags: WRITE_FAST,
        keys: POPS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Returns the highest-scoring members from a sorted set after removing them. \
            Deletes the sorted set if the last member was popped.",
        complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M \
            being the number of elements popped.",
        syntax: "key [count]",
        subcommands: &[],
        run: pop::zpopmax,
    },
    Command {
        name: "zmpop",
        arity: -4,
        flags: WRITE_MOVABLE,
        keys: POPS_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Returns the highest- or lowest-scoring members from one or more sorted sets \
            after removing them. Deletes the sorted set if the last member was popped.",
        complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the \
            number of elements in the sorted set, and M being the number of elements popped.",
        syntax: "numkeys key [key ...] <MIN | MAX> [COUNT count]",
        subcommands: &[],
        run: pop::zmpop,
    },
    Command {
        name: "bzpopmin",
        arity: -3,
        flags: BLOCKING_POP,
        keys: POPS_ALL,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Removes and returns the member with the lowest score from one or more sorted sets. \
            Blocks until a member is available otherwise. Deletes the sorted set if the last element \
            was popped.",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        syntax: "key [key ...] timeout",
        subcommands: &[],
        run: blocking::bzpopmin,
    },
    Command {
        name: "bzpopmax",
        arity: -3,
        flags: BLOCKING_POP,
        keys: POPS_ALL,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Removes and returns the member with the highest score from one or more sorted sets. \
            Blocks until a member available otherwise. Deletes the sorted set if the last element was \
            popped.",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        syntax: "key [key ...] timeout",
        subcommands: &[],
        run: blocking::bzpopmax,
    },
    Command {
        name: "bzmpop",
        arity: -5,
        flags: WRITE_MOVABLE.or(Flags::BLOCKING),
        keys: POPS_COUNTED_SECOND,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Removes and returns a member by score from one or more sorted sets. Blocks until a \
            member is available otherwise. Deletes the sorted set if the last element was popped.",
        complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of \
            elements in the sorted set, and M being the number of elements popped.",
        syntax: "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
        subcommands: &[],
        run: blocking::bzmpop,
    },
    Command {
        name: "zunion",
        arity: -3,
        flags: READ_MOVABLE,
        keys: READS_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the union of multiple sorted sets.",
        complexity: "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted \
            sets, and M being the number of elements in the resulting sorted set.",
        syntax: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | \
            MAX>] [WITHSCORES]",
        subcommands: &[],
        run: algebra::zunion,
    },
    Command {
        name: "zinter",
        arity: -3,
        flags: READ_MOVABLE,
        keys: READS_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the intersect of multiple sorted sets.",
        complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K \
            being the number of input sorted sets and M being the number of elements in the \
            resulting sorted set.",
        syntax: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | \
            MAX>] [WITHSCORES]",
        subcommands: &[],
        run: algebra::zinter,
    },
    Command {
        name: "zdiff",
        arity: -3,
        flags: READ_MOVABLE,
        keys: READS_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the difference between multiple sorted sets.",
        complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in \
            all the sets, N is the size of the first set, and K is the size of the result set.",
        syntax: "numkeys key [key ...] [WITHSCORES]",
        subcommands: &[],
        run: algebra::zdiff,
    },
    Command {
        name: "zintercard",
        arity: -3,
        flags: READ_MOVABLE,
        keys: READS_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Returns the number of members of the intersect of multiple sorted sets.",
        complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the \
            number of input sorted sets.",
        syntax: "numkeys key [key ...] [LIMIT limit]",
        subcommands: &[],
        run: algebra::zintercard,
    },
    Command {
        name: "zunionstore",
        arity: -4,
        flags: GROW_MOVABLE,
        keys: STORES_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Stores the union of multiple sorted sets in a key.",
        complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted \
            sets, and M being the number of elements in the resulting sorted set.",
        syntax: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM \
            | MIN | MAX>]",
        subcommands: &[],
        run: algebra::zunionstore,
    },
    Command {
        name: "zinterstore",
        arity: -4,
        flags: GROW_MOVABLE,
        keys: STORES_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Stores the intersect of multiple sorted sets in a key.",
        complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K \
            being the number of input sorted sets and M being the number of elements in the \
            resulting sorted set.",
        syntax: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM \
            | MIN | MAX>]",
        subcommands: &[],
        run: algebra::zinterstore,
    },
    Command {
        name: "zdiffstore",
        arity: -4,
        flags: GROW_MOVABLE,
        keys: STORES_COUNTED,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Stores the difference of multiple sorted sets in a key.",
        complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in \
            all the sets, N is the size of the first set, and K is the size of the result set.",
        syntax: "destination numkeys key [key ...]",
        subcommands: &[],
        run: algebra::zdiffstore,
    },
];
