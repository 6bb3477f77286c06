//! The log on a disk that does its worst.

#[allow(dead_code)]
#[path = "../support/faulty_storage.rs"]
mod faulty_storage;
#[path = "../properties/log_files.rs"]
mod properties;
#[allow(dead_code)]
#[path = "../simulation/simulator/random.rs"]
mod random;

mod any_bytes;
mod crashes;
mod damage;
mod failures;
mod life;
mod real;
mod repairs;
mod snapshots;
