//! The command table: one row a command, and everything that is said of commands comes from here
//! (dispatch, locking, COMMAND, COMMAND DOCS, ACL categories, docs/commands.md).

use super::call::Run;

/// One command, or one subcommand.
pub struct Command {
    /// In lower case, as COMMAND lists it.
    pub name: &'static str,
    /// The number of arguments, the name included; negative: at least that many.
    pub arity: i16,
    pub flags: Flags,
    /// Where the keys stand; this also says what is locked before `run` is called.
    pub keys: &'static [KeySpec],
    /// What `run` needs of the keyspace beyond those keys.
    pub reach: Reach,
    pub group: Group,
    /// The version of Redis that has it first, or of Headcount (`headcount 0.1`).
    pub since: &'static str,
    pub summary: &'static str,
    pub complexity: &'static str,
    /// Its arguments as the documentation writes them, e.g. `key [NX | XX] [GET]`.
    pub syntax: &'static str,
    /// Rows of its subcommands; a command that has any dispatches on its first argument.
    pub subcommands: &'static [Command],
    pub run: Run,
}

/// Bits of [`Command::flags`], named as COMMAND INFO names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    pub const NONE: Flags = Flags(0);
    pub const EVERY: Flags = Flags(u32::MAX);
    pub const WRITE: Flags = Flags(1);
    pub const READONLY: Flags = Flags(1 << 1);
    /// Refused when memory is short and nothing can be evicted.
    pub const DENYOOM: Flags = Flags(1 << 2);
    pub const ADMIN: Flags = Flags(1 << 3);
    pub const PUBSUB: Flags = Flags(1 << 4);
    pub const NOSCRIPT: Flags = Flags(1 << 5);
    pub const LOADING: Flags = Flags(1 << 6);
    pub const STALE: Flags = Flags(1 << 7);
    pub const SKIP_MONITOR: Flags = Flags(1 << 8);
    pub const SKIP_SLOWLOG: Flags = Flags(1 << 9);
    pub const FAST: Flags = Flags(1 << 10);
    /// Works before AUTH.
    pub const NO_AUTH: Flags = Flags(1 << 11);
    pub const MOVABLEKEYS: Flags = Flags(1 << 12);
    pub const ALLOW_BUSY: Flags = Flags(1 << 13);
    pub const BLOCKING: Flags = Flags(1 << 14);
    /// A write that tries shared access first: `run` is called with its keys shared, and again with
    /// them exclusive when it answers `NeedsExclusive` (which it does before it changes anything).
    pub const SHARED_FIRST: Flags = Flags(1 << 15);
    /// In the ACL category @dangerous.
    pub const DANGEROUS: Flags = Flags(1 << 16);
    /// Refused inside a transaction.
    pub const NO_MULTI: Flags = Flags(1 << 17);
    pub const NO_ASYNC_LOADING: Flags = Flags(1 << 18);
    /// Runs at once even after MULTI, where others wait for EXEC.
    pub const UNQUEUED: Flags = Flags(1 << 19);
    /// CLIENT PAUSE WRITE holds it up too: what it does may be a write.
    pub const MAY_WRITE: Flags = Flags(1 << 22);
    /// It may name no key.
    pub const NO_MANDATORY_KEYS: Flags = Flags(1 << 23);
    /// What it answers is a push, which CLIENT REPLY does not hold back.
    pub const PUSHES: Flags = Flags(1 << 20);

    #[must_use]
    pub const fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }

    #[must_use]
    pub const fn not(self) -> Flags {
        Flags(!self.0)
    }

    #[must_use]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A run of key arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    pub place: Place,
    /// How COMMAND INFO describes what is done with them: `RO`, `RW`, `OW`, `RM` and more.
    pub access: &'static [&'static str],
}

impl KeySpec {
    /// The first argument is a key, described by `access`.
    #[must_use]
    pub const fn first(access: &'static [&'static str]) -> KeySpec {
        KeySpec { place: Place::FIRST, access }
    }

    /// Whether these are keys, and not only what a cluster finds its way by.
    #[must_use]
    pub fn are_keys(&self) -> bool {
        !self.access.contains(&"not_key")
    }
}

/// Where keys stand among the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// From `first` to `last` (negative: from the end, -1 is the last argument), every `step`th.
    Range { first: i16, last: i16, step: i16 },
    /// The argument at `at` says how many follow it (SINTERCARD).
    Counted { at: i16 },
    /// Behind the last STORE (SORT).
    StoreOption,
    /// Those of the command that stands from `at` on (ONCE).
    Nested { at: i16 },
    /// What the arguments do not name.
    Unknown,
}

impl Place {
    /// The first argument only.
    pub const FIRST: Place = Place::Range { first: 1, last: 1, step: 1 };
}

/// What a command sees of the keyspace beyond its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only the keys that its arguments name (or none).
    Keys,
    /// The keys that its arguments name, in every database (COPY, MOVE).
    Databases,
    /// Goes through the keyspace shard by shard, each locked for a moment (SCAN, DBSIZE, RANDOMKEY).
    Browse,
    /// Asks the engine, whose lock comes before those of keys: it holds none, and opens by itself what it
    /// looks at (CLUSTER, INFO, DUMP).
    Engine,
    /// Runs a script, which names its keys as it comes to them (EVAL).
    Script,
    /// The keys of the command that it runs, and its token (ONCE).
    Token,
    /// As `Keys`, or as `Whole` where the arguments ask for keys by a pattern (SORT).
    Patterns,
    /// All shards at once, shared or, for a WRITE, exclusive (KEYS, FLUSHALL, SWAPDB).
    Whole,
}

impl Reach {
    /// Whether it sees more of the keyspace than keys that are named.
    #[must_use]
    pub const fn is_wide(self) -> bool {
        matches!(self, Reach::Browse | Reach::Whole)
    }
}

/// The group under which the documentation lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    String,
    Generic,
    Set,
    Hash,
    SortedSet,
    List,
    Connection,
    Server,
    Cluster,
    Transactions,
    Scripting,
    Bitmap,
    HyperLogLog,
    PubSub,
}

impl Group {
    /// As COMMAND DOCS and the documentation name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Group::String => "string",
            Group::Generic => "generic",
            Group::Set => "set",
            Group::Hash => "hash",
            Group::SortedSet => "sorted-set",
            Group::List => "list",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Cluster => "cluster",
            Group::Transactions => "transactions",
            Group::Scripting => "scripting",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::PubSub => "pubsub",
        }
    }
}

impl Flags {
    /// The flags that clients are told of, in the order in which Redis lists them.
    const NAMES: &'static [(Flags, &'static str)] = &[
        (Flags::WRITE, "write"),
        (Flags::READONLY, "readonly"),
        (Flags::DENYOOM, "denyoom"),
        (Flags::ADMIN, "admin"),
        (Flags::PUBSUB, "pubsub"),
        (Flags::NOSCRIPT, "noscript"),
        (Flags::BLOCKING, "blocking"),
        (Flags::LOADING, "loading"),
        (Flags::STALE, "stale"),
        (Flags::SKIP_MONITOR, "skip_monitor"),
        (Flags::SKIP_SLOWLOG, "skip_slowlog"),
        (Flags::FAST, "fast"),
        (Flags::NO_AUTH, "no_auth"),
        (Flags::MOVABLEKEYS, "movablekeys"),
        (Flags::NO_ASYNC_LOADING, "no_async_loading"),
        (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (Flags::NO_MULTI, "no_multi"),
        (Flags::ALLOW_BUSY, "allow_busy"),
    ];

    /// The names of those that are set.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        Flags::NAMES.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect()
    }
}
