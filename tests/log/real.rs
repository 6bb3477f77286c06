//! The same on the file system.

use crate::life::{IDENTITY, kind};
use headcount::log::{
    Block, Compression, Directory, Recovered, Settings, SnapshotWriter, Storage, Writer, check,
    find, remove_covered, replay,
};

const SETTINGS: Settings = Settings { segment_bytes: 1_000, held_bytes_max: 1 << 20 };

fn open(directory: &Directory, seed: u64) -> (Writer<Directory>, u64) {
    let found = find(directory).expect("good headers");
    let mut records = 0;
    let recovered = replay(directory, &found, |record| {
        assert_eq!(record.payload, record.number.to_le_bytes());
        records += 1;
    })
    .expect("a good log");
    let writer = Writer::open(directory.clone(), SETTINGS, IDENTITY, seed, &recovered);
    (writer.expect("a good log"), records)
}

#[test]
fn a_directory_keeps_what_was_committed() {
    let place = tempfile::tempdir().expect("a directory");
    let directory = Directory::create(place.path().join("data/log")).expect("a place");
    assert_eq!(find(&directory).expect("no files").segments, []);
    assert_eq!(Recovered::default().last, 0);
    for life in 0..5u64 {
        let (mut writer, records) = open(&directory, life);
        assert_eq!(records, 100 * life);
        for _ in 0..100 {
            let number = writer.appended() + 1;
            writer.append(kind(1), &number.to_le_bytes()).expect("room");
            writer.write().expect("a good disk");
        }
        assert_eq!(writer.commit().expect("a good disk"), 100 * (life + 1));
    }
    assert!(check(&directory).expect("a good disk").files.len() > 10);

    let (mut writer, _) = open(&directory, 5);
    writer.commit().expect("a good disk");
    let header = writer.snapshot_header().expect("it has begun");
    let mut snapshot = SnapshotWriter::create(directory.clone(), header).expect("a good disk");
    let block = Block::seal(1, 1, vec![1; 9_999], Compression::Lz4).expect("a short one");
    snapshot.add(&block).expect("a good disk");
    assert_eq!(snapshot.finish().expect("a good disk").blocks, 1);
    assert!(remove_covered(&directory, header.number).expect("a good disk") > 10);
    let names = directory.list().expect("names");
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(open(&directory, 6).1, 0);
    assert_eq!(open(&directory, 6).0.appended(), 500);
}
