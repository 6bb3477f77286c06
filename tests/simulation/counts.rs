//! No acknowledged increment is lost or counted twice: increments are powers of four, so the sum tells
//! which are in it.

use crate::simulator::profiles::COUNTS;
use crate::simulator::runner::explore;

#[test]
fn increments_count_once() {
    explore("counts", &COUNTS);
}
