//! Commands: one table, one file per family, and the dispatcher.

mod args;
pub mod blocking;
mod call;
pub mod categories;
mod channel_positions;
mod dispatch;
pub mod encoding;
mod error;
mod help;
pub mod history;
mod key_access;
pub mod key_deadline;
mod key_positions;
pub mod key_range;
mod locking;
mod lua;
mod member_deadline;
mod monitor_line;
pub mod permission;
mod popping;
mod queue;
mod random_count;
mod redaction;
pub mod reference;
mod refusal;
pub mod registry;
mod scan_options;
mod script_refusals;
mod script_request;
mod session;
mod set_events;
mod sort_options;
mod stopwatch;
pub mod table;
mod time_unit;
pub mod tips;
pub mod users;

// The families, one file (or folder) each; `FAMILIES` below collects their rows.
pub mod bitmap;
pub mod cluster;
pub mod connection;
pub mod hash;
pub mod hyperloglog;
pub mod key;
pub mod list;
pub mod pubsub;
pub mod script;
pub mod server;
pub mod set;
pub mod sorted_set;
pub mod string;
pub mod transaction;

pub use args::Args;
pub use call::{Call, Run};
use dispatch::run_script;
pub use dispatch::{Batch, Plan};
pub use error::CommandError;
pub use help::{reply_help, subcommand_refused};
pub use key_positions::keys_of;
pub use script_request::{ScriptDone, ScriptRequest};
pub use session::{After, AwaitConfirmed, ReplyMode, Session};

use table::Command;

/// All rows, by family.
pub const FAMILIES: &[&[Command]] = &[
    bitmap::ROWS,
    cluster::ROWS,
    connection::ROWS,
    hash::ROWS,
    hyperloglog::ROWS,
    key::ROWS,
    list::ROWS,
    pubsub::ROWS,
    script::ROWS,
    server::ROWS,
    set::ROWS,
    sorted_set::ROWS,
    sorted_set::range::ROWS,
    string::ROWS,
    transaction::ROWS,
];
