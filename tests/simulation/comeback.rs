//! A node that was away until the others forgot it comes back with what it alone contributed, and with
//! nothing that was deleted meanwhile (trap 5).

use crate::simulator::profiles::{AWAY, AWAY_AND_RESTARTED, AWAY_FOR_LONG};
use crate::simulator::runner::explore;

#[test]
fn who_was_forgotten_comes_back() {
    explore("comeback", &AWAY);
}

#[test]
fn who_was_forgotten_after_a_restart_comes_back() {
    explore("restart", &AWAY_AND_RESTARTED);
}

#[test]
fn who_has_lost_count_of_what_it_told_comes_back() {
    explore("comeback", &AWAY_FOR_LONG);
}
