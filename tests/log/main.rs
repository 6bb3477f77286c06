//! The log on a disk that does its worst.

#[path = "../support/faulty_storage.rs"]
mod faulty_storage;
#[allow(dead_code)]
#[path = "../simulation/simulator/random.rs"]
mod random;

mod crashes;
mod damage;
mod failures;
mod life;
mod repairs;
mod snapshots;
