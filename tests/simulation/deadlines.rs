//! A deadline ends the life that it was set on, with all that was written to it anywhere, and nothing
//! else; a heartbeat that was heard of by nobody keeps it alive.

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Deadlines of keys and members, soon, and heartbeats.
const DEADLINES: Profile = Profile {
    mix: Mix { count: 25, set: 10, insert: 25, expire: 40, delete: 4, ..Mix::NONE },
    trouble: Troubles { jump: 4, ..Troubles::NETWORK },
    ttl_max_ms: 800,
    names: 3,
    ..Profile::ALL
};

#[test]
fn deadlines_end_what_they_cover() {
    explore("deadlines", 12, |seed| DEADLINES.plan(seed));
}
