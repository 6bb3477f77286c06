//! Thousands of crash points.

use crate::faulty_storage::Faults;
use crate::life::{Log, LogWriter};
use std::panic::{AssertUnwindSafe, catch_unwind};

const SEEDS: u64 = 2_000;
const LIVES: u64 = 4;

/// Runs all seeds, or the one that `HEADCOUNT_LOG_SEED` names; `HEADCOUNT_LOG_SEEDS`: how many.
fn for_seeds(run: fn(u64)) {
    let number = |name| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    if let Some(seed) = number("HEADCOUNT_LOG_SEED") {
        return run(seed);
    }
    for seed in 0..number("HEADCOUNT_LOG_SEEDS").unwrap_or(SEEDS) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!("HEADCOUNT_LOG_SEED={seed} repeats this");
            std::panic::resume_unwind(panic);
        }
    }
}

/// What may go wrong in one life.
fn faults(log: &mut Log) -> Faults {
    let fuse = Some(1 + log.random.below(60));
    let faults = Faults { fuse, ..Faults::default() };
    match log.random.below(6) {
        0 => Faults { sync_permille: 300, ..faults },
        1 => Faults { sync_permille: 100, change_permille: 100, ..faults },
        2 => Faults { capacity_bytes: Some(log.random.index(30_000)), ..faults },
        _ => faults,
    }
}

fn act(log: &mut Log, writer: &mut LogWriter) {
    match log.random.below(100) {
        0..50 => log.append(writer),
        50..65 => drop(writer.commit()),
        65..80 => drop(writer.write()),
        80..95 => drop(writer.sync()),
        95..98 => log.snapshot(writer),
        _ => (0..50).for_each(|_| log.append(writer)),
    }
    log.note(writer);
}

/// From a start to an end of one kind or another.
fn live(log: &mut Log) {
    let mut writer = log.recover();
    let faults = faults(log);
    log.storage.set_faults(faults);
    if log.random.chance(900) {
        let _ = writer.commit();
        log.note(&writer);
        log.tidy();
    }
    let mut acts = log.random.below(120);
    while acts > 0 && !log.storage.is_stopped() {
        act(log, &mut writer);
        acts -= 1;
    }
    if !log.storage.is_stopped() && log.random.chance(300) {
        // Whatever went wrong, once it is over the writer goes on by itself.
        log.storage.set_faults(Faults::default());
        assert_eq!(writer.commit().expect("a good disk"), log.appended());
        log.note(&writer);
        assert!(!writer.is_failing() && writer.held_bytes() == 0);
    }
    drop(writer);
    if log.random.chance(700) { log.storage.crash() } else { log.storage.restart() }
}

#[test]
fn every_acknowledged_record_survives_any_crash() {
    for_seeds(|seed| {
        let mut log = Log::new(seed);
        (0..LIVES).for_each(|_| live(&mut log));
        log.recover();
    });
}

#[test]
fn two_crashes_in_a_start_are_no_worse_than_one() {
    for_seeds(|seed| {
        let mut log = Log::new(seed);
        live(&mut log);
        for _ in 0..3 {
            let mut writer = log.recover();
            let fuse = Some(1 + log.random.below(6));
            log.storage.set_faults(Faults { fuse, ..Faults::default() });
            let _ = writer.commit();
            log.note(&writer);
            log.storage.crash();
        }
        log.recover();
    });
}

/// A process that ends while it finishes a snapshot, and the machine soon after: what the second
/// process saw of it need not be durable.
#[test]
fn a_snapshot_is_not_relied_on_before_its_name_is_durable() {
    for seed in 0..600 {
        let mut log = Log::closed(seed, 20, true);
        let mut writer = log.recover();
        writer.commit().expect("a good disk");
        (0..3).for_each(|_| log.append(&mut writer));
        // Writing it takes a dozen changes, then it is renamed, and the directory synced.
        let fuse = Some(log.random.between(12, 15));
        log.storage.set_faults(Faults { fuse, ..Faults::default() });
        log.snapshot(&mut writer);
        drop(writer);
        log.storage.restart();

        let mut writer = log.recover();
        if log.random.chance(500) {
            log.tidy();
        } else {
            let fuse = Some(log.random.between(4, 7));
            log.storage.set_faults(Faults { fuse, ..Faults::default() });
            let _ = writer.commit();
            log.note(&writer);
        }
        log.storage.crash();
        log.recover();
    }
}
