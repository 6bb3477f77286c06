//! Stamps never go back, whatever clocks do: every write is later than all that its key held, and than
//! all that its node wrote before. (The simulator looks at every write.)

use crate::simulator::profiles::CLOCKS;
use crate::simulator::runner::explore;

#[test]
fn stamps_never_go_back() {
    explore("stamps", &CLOCKS);
}
