//! SADD ‖ SREM, SADD ‖ DEL: a member that was added where its removal had not been heard of is in.

use crate::simulator::profiles::SETS;
use crate::simulator::runner::explore;

#[test]
fn what_was_added_unseen_is_in() {
    explore("add_wins", &SETS);
}
