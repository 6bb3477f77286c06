//! Bits and registers that are plain on one node and fresh on another, and what they lie over.

use crate::cluster::START_MS;
use headcount::base::hll;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::wire::Encoder;
use headcount::crdt::{Deadline, Generation, Key, Tombstones, Write};

const NOW_MS: u64 = START_MS + 1_000_000;

fn write(ms: u64, node: u32) -> Write {
    let now_ms = START_MS + ms;
    let tag = Tag::new(Stamp::at_ms(now_ms), Replica { node, epoch: 1 });
    Write { now_ms, tag, tombstones: Tombstones::KEEP }
}

fn text(key: &Key) -> Option<Vec<u8>> {
    key.text(NOW_MS).map(|text| text.into_bytes())
}

fn merged(keys: &[&Key]) -> Key {
    let mut merged = Key::default();
    keys.iter().for_each(|key| assert!(merged.merge(key, Tombstones::KEEP)));
    merged
}

fn fold(key: &mut Key) {
    key.collect(NOW_MS, Generation(0), true, &[]);
    assert!(!key.has_graves());
}

/// What a DEL has seen is gone where it had become plain, too; what it had not seen stays.
#[test]
fn a_deletion_takes_away_what_is_plain() {
    let mut a = Key::default();
    a.put_bits(&write(1, 1), [(0, true), (7, true)]);
    let mut b = a.clone();
    fold(&mut b);
    a.delete(&write(3, 1));
    b.put_bits(&write(2, 2), [(9, true)]);
    let both = merged(&[&a, &b]);
    assert_eq!(text(&both), Some(vec![0, 0x40]));
    assert_eq!(both, merged(&[&b, &a]));
}

/// Who deletes may hold as plain what others hold as fresh, and tell of it again.
#[test]
fn a_deletion_by_whom_it_was_plain_takes_away_what_is_fresh() {
    let puts: [fn(&mut Key, &Write, u16); 2] = [
        |key, write, at| key.put_bits(write, [(at.into(), true)]),
        |key, write, at| key.raise_registers(write, [(at, 1)]),
    ];
    for put in puts {
        let (mut fresh, mut unseen) = (Key::default(), Key::default());
        put(&mut fresh, &write(1, 1), 0);
        let _ = fresh.take_part(Replica { node: 1, epoch: 1 });
        let mut a = fresh.clone();
        fold(&mut a);
        a.delete(&write(3, 2));
        let part = a.take_part(Replica { node: 2, epoch: 1 });
        for deletion in [&a, &part, &a.tombstones_part(NOW_MS)] {
            for merged in [merged(&[deletion, &fresh]), merged(&[&fresh, deletion])] {
                assert_eq!(text(&merged), None);
                assert_eq!(merged.fingerprint(b"k", NOW_MS), 0);
            }
        }
        // What it had not seen stays.
        put(&mut fresh, &write(2, 3), 9);
        put(&mut unseen, &write(2, 3), 9);
        assert_eq!(text(&merged(&[&a, &fresh])), text(&unseen));
        assert_eq!(text(&merged(&[&fresh, &a])), text(&unseen));
    }
}

/// The word of a DEL that comes once more, from one who has not collected it yet, takes away nothing that
/// became plain after it, though that was written at an earlier time by another's clock.
#[test]
fn an_old_deletion_takes_away_nothing_new() {
    let mut a = Key::default();
    a.put_bits(&write(10, 1), [(0, true)]);
    a.delete(&write(11, 1));
    let deletion = a.tombstones_part(NOW_MS);
    let mut unseen = Key::default();
    unseen.put_bits(&write(5, 2), [(1, true)]);
    a.merge(&unseen, Tombstones::KEEP);
    fold(&mut a);
    let before = a.fingerprint(b"k", NOW_MS);
    a.merge(&deletion, Tombstones::KEEP);
    assert_eq!(text(&a), Some(vec![0x40]));
    assert_eq!(a.fingerprint(b"k", NOW_MS), before);
}

/// Without rule G: a bit that was cleared, and plain before all had heard of it, is set by what comes late.
#[test]
fn a_cell_that_is_plain_too_early_is_lost() {
    let (mut a, mut late) = (Key::default(), Key::default());
    late.put_bits(&write(1, 2), [(0, true)]);
    a.put_bits(&write(2, 1), [(0, false)]);
    assert_eq!(text(&merged(&[&a, &late])), Some(vec![0]));
    fold(&mut a);
    assert_eq!(text(&merged(&[&a, &late])), Some(vec![0x80]), "this is what must not be");
}

/// Counts, bits and registers, all born at once.
#[test]
fn bits_lie_over_counts_and_hide_registers() {
    let (mut count, mut bits, mut registers) = (Key::default(), Key::default(), Key::default());
    count.add(&write(1, 1), 12);
    bits.put_bits(&write(1, 2), [(15, true)]);
    registers.raise_registers(&write(1, 3), [(0, 1)]);
    let hll = text(&registers);
    assert_eq!(text(&merged(&[&count, &registers])), Some(b"12".to_vec()));
    assert_eq!(text(&merged(&[&bits, &registers])), Some(vec![0, 1]));
    let mut all = merged(&[&count, &bits, &registers]);
    assert_eq!(text(&all), Some(b"13".to_vec()));
    // INCR is a SET of what is seen, and counts on.
    all.add(&write(5, 1), 1);
    assert_eq!(text(&all), Some(b"14".to_vec()));
    all.delete(&write(6, 1));
    assert_eq!(text(&all), None, "DEL takes away what was hidden, too");
    // A deletion that saw the bits alone leaves the rest.
    bits.delete(&write(3, 2));
    assert_eq!(text(&merged(&[&bits, &registers])), hll);
}

/// Registers lie over a HyperLogLog that was SET, and under any other text.
#[test]
fn registers_need_a_hyperloglog_below() {
    let (mut set, mut registers) = (Key::default(), Key::default());
    registers.raise_registers(&write(1, 2), [(3, 4)]);
    let mut ranks = Box::new([0; hll::REGISTERS]);
    ranks[5] = 6;
    set.set_text(&write(1, 1), &hll::of_ranks(&ranks, 3_000), Deadline::Keep);
    ranks[3] = 4;
    let both = text(&merged(&[&set, &registers])).expect("a text");
    assert_eq!(hll::ranks(&both), Ok(ranks));
    set.set_text(&write(2, 1), b"other", Deadline::Keep);
    assert_eq!(text(&merged(&[&set, &registers])), Some(b"other".to_vec()));
}

/// A 12 MB bitmap: a bit of it is told alone.
#[test]
fn only_what_changed_is_told() {
    let me = Replica { node: 1, epoch: 1 };
    let mut key = Key::default();
    key.set_text(&write(1, 1), &vec![0x55; 12 << 20], Deadline::Keep);
    key.put_bits(&write(2, 1), [(5, true)]);
    let _ = key.take_part(me);
    key.put_bits(&write(3, 1), [(99_999_999, true)]);
    let mut batch = Encoder::new(Stamp::at_ms(START_MS));
    batch.key(&key.take_part(me));
    assert!(batch.finish().len() < 100);
}
