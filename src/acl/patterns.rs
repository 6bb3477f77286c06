//! Which keys and channels are allowed.

use crate::base::glob;

/// All of them, or those that match one of some patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patterns<P> {
    All,
    Listed(Vec<P>),
}

impl<P> Patterns<P> {
    pub const NONE: Patterns<P> = Patterns::Listed(Vec::new());

    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Patterns::All)
    }

    /// The patterns, none where all is allowed.
    #[must_use]
    pub fn listed(&self) -> &[P] {
        match self {
            Patterns::All => &[],
            Patterns::Listed(patterns) => patterns,
        }
    }
}

/// What is done with a key, or what may be done with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub read: bool,
    pub write: bool,
}

impl Access {
    pub const BOTH: Access = Access { read: true, write: true };
    pub const READ: Access = Access { read: true, write: false };

    /// Whether it allows all of `needed`.
    #[must_use]
    pub fn covers(self, needed: Access) -> bool {
        (self.read || !needed.read) && (self.write || !needed.write)
    }
}

/// Keys of these names may be read, written, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    pub pattern: Vec<u8>,
    pub access: Access,
}

impl Patterns<KeyPattern> {
    /// Whether `key` may be used so.
    #[must_use]
    pub fn allow(&self, key: &[u8], needed: Access) -> bool {
        let fits = |listed: &KeyPattern| {
            listed.access.covers(needed) && glob::matches(&listed.pattern, key, false)
        };
        self.is_all() || self.listed().iter().any(fits)
    }

    /// Whether every key may be used so.
    #[must_use]
    pub fn allow_any(&self, needed: Access) -> bool {
        let fits = |listed: &KeyPattern| listed.access.covers(needed) && listed.pattern == b"*";
        self.is_all() || self.listed().iter().any(fits)
    }
}

impl Patterns<Vec<u8>> {
    /// Whether a channel may be used. A pattern of channels is allowed only as it was written in the rule.
    #[must_use]
    pub fn allow(&self, channel: &[u8], is_pattern: bool) -> bool {
        let fits = |listed: &Vec<u8>| match is_pattern {
            true => listed == channel,
            false => glob::matches(listed, channel, false),
        };
        self.is_all() || self.listed().iter().any(fits)
    }
}
