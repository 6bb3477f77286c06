//! Real processes that keep their data on disk: what was acknowledged is there after whatever ends them.

#[path = "../support/mod.rs"]
mod support;

mod dumps;
mod failing;
mod kills;
mod nodes;
mod once;
mod restarts;
mod server;
mod snapshots;
mod start;
