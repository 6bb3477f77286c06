//! The laws of the merging states: merges are commutative, associative, idempotent and lose nothing,
//! and what a user sees after them is what the merge rules promise.
//!
//! - `cluster` random schedules on several replicas; `lattices` every type against the laws.
//! - `oracle` the merge rules once more, over sets of events instead of states; `merge_rules` keys
//!   against it; `merge_table` the published table, line by line.
//! - `overlays` bits and registers, told in parts, until they are plain; `cells` stories of them.
//! - `parts` sets told in parts; `streams` keys told in parts, their fingerprints and their collection;
//!   `planted` defects on purpose; `reissue` what a forgotten node says again; `wire` keys as bytes.
//! - `hashes` what is written to hashes, and a story of their own rules; `sorted_sets` the same of scores,
//!   with an oracle.
//! - `lists` lists against rows of texts.
//! - `crates` counters, registers and sets against the `crdts` crate.

mod cells;
mod cluster;
mod crates;
mod hashes;
mod lattices;
mod lists;
mod merge_rules;
mod merge_table;
mod node;
mod oracle;
mod overlays;
mod parts;
#[cfg(feature = "planted")]
mod planted;
mod reissue;
mod sorted_sets;
mod streams;
mod wire;
