//! SADD ‖ SREM, SADD ‖ DEL: a member that was added where its removal had not been heard of is in.

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Sets alone.
const SETS: Profile = Profile {
    mix: Mix { insert: 50, remove: 25, delete: 8, copy: 4, ..Mix::NONE },
    trouble: Troubles { crash: 2, halt: 2, join: 2, ..Troubles::NETWORK },
    ..Profile::ALL
};

#[test]
fn what_was_added_unseen_is_in() {
    explore("add_wins", 12, |seed| SETS.plan(seed));
}
