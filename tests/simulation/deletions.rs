//! What was deleted does not come back, after its tombstone was collected neither: by a message that
//! was on its way, a node that was down, or an answer to a comparison.

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Deletions, on links that come and go.
const DELETIONS: Profile = Profile {
    mix: Mix { count: 20, insert: 20, remove: 15, delete: 25, whole: 2, copy: 4, ..Mix::NONE },
    trouble: Troubles { cut: 8, reset: 8, crash: 2, halt: 4, join: 2, ..Troubles::NETWORK },
    troubles: (2, 7),
    ..Profile::ALL
};

#[test]
fn the_deleted_do_not_come_back() {
    explore("deletions", 12, |seed| DELETIONS.plan(seed));
}
