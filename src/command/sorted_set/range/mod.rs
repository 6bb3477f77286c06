//! Ranges of sorted sets: by rank, by score, by the members' bytes.

mod bounds;
mod count;
mod options;
mod remove;
mod show;
mod store;

use super::{GROW, READ, READ_FAST, READS, REMOVES, STORES};
use crate::command::table::{Command, Flags, Group, Reach};

const WRITE: Flags = Flags::WRITE;

pub const ROWS: &[Command] = &[
    Command {
        name: "zrange",
        arity: -4,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns members in a sorted set within a range of indexes.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements returned.",
        syntax: "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        subcommands: &[],
        run: show::zrange,
    },
    Command {
        name: "zrevrange",
        arity: -4,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns members in a sorted set within a range of indexes in reverse order.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements returned.",
        syntax: "key start stop [WITHSCORES]",
        subcommands: &[],
        run: show::zrevrange,
    },
    Command {
        name: "zrangebyscore",
        arity: -4,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.0.5",
        summary: "Returns members in a sorted set within a range of scores.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements being returned. If M is constant (e.g. always asking for the \
            first 10 elements with LIMIT), you can consider it O(log(N)).",
        syntax: "key min max [WITHSCORES] [LIMIT offset count]",
        subcommands: &[],
        run: show::zrangebyscore,
    },
    Command {
        name: "zrevrangebyscore",
        arity: -4,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.2.0",
        summary: "Returns members in a sorted set within a range of scores in reverse order.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements being returned. If M is constant (e.g. always asking for the \
            first 10 elements with LIMIT), you can consider it O(log(N)).",
        syntax: "key max min [WITHSCORES] [LIMIT offset count]",
        subcommands: &[],
        run: show::zrevrangebyscore,
    },
    Command {
        name: "zrangebylex",
        arity: -4,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Returns members in a sorted set within a lexicographical range.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements being returned. If M is constant (e.g. always asking for the \
            first 10 elements with LIMIT), you can consider it O(log(N)).",
        syntax: "key min max [LIMIT offset count]",
        subcommands: &[],
        run: show::zrangebylex,
    },
    Command {
        name: "zrevrangebylex",
        arity: -4,
        flags: READ,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Returns members in a sorted set within a lexicographical range in reverse order.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements being returned. If M is constant (e.g. always asking for the \
            first 10 elements with LIMIT), you can consider it O(log(N)).",
        syntax: "key max min [LIMIT offset count]",
        subcommands: &[],
        run: show::zrevrangebylex,
    },
    Command {
        name: "zrangestore",
        arity: -5,
        flags: GROW,
        keys: STORES,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Stores a range of members from sorted set in a key.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements stored into the destination key.",
        syntax: "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
        subcommands: &[],
        run: store::zrangestore,
    },
    Command {
        name: "zcount",
        arity: 4,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Returns the count of members in a sorted set that have scores within a range.",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        syntax: "key min max",
        subcommands: &[],
        run: count::zcount,
    },
    Command {
        name: "zlexcount",
        arity: 4,
        flags: READ_FAST,
        keys: READS,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Returns the number of members in a sorted set within a lexicographical range.",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        syntax: "key min max",
        subcommands: &[],
        run: count::zlexcount,
    },
    Command {
        name: "zremrangebyscore",
        arity: 4,
        flags: WRITE,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Removes members in a sorted set within a range of scores. Deletes the sorted \
            set if all members were removed.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements removed by the operation.",
        syntax: "key min max",
        subcommands: &[],
        run: remove::zremrangebyscore,
    },
    Command {
        name: "zremrangebyrank",
        arity: 4,
        flags: WRITE,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Removes members in a sorted set within a range of indexes. Deletes the sorted \
            set if all members were removed.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements removed by the operation.",
        syntax: "key start stop",
        subcommands: &[],
        run: remove::zremrangebyrank,
    },
    Command {
        name: "zremrangebylex",
        arity: 4,
        flags: WRITE,
        keys: REMOVES,
        reach: Reach::Keys,
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Removes members in a sorted set within a lexicographical range. Deletes the \
            sorted set if all members were removed.",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the \
            number of elements removed by the operation.",
        syntax: "key min max",
        subcommands: &[],
        run: remove::zremrangebylex,
    },
];
