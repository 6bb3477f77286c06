//! What every other layer may use: ids, stamps, key slots, bytes on the wire, numbers as Redis reads
//! and writes them, globs.

pub mod agenda;
pub mod clock;
pub mod codec;
pub mod decimal;
pub mod double;
pub mod glob;
pub mod hash;
pub mod hll;
mod key_slot;
pub mod long_double;
mod name;
pub mod number;
#[cfg(feature = "planted")]
pub mod planted;
pub mod rank_tree;
pub mod replica;
pub mod stamp;
mod strtod;

pub use key_slot::{KEY_SLOTS, key_slot};
pub use name::Name;
pub use replica::Replica;
pub use stamp::{Stamp, Tag};
