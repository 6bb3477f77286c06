//! The kinds of runs by which properties are tested.

use super::generate::Mix;
use super::profile::{Profile, Troubles};

/// Mostly increments, and what takes them away.
pub const COUNTS: Profile = Profile {
    mix: Mix { count: 60, set: 6, delete: 6, pair: 4, ..Mix::NONE },
    trouble: Troubles { crash: 3, halt: 3, join: 2, ..Troubles::NETWORK },
    ..Profile::ALL
};

/// Sets alone.
pub const SETS: Profile = Profile {
    mix: Mix { insert: 50, remove: 25, delete: 8, copy: 4, ..Mix::NONE },
    trouble: Troubles { crash: 2, halt: 2, join: 2, ..Troubles::NETWORK },
    ..Profile::ALL
};

/// Deadlines of keys and members, soon, and heartbeats.
pub const DEADLINES: Profile = Profile {
    mix: Mix { count: 25, set: 10, insert: 25, expire: 40, delete: 4, ..Mix::NONE },
    trouble: Troubles { jump: 4, ..Troubles::NETWORK },
    ttl_max_ms: 800,
    names: 3,
    ..Profile::ALL
};

/// Deletions, on links that come and go.
pub const DELETIONS: Profile = Profile {
    mix: Mix { count: 20, insert: 20, remove: 15, delete: 25, whole: 2, copy: 4, ..Mix::NONE },
    trouble: Troubles { cut: 8, reset: 8, crash: 2, halt: 4, join: 2, ..Troubles::NETWORK },
    troubles: (2, 7),
    ..Profile::ALL
};

/// Mostly commands on two keys.
pub const PAIRS: Profile = Profile {
    mix: Mix { count: 10, pair: 60, whole: 1, ..Mix::NONE },
    trouble: Troubles { crash: 2, halt: 2, join: 2, ..Troubles::NETWORK },
    ..Profile::ALL
};

/// Clocks that jump, and no deadlines, which clocks decide.
pub const CLOCKS: Profile = Profile {
    mix: Mix { count: 20, set: 40, insert: 20, remove: 10, delete: 10, ..Mix::NONE },
    trouble: Troubles { jump: 20, leap: 20, halt: 3, ..Troubles::NETWORK },
    ttl_max_ms: 0,
    ..Profile::ALL
};

/// Memories that are lost.
pub const CRASHES: Profile = Profile {
    mix: Mix { expire: 0, ..Mix::ALL },
    trouble: Troubles { crash: 30, reset: 8, ..Troubles::NETWORK },
    troubles: (2, 6),
    durable_permille: 300,
    ..Profile::ALL
};

/// Nodes with disks that start again and again, without the last that they wrote, some with a disk that
/// has gone back.
pub const RESTARTS: Profile = Profile {
    mix: Mix { count: 50, insert: 20, remove: 5, set: 5, delete: 5, ..Mix::NONE },
    trouble: Troubles { halt: 40, back: 4, cut: 3, reset: 4, ..Troubles::NETWORK },
    troubles: (6, 16),
    span_ms: (6_000, 20_000),
    durable_permille: 1_000,
    ..Profile::ALL
};

/// Nodes that come and go.
pub const MEMBERS: Profile = Profile {
    trouble: Troubles { join: 10, leave: 8, abandon: 8, ..Troubles::NETWORK },
    troubles: (1, 5),
    ..Profile::ALL
};

/// Nodes that are away for long, or forgotten by order.
pub const AWAY: Profile = Profile {
    trouble: Troubles { away: 20, forget: 6, ..Troubles::NETWORK },
    troubles: (1, 4),
    ..Profile::ALL
};

/// Away for long, and started again meanwhile.
pub const AWAY_AND_RESTARTED: Profile = Profile {
    mix: Mix { count: 60, insert: 20, ..Mix::NONE },
    trouble: Troubles { away: 20, halt: 30, ..Troubles::NETWORK },
    troubles: (2, 6),
    ttl_max_ms: 0,
    span_ms: (4_000, 10_000),
    durable_permille: 1_000,
    ..Profile::ALL
};

/// Away for so long that nodes do not know any more in detail what they had told. What is deleted
/// meanwhile may come back then, so nothing is.
pub const AWAY_FOR_LONG: Profile = Profile {
    mix: Mix { count: 60, insert: 20, ..Mix::NONE },
    trouble: Troubles { away: 20, ..Troubles::NETWORK },
    troubles: (1, 4),
    ttl_max_ms: 0,
    notes_max: 2,
    ..Profile::ALL
};
