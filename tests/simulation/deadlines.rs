//! A deadline ends the life that it was set on, with all that was written to it anywhere, and nothing
//! else; a heartbeat that was heard of by nobody keeps it alive.

use crate::simulator::profiles::DEADLINES;
use crate::simulator::runner::explore;

#[test]
fn deadlines_end_what_they_cover() {
    explore("deadlines", &DEADLINES);
}
