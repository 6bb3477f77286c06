//! LZF, which Redis compresses strings with.

/// What is below this is a run of as many bytes, and one, as they are.
const LITERALS: u8 = 32;

/// The longest match (264 bytes) takes three bytes.
const RATIO_MAX: usize = 88;

/// The matches' lengths begin here.
const MATCH_MIN: usize = 2;

/// Appends what `packed` holds to `out`, which grows as it comes out; `None` unless that is `raw_len`
/// bytes exactly. What is in `out` before cannot be referred to.
pub fn decompress(packed: &[u8], raw_len: usize, out: &mut Vec<u8>) -> Option<()> {
    // A hostile length is seen before anything is unpacked.
    if raw_len > packed.len().saturating_mul(RATIO_MAX) {
        return None;
    }
    let begin = out.len();
    let end = begin.checked_add(raw_len)?;
    let mut rest = packed;
    while let Some((&control, behind)) = rest.split_first() {
        rest = if control < LITERALS {
            let (literals, behind) = behind.split_at_checked(usize::from(control) + 1)?;
            out.extend_from_slice(literals);
            behind
        } else {
            unpack_match(control, behind, begin, out)?
        };
        if out.len() > end {
            return None;
        }
    }
    (out.len() == end).then_some(())
}

/// Three bits of length and five of distance, or more of both behind them.
fn unpack_match<'a>(
    control: u8,
    mut rest: &'a [u8],
    begin: usize,
    out: &mut Vec<u8>,
) -> Option<&'a [u8]> {
    let mut take = || rest.split_off_first().map(|byte| usize::from(*byte));
    let mut len = usize::from(control >> 5) + MATCH_MIN;
    if control >> 5 == 7 {
        len += take()?;
    }
    let distance = (usize::from(control & 0x1f) << 8 | take()?) + 1;
    let from = out.len().checked_sub(distance).filter(|from| *from >= begin)?;
    if distance >= len {
        out.extend_from_within(from..from + len);
    } else {
        // It repeats itself.
        for at in from..from + len {
            out.push(*out.get(at)?);
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8], raw_len: usize) -> Option<Vec<u8>> {
        let mut out = b"before".to_vec();
        decompress(packed, raw_len, &mut out)?;
        Some(out.split_off("before".len()))
    }

    #[test]
    fn runs_and_matches() {
        assert_eq!(unpacked(b"", 0), Some(vec![]));
        assert_eq!(unpacked(b"\x02abc", 3), Some(b"abc".to_vec()));
        // Three back, three long; then one back, 2 + 7 + 1 long.
        assert_eq!(unpacked(b"\x02abc\x20\x02", 6), Some(b"abcabc".to_vec()));
        assert_eq!(unpacked(b"\x00a\xe0\x01\x00", 11), Some(vec![b'a'; 11]));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let cases: [(&[u8], usize); 7] = [
            (b"\x02ab", 3),
            (b"\x02abc", 2),
            (b"\x02abc", 4),
            (b"\x02abc\x20\x03", 6),
            (b"\x02abc\x20", 6),
            (b"\xe0\x01\x00", 10),
            (b"\x00a", usize::MAX),
        ];
        for (packed, raw_len) in cases {
            assert_eq!(unpacked(packed, raw_len), None, "{packed:?}");
        }
    }
}
