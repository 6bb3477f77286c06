//! The options that say when a key expires: `EX`, `PX`, `EXAT`, `PXAT`, `KEEPTTL`, `PERSIST`.
//!
//! SET, GETEX and INCREX share them; SETEX and PSETEX share how a time is read.

use crate::base::number::parse_i64;
use crate::command::CommandError;
use crate::command::time_unit::{TimeUnit, invalid_expire_time};
use crate::store::Deadline;

/// The options that a time follows: the word, its unit, and whether it is Unix time.
const TIMES: [(&[u8], Time); 4] = [
    (b"EX", Time::after(TimeUnit::Seconds)),
    (b"PX", Time::after(TimeUnit::Milliseconds)),
    (b"EXAT", Time::at(TimeUnit::Seconds)),
    (b"PXAT", Time::at(TimeUnit::Milliseconds)),
];

/// How the number of an expiry option is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    unit: TimeUnit,
    /// Counted from the command's time, not from 1970.
    from_now: bool,
}

impl Time {
    pub(super) const fn after(unit: TimeUnit) -> Time {
        Time { unit, from_now: true }
    }

    const fn at(unit: TimeUnit) -> Time {
        Time { unit, from_now: false }
    }

    fn of_word(word: &[u8]) -> Option<Time> {
        TIMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, time)| *time)
    }

    /// The deadline in Unix milliseconds that `number` stands for at `now_ms`.
    ///
    /// # Errors
    /// When it is no integer; and Redis's `invalid expire time in 'command' command` when it is not
    /// positive or the deadline does not fit into a signed 64-bit integer.
    pub(super) fn deadline_ms(
        self,
        number: &[u8],
        command: &str,
        now_ms: u64,
    ) -> Result<u64, CommandError> {
        let number = parse_i64(number).ok_or(CommandError::NOT_INTEGER)?;
        let base_ms = if self.from_now { now_ms } else { 0 };
        let deadline_ms = match number {
            1.. => self.unit.deadline_ms(number, base_ms),
            _ => None,
        };
        deadline_ms
            .and_then(|ms| u64::try_from(ms).ok())
            .ok_or_else(|| invalid_expire_time(command))
    }
}

/// The expiry options of one request, read word by word.
#[derive(Clone, Debug)]
pub(super) struct ExpiryOptions<'a> {
    dialect: &'static Dialect,
    given: Given<'a>,
}

/// What the commands disagree about.
#[derive(Debug)]
struct Dialect {
    /// The option without a number that the command knows.
    word: &'static [u8],
    /// What that option does.
    word_means: Deadline,
    /// What no option does.
    default: Deadline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given<'a> {
    Nothing,
    Word,
    Time(Time, &'a [u8]),
}

impl<'a> ExpiryOptions<'a> {
    /// SET forgets the deadline unless told to keep it.
    #[must_use]
    pub(super) fn of_set() -> ExpiryOptions<'a> {
        const SET: &Dialect =
            &Dialect { word: b"KEEPTTL", word_means: Deadline::Keep, default: Deadline::Clear };
        ExpiryOptions { dialect: SET, given: Given::Nothing }
    }

    /// GETEX and INCREX keep the deadline unless told to forget it.
    #[must_use]
    pub(super) fn of_update() -> ExpiryOptions<'a> {
        const UPDATE: &Dialect =
            &Dialect { word: b"PERSIST", word_means: Deadline::Clear, default: Deadline::Keep };
        ExpiryOptions { dialect: UPDATE, given: Given::Nothing }
    }

    /// Takes the option `word`, and its number from the words that follow. As in Redis, an option may
    /// be repeated (the last one holds), but two different ones exclude each other.
    ///
    /// # Errors
    /// A syntax error when it is no expiry option, lacks its number, or contradicts an earlier one.
    pub(super) fn take(
        &mut self,
        word: &[u8],
        following: &mut impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), CommandError> {
        let given = if word.eq_ignore_ascii_case(self.dialect.word) {
            Given::Word
        } else {
            let time = Time::of_word(word).ok_or(CommandError::SYNTAX)?;
            Given::Time(time, following.next().ok_or(CommandError::SYNTAX)?)
        };
        let compatible = match (self.given, given) {
            (Given::Nothing, _) | (Given::Word, Given::Word) => true,
            (Given::Time(before, _), Given::Time(again, _)) => before == again,
            _ => false,
        };
        self.given = given;
        if compatible { Ok(()) } else { Err(CommandError::SYNTAX) }
    }

    /// Whether any option was taken.
    #[must_use]
    pub(super) fn is_given(&self) -> bool {
        self.given != Given::Nothing
    }

    /// Whether `KEEPTTL` or `PERSIST` was taken.
    #[must_use]
    pub(super) fn is_word(&self) -> bool {
        self.given == Given::Word
    }

    /// What is to happen to the deadline of the key.
    ///
    /// # Errors
    /// See [`Time::deadline_ms`].
    pub(super) fn deadline(&self, command: &str, now_ms: u64) -> Result<Deadline, CommandError> {
        match self.given {
            Given::Nothing => Ok(self.dialect.default),
            Given::Word => Ok(self.dialect.word_means),
            Given::Time(time, number) => {
                time.deadline_ms(number, command, now_ms).map(Deadline::At)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_700_000_000_000;

    fn read<'a>(mut options: ExpiryOptions<'a>, words: &'a str) -> Result<Deadline, CommandError> {
        let mut words = words.split_ascii_whitespace().map(str::as_bytes);
        while let Some(word) = words.next() {
            options.take(word, &mut words)?;
        }
        options.deadline("set", NOW_MS)
    }

    fn set(words: &str) -> Result<Deadline, CommandError> {
        read(ExpiryOptions::of_set(), words)
    }

    fn getex(words: &str) -> Result<Deadline, CommandError> {
        read(ExpiryOptions::of_update(), words)
    }

    #[test]
    fn units_and_words() {
        assert_eq!(set(""), Ok(Deadline::Clear));
        assert_eq!(set("keepttl"), Ok(Deadline::Keep));
        assert_eq!(set("ex 10"), Ok(Deadline::At(NOW_MS + 10_000)));
        assert_eq!(set("PX 10"), Ok(Deadline::At(NOW_MS + 10)));
        assert_eq!(set("EXAT 10"), Ok(Deadline::At(10_000)));
        assert_eq!(set("pxAT 10"), Ok(Deadline::At(10)));
        assert_eq!(getex(""), Ok(Deadline::Keep));
        assert_eq!(getex("Persist"), Ok(Deadline::Clear));
    }

    /// Redis 7.0.15 answers `SET k v EX 10 EX 20` with OK and `TTL k` with 20.
    #[test]
    fn the_same_option_may_be_repeated() {
        assert_eq!(set("EX 10 ex 20"), Ok(Deadline::At(NOW_MS + 20_000)));
        assert_eq!(set("KEEPTTL KEEPTTL"), Ok(Deadline::Keep));
        assert_eq!(getex("PERSIST PERSIST"), Ok(Deadline::Clear));
    }

    #[test]
    fn syntax_errors_come_before_a_look_at_the_numbers() {
        for words in ["EX", "FOO", "EX abc PX 10", "KEEPTTL EX 1", "PXAT 1 KEEPTTL", "PERSIST"] {
            assert_eq!(set(words), Err(CommandError::SYNTAX), "SET k v {words}");
        }
        for words in ["KEEPTTL", "PERSIST EX 10", "PX 10 PERSIST", "EXAT 1 PXAT 1", "PX"] {
            assert_eq!(getex(words), Err(CommandError::SYNTAX), "GETEX k {words}");
        }
    }

    /// The bounds of `getExpireMillisecondsOrReply`, as Redis 7.0.15 answers them.
    #[test]
    fn times_out_of_range() {
        let invalid = Err(CommandError::fixed("ERR invalid expire time in 'set' command"));
        for words in [
            "EX 0",
            "PX -1",
            "EXAT -5",
            "PXAT 0",
            "EX 9223372036854775807",
            "PX 9223372036854775807",
            "EX 9223372036854775",
            "EXAT 9223372036854776",
        ] {
            assert_eq!(set(words), invalid, "SET k v {words}");
        }
        assert_eq!(set("PXAT 9223372036854775807"), Ok(Deadline::At(i64::MAX as u64)));
        assert_eq!(set("EXAT 9223372036854775"), Ok(Deadline::At(9_223_372_036_854_775_000)));
        for number in ["abc", "1.5", "9223372036854775808", "+1"] {
            assert_eq!(set(&format!("EX {number}")), Err(CommandError::NOT_INTEGER), "{number}");
        }
    }
}
