//! How far a peer's wall clock is from this node's, by round trips as in NTP (RFC 5905, section 8).

use super::Now;
use super::message::Ack;
use std::collections::VecDeque;

/// Samples that are looked at: the one with the shortest round trip says most.
const SAMPLES: usize = 8;

/// What has been measured of one peer.
#[derive(Clone, Debug, Default)]
pub struct ClockOffset {
    /// (round trip, offset), in milliseconds.
    samples: VecDeque<(u64, i64)>,
    last: Option<(u64, Now)>,
}

impl ClockOffset {
    /// Takes note of a peer's ack.
    pub fn note(&mut self, ack: &Ack, now: Now) {
        self.last = Some((ack.wall_ms, now));
        if ack.echo_wall_ms == 0 {
            return;
        }
        let Some(round_trip_ms) = now
            .wall_ms
            .checked_sub(ack.echo_wall_ms)
            .and_then(|ms| ms.checked_sub(ack.echo_age_ms))
        else {
            // A clock jumped meanwhile.
            return;
        };
        let here_ms = now.wall_ms - round_trip_ms / 2;
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((round_trip_ms, ack.wall_ms.wrapping_sub(here_ms) as i64));
    }

    /// What the next ack says of the peer's last: its wall clock then, and how long ago that came.
    #[must_use]
    pub fn echo(&self, now: Now) -> (u64, u64) {
        let age_ms = |at: Now| now.mono_ms.saturating_sub(at.mono_ms);
        self.last.map_or((0, 0), |(wall_ms, at)| (wall_ms, age_ms(at)))
    }

    /// The peer's wall clock less this node's, in milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> Option<i64> {
        self.best().map(|(_, offset_ms)| offset_ms)
    }

    /// The same, less what may have been the way there or back: so far off it is at the least.
    #[must_use]
    pub fn surely_off_ms(&self) -> Option<u64> {
        let (round_trip_ms, offset_ms) = self.best()?;
        Some(offset_ms.unsigned_abs().saturating_sub(round_trip_ms / 2))
    }

    fn best(&self) -> Option<(u64, i64)> {
        self.samples.iter().min_by_key(|(round_trip_ms, _)| round_trip_ms).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_round_trip_is_taken_off() {
        let mut offset = ClockOffset::default();
        let ack = Ack {
            epoch: 0,
            delivered: 0,
            held: 0,
            wall_ms: 5_060,
            echo_wall_ms: 1_000,
            echo_age_ms: 20,
        };
        // Sent at 1000, 50 ms there, 20 ms kept, 50 ms back: the peer said 5060 at 1070 by our clock.
        offset.note(&ack, Now { wall_ms: 1_120, mono_ms: 0 });
        assert_eq!(offset.offset_ms(), Some(3_990));
        assert_eq!(offset.surely_off_ms(), Some(3_940));
    }
}
