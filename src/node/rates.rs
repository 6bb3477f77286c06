//! How much happens per second, of late.

use std::collections::VecDeque;

/// How many samples are averaged.
const SAMPLES: usize = 16;

/// What has happened until some time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    pub unix_ms: u64,
    pub commands: u64,
    pub read_bytes: u64,
    pub written_bytes: u64,
}

/// What happens per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub commands_per_second: u64,
    pub read_bytes_per_second: u64,
    pub written_bytes_per_second: u64,
}

/// The last samples.
#[derive(Default)]
pub struct Sampler {
    samples: VecDeque<Sample>,
}

impl Sampler {
    pub fn add(&mut self, sample: Sample) {
        if self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The average between the oldest sample and the newest.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let (Some(old), Some(new)) = (self.samples.front(), self.samples.back()) else {
            return Rates::default();
        };
        // A clock that goes back is no reason for enormous rates.
        let elapsed_ms = new.unix_ms.saturating_sub(old.unix_ms).max(1);
        let rate = |old: u64, new: u64| {
            let per_second = u128::from(new.saturating_sub(old)) * 1000 / u128::from(elapsed_ms);
            u64::try_from(per_second).unwrap_or(u64::MAX)
        };
        Rates {
            commands_per_second: rate(old.commands, new.commands),
            read_bytes_per_second: rate(old.read_bytes, new.read_bytes),
            written_bytes_per_second: rate(old.written_bytes, new.written_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_samples() {
        let mut sampler = Sampler::default();
        assert_eq!(sampler.rates(), Rates::default());
        // 10 commands every 100 ms, and 1000 at once a long time ago.
        for tick in 0..100 {
            let commands = if tick < 50 { 10 * tick } else { 1000 + 10 * tick };
            sampler.add(Sample { unix_ms: tick * 100, commands, ..Sample::default() });
        }
        assert_eq!(sampler.rates().commands_per_second, 100);
    }
}
