//! A node that starts again and again writes in the epochs that it had, and nothing is lost or counted
//! twice (traps 1 and 2).

use crate::simulator::profiles::RESTARTS;
use crate::simulator::runner::explore;

#[test]
fn who_starts_again_goes_on() {
    explore("restarts", &RESTARTS);
}
