//! How one client has asked to be told of what it may have cached.

/// When a client's reads are remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remember {
    #[default]
    Always,
    /// OPTIN: after CLIENT CACHING YES.
    IfAsked,
    /// OPTOUT: but after CLIENT CACHING NO.
    UnlessAsked,
}

/// The options of CLIENT TRACKING ON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackingOptions {
    /// The client that is told in its place; 0: itself.
    pub redirect: u64,
    /// BCAST: it is told of all keys with these prefixes, whether it has read them or not. `None`: of what it has read.
    pub prefixes: Option<Vec<Box<[u8]>>>,
    pub remember: Remember,
    /// NOLOOP: what it changes itself it is not told of.
    pub no_loop: bool,
}
