//! The log on a disk that does its worst.

#[path = "../support/faulty_storage.rs"]
mod faulty_storage;
#[path = "../simulation/simulator/random.rs"]
mod random;

mod crashes;
mod life;
