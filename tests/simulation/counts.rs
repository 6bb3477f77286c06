//! No acknowledged increment is lost or counted twice: increments are powers of four, so the sum tells
//! which are in it.

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Mostly increments, and what takes them away.
const COUNTS: Profile = Profile {
    mix: Mix { count: 60, set: 6, delete: 6, pair: 4, ..Mix::NONE },
    trouble: Troubles { crash: 3, halt: 3, join: 2, ..Troubles::NETWORK },
    ..Profile::ALL
};

#[test]
fn increments_count_once() {
    explore("counts", 12, |seed| COUNTS.plan(seed));
}
