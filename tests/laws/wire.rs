//! Keys as bytes and back.

use crate::cluster::{Cluster, START_MS, schedules};
use headcount::base::codec::Malformed;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::wire::{Decoder, Encoder};
use headcount::crdt::{Deadline, Key, MemberDeadline, Told, Tombstones, Write};
use proptest::prelude::*;

/// Between the stamps of a schedule, so that there are earlier and later ones.
const BASE: Stamp = Stamp::at_ms(START_MS + 100);

fn encode(keys: &[Key]) -> Vec<u8> {
    let mut batch = Encoder::new(BASE);
    keys.iter().for_each(|key| batch.key(key));
    batch.finish()
}

fn decode(batch: &[u8]) -> Result<Vec<Key>, Malformed> {
    let mut decoder = Decoder::new(batch)?;
    let mut keys = Vec::new();
    while !decoder.is_empty() {
        keys.push(decoder.key()?);
    }
    Ok(keys)
}

/// By the way that makes no keys of the commonest shapes.
fn decode_told(batch: &[u8]) -> Result<Vec<Key>, Malformed> {
    let mut decoder = Decoder::new(batch)?;
    let mut keys = Vec::new();
    while !decoder.is_empty() {
        keys.push(match decoder.told()? {
            Told::Plain(plain) => {
                assert_eq!(plain.max_stamp(), plain.to_key().max_stamp());
                let (mut one, mut other) = (Encoder::new(BASE), Encoder::new(BASE));
                one.told(&Told::Plain(plain));
                other.key(&plain.to_key());
                assert_eq!(one.finish(), other.finish(), "written alike");
                plain.to_key()
            }
            Told::Key(key) => *key,
        });
    }
    Ok(keys)
}

/// Every state that a random schedule reaches, and what each would tell others.
fn states() -> impl Strategy<Value = Vec<Key>> {
    schedules::<Key>(30).prop_map(|steps| {
        let mut keys = Cluster::<Key>::run(&steps).reached();
        let me = Replica { node: 1, epoch: 1 };
        let tombstones = keys.iter().map(|key| key.tombstones_part(START_MS + 150));
        let parts = keys.iter().map(|key| key.clone().take_part(me));
        keys.extend(tombstones.chain(parts).collect::<Vec<_>>());
        keys
    })
}

proptest! {
    #[test]
    fn keys_come_back_as_they_were(keys in states()) {
        prop_assert_eq!(decode_told(&encode(&keys)), Ok(keys.clone()));
        prop_assert_eq!(decode(&encode(&keys)), Ok(keys));
    }

    /// Whatever is read is read the same again, once it is written properly.
    #[test]
    fn damaged_batches_are_refused_or_read(
        keys in states(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut batch = encode(&keys);
        for (at, byte) in damage {
            let at = at.index(batch.len());
            batch[at] ^= byte;
        }
        batch.truncate(cut.index(2 * batch.len()));
        prop_assert_eq!(decode_told(&batch), decode(&batch));
        if let Ok(keys) = decode(&batch) {
            prop_assert_eq!(decode(&encode(&keys)), Ok(keys.clone()));
            let mut merged = Key::default();
            for key in &keys {
                merged.merge(key, Tombstones::KEEP);
            }
            merged.settle(START_MS, Tombstones::KEEP);
            let _ = (merged.fingerprint(b"k", START_MS), merged.text(START_MS));
        }
    }

    #[test]
    fn bytes_at_random_are_refused_or_read(batch in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(decode_told(&batch), decode(&batch));
    }
}

fn write(node: u32, stamp: Stamp) -> Write {
    let tag = Tag::new(stamp, Replica { node, epoch: 0x1234_5678 });
    Write { now_ms: stamp.ms(), tag, tombstones: Tombstones::KEEP }
}

/// What a batch takes per key is what replication costs.
#[test]
fn small_states_take_few_bytes() {
    let born = Stamp::at_ms(START_MS);
    let drained = Stamp::at_ms(START_MS + 3_600_000);
    let bytes = |base: Stamp, key: &Key| {
        let mut batch = Encoder::new(base);
        batch.key(key);
        let (header, first) = (Encoder::new(base).len(), batch.len());
        batch.key(key);
        // The first mention of a replica carries it.
        (first - header, batch.len() - first)
    };
    let mut counter = Key::default();
    counter.add(&write(1, born), 1_000);
    assert_eq!(bytes(born, &counter), (15, 7), "born just now");
    assert_eq!(bytes(drained, &counter), (18, 10), "born an hour ago");
    counter.add(&write(2, born), 5);
    assert_eq!(bytes(born, &counter), (25, 9), "of two replicas");

    let mut online = Key::default();
    let ends = MemberDeadline::Set(Some(START_MS + 30_000));
    online.insert(&write(1, born), b"u1", ends);
    let part = online.take_part(Replica { node: 1, epoch: 0x1234_5678 });
    assert_eq!(bytes(born, &part).1, 18, "a first heartbeat");

    let mut text = Key::default();
    text.set_text(&write(1, born), b"hello", Deadline::Clear);
    assert_eq!(bytes(born, &text).1, 14);
}

#[test]
fn what_no_replica_can_say_is_refused() {
    let header = Encoder::new(BASE).finish();
    for (bytes, why) in [
        (&[][..], "cut short"),
        (&[128], "cut short"),
        // A second byte that says nothing, or what nobody knows.
        (&[128, 0], "an unknown kind of life"),
        (&[128, 128], "an unknown kind of life"),
        // A hash is forgotten field by field.
        (&[128, 1, 2], "an unknown kind of collection"),
        (&[8, 128], "an unknown kind of counter"),
        (&[8, 64, 4], "an unknown kind of overlay"),
        (&[8, 64, 1, 0, 0, 0, 0, 1, 255, 255, 255, 255, 16], "a cell out of range"),
        (&[8, 64, 2, 0, 0, 0, 0, 1, 128, 128, 1], "a cell out of range"),
        (&[16, 16], "an unknown kind of collection"),
        (&[32 | 64], "an unknown kind of life"),
        (&[2, 1], "a replica never named"),
        // A second life that is not later than the first.
        (&[32, 0], "lives out of order"),
        (&[32 + 8, 0, 8, 0], "lives out of order"),
        // A slot: more forgotten than there is.
        (&[8, 16, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6], "a sum out of range"),
        // A member: more of them than bytes, a dead one with a deadline, one without a name.
        (&[16, 0, 200, 1, 0], "cut short"),
        (&[16, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0], "a deadline of what is dead"),
        (&[16, 0, 1, 1], "cut short"),
    ] {
        let mut batch = header.clone();
        batch.extend(bytes);
        let mut decoder = Decoder::new(&batch).expect("a header");
        assert_eq!(decoder.key().err(), Some(Malformed(why)), "{bytes:?}");
    }
    assert_eq!(Decoder::new(&[0xff; 9]).err(), Some(Malformed("cut short")));
    let far = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert_eq!(Decoder::new(&far).err(), Some(Malformed("a stamp out of range")));
}
