//! Parts of a value: APPEND, GETRANGE (SUBSTR), SETRANGE.

use super::size_limit;
use crate::command::{Call, CommandError};
use crate::store::{Deadline, EventClasses};
use std::ops::Range;

const OFFSET_OUT_OF_RANGE: CommandError = CommandError::fixed("ERR offset is out of range");

pub(super) fn append(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let tail = &call.args[2];
    let len = call.keys.text_len(key)?;
    size_limit::check(call, len.unwrap_or(0) as u64, tail.len())?;
    let len = match len {
        Some(len) => call.keys.overwrite(key, len, tail)?,
        None => {
            // As a SET, which shows in OBJECT ENCODING.
            call.keys.set_text(key, tail, Deadline::Keep);
            tail.len()
        }
    };
    call.keys.notify(EventClasses::STRING, "append", key);
    call.reply.integer(len as i64);
    Ok(())
}

/// Writing nothing changes nothing, not even a missing key.
pub(super) fn setrange(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let offset = u64::try_from(call.integer(2)?).map_err(|_| OFFSET_OUT_OF_RANGE)?;
    let key = call.key(1);
    let bytes = &call.args[3];
    let mut len = call.keys.text_len(key)?.unwrap_or(0);
    if !bytes.is_empty() {
        size_limit::check(call, offset, bytes.len())?;
        len = call.keys.overwrite(key, offset as usize, bytes)?;
        call.keys.notify(EventClasses::STRING, "setrange", key);
    }
    call.reply.integer(len as i64);
    Ok(())
}

pub(super) fn getrange(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    match call.keys.text_part(call.key(1), |len| window(len, start, end))? {
        Some(part) => call.reply.bulk(&part),
        None => call.reply.bulk(b""),
    }
    Ok(())
}

/// The bytes from `start` to `end` inclusive of a text of `len` bytes; a negative index counts from
/// the end.
///
/// Redis clamps an end before the text to its first byte, so that `GETRANGE k 0 -100` is one byte and
/// not none.
fn window(len: usize, start: i64, end: i64) -> Range<usize> {
    let len = len as i64;
    let from_front = |index: i64| if index < 0 { (len + index).max(0) } else { index };
    let backwards = start < 0 && end < 0 && start > end;
    let (start, end) = (from_front(start), from_front(end).min(len - 1));
    if backwards || start > end { 0..0 } else { start as usize..end as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What Redis 7.0.15 answers for `SET g hello`.
    #[test]
    fn getrange_as_redis() {
        let expected = [
            (0, -1, "hello"),
            (1, 3, "ell"),
            (-100, -50, "h"),
            (-50, -100, ""),
            (0, -100, "h"),
            (5, 10, ""),
            (4, 100, "o"),
            (-1, -1, "o"),
            (3, 1, ""),
            (i64::MIN, i64::MAX, "hello"),
            (i64::MAX, -1, ""),
            (-3, i64::MIN, ""),
            (i64::MIN, i64::MIN, "h"),
        ];
        for (start, end, part) in expected {
            assert_eq!(&"hello"[window(5, start, end)], part, "GETRANGE g {start} {end}");
        }
    }

    #[test]
    fn nothing_is_in_an_empty_text() {
        for index in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert!(window(0, index, -1).is_empty());
            assert!(window(0, 0, index).is_empty());
        }
    }

    proptest! {
        #[test]
        fn stays_inside(len in 0usize..100, start: i64, end: i64, near in -120i64..120) {
            prop_assert!(window(len, start, end).end <= len);
            prop_assert!(window(len, near, end).end <= len);
            prop_assert!(window(len, start, near).end <= len);
        }

        #[test]
        fn indices_inside_are_taken_as_they_are(len in 1usize..100, a: usize, b: usize) {
            let (start, end) = (a % len, b % len);
            let part = window(len, start as i64, end as i64);
            prop_assert_eq!(part.len(), (end + 1).saturating_sub(start));
        }
    }
}
