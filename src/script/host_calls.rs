//! What a script asks of the server: `redis.call` and the like.

use super::format::general;
use super::from_reply::Replies;
use super::{Failure, Host};
use crate::resp::{Protocol, Span};
use mlua::{Lua, MultiValue, Result, Value};

const NO_COMMAND: &str = "ERR Please specify at least one argument for this redis lib call";
const NOT_WORDS: &str = "ERR Lua redis lib command arguments must be strings or integers";
const UNKNOWN: &str = "ERR Invalid command passed to redis.acl_check_cmd()";

/// The server, as a script that runs sees it.
pub struct HostCalls<'h> {
    pub host: &'h mut dyn Host,
    /// What `redis.setresp` asked for.
    pub protocol: Protocol,
    words: Words,
    reply: Vec<u8>,
}

/// The words of a command, one behind the other.
#[derive(Default)]
struct Words {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl Words {
    /// False: one of them is no word.
    fn take(&mut self, values: impl Iterator<Item = Value>) -> bool {
        self.bytes.clear();
        self.spans.clear();
        for value in values {
            let start = self.bytes.len();
            match value {
                Value::String(text) => self.bytes.extend_from_slice(&text.as_bytes()),
                Value::Integer(number) if number.unsigned_abs() < 1 << 53 => {
                    self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
                }
                Value::Integer(number) => {
                    self.bytes.extend_from_slice(general(number as f64, 17).as_bytes());
                }
                Value::Number(number) => {
                    self.bytes.extend_from_slice(general(number, 17).as_bytes());
                }
                _ => return false,
            }
            let (Ok(start), Ok(len)) =
                (u32::try_from(start), u32::try_from(self.bytes.len() - start))
            else {
                return false;
            };
            self.spans.push(Span { start, len });
        }
        true
    }
}

impl<'h> HostCalls<'h> {
    pub fn new(host: &'h mut dyn Host) -> HostCalls<'h> {
        HostCalls { host, protocol: Protocol::Resp2, words: Words::default(), reply: Vec::new() }
    }

    /// `redis.call` and `redis.pcall`: the reply, or an error.
    ///
    /// # Errors
    /// Lua has no memory.
    pub fn call(&mut self, lua: &Lua, args: MultiValue) -> Result<Answer> {
        if args.is_empty() {
            return refused(lua, NO_COMMAND, false);
        }
        if !self.words.take(args.into_iter()) {
            return refused(lua, NOT_WORDS, false);
        }
        self.reply.clear();
        let Words { bytes, spans } = &self.words;
        if let Err(text) = self.host.call(bytes, spans, &mut self.reply) {
            return refused(lua, &text, true);
        }
        let reply = Replies::new(lua, &self.reply).next()?;
        match (&reply, self.reply.first()) {
            (Value::Table(table), Some(b'-')) => {
                table.raw_set("ignore_error_stats_update", true)?;
                Ok(Err(reply))
            }
            _ => Ok(Ok(reply)),
        }
    }

    /// `redis.acl_check_cmd`
    ///
    /// # Errors
    /// Lua has no memory.
    pub fn may_call(&mut self, lua: &Lua, args: MultiValue) -> Result<Answer> {
        if args.is_empty() {
            return refused(lua, NO_COMMAND, false);
        }
        if !self.words.take(args.into_iter()) {
            return refused(lua, NOT_WORDS, false);
        }
        match self.host.may_call(&self.words.bytes, &self.words.spans) {
            Some(may) => Ok(Ok(Value::Boolean(may))),
            None => refused(lua, UNKNOWN, false),
        }
    }

    /// What the prelude tells: 1, the protocol of replies; 2, a line for the log.
    pub fn tell(&mut self, (what, first, second): (i64, Value, Value)) {
        match (what, second) {
            (1, _) => {
                let is_3 = first.as_i64() == Some(3);
                self.protocol = if is_3 { Protocol::Resp3 } else { Protocol::Resp2 };
                self.host.set_protocol(self.protocol);
            }
            (_, Value::String(text)) => {
                let text = String::from_utf8_lossy(&text.as_bytes()).into_owned();
                self.host.log(first.as_i64().unwrap_or(0), &text);
            }
            _ => {}
        }
    }
}

/// A value, or the table of an error.
type Answer = std::result::Result<Value, Value>;

/// `is_counted`: the server has counted it already.
fn refused(lua: &Lua, text: &str, is_counted: bool) -> Result<Answer> {
    let table = lua.create_table()?;
    table.raw_set("err", text)?;
    if is_counted {
        table.raw_set("ignore_error_stats_update", true)?;
    }
    Ok(Err(Value::Table(table)))
}

impl Failure {
    /// One that nobody has counted.
    pub(super) fn new(text: impl Into<String>) -> Failure {
        Failure { text: text.into().into_bytes(), is_counted: false }
    }
}
