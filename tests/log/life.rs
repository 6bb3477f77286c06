//! A node's log over its lives, and what was promised of it.

use crate::faulty_storage::FaultyStorage;
use crate::random::Random;
use headcount::log::{
    Block, Compression, FileKind, Identity, Recovered, RecordKind, Settings, SnapshotReader,
    SnapshotWriter, Writer, file_name, find, remove_covered, remove_unfinished, replay,
};

pub const IDENTITY: Identity = Identity { node: 7, incarnation: 99 };
const SETTINGS: Settings = Settings { segment_bytes: 4_000, held_bytes_max: 10_000 };
/// How many records a block of a snapshot has.
const BLOCK_RECORDS: usize = 20;

type Record = (u8, Vec<u8>);

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

    pub fn promised(&self) -> u64 {
        self.promised
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
        assert_eq!(bytes, covered.iter().flat_map(entry).collect::<Vec<u8>>());
    }

    pub fn append(&mut self, writer: &mut LogWriter) {
        let len = match self.random.below(20) {
            0 => self.random.index(3_000),
            _ => self.random.index(150),
        };
        let kind = 1 + self.random.index(254) as u8;
        let payload: Vec<u8> = match self.random.below(4) {
            0 => vec![0; len],
            _ => (0..len).map(|_| self.random.next() as u8).collect(),
        };
        let record_kind = RecordKind::new(kind).expect("a caller's kind");
        if let Ok(number) = writer.append(record_kind, &payload) {
            self.appended.push((kind, payload));
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
            let bytes = records.iter().flat_map(entry).collect();
            let block = Block::seal(1, records.len() as u32, bytes, Compression::Lz4);
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

    /// The segments' names, in order.
    pub fn segments(&self) -> Vec<String> {
        let found = find(&self.storage).expect("good headers");
        let name = |segment: &headcount::log::Segment| {
            assert_eq!(segment.file, file_name(FileKind::Segment, segment.header.number));
            segment.file.clone()
        };
        found.segments.iter().map(name).collect()
    }
}

fn entry((kind, payload): &Record) -> Vec<u8> {
    [&[*kind][..], &(payload.len() as u32).to_le_bytes(), payload].concat()
}
