//! What is kept of a command that ran under a token.

use crate::command::Args;
use crate::resp::Protocol;
use xxhash_rust::xxh3::Xxh3Default;

/// The form of a record's bytes.
const FORM: u8 = 1;
/// Form, protocol, hash.
const HEAD_BYTES: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'r> {
    /// In which the reply is written.
    pub protocol: Protocol,
    /// A hash of the request: a token is of one.
    pub request: u64,
    pub reply: &'r [u8],
}

impl<'r> Record<'r> {
    pub fn to_bytes(self) -> Vec<u8> {
        let protocol = match self.protocol {
            Protocol::Resp2 => 2,
            Protocol::Resp3 => 3,
        };
        [&[FORM, protocol][..], &self.request.to_le_bytes(), self.reply].concat()
    }

    /// `None`: these bytes are no record.
    pub fn read(bytes: &'r [u8]) -> Option<Record<'r>> {
        let (head, reply) = bytes.split_at_checked(HEAD_BYTES)?;
        let protocol = match head {
            [FORM, 2, ..] => Protocol::Resp2,
            [FORM, 3, ..] => Protocol::Resp3,
            _ => return None,
        };
        let request = u64::from_le_bytes(head.get(2..)?.try_into().ok()?);
        Some(Record { protocol, request, reply })
    }
}

/// A hash of a request to a database, the same on every node.
pub fn hash_of(db: u16, request: Args<'_>) -> u64 {
    let mut hasher = Xxh3Default::new();
    hasher.update(&db.to_le_bytes());
    for (at, arg) in request.iter().enumerate() {
        hasher.update(&(arg.len() as u64).to_le_bytes());
        // A command's name is the same in any letter case.
        match at {
            0 => hasher.update(&arg.to_ascii_lowercase()),
            _ => hasher.update(arg),
        }
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::tests::Request;

    #[test]
    fn a_record_comes_back_as_it_was() {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let record = Record { protocol, request: 7, reply: b":1\r\n" };
            assert_eq!(Record::read(&record.to_bytes()), Some(record));
        }
        assert_eq!(Record::read(b""), None);
        assert_eq!(Record::read(b"something else"), None);
    }

    #[test]
    fn requests_are_told_apart() {
        let hash = |db, words: &[&str]| hash_of(db, Request::new(words.iter()).args());
        assert_eq!(hash(0, &["INCR", "a"]), hash(0, &["incr", "a"]));
        let others = [
            hash(1, &["incr", "a"]),
            hash(0, &["incr", "A"]),
            hash(0, &["incr", "a", ""]),
            hash(0, &["incra"]),
        ];
        assert!(others.iter().all(|other| *other != hash(0, &["incr", "a"])));
    }
}
