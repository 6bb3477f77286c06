//! One seed is one run, byte for byte.

use crate::simulator::profile::Profile;
use crate::simulator::runner::run;

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in 0..10 {
        let plan = Profile::ALL.plan(seed);
        let (first, second) = (run(&plan), run(&plan));
        assert_eq!(first, second, "seed {seed}");
    }
    assert_ne!(run(&Profile::ALL.plan(1)), run(&Profile::ALL.plan(2)));
}
