//! A cluster in one thread: the replication code that ships, on a network and in a time that are
//! made up, the same for the same seed.

pub mod clients;
pub mod generate;
pub mod oracle;
pub mod places;
pub mod plan;
pub mod random;
