//! A node that was away until the others forgot it comes back with what it alone contributed, and with
//! nothing that was deleted meanwhile (trap 5).

use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Nodes that are away for long, or forgotten by order.
const AWAY: Profile = Profile {
    trouble: Troubles { away: 20, forget: 6, ..Troubles::NETWORK },
    troubles: (1, 4),
    ..Profile::ALL
};

#[test]
fn who_was_forgotten_comes_back() {
    explore("comeback", 12, |seed| AWAY.plan(seed));
}
