//! A node's log over its lives, and what was promised of it.

use crate::faulty_storage::FaultyStorage;
use crate::random::Random;
use headcount::log::{
    Block, Compression, Identity, ReadError, RecordKind, Recovered, Settings, SnapshotReader,
    SnapshotWriter, Writer, find, remove_covered, remove_unfinished, replay,
};

pub const IDENTITY: Identity = Identity { node: 7, incarnation: 99 };
const SETTINGS: Settings = Settings { segment_bytes: 4_000, held_bytes_max: 10_000 };
/// How many records a block of a snapshot has.
const BLOCK_RECORDS: usize = 20;

type Record = (u8, Vec<u8>);
/// The same behind its number.
type Numbered = (u64, u8, Vec<u8>);

/// What was appended and what was promised.
pub struct Log {
    pub storage: FaultyStorage,
    pub random: Random,
    /// By number, from 1 on.
    appended: Vec<Record>,
    /// The last that was said to be durable.
    promised: u64,
    lives: u64,
}

pub type LogWriter = Writer<FaultyStorage>;

impl Log {
    pub fn new(seed: u64) -> Log {
        let (storage, random) = (FaultyStorage::new(seed), Random::new(seed, 1));
        Log { storage, random, appended: Vec::new(), promised: 0, lives: 0 }
    }

    pub fn appended(&self) -> u64 {
        self.appended.len() as u64
    }

    /// Reads everything that is there, checks it, and goes on from it.
    pub fn recover(&mut self) -> LogWriter {
        let recovered = self.read();
        assert_eq!(self.read(), recovered, "the same again");
        assert!(recovered.last >= self.promised, "{recovered:?}, promised {}", self.promised);
        self.appended.truncate(recovered.last as usize);
        self.lives += 1;
        let storage = self.storage.clone();
        let writer = Writer::open(storage, SETTINGS, IDENTITY, self.lives, &recovered)
            .expect("what was just read");
        assert_eq!((writer.appended(), self.appended()), (recovered.last, recovered.last));
        writer
    }

    /// All that is read was appended, and follows on what the snapshot has.
    fn read(&self) -> Recovered {
        let found = find(&self.storage).expect("good headers");
        if let Some(snapshot) = &found.snapshot {
            self.read_snapshot(&snapshot.file, snapshot.header.number);
        }
        let mut next = found.from;
        let recovered = replay(&self.storage, &found, |record| {
            assert_eq!(record.number, next);
            let appended = &self.appended[next as usize - 1];
            assert_eq!((record.kind, record.payload), (appended.0, &appended.1[..]), "at {next}");
            next += 1;
        });
        let recovered = recovered.expect("nothing durable is damaged");
        assert_eq!(recovered.last, next - 1);
        recovered
    }

    fn read_snapshot(&self, file: &str, number: u64) {
        let mut reader = SnapshotReader::open(&self.storage, file).expect("a good header");
        let mut bytes = Vec::new();
        while let Some(block) = reader.next_block().expect("a good block") {
            bytes.extend(block.open().expect("a good block"));
        }
        let covered = &self.appended[..number as usize - 1];
        assert_eq!(bytes, entries(covered));
    }

    pub fn append(&mut self, writer: &mut LogWriter) {
        let len = match self.random.below(20) {
            0 => self.random.index(3_000),
            _ => self.random.index(150),
        };
        let kind = kind(1 + self.random.index(254) as u8);
        let payload: Vec<u8> = match self.random.below(4) {
            0 => vec![0; len],
            _ => (0..len).map(|_| self.random.next() as u8).collect(),
        };
        self.push(writer, kind, payload);
    }

    pub fn push(&mut self, writer: &mut LogWriter, kind: RecordKind, payload: Vec<u8>) {
        if let Ok(number) = writer.append(kind, &payload) {
            self.appended.push((kind.number(), payload));
            assert_eq!(number, self.appended());
        }
        assert!(writer.held_bytes() <= SETTINGS.held_bytes_max.max(4_000));
    }

    /// What the writer says is durable from now on.
    pub fn note(&mut self, writer: &LogWriter) {
        assert!(writer.durable() <= writer.written() && writer.written() <= writer.appended());
        assert_eq!(writer.appended(), self.appended());
        self.promised = self.promised.max(writer.durable());
    }

    /// Of everything that was appended, which makes it durable.
    pub fn snapshot(&mut self, writer: &mut LogWriter) {
        let Some(header) = writer.snapshot_header() else { return };
        let Ok(mut writer) = SnapshotWriter::create(self.storage.clone(), header) else { return };
        for records in self.appended.chunks(BLOCK_RECORDS) {
            let block = Block::seal(1, records.len() as u32, entries(records), Compression::Lz4);
            if writer.add(&block.expect("a short one")).is_err() {
                return;
            }
        }
        if writer.finish().is_ok() {
            self.promised = self.promised.max(header.number - 1);
            let _ = remove_covered(&self.storage, header.number);
        }
    }

    pub fn tidy(&self) {
        let _ = remove_unfinished(&self.storage);
        let found = find(&self.storage).expect("good headers");
        if let Some(snapshot) = found.snapshot {
            let _ = remove_covered(&self.storage, snapshot.header.number);
        }
    }

    /// A closed log of some groups, each of which was synced, and maybe a snapshot in the middle.
    pub fn closed(seed: u64, groups: u64, with_snapshot: bool) -> Log {
        let mut log = Log::new(seed);
        let mut writer = log.recover();
        writer.commit().expect("a good disk");
        for group in 0..groups {
            (0..log.random.between(1, 6)).for_each(|_| log.append(&mut writer));
            writer.commit().expect("a good disk");
            if with_snapshot && group == groups / 2 {
                log.snapshot(&mut writer);
            }
        }
        writer.close().expect("a good disk");
        log.promised = log.appended();
        log
    }

    /// What was appended, by number from 1 on.
    pub fn records(&self) -> Vec<Numbered> {
        let numbered = (1..).zip(&self.appended);
        numbered.map(|(number, (kind, payload))| (number, *kind, payload.clone())).collect()
    }
}

/// The files of the log that a start needs, in order.
pub fn files(storage: &FaultyStorage) -> Vec<String> {
    let found = find(storage).expect("good headers");
    let snapshot = found.snapshot.into_iter().map(|snapshot| snapshot.file);
    snapshot.chain(found.segments.into_iter().map(|segment| segment.file)).collect()
}

/// All records that a start reads.
pub fn read_all(storage: &FaultyStorage) -> Result<(Recovered, Vec<Numbered>), ReadError> {
    let mut records = Vec::new();
    let recovered = replay(storage, &find(storage)?, |record| {
        records.push((record.number, record.kind, record.payload.to_vec()));
    })?;
    Ok((recovered, records))
}

pub fn kind(number: u8) -> RecordKind {
    RecordKind::new(number).expect("a caller's kind")
}

/// The entries of a snapshot's block.
fn entries(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, payload) in records {
        bytes.push(*kind);
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}
