//! Nodes join, leave, and are gone for good; the others go on, and forget what they need not keep.

use crate::simulator::profiles::MEMBERS;
use crate::simulator::runner::explore;

#[test]
fn nodes_come_and_go() {
    explore("members", &MEMBERS);
}
