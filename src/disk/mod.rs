//! The disk: what the node writes is appended to a log and read back at the start.
//!
//! One thread of its own does all of it: it has the engine drain what was written, appends the records
//! that the engine hands out, makes them durable as `appendfsync` says, and tells the engine. Clients that
//! wait for it (`node::Disk`) share its fsyncs.

mod files;
mod inspect;
mod load;
mod lock;
mod snapshot;
mod tail;
mod thread;
mod work;

pub use files::{Files, StartError};
pub use inspect::{check_directory, repair_directory};
pub use thread::Keeper;
