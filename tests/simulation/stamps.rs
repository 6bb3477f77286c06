//! Stamps never go back, whatever clocks do: every write is later than all that its key held, and than
//! all that its node wrote before. (The simulator looks at every write.)

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Clocks that jump, and no deadlines, which clocks decide.
const CLOCKS: Profile = Profile {
    mix: Mix { count: 20, set: 40, insert: 20, remove: 10, delete: 10, ..Mix::NONE },
    trouble: Troubles { jump: 20, leap: 20, halt: 3, ..Troubles::NETWORK },
    ttl_max_ms: 0,
    ..Profile::ALL
};

#[test]
fn stamps_never_go_back() {
    explore("stamps", 12, |seed| CLOCKS.plan(seed));
}
