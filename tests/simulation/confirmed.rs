//! What WAIT says is confirmed survives the crash of the node that took it.

use crate::simulator::generate::Mix;
use crate::simulator::profile::{Profile, Troubles};
use crate::simulator::runner::explore;

/// Memories that are lost.
const CRASHES: Profile = Profile {
    mix: Mix { expire: 0, ..Mix::ALL },
    trouble: Troubles { crash: 30, reset: 8, ..Troubles::NETWORK },
    troubles: (2, 6),
    durable_permille: 300,
    ..Profile::ALL
};

#[test]
fn confirmed_writes_survive_a_crash() {
    explore("confirmed", 12, |seed| CRASHES.plan(seed));
}
