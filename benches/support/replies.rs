//! Counting replies as they arrive, however the network cuts them.

use std::io;

/// Where in a reply the next byte lies.
#[derive(Clone, Copy)]
enum At {
    Start,
    /// In a line that is a reply of its own, and an error when it says so.
    Line {
        is_error: bool,
    },
    /// In the length of a bulk string.
    Length(usize),
    /// So many bytes before the end of a bulk string, its line end included.
    Bulk(usize),
}

/// The replies that a pipeline is owed: simple strings, integers, bulk strings.
pub struct Replies {
    due: usize,
    at: At,
    error: Vec<u8>,
}

impl Replies {
    pub fn expect(due: usize) -> Replies {
        Replies { due, at: At::Start, error: Vec::new() }
    }

    pub fn all_arrived(&self) -> bool {
        self.due == 0
    }

    /// Takes what has arrived.
    ///
    /// # Errors
    /// A reply is an error, or nothing that these requests are answered with.
    pub fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            self.at = match (self.at, byte) {
                (At::Start, b'+' | b':') => At::Line { is_error: false },
                (At::Start, b'-') => At::Line { is_error: true },
                (At::Start, b'$') => At::Length(0),
                (At::Line { is_error }, b'\n') => self.line_ends(is_error)?,
                (At::Line { is_error }, byte) => {
                    if is_error {
                        self.error.push(byte);
                    }
                    self.at
                }
                (At::Length(length), digit @ b'0'..=b'9') => {
                    At::Length(length * 10 + usize::from(digit - b'0'))
                }
                // A null.
                (At::Length(0), b'-') => At::Line { is_error: false },
                (At::Length(length), b'\r') => At::Length(length),
                (At::Length(length), b'\n') => At::Bulk(length + 2),
                (At::Bulk(left), _) => {
                    let more = bytes.len().min(left - 1);
                    bytes = &bytes[more..];
                    match left - 1 - more {
                        0 => self.line_ends(false)?,
                        left => At::Bulk(left),
                    }
                }
                (At::Start | At::Length(_), byte) => {
                    return Err(io::Error::other(format!("a reply with {:?}", byte as char)));
                }
            };
        }
        Ok(())
    }

    fn line_ends(&mut self, is_error: bool) -> io::Result<At> {
        if is_error {
            return Err(io::Error::other(String::from_utf8_lossy(&self.error).into_owned()));
        }
        self.due = self.due.checked_sub(1).ok_or_else(|| io::Error::other("a reply too many"))?;
        Ok(At::Start)
    }
}
