//! What holds for any bytes as a payload of DUMP. The tests and the fuzz target share it.

use headcount::base::Replica;
use headcount::crdt::Tombstones;
use headcount::replication::{Payload, PayloadError};
use headcount::store::{KeyRef, Keyspace, Mode};

const NOW_MS: u64 = 1_700_000_000_000;

/// A body behind a right beginning and before a right checksum.
pub fn forged(body: &[u8]) -> Vec<u8> {
    let mut bytes = [&b"HCKY\x01"[..], body].concat();
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// It is refused; or it is read, and can be written, restored and merged twice, which is as good as once.
pub fn is_taken_or_refused(bytes: &[u8]) {
    let payload = match Payload::open(bytes) {
        Ok(payload) => payload,
        Err(PayloadError::Malformed(_) | PayloadError::NotOurs) => return,
        Err(PayloadError::Newer { version }) => return assert!(version > 1),
    };
    assert_eq!(Payload::open(&payload.seal()).as_ref(), Ok(&payload));
    let me = Replica { node: 1, epoch: 1 };
    let key = KeyRef::new(0, b"k");
    for tombstones in [Tombstones::KEEP, Tombstones::Drop] {
        let keyspace = Keyspace::new(1, me, tombstones, NOW_MS);
        let mut keys = keyspace.open_one(key, Mode::Exclusive, NOW_MS);
        let is_there = keys.put_visible(key, payload.state.clone(), payload.read_ms, None);
        assert_eq!(keys.exists(key), Ok(is_there));
    }
    // The server has refused what is so far ahead that no clock goes on from it.
    if payload.state.max_stamp().ms() > NOW_MS + 60_000 {
        return;
    }
    let keyspace = Keyspace::new(1, me, Tombstones::KEEP, NOW_MS);
    let merge = || {
        let mut keys = keyspace.open_one(key, Mode::Exclusive, NOW_MS);
        let merged = keys.merge(key, payload.state.clone(), &[], |_| Ok::<(), ()>(()));
        drop(keys);
        keyspace.drain(NOW_MS, &mut |_| {});
        (merged.is_ok(), keyspace.root(0))
    };
    assert_eq!(merge(), merge());
}
