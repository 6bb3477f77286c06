//! How many tokens of ONCE are kept, and for how long.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    pub retention_s: u32,
    pub tokens_max: u64,
}

impl Default for Once {
    fn default() -> Once {
        Once { retention_s: 86_400, tokens_max: 1_000_000 }
    }
}
