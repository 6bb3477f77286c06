//! A peer's stream as it arrives here.

use serde::{Deserialize, Serialize};

/// How far a stream has come, and since when without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// The last batch that was merged.
    delivered: u64,
    /// The first batch of the latest run without a gap.
    run_from: u64,
}

impl Default for Inbound {
    fn default() -> Self {
        Inbound { delivered: 0, run_from: 1 }
    }
}

impl Inbound {
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Whether batch `seq` is to be merged; it is not when it was before.
    #[must_use]
    pub fn is_news(&self, seq: u64) -> bool {
        seq > self.delivered
    }

    /// Batch `seq` is merged, of which parts did not fit (`incomplete`). True when this leaves a gap.
    pub fn merged(&mut self, seq: u64, incomplete: bool) -> bool {
        let gap = seq != self.delivered.saturating_add(1);
        if gap {
            self.run_from = seq;
        }
        if incomplete {
            self.run_from = seq.saturating_add(1);
        }
        self.delivered = seq;
        gap || incomplete
    }

    /// Up to where all batches are there, `held` being where that was known before.
    #[must_use]
    pub fn held(&self, held: u64) -> u64 {
        if held.saturating_add(1) >= self.run_from { held.max(self.delivered) } else { held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_held_up_until_it_is_known_to_be_closed() {
        let mut inbound = Inbound::default();
        assert!(!inbound.merged(1, false));
        assert!(!inbound.merged(2, false));
        assert_eq!(inbound.held(0), 2);
        assert!(inbound.merged(5, false), "3 and 4 are missing");
        assert_eq!(inbound.held(2), 2);
        assert_eq!(inbound.held(4), 5);
        assert!(!inbound.is_news(5));
    }

    #[test]
    fn what_did_not_fit_holds_up_what_follows() {
        let mut inbound = Inbound::default();
        assert!(inbound.merged(1, true));
        assert!(!inbound.merged(2, false));
        assert_eq!(inbound.held(0), 0);
        assert_eq!(inbound.held(1), 2);
    }
}
