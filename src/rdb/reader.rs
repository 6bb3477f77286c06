//! The file as a sequence of entries.

use super::error::{Damage, Problem};
use super::input::{Input, Result, Source};
use super::kind::{Kind, ModuleName};
use super::packed::Format;
use super::value::{Element, Encoding, ScoreForm, Shape, Value};
use super::walk::StreamForm;

/// Redis 5 and 6.
pub const VERSION_MIN: u32 = 9;
/// Redis 7.4 and 8.0.
pub const VERSION_MAX: u32 = 12;

/// What stands in a file beside what only hints at sizes and access times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The keys that follow are of this database.
    Database(u64),
    /// A key; its value comes from [`Reader::next_element`].
    Key(Key),
    /// A library of functions.
    Library,
    /// What a module keeps beside keys.
    ModuleData(ModuleName),
}

/// A key without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: Vec<u8>,
    pub kind: Kind,
    /// In milliseconds since 1970; may be past.
    pub deadline_ms: Option<i64>,
}

/// Reads a file from front to back.
pub struct Reader<S> {
    input: Input<S>,
    version: u32,
    value: Value,
    deadline_ms: Option<i64>,
    is_at_end: bool,
}

impl<S: Source> Reader<S> {
    /// Reads the file's first bytes.
    ///
    /// # Errors
    /// The source's, or the file is not of a version that is read.
    pub fn open(source: S) -> Result<Reader<S>, S> {
        let mut input = Input::new(source);
        let version = version(&mut input)?;
        let value = Value::new();
        Ok(Reader { input, version, value, deadline_ms: None, is_at_end: false })
    }

    /// The version of the format.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many bytes of the file have been read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// The next entry; `None` at the end of a file whose checksum is right, or that has none. What is
    /// left of the value of the key before is passed over.
    ///
    /// # Errors
    /// The source's, or the place where the file makes no sense. There is nothing to read after that.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, S> {
        while self.next_element()?.is_some() {}
        while !self.is_at_end {
            let offset = self.input.offset();
            let opcode = self.input.byte()?;
            if let Some((kind, encoding)) = type_of(opcode) {
                return self.key(kind, encoding).map(Some);
            }
            if let Some(entry) = self.opcode(opcode, offset)? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The next part of the value of the key that was read last; `None` behind the last part. Streams
    /// and values of modules have none.
    ///
    /// # Errors
    /// As [`Reader::next_entry`].
    pub fn next_element(&mut self) -> Result<Option<Element<'_>>, S> {
        self.value.next(&mut self.input)
    }

    fn key(&mut self, kind: Option<Kind>, encoding: Encoding) -> Result<Entry, S> {
        let mut name = Vec::new();
        self.input.text(&mut name)?;
        let kind = match kind {
            Some(kind) => kind,
            None => Kind::Module(ModuleName::of(self.input.length()?)),
        };
        self.value.begin(encoding);
        Ok(Entry::Key(Key { name, kind, deadline_ms: self.deadline_ms.take() }))
    }

    /// What is no key. `None` for what only describes the file, or the next key.
    fn opcode(&mut self, opcode: u8, offset: u64) -> Result<Option<Entry>, S> {
        let input = &mut self.input;
        match opcode {
            // How many keys a slot of Redis Cluster has, and how many with deadlines.
            244 => input.skip_lengths(3)?,
            245 => {
                input.skip_text()?;
                return Ok(Some(Entry::Library));
            }
            247 => {
                let name = ModuleName::of(input.length()?);
                // When it is to be loaded: a part of a number, as the rest is.
                input.skip_module()?;
                return Ok(Some(Entry::ModuleData(name)));
            }
            // Idle time, access frequency.
            248 => input.skip_lengths(1)?,
            249 => input.skip(1)?,
            // Who has written the file, and when.
            250 => {
                input.skip_text()?;
                input.skip_text()?;
            }
            // How many keys a database has, and how many with deadlines.
            251 => input.skip_lengths(2)?,
            252 => self.deadline_ms = Some(i64::from_le_bytes(input.array()?)),
            253 => {
                let seconds = i32::from_le_bytes(input.array()?);
                self.deadline_ms = Some(i64::from(seconds) * 1_000);
            }
            254 => return Ok(Some(Entry::Database(input.length()?))),
            255 => self.end()?,
            6 => return Err(Damage { offset, problem: Problem::OldModule }.into()),
            _ => return Err(Damage { offset, problem: Problem::Opcode(opcode) }.into()),
        }
        Ok(None)
    }

    fn end(&mut self) -> Result<(), S> {
        let computed = self.input.checksum();
        let offset = self.input.offset();
        let stored = u64::from_le_bytes(self.input.array()?);
        // 0 is for `rdbchecksum no`.
        if stored != 0 && stored != computed {
            return Err(Damage { offset, problem: Problem::Checksum { stored, computed } }.into());
        }
        self.is_at_end = true;
        Ok(())
    }
}

fn version<S: Source>(input: &mut Input<S>) -> Result<u32, S> {
    let damage = |problem| Damage { offset: 0, problem };
    let magic: [u8; 9] = input.array()?;
    if magic.starts_with(b"VALKEY") {
        return Err(damage(Problem::Valkey).into());
    }
    let digits = magic.strip_prefix(b"REDIS").and_then(|digits| std::str::from_utf8(digits).ok());
    let version = digits.and_then(|digits| digits.parse().ok()).ok_or(damage(Problem::NotRdb))?;
    if !(VERSION_MIN..=VERSION_MAX).contains(&version) {
        return Err(damage(Problem::Version(version)).into());
    }
    Ok(version)
}

/// What a value's type says: what it is (of a module's, its name says that) and how it is stored.
/// `None` for opcodes.
fn type_of(code: u8) -> Option<(Option<Kind>, Encoding)> {
    use Format::{Intset, Listpack, Ziplist, Zipmap};
    let packed = |format, shape| Encoding::Packed { format, shape, timed: false };
    let timed = |timed| Encoding::Packed { format: Listpack, shape: Shape::TimedField, timed };
    let (kind, encoding) = match code {
        0 => (Kind::String, Encoding::Text),
        1 => (Kind::List, Encoding::Members),
        2 => (Kind::Set, Encoding::Members),
        3 => (Kind::SortedSet, Encoding::Scores(ScoreForm::Decimal)),
        4 => (Kind::Hash, Encoding::Fields),
        5 => (Kind::SortedSet, Encoding::Scores(ScoreForm::Binary)),
        7 => return Some((None, Encoding::Module)),
        9 => (Kind::Hash, packed(Zipmap, Shape::Field)),
        10 => (Kind::List, packed(Ziplist, Shape::Member)),
        11 => (Kind::Set, packed(Intset, Shape::Member)),
        12 => (Kind::SortedSet, packed(Ziplist, Shape::Scored)),
        13 => (Kind::Hash, packed(Ziplist, Shape::Field)),
        14 => (Kind::List, Encoding::Nodes { told: false }),
        15 => (Kind::Stream, Encoding::Stream(StreamForm::V1)),
        16 => (Kind::Hash, packed(Listpack, Shape::Field)),
        17 => (Kind::SortedSet, packed(Listpack, Shape::Scored)),
        18 => (Kind::List, Encoding::Nodes { told: true }),
        19 => (Kind::Stream, Encoding::Stream(StreamForm::V2)),
        20 => (Kind::Set, packed(Listpack, Shape::Member)),
        21 => (Kind::Stream, Encoding::Stream(StreamForm::V3)),
        22 => (Kind::TimedHash, Encoding::TimedFields { relative: false }),
        23 => (Kind::TimedHash, timed(false)),
        24 => (Kind::TimedHash, Encoding::TimedFields { relative: true }),
        25 => (Kind::TimedHash, timed(true)),
        _ => return None,
    };
    Some((Some(kind), encoding))
}
