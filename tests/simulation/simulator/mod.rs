//! A cluster in one thread: the replication code that ships, on a network and in a time that are
//! made up, the same for the same seed.

// Each test binary uses a part of this.
#![allow(dead_code)]

pub mod clients;
mod faults;
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
mod survival;
mod verdict;
pub mod world;
