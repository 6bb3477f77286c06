//! NX, XX, GT, LT: under which deadline a new one is accepted.

use crate::command::{Args, CommandError};

/// The options of EXPIRE and its siblings. All that are said must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// NX: only when the key has no deadline.
    none: bool,
    /// XX: only when it has one.
    some: bool,
    /// GT: only when the new one is later. No deadline counts as infinitely late.
    later: bool,
    /// LT: only when the new one is earlier.
    earlier: bool,
}

impl Condition {
    /// Reads `options`, which are words only.
    ///
    /// # Errors
    /// An unknown word, or words that exclude each other.
    pub fn parse(options: Args<'_>) -> Result<Condition, CommandError> {
        let mut condition = Condition::default();
        for option in options.iter() {
            *condition.word(option).ok_or_else(|| unsupported(option))? = true;
        }
        let Condition { none, some, later, earlier } = condition;
        if none && (some || later || earlier) {
            return Err(NX_WITH_OTHERS);
        }
        if later && earlier {
            return Err(GT_WITH_LT);
        }
        Ok(condition)
    }

    fn word(&mut self, option: &[u8]) -> Option<&mut bool> {
        match option.to_ascii_lowercase().as_slice() {
            b"nx" => Some(&mut self.none),
            b"xx" => Some(&mut self.some),
            b"gt" => Some(&mut self.later),
            b"lt" => Some(&mut self.earlier),
            _ => None,
        }
    }

    /// Whether `at_ms` may take the place of `current_ms`.
    #[must_use]
    pub fn allows(self, current_ms: Option<u64>, at_ms: i64) -> bool {
        let at_ms = i128::from(at_ms);
        match current_ms.map(i128::from) {
            None => !self.some && !self.later,
            Some(current_ms) => {
                !self.none
                    && (!self.later || at_ms > current_ms)
                    && (!self.earlier || at_ms < current_ms)
            }
        }
    }
}

const NX_WITH_OTHERS: CommandError =
    CommandError::fixed("ERR NX and XX, GT or LT options at the same time are not compatible");
const GT_WITH_LT: CommandError =
    CommandError::fixed("ERR GT and LT options at the same time are not compatible");

fn unsupported(option: &[u8]) -> CommandError {
    CommandError::text(format!("ERR Unsupported option {}", String::from_utf8_lossy(option)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    fn parse(text: &str) -> Result<Condition, CommandError> {
        with_words(text, Condition::parse)
    }

    /// Against Redis 7.0.15: `EXPIRE k 10 …`.
    #[test]
    fn refuses_what_redis_refuses() {
        assert_eq!(parse("nx xx"), Err(NX_WITH_OTHERS));
        assert_eq!(parse("NX GT LT"), Err(NX_WITH_OTHERS));
        assert_eq!(parse("lt gt"), Err(GT_WITH_LT));
        let unsupported = Err(CommandError::fixed("ERR Unsupported option foo"));
        assert_eq!(parse("foo bar"), unsupported);
        assert_eq!(parse("nx xx foo"), unsupported);
    }

    /// Against Redis 7.0.15: the replies of `EXPIREAT k at …` on a key without a deadline and on
    /// one with the deadline 100 (in a far future's scale), by the options.
    #[test]
    fn compares_as_redis_does() {
        // options, on no deadline, then on 100: at 99, 100, 101
        let table: [(&str, bool, [bool; 3]); 9] = [
            ("", true, [true, true, true]),
            ("nx", true, [false, false, false]),
            ("xx", false, [true, true, true]),
            ("gt", false, [false, false, true]),
            ("lt", true, [true, false, false]),
            ("xx gt", false, [false, false, true]),
            ("xx lt", false, [true, false, false]),
            ("xx XX", false, [true, true, true]),
            ("nx nx", true, [false, false, false]),
        ];
        for (options, without, with) in table {
            let condition = parse(options).expect("these options are compatible");
            assert_eq!(condition.allows(None, 100), without, "{options:?} without a deadline");
            for (at_ms, allowed) in (99..).zip(with) {
                assert_eq!(condition.allows(Some(100), at_ms), allowed, "{options:?} at {at_ms}");
            }
        }
    }

    #[test]
    fn deadlines_before_1970_are_early() {
        let earlier = parse("lt").expect("an option");
        assert!(earlier.allows(Some(0), -1));
        let later = parse("gt").expect("an option");
        assert!(!later.allows(Some(0), -1));
    }
}
