//! Seconds and milliseconds as commands take and give them.

use super::CommandError;

/// The unit in which a command takes or gives a time. The store counts in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
}

impl TimeUnit {
    /// The deadline `amount` units after `base_ms` (0: `amount` is a Unix time), in Unix
    /// milliseconds; before 1970 when `amount` is negative enough. None when 64 bits do not hold it.
    #[must_use]
    pub fn deadline_ms(self, amount: i64, base_ms: u64) -> Option<i64> {
        let amount_ms = match self {
            TimeUnit::Seconds => amount.checked_mul(1000)?,
            TimeUnit::Milliseconds => amount,
        };
        amount_ms.checked_add_unsigned(base_ms)
    }

    /// `ms` in this unit, rounded half up, as TTL and EXPIRETIME do.
    #[must_use]
    pub fn of_ms(self, ms: u64) -> i64 {
        let amount = match self {
            TimeUnit::Seconds => ms / 1000 + u64::from(ms % 1000 >= 500),
            TimeUnit::Milliseconds => ms,
        };
        i64::try_from(amount).unwrap_or(i64::MAX)
    }
}

/// What a deadline that 64 bits do not hold is answered with.
#[must_use]
pub fn invalid_expire_time(command: &str) -> CommandError {
    CommandError::text(format!("ERR invalid expire time in '{command}' command"))
}

#[cfg(test)]
mod tests {
    use super::TimeUnit::{Milliseconds, Seconds};

    /// What EXPIRE, EXPIREAT, PEXPIRE and PEXPIREAT take and refuse on Redis 7.0.15.
    #[test]
    fn deadlines_overflow_where_redis_says_so() {
        assert_eq!(Seconds.deadline_ms(10, 1_700_000_000_000), Some(1_700_000_010_000));
        assert_eq!(Seconds.deadline_ms(-10, 1_000), Some(-9_000));
        assert_eq!(Seconds.deadline_ms(9_223_372_036_854_775, 0), Some(9_223_372_036_854_775_000));
        assert_eq!(Seconds.deadline_ms(9_223_372_036_854_775, 1_700_000_000_000), None);
        assert_eq!(Seconds.deadline_ms(9_223_372_036_854_776, 0), None);
        assert_eq!(
            Seconds.deadline_ms(-9_223_372_036_854_775, 1),
            Some(-9_223_372_036_854_774_999)
        );
        assert_eq!(Seconds.deadline_ms(i64::MIN, 0), None);
        assert_eq!(Milliseconds.deadline_ms(i64::MAX, 0), Some(i64::MAX));
        assert_eq!(Milliseconds.deadline_ms(i64::MAX, 1), None);
        assert_eq!(Milliseconds.deadline_ms(i64::MIN, 5), Some(i64::MIN + 5));
    }

    /// As `(ms + 500) / 1000`; the last one is EXPIRETIME after `PEXPIREAT k 9223372036854775807`.
    #[test]
    fn seconds_round_half_up() {
        for (ms, seconds) in [(0, 0), (499, 0), (500, 1), (1499, 1), (1500, 2)] {
            assert_eq!(Seconds.of_ms(ms), seconds, "{ms}");
        }
        assert_eq!(Seconds.of_ms(i64::MAX as u64), 9_223_372_036_854_776);
        assert_eq!(Milliseconds.of_ms(i64::MAX as u64), i64::MAX);
    }
}
