//! Looking for bits: BITCOUNT, BITPOS.

use crate::command::{Call, CommandError};
use std::cell::Cell;
use std::ops::{ControlFlow, Range};

const NO_BIT: CommandError = CommandError::fixed("ERR The bit argument must be 1 or 0.");

/// Bits from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    last: u64,
}

impl Span {
    /// The bytes in which they lie.
    fn bytes(self) -> Range<usize> {
        self.first as usize / 8..self.last as usize / 8 + 1
    }

    /// Those of them that lie in `len` bytes behind so many bits, counted from there. There are some.
    fn within(self, before: u64, len: usize) -> Span {
        let last = self.last.min(before + len as u64 * 8 - 1);
        Span { first: self.first.max(before) - before, last: last - before }
    }
}

/// What the arguments say of a range.
#[derive(Clone, Copy)]
struct Window {
    start: i64,
    end: Option<i64>,
    in_bits: bool,
}

impl Window {
    const WHOLE: Window = Window { start: 0, end: None, in_bits: false };
    const NOTHING: Window = Window { start: 1, end: Some(0), in_bits: false };

    /// `start [end [BYTE | BIT]]` at `index`.
    fn parse(call: &Call<'_, '_>, index: usize) -> Result<Window, CommandError> {
        let given = call.args.len() - index;
        if given == 0 {
            return Ok(Window::WHOLE);
        }
        if given > 3 {
            return Err(CommandError::SYNTAX);
        }
        let start = call.integer(index)?;
        let in_bits = match call.args.get(index + 2) {
            None => false,
            Some(unit) if unit.eq_ignore_ascii_case(b"bit") => true,
            Some(unit) if unit.eq_ignore_ascii_case(b"byte") => false,
            Some(_) => return Err(CommandError::SYNTAX),
        };
        let end = if given > 1 { Some(call.integer(index + 1)?) } else { None };
        Ok(Window { start, end, in_bits })
    }

    /// The bits that are meant of a text of `len` bytes.
    fn of(self, len: usize) -> Option<Span> {
        let unit = if self.in_bits { 1 } else { 8 };
        let total = len as i64 * (8 / unit);
        let from_front = |index: i64| if index < 0 { (total + index).max(0) } else { index };
        let start = from_front(self.start);
        let end = self.end.map_or(total - 1, |end| from_front(end).min(total - 1));
        (start <= end)
            .then(|| Span { first: (start * unit) as u64, last: (end * unit + unit - 1) as u64 })
    }

    /// What Redis counts as backwards, whatever the length.
    fn is_backwards(self) -> bool {
        self.start < 0 && self.end.is_some_and(|end| end < 0 && self.start > end)
    }
}

pub(super) fn bitcount(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let window = Window::parse(call, 2)?;
    if call.args.len() == 3 {
        return Err(CommandError::SYNTAX);
    }
    let window = if window.is_backwards() { Window::NOTHING } else { window };
    let mut count = 0;
    look(call, window, |piece, span| {
        count += count_ones(piece, span);
        None
    })?;
    call.reply.integer(count as i64);
    Ok(())
}

pub(super) fn bitpos(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let bit = match call.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err(NO_BIT),
    };
    let window = Window::parse(call, 3)?;
    let Some(Looked { span, found }) = look(call, window, |piece, span| find(piece, span, bit))?
    else {
        // Without a key all is zeros.
        call.reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    // Without an end there is no end of zeros.
    let behind = span.filter(|_| !bit && window.end.is_none()).map(|span| span.last + 1);
    call.reply.integer(found.or(behind).map_or(-1, |place| place as i64));
    Ok(())
}

/// What was looked at, and the first bit that was found there.
struct Looked {
    span: Option<Span>,
    found: Option<u64>,
}

/// Looks at the bits in a window of a string, piece by piece, until one is found; `None`: there is no such key.
fn look(
    call: &Call<'_, '_>,
    window: Window,
    mut find: impl FnMut(&[u8], Span) -> Option<u64>,
) -> Result<Option<Looked>, CommandError> {
    let span = Cell::new(None);
    let mut found = None;
    let bytes = |len| {
        span.set(window.of(len));
        span.get().map_or(0..0, Span::bytes)
    };
    let is_there = call.keys.read_pieces(call.key(1), bytes, |offset, piece| {
        let Some(span) = span.get() else { return ControlFlow::Break(()) };
        let before = offset as u64 * 8;
        found = find(piece, span.within(before, piece.len())).map(|place| before + place);
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(is_there.then_some(Looked { span: span.get(), found }))
}

fn count_ones(text: &[u8], span: Span) -> u64 {
    let (first, last) = (span.first as usize / 8, span.last as usize / 8);
    let Some(bytes) = text.get(first..=last) else { return 0 };
    let (words, tail) = bytes.as_chunks::<8>();
    let words: u64 =
        words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    let tail: u64 = tail.iter().map(|byte| u64::from(byte.count_ones())).sum();
    let before = text[first] & !(0xff >> (span.first % 8));
    let behind = text[last] & !(0xff_u8 << (7 - span.last % 8));
    words + tail - u64::from(before.count_ones()) - u64::from(behind.count_ones())
}

/// The first bit of a value.
fn find(text: &[u8], span: Span, bit: bool) -> Option<u64> {
    let (first, last) = (span.first as usize / 8, span.last as usize / 8);
    let bytes = text.get(first..=last)?;
    let nothing = if bit { 0 } else { 0xff };
    // What stands before the first bit is passed over.
    let (head, rest) = bytes.split_first()?;
    let mask = 0xff_u8 >> (span.first % 8);
    let head = if bit { head & mask } else { head | !mask };
    let (at, byte) = if head != nothing {
        (0, head)
    } else {
        let at = rest.iter().position(|byte| *byte != nothing)?;
        (at + 1, rest[at])
    };
    let within = if bit { byte.leading_zeros() } else { byte.leading_ones() };
    let place = (first + at) as u64 * 8 + u64::from(within);
    (place <= span.last).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(text: &[u8], span: Span) -> impl Iterator<Item = (u64, bool)> {
        let bit = |at: u64| text[at as usize / 8] >> (7 - at % 8) & 1 != 0;
        (span.first..=span.last).map(move |at| (at, bit(at)))
    }

    proptest! {
        #[test]
        fn one_by_one_it_is_the_same(
            text in prop::collection::vec(prop::sample::select(vec![0u8, 0xff, 1, 0x80, 0x5a]), 1..40),
            a in 0u64..320, b in 0u64..320,
        ) {
            let all = text.len() as u64 * 8;
            let (a, b) = (a % all, b % all);
            let span = Span { first: a.min(b), last: a.max(b) };
            let ones = bits(&text, span).filter(|(_, bit)| *bit).count() as u64;
            prop_assert_eq!(count_ones(&text, span), ones);
            for wanted in [false, true] {
                let first = bits(&text, span).find(|(_, bit)| *bit == wanted).map(|(at, _)| at);
                prop_assert_eq!(find(&text, span, wanted), first);
            }
        }

        #[test]
        fn a_window_stays_inside(start: i64, end: i64, len in 0usize..10, in_bits: bool) {
            let window = Window { start, end: Some(end), in_bits };
            if let Some(span) = window.of(len) {
                prop_assert!(span.first <= span.last && span.last < len as u64 * 8);
            }
        }
    }
}
