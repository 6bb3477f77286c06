//! What WAIT says is confirmed survives the crash of the node that took it.

use crate::simulator::profiles::CRASHES;
use crate::simulator::runner::explore;

#[test]
fn confirmed_writes_survive_a_crash() {
    explore("confirmed", &CRASHES);
}
