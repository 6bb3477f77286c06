//! The visible text of a string or counter.

use crate::crdt::Visible;
use std::ops::{Deref, Range};

/// A string value as a reader sees it.
pub enum Text<'a> {
    /// A number that is held as one, with its decimal digits.
    Integer(i64, Digits),
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

/// The decimal form of a 64-bit integer, held in place.
pub struct Digits {
    bytes: [u8; 20],
    len: u8,
}

impl<'a> Text<'a> {
    /// The part that `window` says of its length in bytes; nothing, if that is not within it.
    #[must_use]
    pub fn part(self, window: impl FnOnce(usize) -> Range<usize>) -> Text<'a> {
        let range = window(self.len());
        match self {
            Text::Borrowed(bytes) => Text::Borrowed(bytes.get(range).unwrap_or_default()),
            made => Text::Owned(made.get(range).unwrap_or_default().to_vec()),
        }
    }
}

impl Text<'_> {
    #[must_use]
    pub fn of_integer(value: i64) -> Text<'static> {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(value).as_bytes();
        let mut digits = Digits { bytes: [0; 20], len: text.len() as u8 };
        digits.bytes[..text.len()].copy_from_slice(text);
        Text::Integer(value, digits)
    }

    /// The value when it is held as a number (not one parsed from its text).
    #[must_use]
    pub fn held_integer(&self) -> Option<i64> {
        match self {
            Text::Integer(value, _) => Some(*value),
            _ => None,
        }
    }
}

impl<'a> From<Visible<'a>> for Text<'a> {
    fn from(visible: Visible<'a>) -> Text<'a> {
        match visible {
            Visible::Integer(value) => Text::of_integer(value),
            Visible::Text(text) => Text::Borrowed(text),
            Visible::Number(text) => Text::Owned(text.into_bytes()),
            Visible::Made(text) => Text::Owned(text),
        }
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Text::Integer(_, digits) => &digits.bytes[..usize::from(digits.len)],
            Text::Borrowed(bytes) => bytes,
            Text::Owned(bytes) => bytes,
        }
    }
}
