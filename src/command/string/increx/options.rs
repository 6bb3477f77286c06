//! The options of INCREX. A first pass looks at the words only; the numbers are read afterwards.

use super::amount::{Amount, parse_named};
use super::bounded::Bounds;
use crate::command::string::expiry_options::ExpiryOptions;
use crate::command::{Args, CommandError};

const ENX_WITHOUT_EXPIRATION: CommandError =
    CommandError::fixed("ERR ENX flag requires an expiration");
const INFINITE_INCREMENT: CommandError =
    CommandError::fixed("ERR BYFLOAT increment cannot be Infinity");
const BOUNDS_CROSSED: CommandError = CommandError::fixed("ERR LBOUND can't be greater than UBOUND");

/// What is counted in; the bounds are read as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Float,
}

/// What follows the key.
#[derive(Debug)]
pub(super) struct Options<'a> {
    pub kind: Kind,
    /// SATURATE
    pub saturate: bool,
    /// ENX: a deadline that the key has already stays.
    pub only_without_deadline: bool,
    pub expiry: ExpiryOptions<'a>,
    increment: Option<&'a [u8]>,
    lower: Option<&'a [u8]>,
    upper: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    /// Unlike elsewhere in Redis, no option may be repeated.
    pub(super) fn parse(words: Args<'a>) -> Result<Options<'a>, CommandError> {
        let mut options = Options {
            kind: Kind::Integer,
            saturate: false,
            only_without_deadline: false,
            expiry: ExpiryOptions::of_update(),
            increment: None,
            lower: None,
            upper: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            options.take(word, &mut words)?;
        }
        options.check_enx()?;
        Ok(options)
    }

    fn take(
        &mut self,
        word: &[u8],
        words: &mut impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), CommandError> {
        if word.eq_ignore_ascii_case(b"BYINT") {
            put(&mut self.increment, words)
        } else if word.eq_ignore_ascii_case(b"BYFLOAT") {
            self.kind = Kind::Float;
            put(&mut self.increment, words)
        } else if word.eq_ignore_ascii_case(b"LBOUND") {
            put(&mut self.lower, words)
        } else if word.eq_ignore_ascii_case(b"UBOUND") {
            put(&mut self.upper, words)
        } else if word.eq_ignore_ascii_case(b"SATURATE") {
            raise(&mut self.saturate)
        } else if word.eq_ignore_ascii_case(b"ENX") {
            raise(&mut self.only_without_deadline)
        } else if self.expiry.is_given() {
            Err(CommandError::SYNTAX)
        } else {
            self.expiry.take(word, words)
        }
    }

    fn check_enx(&self) -> Result<(), CommandError> {
        match self.only_without_deadline {
            true if self.expiry.is_word() => Err(CommandError::SYNTAX),
            true if !self.expiry.is_given() => Err(ENX_WITHOUT_EXPIRATION),
            _ => Ok(()),
        }
    }

    /// What to add: 1 unless told.
    pub(super) fn increment<A: Amount>(&self) -> Result<A, CommandError> {
        let Some(text) = self.increment else {
            return Ok(A::from_integer(1));
        };
        let by: A = parse_named("Increment", text)?;
        if by.is_finite() { Ok(by) } else { Err(INFINITE_INCREMENT) }
    }

    /// The bounds: those of the kind of number unless told.
    pub(super) fn bounds<A: Amount>(&self) -> Result<Bounds<A>, CommandError> {
        let (least, greatest) = A::limits();
        let lower = self.lower.map_or(Ok(least), |text| parse_named("LBOUND", text))?;
        let upper = self.upper.map_or(Ok(greatest), |text| parse_named("UBOUND", text))?;
        if lower > upper { Err(BOUNDS_CROSSED) } else { Ok(Bounds { lower, upper }) }
    }
}

/// Takes an option's value, once.
fn put<'a>(
    option: &mut Option<&'a [u8]>,
    words: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<(), CommandError> {
    let value = words.next().ok_or(CommandError::SYNTAX)?;
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(CommandError::SYNTAX),
    }
}

/// Takes an option without a value, once.
fn raise(option: &mut bool) -> Result<(), CommandError> {
    if std::mem::replace(option, true) { Err(CommandError::SYNTAX) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::long_double::LongDouble;
    use crate::command::args::with_words;
    use crate::store::Deadline;

    type Numbers<A> = (A, A, A, Deadline);

    /// The increment, both bounds and the deadline of a request made at 1000 ms, read in the order of
    /// the command.
    fn numbers<A: Amount>(options: &Options<'_>) -> Result<Numbers<A>, CommandError> {
        let by = options.increment()?;
        let bounds: Bounds<A> = options.bounds()?;
        Ok((by, bounds.lower, bounds.upper, options.expiry.deadline("increx", 1000)?))
    }

    fn integers(words: &str) -> Result<Numbers<i64>, CommandError> {
        with_words(words, |words| numbers(&Options::parse(words)?))
    }

    /// The text of the error that a request gets for its options.
    fn refusal(words: &str) -> String {
        let outcome = with_words(words, |words| {
            let options = Options::parse(words)?;
            match options.kind {
                Kind::Integer => numbers::<i64>(&options).map(|_| ()),
                Kind::Float => numbers::<LongDouble>(&options).map(|_| ()),
            }
        });
        match outcome {
            Err(CommandError::Reply(text)) => text.into_owned(),
            other => panic!("INCREX k {words}: {other:?}"),
        }
    }

    #[test]
    fn defaults_and_order() {
        let (min, max) = (i64::MIN, i64::MAX);
        assert_eq!(integers(""), Ok((1, min, max, Deadline::Keep)));
        assert_eq!(integers("PERSIST"), Ok((1, min, max, Deadline::Clear)));
        assert_eq!(integers("LBOUND 5 UBOUND 5"), Ok((1, 5, 5, Deadline::Keep)));
        let words = "enx ubound 9 EX 1 saturate lbound -7 ByInt -5";
        assert_eq!(integers(words), Ok((-5, -7, 9, Deadline::At(2000))));
        let flags = with_words(words, |words| {
            Options::parse(words).map(|options| (options.saturate, options.only_without_deadline))
        });
        assert_eq!(flags, Ok((true, true)));
    }

    #[test]
    fn syntax_errors_come_first() {
        for words in [
            "SAT",
            "BYINT",
            "LBOUND",
            "EX",
            "BYINT 1 BYINT 2",
            "BYINT x BYFLOAT 2",
            "LBOUND 1 LBOUND 1",
            "SATURATE SATURATE",
            "EX 1 EX 1",
            "EX 0 PX 1",
            "PERSIST PERSIST",
            "PERSIST EX 1",
            "EX 1 ENX ENX",
            "ENX PERSIST",
            "PERSIST ENX",
            "KEEPTTL",
            "ENX FOO",
        ] {
            assert_eq!(refusal(words), "ERR syntax error", "INCREX k {words}");
        }
    }

    #[test]
    fn errors_of_the_numbers_in_their_order() {
        for (words, error) in [
            ("ENX BYINT x", "ERR ENX flag requires an expiration"),
            ("LBOUND x BYINT x EX 0", "ERR Increment is not an integer or out of range"),
            ("BYFLOAT x", "ERR Increment is not a valid float"),
            ("BYFLOAT nan", "ERR Increment is not a valid float"),
            ("BYFLOAT -inf", "ERR BYFLOAT increment cannot be Infinity"),
            ("UBOUND x LBOUND 1.5", "ERR LBOUND is not an integer or out of range"),
            ("UBOUND x EX 0", "ERR UBOUND is not an integer or out of range"),
            ("BYFLOAT 1 UBOUND x", "ERR UBOUND is not a valid float"),
            ("LBOUND 2 UBOUND 1 EX 0", "ERR LBOUND can't be greater than UBOUND"),
            ("BYFLOAT 1 UBOUND -inf", "ERR LBOUND can't be greater than UBOUND"),
            ("EX x", "ERR value is not an integer or out of range"),
            ("PX 0", "ERR invalid expire time in 'increx' command"),
        ] {
            assert_eq!(refusal(words), error, "INCREX k {words}");
        }
    }
}
