//! Clusters of real processes: what a user may rely on while nodes hear each other, while they do
//! not, and once they do again. Clients are those of the `redis` crate.
//!
//! - `proxy` stands between every two nodes, and cuts, holds up and delays; `nodes` starts and
//!   ends them; `clients` asks them; `agreement` compares them.
//! - One file for each property; `load` all of it at once, in a short run and in a long one.
//! - `namespaces` the same on network links that are taken down, where the machine lets a test do that.

#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod clients;
mod nodes;
mod proxy;

mod backups;
mod channels;
mod crashes;
mod cuts;
mod heartbeats;
mod lists;
mod load;
mod loading;
mod members;
mod namespaces;
mod secret;
mod status;
mod waiting;
