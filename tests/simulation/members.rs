//! Nodes join, leave, and are gone for good; the others go on, and forget what they need not keep.

use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Nodes that come and go.
const MEMBERS: Profile = Profile {
    trouble: Troubles { join: 10, leave: 8, abandon: 8, ..Troubles::NETWORK },
    troubles: (1, 5),
    ..Profile::ALL
};

#[test]
fn nodes_come_and_go() {
    explore("members", 12, |seed| MEMBERS.plan(seed));
}
