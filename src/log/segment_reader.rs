//! Reads one segment.

use super::error::{Problem, ReadError};
use super::frame::{self, GAP, HEAD_BYTES, Head, MARK, PAIR_BYTES, PAIR_FRAME_BYTES, Salted};
use super::header::{FileKind, HEADER_BYTES, Header, NUMBER_MAX};
use super::storage::{ReadAt, Storage};
use super::window::Window;
use memchr::memmem;

/// A record of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub number: u64,
    /// A [`RecordKind`](super::RecordKind)'s number.
    pub kind: u8,
    pub payload: &'a [u8],
}

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Record(Record<'a>),
    /// The file ends here.
    End,
    /// What follows does not verify. The reader stays here until it is told to resume.
    Bad(Problem),
}

/// Records that were passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    pub bytes: u64,
    /// Where reading goes on; `None`: nothing that could be read on from follows.
    pub next: Option<u64>,
}

/// A place in a segment.
#[derive(Debug)]
pub struct SegmentReader<R> {
    name: String,
    window: Window<R>,
    header: Header,
    salted: Salted,
    next: u64,
    durable: u64,
    left_out: u64,
}

/// What stands at a place.
enum Place {
    Frame(Head),
    End,
    Bad(Problem),
}

impl<R: ReadAt> SegmentReader<R> {
    /// # Errors
    /// The file cannot be read, or is no segment.
    pub fn open<S: Storage<Source = R>>(
        storage: &S,
        name: &str,
    ) -> Result<SegmentReader<R>, ReadError> {
        let (window, header) = open(storage, name, FileKind::Segment)?;
        Ok(SegmentReader {
            name: name.to_owned(),
            window,
            header,
            salted: Salted::new(header.salt),
            next: header.number,
            durable: header.number - 1,
            left_out: 0,
        })
    }

    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Where it is in the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.window.position()
    }

    /// Bytes that follow.
    #[must_use]
    pub fn rest(&self) -> u64 {
        self.window.rest()
    }

    /// The number of the next record, if there is one.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// The last record that was durable for certain, as far as what was read says.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// How many records a repair had to leave out, of those that were read.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The next record.
    ///
    /// # Errors
    /// The file cannot be read. What it holds is no error here.
    pub fn step(&mut self) -> Result<Step<'_>, ReadError> {
        loop {
            let head = match self.place()? {
                Place::End => return Ok(Step::End),
                Place::Bad(problem) => return Ok(Step::Bad(problem)),
                Place::Frame(head) if head.is_pair() => {
                    if let Some(problem) = self.pass_pair()? {
                        return Ok(Step::Bad(problem));
                    }
                    continue;
                }
                Place::Frame(head) => head,
            };
            let number = self.next;
            self.next += 1;
            let frame = self.window.take(head.frame_bytes()).map_err(ReadError::io(&self.name))?;
            let payload = frame.and_then(|frame| frame.get(HEAD_BYTES..)).unwrap_or_default();
            return Ok(Step::Record(Record { number, kind: head.kind, payload }));
        }
    }

    /// Goes on at the next mark behind this place that verifies. What marks say is durable is noted.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn resume(&mut self) -> Result<Passed, ReadError> {
        let from = self.offset();
        self.skip(1);
        while self.find_pair()? {
            let next = self.mark_here()?.filter(|next| *next >= self.next);
            if next.is_some() {
                return Ok(Passed { bytes: self.offset() - from, next });
            }
            self.skip(1);
        }
        Ok(Passed { bytes: self.offset() - from, next: None })
    }

    /// Goes on as if the next record had this number, as behind what was passed over.
    pub fn renumber(&mut self, next: u64) {
        self.next = next;
    }

    /// What stands here, and whether it verifies.
    fn place(&mut self) -> Result<Place, ReadError> {
        if self.rest() == 0 {
            return Ok(Place::End);
        }
        let (position, salted) = (self.offset(), self.salted);
        let error = ReadError::io(&self.name);
        let Some(head) = self.window.peek(HEAD_BYTES).map_err(&error)?.and_then(Head::read) else {
            return Ok(Place::Bad(Problem::CutShort));
        };
        match self.window.peek(head.frame_bytes()).map_err(error)? {
            None => Ok(Place::Bad(Problem::CutShort)),
            Some(frame) if !salted.verifies(position, frame) => Ok(Place::Bad(Problem::Checksum)),
            Some(_) => Ok(Place::Frame(head)),
        }
    }

    /// Passes a mark or a gap that verifies, unless it contradicts what was read.
    fn pass_pair(&mut self) -> Result<Option<Problem>, ReadError> {
        let frame = self.window.peek(PAIR_FRAME_BYTES).map_err(ReadError::io(&self.name))?;
        let kind = frame.and_then(Head::read).map(|head| head.kind);
        match (kind, frame.and_then(frame::read_pair)) {
            (Some(MARK), Some((durable, next))) if next == self.next && durable < next => {
                self.durable = self.durable.max(durable);
            }
            (Some(GAP), Some((from, last)))
                if from == self.next && last >= from && last < NUMBER_MAX =>
            {
                self.left_out = self.left_out.saturating_add(last - from + 1);
                self.next = last + 1;
            }
            _ => return Ok(Some(Problem::Nonsense)),
        }
        self.skip(PAIR_FRAME_BYTES);
        Ok(None)
    }

    /// Goes to the next place where a mark's length and kind stand; false: to the end of the file.
    fn find_pair(&mut self) -> Result<bool, ReadError> {
        // Length and kind of a mark, behind its checksum.
        let pattern = [PAIR_BYTES as u8, 0, 0, 0, MARK];
        let finder = memmem::Finder::new(&pattern);
        loop {
            let seen = self.window.peek_some().map_err(ReadError::io(&self.name))?;
            if seen.len() < PAIR_FRAME_BYTES {
                let seen = seen.len();
                self.skip(seen);
                return Ok(false);
            }
            let behind = seen.get(4..).unwrap_or_default();
            match finder.find(behind) {
                Some(at) => {
                    self.skip(at);
                    if self.rest() >= PAIR_FRAME_BYTES as u64 {
                        return Ok(true);
                    }
                }
                None => {
                    let passed = seen.len() - (HEAD_BYTES - 1);
                    self.skip(passed);
                }
            }
        }
    }

    /// The number that follows the mark that stands here, if one does that verifies.
    fn mark_here(&mut self) -> Result<Option<u64>, ReadError> {
        let (position, salted) = (self.offset(), self.salted);
        let frame = self.window.peek(PAIR_FRAME_BYTES).map_err(ReadError::io(&self.name))?;
        let mark = frame.filter(|frame| salted.verifies(position, frame));
        let sensible = |(durable, next): &(u64, u64)| durable < next && *next <= NUMBER_MAX;
        let Some((durable, next)) = mark.and_then(frame::read_pair).filter(sensible) else {
            return Ok(None);
        };
        self.durable = self.durable.max(durable);
        Ok(Some(next))
    }

    fn skip(&mut self, len: usize) {
        self.window.skip(len);
    }
}

/// Opens a file and reads its header.
pub(super) fn open<S: Storage>(
    storage: &S,
    name: &str,
    kind: FileKind,
) -> Result<(Window<S::Source>, Header), ReadError> {
    let error = ReadError::io(name);
    let source = storage.open(name).map_err(&error)?;
    let mut window = Window::new(source).map_err(&error)?;
    let len = window.rest().min(HEADER_BYTES as u64) as usize;
    let bytes = window.take(len).map_err(&error)?.unwrap_or_default();
    let header =
        Header::read(kind, bytes).map_err(|problem| ReadError::damaged(name, 0, problem))?;
    Ok((window, header))
}
