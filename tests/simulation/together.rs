//! The effects of a command on several keys arrive together: nobody sees half of it. (The simulator
//! looks after every frame.)

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Mostly commands on two keys.
const PAIRS: Profile = Profile {
    mix: Mix { count: 10, pair: 60, whole: 1, ..Mix::NONE },
    trouble: Troubles { crash: 2, halt: 2, join: 2, ..Troubles::NETWORK },
    ..Profile::ALL
};

#[test]
fn nobody_sees_half_of_a_command() {
    explore("together", 12, |seed| PAIRS.plan(seed));
}
