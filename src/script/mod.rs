//! Scripts in Lua 5.1, as Redis runs them: the sandbox, what goes in and out of it, its libraries.
//!
//! Knows nothing of keys, clients or threads: a script that calls a command asks its [`Host`].
//!
//! - `text` a script before it runs: its digest, its shebang, whether it can take long.
//! - `engine` a Lua state; `prelude.lua` what scripts find in it, `host_calls` what they ask of the server.
//! - `from_reply` and `to_reply` turn RESP into Lua values and back.
//! - `json`, `msgpack`, `packing` (struct), `bits`: the libraries; `format` numbers as C prints them.

mod bits;
mod engine;
mod format;
mod from_reply;
mod host_calls;
mod json;
mod msgpack;
mod outcome;
mod packing;
mod random;
mod text;
mod to_reply;

pub use engine::{Engine, Settings};
pub use text::{Digest, Script, ScriptFlags, digest_of};

use crate::resp::{Protocol, Span};

/// What a script asks of the server.
pub trait Host {
    /// Runs the command whose words are `spans` of `bytes`, and appends its reply to `reply`.
    ///
    /// # Errors
    /// The error's text, its code first: the command was refused, and did not run.
    fn call(&mut self, bytes: &[u8], spans: &[Span], reply: &mut Vec<u8>) -> Result<(), String>;

    /// Whether such a command could be run; `None`: there is none.
    fn may_call(&mut self, bytes: &[u8], spans: &[Span]) -> Option<bool>;

    /// In what protocol replies come from now on.
    fn set_protocol(&mut self, protocol: Protocol);

    /// `redis.log`; 0 (debug) to 3 (warning).
    fn log(&mut self, level: i64, message: &str);
}

/// How a script has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error's text, its code first.
    pub text: Vec<u8>,
    /// The command that failed in it has been counted already.
    pub is_counted: bool,
}
