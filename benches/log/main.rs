//! What the log costs: records of 100 bytes in groups of 100, on the disk that holds the temporary
//! directory (`TMPDIR`); and what it is worth to compress snapshots. `cargo bench --bench log`.
//!
//! Processor times are this thread's own, system calls included.

mod nowhere;

use headcount::base::{Replica, Stamp};
use headcount::crdt::Tombstones;
use headcount::log::{
    Block, Compression, Directory, Identity, RecordKind, Recovered, Settings, SnapshotReader,
    SnapshotWriter, Storage, Writer, find, replay,
};
use headcount::replication::batch::Deltas;
use headcount::store::{KeyRef, Keyspace, Mode};
use nowhere::Nowhere;
use std::hint::black_box;
use std::time::{Duration, Instant};

const RECORD_BYTES: usize = 100;
const GROUP_RECORDS: u64 = 100;
const KIND: RecordKind = RecordKind::new(1).expect("a caller's kind");
const IDENTITY: Identity = Identity { node: 1, incarnation: 1 };
const SETTINGS: Settings = Settings { segment_bytes: 64 << 20, held_bytes_max: 64 << 20 };

fn main() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let directory = Directory::new(place.path());
    println!("{:<44} {:>10} {:>10}", "records of 100 B, groups of 100", "cpu ns", "ns");
    let mut nowhere = Writer::open(Nowhere, SETTINGS, IDENTITY, 1, &Recovered::default());
    append("append and commit to nowhere, per record", nowhere.as_mut().expect("no log"), 50_000);
    let mut writer = open(&directory);
    append("append and commit, per record", &mut writer, 2_000);
    writer.close().expect("a disk");
    read(&directory);
    println!();
    for block_bytes in [16 << 10, 64 << 10, 256 << 10, 1 << 20] {
        for compression in [Compression::None, Compression::Lz4] {
            snapshot(&directory, block_bytes, compression);
        }
    }
}

/// Runs something; returns this thread's time on a processor, and the time that passed.
fn measured(run: impl FnOnce()) -> (Duration, Duration) {
    let (cpu, start) = (on_cpu(), Instant::now());
    run();
    (on_cpu().saturating_sub(cpu), start.elapsed())
}

fn on_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn report(what: &str, (cpu, wall): (Duration, Duration), count: u64) {
    let each = |time: Duration| time.as_nanos() as f64 / count as f64;
    println!("{what:<44} {:>10.1} {:>10.1}", each(cpu), each(wall));
}

fn open(directory: &Directory) -> Writer<Directory> {
    let found = find(directory).expect("a good log");
    let recovered = replay(directory, &found, |_| {}).expect("a good log");
    let seed = recovered.last;
    Writer::open(directory.clone(), SETTINGS, IDENTITY, seed, &recovered).expect("a good log")
}

fn append<S: Storage>(what: &str, writer: &mut Writer<S>, groups: u64) {
    writer.commit().expect("a disk");
    let record = [7; RECORD_BYTES];
    let times = measured(|| {
        for _ in 0..groups {
            for _ in 0..GROUP_RECORDS {
                writer.append(KIND, &record).expect("room");
            }
            writer.commit().expect("a disk");
        }
    });
    report(what, times, groups * GROUP_RECORDS);
}

fn read(directory: &Directory) {
    let found = find(directory).expect("a good log");
    let (mut records, mut recovered) = (0, Recovered::default());
    let times = measured(|| {
        recovered = replay(directory, &found, |record| {
            black_box(record.payload);
            records += 1;
        })
        .expect("a good log");
    });
    assert_eq!(records, recovered.last);
    report("read back (from the page cache), per record", times, records);
}

/// Counters as a snapshot would have them.
fn counters(block_bytes: usize) -> Vec<Vec<u8>> {
    let me = Replica { node: 0x1234_5678, epoch: 0x9ABC_DEF0 };
    let store = Keyspace::new(1, me, Tombstones::KEEP, 0);
    let mut random = 1u64;
    let mut blocks = Vec::new();
    let mut deltas = Deltas::new(Stamp::at_ms(1_700_000_000_000));
    for number in 0..500_000u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number | 1);
        let name = format!("page:views:{:08}", random >> 36);
        let key = KeyRef::new(0, name.as_bytes());
        let now_ms = 1_700_000_000_000 - (random >> 30) % 86_400_000;
        let added = store.open_one(key, Mode::Exclusive, now_ms).add(key, (random >> 50) as i64);
        added.expect("a number");
        deltas.push(0, name.as_bytes(), &store.state(0, name.as_bytes()).expect("a state"));
        if deltas.bytes() >= block_bytes {
            let full = std::mem::replace(&mut deltas, Deltas::new(Stamp::at_ms(now_ms)));
            blocks.push(full.finish(&()));
        }
    }
    blocks
}

fn snapshot(directory: &Directory, block_bytes: usize, compression: Compression) {
    let blocks = counters(block_bytes);
    let raw_bytes: usize = blocks.iter().map(Vec::len).sum();
    let mut writer = open(directory);
    writer.commit().expect("a disk");
    let header = writer.snapshot_header().expect("it has begun");
    let mut sealed = Vec::new();
    let (sealing, _) = measured(|| {
        let seal = |raw| Block::seal(1, 1, raw, compression).expect("a short one");
        sealed = blocks.into_iter().map(seal).collect();
    });
    let mut snapshot = SnapshotWriter::create(directory.clone(), header).expect("a disk");
    let mut bytes = 0;
    let (writing, wall) = measured(|| {
        sealed.iter().for_each(|block| snapshot.add(block).expect("a disk"));
        bytes = snapshot.bytes();
        snapshot.finish().expect("a disk");
    });
    let found = find(directory).expect("a good log").snapshot.expect("a snapshot");
    let (reading, _) = measured(|| {
        let reader = SnapshotReader::open(directory, &found.file).expect("a snapshot");
        reader.read_through().expect("a good snapshot");
    });
    let per_mb = |time: Duration| time.as_secs_f64() * 1e6 / (raw_bytes as f64 / 1e6);
    println!(
        "snapshot, blocks of {:>4} kB, {compression:?}: {:.2} of the bytes; per MB: seal {:.0} µs, write and \
         verify {:.0} µs cpu, {:.0} µs; read {:.0} µs",
        block_bytes >> 10,
        bytes as f64 / raw_bytes as f64,
        per_mb(sealing),
        per_mb(writing),
        per_mb(wall),
        per_mb(reading)
    );
}
