//! The simulator finds what is wrong: with each defect that can be planted, one of a few seeds fails,
//! and without it the same one passes. `cargo test --features planted --test planted`.

#[path = "simulation/simulator/mod.rs"]
mod simulator;

use headcount::base::planted::{Bug, plant};
use simulator::profile::Profile;
use simulator::profiles::{COUNTS, CRASHES, DEADLINES, DELETIONS, RESTARTS};
use simulator::runner::run;

/// By so many seeds every defect is found.
const SEEDS: u64 = 400;

fn is_found(bug: Bug, profile: &Profile) {
    let fails = |seed: &u64| {
        plant(Some(bug));
        let outcome = run(&profile.plan(*seed));
        plant(None);
        outcome.is_err()
    };
    let seed = (0..SEEDS).find(fails);
    let seed = seed.unwrap_or_else(|| panic!("{bug:?} is found by none of {SEEDS} seeds"));
    println!("{bug:?} is found by seed {seed}");
    if let Err(error) = run(&profile.plan(seed)) {
        panic!("seed {seed} fails without {bug:?}, too: {error}");
    }
}

#[test]
fn a_merge_by_the_last_write_is_found() {
    is_found(Bug::LastWriteMerge, &COUNTS);
}

#[test]
fn births_that_are_ignored_are_found() {
    is_found(Bug::BornIgnored, &COUNTS);
}

#[test]
fn an_epoch_that_is_used_again_is_found() {
    is_found(Bug::EpochReused, &CRASHES);
}

#[test]
fn an_epoch_whose_tail_was_lost_is_found() {
    is_found(Bug::EpochNotHeard, &RESTARTS);
}

#[test]
fn a_disk_that_went_back_is_found() {
    is_found(Bug::RunNotAsked, &RESTARTS);
}

#[test]
fn collecting_what_a_majority_has_confirmed_is_found() {
    is_found(Bug::MajorityCollects, &DELETIONS);
}

#[test]
fn a_deletion_that_writes_the_base_is_found() {
    is_found(Bug::DelWritesBase, &COUNTS);
}

#[test]
fn one_life_for_all_deadlines_is_found() {
    is_found(Bug::OneLifeForAll, &DEADLINES);
}

#[test]
fn an_acknowledgement_before_the_merge_is_found() {
    is_found(Bug::AckBeforeMerge, &CRASHES);
}
