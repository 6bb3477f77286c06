//! Who may do what: users, their passwords and rules, as Redis's ACLs have them.
//!
//! A [`User`] is a set of rules that was made from text (`+@read ~cache:* >secret`) and can be written as
//! text again. What commands there are it learns from a [`Catalog`]. Nothing here knows of connections,
//! files or clocks.

mod catalog;
mod check;
mod command_set;
mod describe;
mod file;
mod log;
mod password;
mod patterns;
mod rules;
mod selector;
mod user;

pub use catalog::Catalog;
pub use check::{ChannelUse, Denied, KeyUse, Request};
pub use file::{Users, parse_file, write_file};
pub use log::{Context, Denial, Entry, Log, Reason};
pub use patterns::Access;
pub use rules::{RuleError, Rules, is_valid_name, merge_selectors};
pub use selector::Selector;
pub use user::User;

/// The name of the user that every connection begins as.
pub const DEFAULT_USER: &[u8] = b"default";
