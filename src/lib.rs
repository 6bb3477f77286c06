//! Headcount: a Redis-compatible server for counting.
//!
//! The library is the whole server; `src/main.rs` only starts it. ARCHITECTURE.md is the map. A file
//! imports only from lower layers, never from a sibling folder of its own layer
//! (`tests/layers.rs` holds that).

pub mod acl;
pub mod backup;
pub mod base;
pub mod cli;
pub mod client;
pub mod command;
pub mod config;
pub mod crdt;
pub mod disk;
pub mod import;
pub mod log;
pub mod metrics;
pub mod node;
pub mod peer;
pub mod rdb;
pub mod remote;
pub mod replication;
pub mod resp;
pub mod script;
pub mod server;
pub mod store;
