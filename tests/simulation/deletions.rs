//! What was deleted does not come back, after its tombstone was collected neither: by a message that
//! was on its way, a node that was down, or an answer to a comparison.

use crate::simulator::profiles::DELETIONS;
use crate::simulator::runner::explore;

#[test]
fn the_deleted_do_not_come_back() {
    explore("deletions", &DELETIONS);
}
