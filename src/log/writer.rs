//! Appends records in groups.
//!
//! The writer does I/O where it is told to, and nothing else: it has no thread and no clock. Records are
//! taken in by [`Writer::append`] and stay in memory until [`Writer::commit`] has made them durable.
//!
//! After any failure the segment is given up: nothing is appended to it again, nor believed durable
//! because a later sync of it succeeds. The next try begins another segment, with everything in it that
//! was not durable.

use super::error::ReadError;
use super::frame::{PAYLOAD_BYTES_MAX, RecordKind, Salted};
use super::header::{FileKind, HEADER_BYTES, Header, Identity};
use super::held::Held;
use super::names::{file_name, unfinished};
use super::recovery::{Recovered, read_segment};
use super::storage::{Append, Storage};
use std::io;
use thiserror::Error;

/// How a log is written.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A segment that would grow beyond this is followed by another. One group is never cut.
    pub segment_bytes: u64,
    /// Records that take more than this are not held: see [`Refused::Full`].
    pub held_bytes_max: usize,
}

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// To be tried again after a commit that succeeded.
    #[error("{held_bytes} bytes wait to become durable")]
    Full { held_bytes: usize },
    #[error("a record of {bytes} bytes; {PAYLOAD_BYTES_MAX} are possible")]
    TooLong { bytes: usize },
}

/// What failed. Nothing of the log is lost by it, but nothing more becomes durable until a later try
/// succeeds.
#[derive(Debug, Error)]
#[error("{file} cannot be {doing}: {error}")]
pub struct Fault {
    pub file: String,
    /// `written` or the like.
    pub doing: &'static str,
    pub error: io::Error,
}

/// A log that is being written.
#[derive(Debug)]
pub struct Writer<S: Storage> {
    storage: S,
    settings: Settings,
    identity: Identity,
    salts: Salts,
    /// `None`: another one has to be begun.
    segment: Option<Open<S::Appender>>,
    held: Held,
    /// Whether what was recovered is durable.
    has_begun: bool,
    is_failing: bool,
}

/// The segment that grows.
#[derive(Debug)]
struct Open<F> {
    file: F,
    name: String,
    salted: Salted,
    bytes: u64,
}

/// One after the other, none twice.
#[derive(Debug)]
pub(super) struct Salts {
    seed: u64,
    taken: u64,
}

impl<S: Storage> Writer<S> {
    /// Goes on with a log that was read, an empty one included. Writes nothing yet; but a start must
    /// not tell anybody anything that it read before a commit has succeeded, for not all of that need be
    /// durable.
    ///
    /// `seed`: never the same for one directory.
    ///
    /// # Errors
    /// What was read before cannot be read again.
    pub fn open(
        storage: S,
        settings: Settings,
        identity: Identity,
        seed: u64,
        recovered: &Recovered,
    ) -> Result<Writer<S>, ReadError> {
        let first = recovered.uncertain_from.max(1);
        let mut held = Held::new(first - 1);
        if let Some(segment) = &recovered.last_segment {
            read_segment(&storage, segment, |record| {
                if (first..=recovered.last).contains(&record.number) {
                    held.push_at(record.number, record.kind, record.payload);
                }
            })?;
        }
        let salts = Salts::new(seed);
        Ok(Writer {
            storage,
            settings,
            identity,
            salts,
            segment: None,
            held,
            has_begun: false,
            is_failing: false,
        })
    }

    /// Takes a record; returns its number, 1 more than that of the one before.
    ///
    /// # Errors
    /// It was not taken.
    pub fn append(&mut self, kind: RecordKind, payload: &[u8]) -> Result<u64, Refused> {
        let (bytes, held_bytes) = (payload.len(), self.held.bytes());
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(Refused::TooLong { bytes });
        }
        // A record that is larger than the limit alone is taken alone.
        if held_bytes > 0 && self.held.bytes_with(bytes) > self.settings.held_bytes_max {
            return Err(Refused::Full { held_bytes });
        }
        Ok(self.held.push(kind.number(), payload))
    }

    /// The number of the last record that was taken.
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.held.appended()
    }

    /// The last record that was handed to the system: it survives the end of this process, not that of
    /// the machine. Falls back to [`Writer::durable`] when a segment is given up.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.held.written()
    }

    /// The last record that would survive a crash; 0 until the first commit. Never goes back.
    #[must_use]
    pub fn durable(&self) -> u64 {
        if self.has_begun { self.held.durable() } else { 0 }
    }

    /// Bytes of records that are not durable.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.bytes()
    }

    /// Bytes of memory that records take until they are durable, and room for more.
    #[must_use]
    pub fn room_bytes(&self) -> usize {
        self.held.room_bytes()
    }

    /// Whether the last try to write or sync failed. The caller decides when to try again.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// Hands all records to the system, and makes them durable; returns [`Writer::durable`].
    ///
    /// # Errors
    /// Not all are durable. To be called again, at the earliest when that may help.
    pub fn commit(&mut self) -> Result<u64, Fault> {
        self.write()?;
        self.sync()
    }

    /// Hands all records to the system; returns [`Writer::written`].
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn write(&mut self) -> Result<u64, Fault> {
        let result = self.write_on();
        self.note(result)?;
        Ok(self.held.written())
    }

    /// Makes durable what was handed to the system; returns [`Writer::durable`].
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn sync(&mut self) -> Result<u64, Fault> {
        let result = self.sync_on();
        self.note(result)?;
        Ok(self.durable())
    }

    /// Makes everything durable and begins another segment: a snapshot that covers all until now can
    /// take the place of those before.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn rotate(&mut self) -> Result<(), Fault> {
        self.commit()?;
        let result = self.begin_segment();
        self.note(result)
    }

    /// The header of a snapshot that covers all that was appended until now; to be written by a
    /// [`SnapshotWriter`](super::SnapshotWriter). `None` until the first commit has succeeded.
    pub fn snapshot_header(&mut self) -> Option<Header> {
        let number = self.held.appended() + 1;
        self.has_begun.then(|| Header { identity: self.identity, number, salt: self.salts.take() })
    }

    /// Ends with a mark, so that damage to any record will be told from a torn tail.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn close(mut self) -> Result<(), Fault> {
        self.commit()?;
        self.held.push_mark();
        self.commit()?;
        Ok(())
    }

    fn note(&mut self, result: Result<(), Fault>) -> Result<(), Fault> {
        self.is_failing = result.is_err();
        if self.is_failing {
            self.segment = None;
            self.held.unwrite();
        }
        result
    }

    fn write_on(&mut self) -> Result<(), Fault> {
        let unwritten_bytes = self.held.unwritten_bytes() as u64;
        let Some(segment) = &mut self.segment else { return self.begin_segment() };
        if unwritten_bytes == 0 {
            return Ok(());
        }
        let is_empty = segment.bytes <= HEADER_BYTES as u64;
        if !is_empty && segment.bytes + unwritten_bytes > self.settings.segment_bytes {
            // Where another segment follows, all of this one is durable.
            self.sync_on()?;
            return self.begin_segment();
        }
        let frames = self.held.seal_unwritten(segment.salted, segment.bytes);
        segment.file.append(frames).map_err(Fault::at(&segment.name, "written"))?;
        segment.bytes += unwritten_bytes;
        self.held.note_written();
        Ok(())
    }

    fn sync_on(&mut self) -> Result<(), Fault> {
        let Some(segment) = &mut self.segment else { return self.begin_segment() };
        if !self.held.is_durable() {
            segment.file.sync().map_err(Fault::at(&segment.name, "synced"))?;
            self.held.note_durable();
        }
        Ok(())
    }

    /// Begins a segment with all that is held; it is there whole and durable, or not at all.
    fn begin_segment(&mut self) -> Result<(), Fault> {
        self.segment = None;
        self.held.unwrite();
        if !self.has_begun {
            // The header to come says that all before is durable. A snapshot that says so may have got
            // its name just before the last process ended.
            self.storage.sync_directory().map_err(Fault::at("The directory", "synced"))?;
        }
        let number = self.held.durable() + 1;
        let name = file_name(FileKind::Segment, number);
        let header = Header { identity: self.identity, number, salt: self.salts.take() };
        let open = self.create(&unfinished(&name), &header);
        if open.is_err() {
            // It may be what fills the disk.
            let _ = self.storage.remove(&unfinished(&name));
        }
        let file = open?;
        self.storage.rename(&unfinished(&name), &name).map_err(Fault::at(&name, "renamed"))?;
        self.storage.sync_directory().map_err(Fault::at("The directory", "synced"))?;
        let bytes = (HEADER_BYTES + self.held.bytes()) as u64;
        self.segment = Some(Open { file, name, salted: Salted::new(header.salt), bytes });
        self.has_begun = true;
        self.held.note_written();
        self.held.note_durable();
        Ok(())
    }

    fn create(&mut self, name: &str, header: &Header) -> Result<S::Appender, Fault> {
        let mut file = self.storage.create(name).map_err(Fault::at(name, "created"))?;
        file.append(&header.encode(FileKind::Segment)).map_err(Fault::at(name, "written"))?;
        let frames = self.held.seal_unwritten(Salted::new(header.salt), HEADER_BYTES as u64);
        file.append(frames).map_err(Fault::at(name, "written"))?;
        file.sync().map_err(Fault::at(name, "synced"))?;
        Ok(file)
    }
}

impl Salts {
    pub(super) fn new(seed: u64) -> Salts {
        Salts { seed, taken: 0 }
    }

    pub(super) fn take(&mut self) -> u64 {
        self.taken += 1;
        xxhash_rust::xxh3::xxh3_64_with_seed(&self.taken.to_le_bytes(), self.seed)
    }
}

impl Fault {
    pub(super) fn at(file: &str, doing: &'static str) -> impl Fn(io::Error) -> Fault {
        move |error| Fault { file: file.to_owned(), doing, error }
    }

    /// Whether there is no room left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self.error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
