//! LCS: the longest common subsequence of two values.

mod subsequence;

use super::size_limit;
use crate::base::number::parse_i64;
use crate::command::{Args, Call, CommandError};
use crate::resp::ReplyWriter;
use crate::store::AccessError;
use subsequence::{Match, Table};

const NOT_STRINGS: CommandError =
    CommandError::fixed("ERR The specified keys must contain string values");
const LEN_AND_IDX: CommandError =
    CommandError::fixed("ERR If you want both the length and indexes, please just use IDX.");
const TEXT_TOO_LONG: CommandError = CommandError::fixed("ERR String too long for LCS");
const TABLE_TOO_LARGE: CommandError = CommandError::fixed(
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
);
const NO_MEMORY: CommandError =
    CommandError::fixed("ERR Insufficient memory, failed allocating transient memory for LCS");

/// Redis keeps a number of this many bytes for every pair of prefixes.
const REDIS_CELL_BYTES: u128 = 4;

/// What the reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Text,
    Len,
    /// Where the matches are, those of at least `min_len` bytes, with their lengths or without.
    Matches {
        min_len: i64,
        with_len: bool,
    },
}

impl Wanted {
    fn parse(words: Args<'_>) -> Result<Wanted, CommandError> {
        let (mut len, mut matches, mut with_len, mut min_len) = (false, false, false, 0);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word.eq_ignore_ascii_case(b"IDX") {
                matches = true;
            } else if word.eq_ignore_ascii_case(b"LEN") {
                len = true;
            } else if word.eq_ignore_ascii_case(b"WITHMATCHLEN") {
                with_len = true;
            } else if word.eq_ignore_ascii_case(b"MINMATCHLEN") {
                let number = words.next().ok_or(CommandError::SYNTAX)?;
                min_len = parse_i64(number).ok_or(CommandError::NOT_INTEGER)?;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        match (len, matches) {
            (true, true) => Err(LEN_AND_IDX),
            (true, false) => Ok(Wanted::Len),
            (false, true) => Ok(Wanted::Matches { min_len, with_len }),
            (false, false) => Ok(Wanted::Text),
        }
    }
}

/// As in Redis, the keys are looked at before the options.
pub(super) fn lcs(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let a = call.keys.text(call.key(1)).map_err(wrong_type)?;
    let b = call.keys.text(call.key(2)).map_err(wrong_type)?;
    let a: &[u8] = a.as_deref().unwrap_or_default();
    let b: &[u8] = b.as_deref().unwrap_or_default();
    let wanted = Wanted::parse(call.args.from(3))?;
    check_size(a, b, size_limit::max_bytes(call))?;
    if wanted == Wanted::Len {
        let len = subsequence::len(a, b).ok_or(NO_MEMORY)?;
        call.reply.integer(len.into());
        return Ok(());
    }
    let table = Table::build(a, b).ok_or(NO_MEMORY)?;
    match wanted {
        Wanted::Matches { min_len, with_len } => {
            reply_matches(&mut call.reply, &table, min_len, with_len);
        }
        _ => call.reply.bulk(&table.text()),
    }
    Ok(())
}

fn wrong_type(error: AccessError) -> CommandError {
    match error {
        AccessError::WrongType => NOT_STRINGS,
        other => other.into(),
    }
}

/// Refuses what Redis refuses: texts for which its table, many times the size of ours, would exceed
/// `max_bytes`. That bounds the time as well, during which the keys are locked.
fn check_size(a: &[u8], b: &[u8], max_bytes: u64) -> Result<(), CommandError> {
    let too_long = (u32::MAX - 1) as usize;
    if a.len() >= too_long || b.len() >= too_long {
        return Err(TEXT_TOO_LONG);
    }
    let cells = (a.len() as u128 + 1) * (b.len() as u128 + 1);
    if cells * REDIS_CELL_BYTES > u128::from(max_bytes) {
        return Err(TABLE_TOO_LARGE);
    }
    Ok(())
}

/// The last match comes first.
fn reply_matches(reply: &mut ReplyWriter<'_>, table: &Table<'_>, min_len: i64, with_len: bool) {
    let mut matches = table.matches();
    matches.retain(|found| i64::from(found.len) >= min_len);
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(matches.len());
    for Match { a_start, b_start, len } in matches {
        reply.array(2 + usize::from(with_len));
        for start in [a_start, b_start] {
            reply.array(2);
            reply.integer(start.into());
            reply.integer(i64::from(start) + i64::from(len) - 1);
        }
        if with_len {
            reply.integer(len.into());
        }
    }
    reply.bulk(b"len");
    reply.integer(table.len().into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    fn parse(words: &str) -> Result<Wanted, CommandError> {
        with_words(words, Wanted::parse)
    }

    #[test]
    fn options() {
        let matches = |min_len, with_len| Ok(Wanted::Matches { min_len, with_len });
        assert_eq!(parse(""), Ok(Wanted::Text));
        assert_eq!(parse("minmatchlen 3 WITHMATCHLEN"), Ok(Wanted::Text));
        assert_eq!(parse("WITHMATCHLEN len"), Ok(Wanted::Len));
        assert_eq!(parse("IDX"), matches(0, false));
        assert_eq!(parse("MINMATCHLEN -4 idx withmatchlen"), matches(-4, true));
        assert_eq!(parse("IDX LEN"), Err(LEN_AND_IDX));
        assert_eq!(parse("IDX LEN FOO"), Err(CommandError::SYNTAX));
        assert_eq!(parse("MINMATCHLEN"), Err(CommandError::SYNTAX));
        assert_eq!(parse("MINMATCHLEN x FOO"), Err(CommandError::NOT_INTEGER));
    }

    /// With `proto-max-bulk-len 1mb`, Redis 7.0.15 takes 511 bytes by 511 and no more.
    #[test]
    fn size_is_bounded_as_in_redis() {
        let text = [b'x'; 512];
        assert_eq!(check_size(&text[..511], &text[..511], 1 << 20), Ok(()));
        assert_eq!(check_size(&text, &text[..511], 1 << 20), Err(TABLE_TOO_LARGE));
        assert_eq!(check_size(&[], &[], 3), Err(TABLE_TOO_LARGE));
    }
}
