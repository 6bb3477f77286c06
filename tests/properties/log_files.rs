//! What holds for any bytes in the place of a segment or a snapshot. The tests and the fuzz targets
//! share it.

use crate::faulty_storage::FaultyStorage;
use headcount::log::{
    FileKind, Header, Identity, ReadError, RepairError, Storage, check, file_name, find, repair,
    replay, try_start,
};

const SALT: u64 = 0x5A17;
const NUMBER: u64 = 1;

/// A record as it was read.
type Record = (u64, u8, Vec<u8>);

/// Holds for any bytes: they are read or refused, checked, and repaired into what can be read, and no
/// record that a start reads is lost by that.
///
/// # Panics
///
/// If not.
pub fn segment_is_read_or_refused(bytes: &[u8]) {
    let storage = FaultyStorage::new(1);
    storage.put(&file_name(FileKind::Segment, NUMBER), bytes.to_vec());
    let read = records(&storage);
    check(&storage).expect("a good disk");
    let into = FaultyStorage::new(2);
    match (repair(&storage, &into, 3), read) {
        (Ok(_), read) => {
            let kept = records(&into).expect("a repaired log");
            // Behind a torn place as well, which a start would cut off.
            assert!(kept.starts_with(&read.unwrap_or_default()), "{kept:?}");
        }
        (Err(RepairError::Nothing | RepairError::Read(ReadError::Damaged(_))), Err(_)) => {}
        (repaired, read) => panic!("{read:?}, but {repaired:?}"),
    }
}

/// The same of a snapshot, with an empty log behind it.
///
/// # Panics
///
/// If not.
pub fn snapshot_is_read_or_refused(bytes: &[u8]) {
    let storage = FaultyStorage::new(1);
    storage.put(&file_name(FileKind::Snapshot, NUMBER), bytes.to_vec());
    let segment = file_name(FileKind::Segment, NUMBER);
    storage.put(&segment, header(FileKind::Segment));
    let read = try_start(&storage);
    check(&storage).expect("a good disk");
    let into = FaultyStorage::new(2);
    match repair(&storage, &into, 3) {
        Ok(repaired) => {
            let report = repaired.files.first().expect("what became of it");
            assert!(read.is_err() || report.dropped.is_empty() && report.unreadable.is_none());
            try_start(&into).expect("a repaired log");
        }
        Err(RepairError::Read(ReadError::Damaged(_))) if read.is_err() => {}
        Err(error) => panic!("{read:?}, but {error}"),
    }
}

/// A segment as the format's description has it, every checksum right, whatever the frames hold.
#[must_use]
pub fn forged_segment(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = header(FileKind::Segment);
    for (kind, payload) in frames {
        let len = (payload.len() as u32).to_le_bytes();
        let checked = [&len[..], &[*kind], payload].concat();
        let checksum = checksum(bytes.len(), &checked);
        bytes.extend(checksum.to_le_bytes());
        bytes.extend(checked);
    }
    bytes
}

/// A mark or a gap.
#[must_use]
pub fn pair(kind: u8, first: u64, second: u64) -> (u8, Vec<u8>) {
    (kind, [first.to_le_bytes(), second.to_le_bytes()].concat())
}

/// A snapshot as the format's description has it, every checksum right: of each block kind,
/// compression, the length it claims to have raw, and its bytes.
#[must_use]
pub fn forged_snapshot(blocks: &[(u8, u8, u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = header(FileKind::Snapshot);
    let mut of_blocks = 0;
    for (kind, compression, raw_bytes, stored) in blocks {
        let of_block = crc32c::crc32c(stored);
        of_blocks = crc32c::crc32c_append(of_blocks, &of_block.to_le_bytes());
        let numbers = [1, stored.len() as u32, *raw_bytes, of_block].map(u32::to_le_bytes).concat();
        push_head(&mut bytes, &[&[*kind, *compression, 0, 0][..], &numbers].concat());
        bytes.extend(stored);
    }
    let count = blocks.len() as u64;
    let numbers = [&(count as u32).to_le_bytes()[..], &count.to_le_bytes()].concat();
    push_head(&mut bytes, &[&[255, 0, 0, 0][..], &numbers, &of_blocks.to_le_bytes()].concat());
    bytes
}

fn push_head(bytes: &mut Vec<u8>, checked: &[u8]) {
    let checksum = checksum(bytes.len(), checked);
    bytes.extend(checksum.to_le_bytes());
    bytes.extend(checked);
}

fn checksum(position: usize, checked: &[u8]) -> u32 {
    let place = [SALT.to_le_bytes(), (position as u64).to_le_bytes()].concat();
    crc32c::crc32c(&[&place[..], checked].concat())
}

fn header(kind: FileKind) -> Vec<u8> {
    let identity = Identity { node: 1, incarnation: 2 };
    Header { identity, number: NUMBER, salt: SALT }.encode(kind)
}

/// What a start reads.
fn records(storage: &FaultyStorage) -> Result<Vec<Record>, ReadError> {
    let mut records: Vec<Record> = Vec::new();
    replay(storage, &find(storage)?, |record| {
        assert!(records.last().is_none_or(|(number, ..)| *number < record.number));
        records.push((record.number, record.kind, record.payload.to_vec()));
    })?;
    assert_eq!(storage.list().expect("names").len(), 1);
    Ok(records)
}
