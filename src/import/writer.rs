//! From keys and elements to commands.

use super::error::ImportError;
use super::pipeline::Pipeline;
use super::summary::Summary;
use crate::client::{Client, Reply};
use crate::rdb::{Element, Key, Kind};
use crate::resp::{Protocol, ReplyWriter};

/// Large aggregates are written by commands of so many elements or bytes.
const PIECE_ELEMENTS: usize = 512;
const PIECE_BYTES: usize = 64 * 1024;

/// Writes one key after the other.
///
/// A key that the server has is replaced, so that importing twice is as importing once. A string comes with
/// its deadline in one SET. An aggregate is removed, begun, given its deadline and filled; what is before
/// the filling goes out in one piece, so that no key stays for ever that was not to.
pub struct Writer {
    pipeline: Pipeline,
    keep_existing: bool,
    /// Arguments as they go out, of an aggregate whose next command is not complete.
    piece: Vec<u8>,
    arguments: usize,
    elements: usize,
    /// Of the fields in the piece: when they end (Unix ms), and their names.
    ends: Vec<(i64, Vec<u8>)>,
    is_begun: bool,
}

impl Writer {
    pub fn new(client: Client, keep_existing: bool) -> Writer {
        Writer {
            pipeline: Pipeline::new(client, keep_existing),
            keep_existing,
            piece: Vec::new(),
            arguments: 0,
            elements: 0,
            ends: Vec::new(),
            is_begun: false,
        }
    }

    pub fn summary(&mut self) -> &mut Summary {
        &mut self.pipeline.summary
    }

    pub fn into_summary(self) -> Summary {
        self.pipeline.summary
    }

    /// Writes to this database from now on; false if the server has none of that number.
    pub fn select(&mut self, database: u64) -> Result<bool, ImportError> {
        let reply = self.pipeline.call(&["SELECT", &database.to_string()])?;
        Ok(!matches!(reply, Reply::Error(_)))
    }

    pub fn begin(&mut self) {
        self.clear_piece();
        self.ends.clear();
        self.is_begun = false;
    }

    pub fn element(&mut self, key: &Key, element: Element<'_>) -> Result<(), ImportError> {
        // The last piece is kept back, for it has to be known as the last one.
        if self.elements >= PIECE_ELEMENTS || self.piece.len() >= PIECE_BYTES {
            self.write_piece(key)?;
        }
        match element {
            Element::Text(text) => return self.string(key, text),
            Element::Member(member) => self.argument(member),
            Element::Field { name, value, deadline_ms } => {
                self.argument(name);
                self.argument(value);
                self.ends.extend(deadline_ms.map(|at_ms| (at_ms, name.to_vec())));
            }
            Element::Scored { member, score } => {
                // The shortest digits that are read as the same number.
                self.argument(format!("{score:e}").as_bytes());
                self.argument(member);
            }
        }
        self.elements += 1;
        Ok(())
    }

    /// Ends the key; false if it had no elements.
    pub fn end(&mut self, key: &Key) -> Result<bool, ImportError> {
        if self.elements > 0 {
            self.write_piece(key)?;
        }
        if self.is_begun {
            self.pipeline.mark_last();
        }
        Ok(self.is_begun)
    }

    /// Sends what is left, and waits for all replies.
    pub fn finish(&mut self) -> Result<(), ImportError> {
        self.pipeline.finish()
    }

    fn string(&mut self, key: &Key, text: &[u8]) -> Result<(), ImportError> {
        self.pipeline.make_room()?;
        self.argument(text);
        if let Some(deadline_ms) = key.deadline_ms {
            self.argument(b"PXAT");
            self.argument(deadline_ms.to_string().as_bytes());
        }
        if self.keep_existing {
            self.argument(b"NX");
        }
        self.pipeline.add(key.kind, "SET", &key.name, self.arguments, &self.piece);
        self.pipeline.mark_first();
        self.clear_piece();
        self.is_begun = true;
        Ok(())
    }

    fn write_piece(&mut self, key: &Key) -> Result<(), ImportError> {
        self.pipeline.make_room()?;
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if is_first && !self.keep_existing {
            self.pipeline.add(key.kind, "UNLINK", &key.name, 0, &[]);
            self.pipeline.mark_first();
        }
        self.pipeline.add(key.kind, adder(key.kind), &key.name, self.arguments, &self.piece);
        self.pipeline.set_members(self.elements as u64);
        if is_first && self.keep_existing {
            self.pipeline.mark_first();
        }
        self.clear_piece();
        if let Some(deadline_ms) = key.deadline_ms.filter(|_| is_first) {
            self.argument(deadline_ms.to_string().as_bytes());
            self.pipeline.add(key.kind, "PEXPIREAT", &key.name, self.arguments, &self.piece);
            self.clear_piece();
        }
        // In the same piece as the fields, so that none stays for ever that was not to.
        for (at_ms, name) in std::mem::take(&mut self.ends) {
            for word in [at_ms.to_string().as_bytes(), b"FIELDS", b"1", &name] {
                self.argument(word);
            }
            self.pipeline.add(key.kind, "HPEXPIREAT", &key.name, self.arguments, &self.piece);
            self.clear_piece();
        }
        Ok(())
    }

    fn argument(&mut self, bytes: &[u8]) {
        ReplyWriter::new(&mut self.piece, Protocol::Resp2).bulk(bytes);
        self.arguments += 1;
    }

    fn clear_piece(&mut self) {
        self.piece.clear();
        self.arguments = 0;
        self.elements = 0;
    }
}

/// The command that adds elements to an aggregate.
fn adder(kind: Kind) -> &'static str {
    match kind {
        Kind::Hash | Kind::TimedHash => "HSET",
        Kind::SortedSet => "ZADD",
        Kind::List => "RPUSH",
        _ => "SADD",
    }
}
