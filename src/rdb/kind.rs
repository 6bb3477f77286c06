//! The types of values.

use std::fmt;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    String,
    Set,
    SortedSet,
    Hash,
    /// A hash of which fields may have deadlines (Redis 7.4 and later).
    TimedHash,
    List,
    Stream,
    Module(ModuleName),
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::String => out.write_str("string"),
            Kind::Set => out.write_str("set"),
            Kind::SortedSet => out.write_str("sorted set"),
            Kind::Hash => out.write_str("hash"),
            Kind::TimedHash => out.write_str("hash with field TTLs"),
            Kind::List => out.write_str("list"),
            Kind::Stream => out.write_str("stream"),
            Kind::Module(name) => write!(out, "module type {name}"),
        }
    }
}

/// The name of a module's type, such as `ReJSON-RL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleName([u8; 9]);

impl ModuleName {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Reads it off a module id: nine letters of six bits, and ten bits of version.
    #[must_use]
    pub fn of(id: u64) -> ModuleName {
        let letter = |at: usize| {
            let six_bits = (id >> (58 - 6 * at)) & 0x3f;
            Self::LETTERS.get(six_bits as usize).copied().unwrap_or_default()
        };
        ModuleName(std::array::from_fn(letter))
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.escape_ascii())
    }
}
