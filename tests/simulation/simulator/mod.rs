//! A cluster in one thread: the replication code that ships, on a network and in a time that are
//! made up, the same for the same seed.

// Each test binary uses a part of this.
#![allow(dead_code)]

pub mod clients;
mod disk;
mod faults;
#[path = "../../support/faulty_storage.rs"]
mod faulty_storage;
pub mod generate;
mod links;
mod network;
mod node;
pub mod oracle;
pub mod places;
pub mod plan;
pub mod profile;
pub mod profiles;
pub mod random;
mod room;
pub mod runner;
mod shrink;
mod snapshot;
mod survival;
mod verdict;
pub mod world;
