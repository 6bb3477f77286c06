//! Many members that expire together: exact for whoever looks, and a bounded part at a time.

use headcount::base::Replica;
use headcount::crdt::Tombstones;
use headcount::store::{KeyRef, Keyspace, MemberDeadline, Missing, Mode};

const MEMBERS: usize = 20_000;
const DUE_MS: u64 = 2_000;
const ONLINE: &[u8] = b"online";

fn key() -> KeyRef<'static> {
    KeyRef::new(0, ONLINE)
}

/// A keyspace at time 1000 with one set: one member stays, [`MEMBERS`] are due at [`DUE_MS`].
fn keyspace() -> Keyspace {
    let keyspace = Keyspace::new(1, Replica::default(), Tombstones::Drop, 1_000);
    let mut keys = keyspace.open([key()], Mode::Exclusive, 1_000);
    keys.edit_set(key(), Missing::Create, |set| {
        set.insert(b"here to stay", MemberDeadline::Keep);
        for number in 0..MEMBERS {
            let name = format!("user:{number}");
            assert!(set.insert(name.as_bytes(), MemberDeadline::Set(Some(DUE_MS))));
        }
    })
    .expect("a set");
    drop(keys);
    keyspace
}

fn count(keyspace: &Keyspace, now_ms: u64) -> usize {
    let keys = keyspace.open([key()], Mode::Exclusive, now_ms);
    keys.set(key()).expect("a set").map_or(0, |set| set.len())
}

fn expired_members(keyspace: &Keyspace) -> u64 {
    keyspace.stats(DUE_MS).expired_members
}

#[test]
fn a_tick_reclaims_no_more_than_its_budget() {
    let keyspace = keyspace();
    assert_eq!(keyspace.expire(DUE_MS - 1, 500), 0);
    let mut ticks = 0;
    let mut before = 0;
    while keyspace.expire(DUE_MS, 500) >= 500 {
        ticks += 1;
        let now = expired_members(&keyspace);
        assert!(now - before <= 500, "{} members in one tick", now - before);
        before = now;
    }
    assert!(ticks >= MEMBERS / 500 - 1, "{ticks}");
    assert_eq!(expired_members(&keyspace), MEMBERS as u64);
    assert_eq!(count(&keyspace, DUE_MS), 1);
}

#[test]
fn who_looks_while_much_is_due_sees_none_of_it() {
    let keyspace = keyspace();
    keyspace.expire(DUE_MS, 100);
    assert_eq!(count(&keyspace, DUE_MS), 1);
    assert_eq!(expired_members(&keyspace), MEMBERS as u64);
    assert_eq!(keyspace.expire(DUE_MS, 100), 1, "the entry alone comes up once more");
    assert_eq!(keyspace.expire(DUE_MS, 100), 0);
}

#[test]
fn members_renewed_meanwhile_stay_and_end_later() {
    let keyspace = keyspace();
    let mut keys = keyspace.open([key()], Mode::Exclusive, 1_500);
    keys.edit_set(key(), Missing::Skip, |set| {
        for number in (0..MEMBERS).step_by(2) {
            let name = format!("user:{number}");
            set.insert(name.as_bytes(), MemberDeadline::Set(Some(3_000 + number as u64 % 7)));
        }
    })
    .expect("a set");
    drop(keys);
    assert_eq!(count(&keyspace, DUE_MS), MEMBERS / 2 + 1);
    assert_eq!(count(&keyspace, 2_999), MEMBERS / 2 + 1);
    for late_ms in 0..7 {
        let left = (0..MEMBERS).step_by(2).filter(|number| *number as u64 % 7 > late_ms).count();
        assert_eq!(count(&keyspace, 3_000 + late_ms), left + 1, "{late_ms} ms later");
    }
}

#[test]
fn a_set_that_has_become_small_gives_its_memory_back() {
    let keyspace = keyspace();
    let bytes = |now_ms| {
        let keys = keyspace.open([key()], Mode::Exclusive, now_ms);
        keys.memory_bytes(key()).expect("a set").expect("a set")
    };
    let before = bytes(1_000);
    assert!(before > MEMBERS * 50, "{before}");
    let after = bytes(DUE_MS);
    assert!(after < before / 50, "{after} of {before} bytes are kept for one member");
}
