//! The effects of a command on several keys arrive together: nobody sees half of it. (The simulator
//! looks after every frame.)

use crate::simulator::profiles::PAIRS;
use crate::simulator::runner::explore;

#[test]
fn nobody_sees_half_of_a_command() {
    explore("together", &PAIRS);
}
