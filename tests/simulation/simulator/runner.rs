//! Runs plans of many seeds, and tells of the first that fails.

use super::plan::Plan;
use super::profile::Profile;
use super::shrink::shrink;
use super::verdict::Outcome;
use super::world::World;
use headcount::base::hash;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// As many as there is time for where nothing is optimised.
const SEEDS: u64 = 12;
/// The seed of the hash of names in simulations.
pub const HASH_SEED: u64 = 0x5EED;

/// Runs a plan. An error is a broken promise, or a panic.
pub fn run(plan: &Plan) -> Result<Outcome, String> {
    run_logging(plan, false).0
}

/// Before anything is hashed.
pub fn fix_hash_seed() {
    assert!(hash::fix_seed(HASH_SEED), "another test has hashed names by another seed");
}

fn run_logging(plan: &Plan, is_logging: bool) -> (Result<Outcome, String>, Vec<String>) {
    fix_hash_seed();
    let mut world = World::new(plan, is_logging);
    let result = catch_unwind(AssertUnwindSafe(|| world.finish()));
    let result = result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    });
    (result, world.log.take().unwrap_or_default())
}

/// Runs plans of many seeds. `HEADCOUNT_SIMULATION_SEEDS` in the environment says of how many,
/// `HEADCOUNT_SIMULATION_SEED` of which one, and with `HEADCOUNT_SIMULATION_LIST` all that fail are
/// listed.
pub fn explore(test: &str, profile: &Profile) {
    let variable = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    if let Some(seed) = variable("HEADCOUNT_SIMULATION_SEED") {
        return check(test, &profile.plan(seed));
    }
    let seeds = 0..variable("HEADCOUNT_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let plans = seeds.map(|seed| profile.plan(seed));
    match std::env::var_os("HEADCOUNT_SIMULATION_LIST") {
        Some(_) => list(plans),
        None => plans.for_each(|plan| check(test, &plan)),
    }
}

/// Every seed that fails, in a line each.
fn list(plans: impl Iterator<Item = Plan>) {
    let mut failed = 0;
    for plan in plans {
        if let Err(error) = run(&plan) {
            failed += 1;
            println!("seed {}: {}", plan.seed, error.lines().next().unwrap_or_default());
        }
    }
    assert_eq!(failed, 0, "seeds that failed");
}

fn check(test: &str, plan: &Plan) {
    let Err(error) = run(plan) else { return };
    let (small, error) = shrink(plan.clone(), error, |plan| run(plan).err());
    let log = run_logging(&small, true).1.join("\n");
    panic!(
        "seed {}: {error}\n\nIt takes no more than this:\n{}\nWhat happens then:\n{log}\n\n\
         Again: HEADCOUNT_SIMULATION_SEED={} \
         cargo test --profile simulation --test simulation {test}",
        plan.seed,
        small.show(),
        plan.seed
    );
}
