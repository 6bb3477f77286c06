//! The sharded in-process store: entries, expiry, memory, and the locked scope in which a command
//! works on its keys.
//!
//! - `keyspace` databases and their shards; `shard` one table under one lock; `entry` one key, in the
//!   smallest form that holds its merging state (`forms`), with its `flags`; `tally` counting with shared
//!   access.
//! - `keys` the scope, with `keys_text`, `keys_set`, `keys_hash` (both on `members`), `keys_sorted`, `keys_list`, `keys_space`,
//!   `keys_wide` by what they are about; `account` what
//!   goes with every change.
//! - `lanes` lets scripts take keys as they go.
//! - `expiry` and `eviction` reclaim memory; `digest` is what users can compare.
//! - `watch` and `observer` are told of changes: WATCH, events, client-side caches.
//! - For peers: `mark` notes what changes, `drain` tells it, `merge` takes in what they tell, `load` what is on disk, `slots` has
//!   the digests by which nodes find out where they differ, `collect` drops what is deleted, `reincarnate`
//!   begins as another replica.

mod access;
mod account;
mod collect;
mod digest;
mod drain;
mod entry;
mod eviction;
mod expiry;
mod flags;
mod forms;
mod guards;
mod keys;
mod keys_cells;
mod keys_hash;
mod keys_list;
mod keys_set;
mod keys_sorted;
mod keys_space;
mod keys_text;
mod keys_wide;
mod keyspace;
mod lanes;
mod load;
mod mark;
mod members;
mod merge;
mod observer;
mod portrait;
mod prefetch;
mod reaper;
mod reincarnate;
mod reload;
mod restore;
mod row;
mod saving;
mod shard;
mod slots;
mod stats;
mod sync;
mod tally;
mod text;
mod waiting;
mod watch;

pub use access::AccessError;
pub use collect::Buried;
pub use digest::Digest;
pub use drain::Drained;
pub use entry::TextForm;
pub use eviction::Room;
pub use keys::{KeyRef, Keys, Mode};
pub use keys_hash::{HashEdit, HashView};
pub use keys_list::{ListEdit, ListView};
pub use keys_set::{SetEdit, SetView};
pub use keys_sorted::{AnySet, SortedEdit, SortedView};
pub use keys_space::ScanPage;
pub use keyspace::{Keyspace, TOKENS};
pub use lanes::BesideScripts;
pub use load::{Loaded, Part};
pub use members::Missing;
pub use merge::Merged;
pub use observer::Observer;
pub use reincarnate::Undrained;
pub use restore::NotMerged;
pub use slots::SlotSet;
pub use stats::{DatabaseStats, KeyspaceStats};
#[cfg(feature = "model")]
pub use tally::Tally;
pub use text::Text;
pub use waiting::{Bell, Edge, Served, Stage, Waiter, Wish};
pub use watch::{Watch, WatchedKey};

pub use crate::config::EventClasses;
pub use crate::crdt::{Deadline, End, Kind, MemberDeadline, Side};
