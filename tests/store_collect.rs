//! What is deleted or has expired is dropped when told to, leaves no byte behind, and comes back for
//! nobody: what is collected on one node and not yet on another is no difference between them.

use headcount::base::{Name, Replica};
use headcount::crdt::{Deadline, Generation, Key, MemberDeadline, Tombstones};
use headcount::store::{AccessError, Buried, HashEdit, KeyRef, Keyspace, Missing, Mode};

const START_MS: u64 = 1_000_000;
const LATER_MS: u64 = START_MS + 1_000;

fn node(node: u32) -> Keyspace {
    Keyspace::new(1, Replica { node, epoch: 1 }, Tombstones::KEEP, START_MS)
}

fn key(name: &[u8]) -> KeyRef<'_> {
    KeyRef::new(0, name)
}

fn set(keyspace: &Keyspace, name: &[u8], text: &[u8], ends: Deadline) {
    keyspace.open_one(key(name), Mode::Exclusive, START_MS).set_text(key(name), text, ends);
}

fn add(keyspace: &Keyspace, name: &[u8], by: i64, now_ms: u64) -> Result<i64, AccessError> {
    keyspace.open_one(key(name), Mode::Exclusive, now_ms).add(key(name), by)
}

fn delete(keyspace: &Keyspace, name: &[u8]) -> bool {
    keyspace.open_one(key(name), Mode::Exclusive, START_MS).delete(key(name))
}

fn edit(keyspace: &Keyspace, name: &[u8], add: &[&[u8]], remove: &[&[u8]], ends: MemberDeadline) {
    let mut keys = keyspace.open_one(key(name), Mode::Exclusive, START_MS);
    let done = keys.edit_set(key(name), Missing::Create, |set| {
        for member in add {
            set.insert(member, ends);
        }
        for member in remove {
            set.remove(member);
        }
    });
    assert_eq!(done, Ok(Some(())));
}

fn text(keyspace: &Keyspace, name: &[u8], now_ms: u64) -> Option<String> {
    let keys = keyspace.open_one(key(name), Mode::Exclusive, now_ms);
    let text = keys.text(key(name)).expect("a string");
    text.map(|text| String::from_utf8_lossy(&text).into_owned())
}

fn entries(keyspace: &Keyspace) -> Vec<Vec<u8>> {
    let known = |name: &&[u8]| keyspace.state(0, name).is_some();
    [&b"gone"[..], b"set", b"ends", b"stays", b"k"]
        .into_iter()
        .filter(known)
        .map(<[u8]>::to_vec)
        .collect()
}

/// Each hears what the others drained.
fn spread(nodes: &[&Keyspace], now_ms: u64) {
    for from in nodes {
        from.drain(now_ms, &mut |drained| {
            for to in nodes.iter().filter(|to| to.me() != from.me()) {
                to.merge_part(drained.db, drained.name, drained.state, now_ms);
            }
        });
    }
}

fn close(nodes: &[&Keyspace], now_ms: u64) -> Vec<(Generation, Vec<Buried>)> {
    nodes.iter().for_each(|node| assert!(node.expire(now_ms, 1_000) < 1_000));
    let closed = nodes.iter().map(|node| node.close_generation(now_ms)).collect();
    spread(nodes, now_ms);
    closed
}

/// Drops all of a generation: what is deleted, and what has ended.
fn collect(node: &Keyspace, generation: Generation, keys: &[Buried], now_ms: u64) {
    let ended = node.collect(keys, generation, now_ms);
    node.drop_sealed(&ended, now_ms);
}

fn digests(keyspace: &Keyspace) -> (u64, Vec<u64>) {
    (keyspace.root(0), keyspace.slot_digests(0))
}

fn delete_some(a: &Keyspace) {
    set(a, b"gone", b"1", Deadline::Clear);
    assert_eq!(add(a, b"gone", 1, START_MS), Ok(2));
    set(a, b"ends", b"1", Deadline::At(START_MS + 10));
    set(a, b"stays", b"1", Deadline::Clear);
    edit(a, b"set", &[b"x", b"y"], &[b"x"], MemberDeadline::Keep);
    assert!(delete(a, b"gone"));
    edit(a, b"set", &[], &[b"y"], MemberDeadline::Keep);
}

#[test]
fn collected_keys_leave_nothing_behind_and_digests_do_not_change() {
    let (a, b) = (node(1), node(2));
    delete_some(&a);
    spread(&[&a, &b], START_MS);
    let closed = close(&[&a, &b], LATER_MS);
    assert_eq!(digests(&a), digests(&b));
    assert_ne!(a.root(0), 0, "one key stays");
    for (keyspace, (_, keys)) in [&a, &b].into_iter().zip(&closed) {
        assert_eq!(keyspace.tombstones_waiting(), 3);
        assert_eq!(entries(keyspace).len(), 4);
        keyspace.seal(keys, Generation(0), LATER_MS);
        assert_eq!(entries(keyspace).len(), 3, "what is sealed is not told any more");
    }
    let (generation, keys) = &closed[0];
    collect(&a, *generation, keys, LATER_MS);
    assert_eq!(entries(&a), [b"stays"]);
    assert_eq!(a.tombstones_waiting(), 0);
    assert_eq!(a.expire(LATER_MS, 1_000), 0, "nothing is due");
    assert_eq!(digests(&a), digests(&b), "what only one has collected is no difference");
    assert!(delete(&a, b"stays") && delete(&b, b"stays"));
    spread(&[&a, &b], LATER_MS);
    assert_eq!((a.root(0), b.root(0)), (0, 0));
}

#[test]
fn what_is_deleted_after_a_generation_is_not_collected_with_it() {
    let a = node(1);
    edit(&a, b"set", &[b"x", b"y"], &[b"x"], MemberDeadline::Keep);
    set(&a, b"k", b"1", Deadline::Clear);
    assert_eq!(add(&a, b"k", 1, START_MS), Ok(2));
    set(&a, b"k", b"1", Deadline::Clear);
    let (first, of_first) = a.close_generation(START_MS);
    assert_eq!(of_first.len(), 2);
    edit(&a, b"set", &[], &[b"y"], MemberDeadline::Keep);
    assert!(delete(&a, b"k"));
    collect(&a, first, &of_first, LATER_MS);
    assert_eq!(a.tombstones_waiting(), 2);
    let told = a.state(0, b"k").expect("it is known to be deleted");
    assert_eq!(told.lives()[0].counter().slots().len(), 1, "its slot too");
    assert!(a.state(0, b"set").expect("its last member was removed later").has_graves());
    a.drain(LATER_MS, &mut |_| {});
    let (second, of_second) = a.close_generation(START_MS);
    collect(&a, second, &of_second, LATER_MS);
    assert_eq!(entries(&a), Vec::<Vec<u8>>::new());
}

/// Two words on a deadline that differ in the last bit of their stamps are two words.
#[test]
fn what_is_past_by_another_word_is_confirmed_anew() {
    let (a, b, c) = (node(1), node(2), node(3));
    for name in [b"k1", b"k2", b"k3", b"k4"] {
        set(&b, name, b"1", Deadline::At(START_MS + 20));
        spread(&[&b, &c, &a], START_MS);
        let set = c
            .open_one(key(name), Mode::Exclusive, START_MS)
            .set_deadline(key(name), Some(START_MS + 10));
        assert!(set);
        assert_eq!(a.expire(LATER_MS, 1_000), 1);
        let is_noted = |keys: &[Buried]| keys.iter().any(|buried| *buried.name == *name);
        assert!(is_noted(&a.close_generation(LATER_MS).1));
        spread(&[&a, &b, &c], LATER_MS);
        let (generation, keys) = a.close_generation(LATER_MS);
        assert!(is_noted(&keys), "past by the word of c");
        collect(&a, generation, &keys, LATER_MS);
        assert!(a.state(0, name).is_none());
    }
}

/// Its end was noted by a clock that had gone ahead, and the generation is closed by the one set right.
#[test]
fn what_ended_too_early_by_a_clock_is_noted_when_it_ends() {
    let (a, b) = (node(1), node(2));
    set(&b, b"k", b"1", Deadline::At(START_MS + 1_000));
    set(&b, b"ends", b"1", Deadline::Clear);
    spread(&[&b, &a], START_MS);
    assert_eq!(a.expire(START_MS + 1_100, 1_000), 1);
    let (early, of_early) = a.close_generation(START_MS + 900);
    // Nobody touches it until it has ended by the right clock, too.
    a.expire(START_MS + 1_100, 1_000);
    collect(&a, early, &of_early, START_MS + 1_100);
    let (generation, keys) = a.close_generation(START_MS + 1_100);
    collect(&a, generation, &keys, START_MS + 1_100);
    assert_eq!((a.tombstones_waiting(), a.state(0, b"k")), (0, None));
}

/// What changes all the time does not keep what was once forgotten of it.
#[test]
fn a_busy_key_is_collected_too() {
    let (a, b) = (node(1), node(2));
    assert_eq!(add(&b, b"k", 1, START_MS), Ok(1));
    edit(&b, b"set", &[b"x"], &[], MemberDeadline::Keep);
    spread(&[&a, &b], START_MS);
    assert!(delete(&a, b"k") && delete(&a, b"set"));
    let (generation, keys) = a.close_generation(START_MS);
    for round in 0..3 {
        assert_eq!(add(&a, b"k", 1, START_MS), Ok(round + 1));
        edit(&a, b"set", &[b"x", b"y"], &[b"y"], MemberDeadline::Keep);
        a.drain(START_MS, &mut |_| {});
        a.close_generation(START_MS);
    }
    assert_eq!(add(&a, b"k", 1, START_MS), Ok(4), "not drained yet");
    collect(&a, generation, &keys, START_MS);
    let told = a.state(0, b"k").expect("it is counted on");
    assert_eq!(told.lives()[0].counter().slots().len(), 1, "b's slot is forgotten, and gone");
    let told = a.state(0, b"set").expect("it has a member");
    assert!(told.has_graves(), "of later generations");
}

/// A life that was past when its end was not noted yet is not confirmed, whatever else of the key is.
#[test]
fn an_end_that_was_not_noted_is_not_collected() {
    let a = node(1);
    edit(&a, b"set", &[b"x", b"y"], &[b"x"], MemberDeadline::Keep);
    let (generation, keys) = a.close_generation(START_MS);
    let mut scope = a.open_one(key(b"set"), Mode::Exclusive, START_MS);
    assert!(scope.set_deadline(key(b"set"), Some(START_MS + 10)));
    drop(scope);
    collect(&a, generation, &keys, LATER_MS);
    a.seal(&keys, Generation(0), LATER_MS);
    let told = a.state(0, b"set").expect("its end is not confirmed");
    assert!(told.lives()[0].is_past(LATER_MS));
    a.drain(LATER_MS, &mut |_| {});
    let (generation, keys) = a.close_generation(LATER_MS);
    collect(&a, generation, &keys, LATER_MS);
    assert_eq!(a.state(0, b"set"), None);
}

/// A has collected a life that ended and begun it anew; B still holds the one that ended.
#[test]
fn what_is_begun_anew_is_not_taken_for_what_has_ended() {
    for ends in [None, Some(LATER_MS + 500)] {
        let (a, b) = (node(1), node(2));
        set(&a, b"k", b"100", Deadline::At(START_MS + 10));
        assert_eq!(add(&b, b"other", 1, START_MS), Ok(1));
        spread(&[&a, &b], START_MS);
        assert_eq!(add(&b, b"k", 1, START_MS), Ok(101));
        spread(&[&a, &b], START_MS);
        let closed = close(&[&a, &b], LATER_MS);
        a.seal(&closed[0].1, closed[0].0, LATER_MS);
        b.seal(&closed[1].1, closed[1].0, LATER_MS);
        collect(&a, closed[0].0, &closed[0].1, LATER_MS);
        assert_eq!((a.state(0, b"k"), b.state(0, b"k")), (None, None));
        assert_eq!(add(&a, b"k", 7, LATER_MS), Ok(7));
        if ends.is_some() {
            let mut scope = a.open_one(key(b"k"), Mode::Exclusive, LATER_MS);
            assert!(scope.set_deadline(key(b"k"), ends));
        }
        spread(&[&a, &b], LATER_MS);
        assert_eq!(text(&b, b"k", LATER_MS).as_deref(), Some("7"));
        assert_eq!(digests(&a), digests(&b));
        // B counts on, and A, which knows nothing of what has ended, sees the same.
        assert_eq!(add(&b, b"k", 1, LATER_MS), Ok(8));
        spread(&[&a, &b], LATER_MS);
        assert_eq!(text(&a, b"k", LATER_MS).as_deref(), Some("8"));
        assert_eq!(digests(&a), digests(&b));
        collect(&b, closed[1].0, &closed[1].1, LATER_MS);
        assert_eq!(text(&b, b"k", LATER_MS).as_deref(), Some("8"));
        assert_eq!(digests(&a), digests(&b));
    }
}

/// B writes to the key before it hears that A has begun it anew: both writes count.
#[test]
fn what_two_nodes_begin_after_an_end_counts_on_both() {
    let (a, b) = (node(1), node(2));
    set(&a, b"k", b"100", Deadline::At(START_MS + 10));
    spread(&[&a, &b], START_MS);
    let closed = close(&[&a, &b], LATER_MS);
    a.seal(&closed[0].1, closed[0].0, LATER_MS);
    b.seal(&closed[1].1, closed[1].0, LATER_MS);
    collect(&a, closed[0].0, &closed[0].1, LATER_MS);
    assert_eq!(add(&a, b"k", 7, LATER_MS), Ok(7));
    assert_eq!(add(&b, b"k", 5, LATER_MS), Ok(5));
    spread(&[&a, &b], LATER_MS);
    assert_eq!(text(&a, b"k", LATER_MS).as_deref(), Some("12"));
    assert_eq!(text(&b, b"k", LATER_MS).as_deref(), Some("12"));
    assert_eq!(digests(&a), digests(&b));
}

/// A node that was forgotten comes back as another replica, with what only it had as new writes.
#[test]
fn a_new_memory_holds_and_tells_what_it_was_given() {
    let (a, b) = (node(1), node(2));
    let renewed = Replica { node: 1, epoch: 2 };
    delete_some(&a);
    assert_eq!(add(&a, b"k", 5, START_MS), Ok(5));
    edit(&a, b"members", &[b"x", b"y"], &[], MemberDeadline::Keep);
    a.reincarnate(renewed, LATER_MS, |held| {
        let reissue = |name| {
            let state = held.told(key(name)).expect("it is there");
            let part = state.reissue(a.me(), None, Default::default(), renewed, &Key::default());
            (0, Name::from_slice(name), part)
        };
        [&b"k"[..], b"members"].map(reissue).to_vec()
    });
    assert_eq!(a.me(), renewed);
    assert_eq!(a.tombstones_waiting(), 2, "what it had written in its old name");
    assert_eq!(a.open_browse(LATER_MS).len(0), 2);
    assert_eq!(a.keys_dirty(), 2);
    assert_eq!(add(&a, b"k", 1, LATER_MS), Ok(6));
    spread(&[&a, &b], LATER_MS);
    assert_eq!(text(&b, b"k", LATER_MS).as_deref(), Some("6"));
    assert_eq!(digests(&a), digests(&b));
    let members = b.open_one(key(b"members"), Mode::Shared, LATER_MS);
    assert_eq!(members.set(key(b"members")).map(|set| set.map(|set| set.len())), Ok(Some(2)));
    let state = b.state(0, b"k").expect("it was told");
    let living = state.lives()[0].counter().slots().filter(|(_, slot)| !slot.is_forgotten());
    let replicas: Vec<Replica> = living.map(|(replica, _)| replica).collect();
    assert_eq!(replicas, [renewed], "nothing goes on in the old name");
}

/// On one Redis a key that has lost its last member is gone, and its deadline with it.
#[test]
fn a_key_that_was_emptied_begins_again_without_a_deadline() {
    let begin: [fn(&Keyspace, &[u8]); 3] = [
        |node, name| edit(node, name, &[b"y"], &[], MemberDeadline::Keep),
        |node, name| assert_eq!(add(node, name, 1, START_MS), Ok(1)),
        |node, name| set(node, name, b"1", Deadline::Keep),
    ];
    for begin in begin {
        let a = node(1);
        edit(&a, b"k", &[b"x"], &[], MemberDeadline::Keep);
        let mut scope = a.open_one(key(b"k"), Mode::Exclusive, START_MS);
        assert!(scope.set_deadline(key(b"k"), Some(START_MS + 10)));
        drop(scope);
        edit(&a, b"k", &[], &[b"x"], MemberDeadline::Keep);
        begin(&a, b"k");
        let keys = a.open_one(key(b"k"), Mode::Exclusive, START_MS);
        assert_eq!(keys.deadline(key(b"k")), Ok(Some(None)));
    }
}

/// A clock that was set back shows what had ended again; it ends again, for counts and digests too.
#[test]
fn what_comes_back_with_the_clock_ends_with_it() {
    let a = node(1);
    let count = |now_ms| (a.open_browse(now_ms).len(0), a.root(0) == 0);
    let add_shared = |now_ms| a.open_one(key(b"k"), Mode::Shared, now_ms).add(key(b"k"), 1);
    assert_eq!(add(&a, b"k", 1, START_MS), Ok(1));
    let mut scope = a.open_one(key(b"k"), Mode::Exclusive, START_MS);
    assert!(scope.set_deadline(key(b"k"), Some(START_MS + 10)));
    drop(scope);
    a.drain(START_MS, &mut |_| {});
    assert_eq!(count(START_MS), (1, false));
    for round in 0..2 {
        a.expire(LATER_MS, 1_000);
        assert_eq!(count(LATER_MS), (0, true));
        assert_eq!(add_shared(START_MS), Err(AccessError::NeedsExclusive));
        assert_eq!(add(&a, b"k", 1, START_MS), Ok(2 * round + 2));
        assert_eq!(add_shared(START_MS), Ok(2 * round + 3));
        a.drain(START_MS, &mut |_| {});
        assert_eq!(count(START_MS), (1, false));
    }
    a.expire(LATER_MS, 1_000);
    assert_eq!(count(LATER_MS), (0, true));
}

/// Who has dropped a field that expired cannot say what is to be forgotten of it, so that is told before.
#[test]
fn a_field_that_expired_is_counted_anew_wherever_it_was_dropped() {
    for rounds in 0..3 {
        let (a, b) = (node(1), node(2));
        let count = |on: &Keyspace, by: i64, now_ms: u64| {
            let mut keys = on.open_one(key(b"h"), Mode::Exclusive, now_ms);
            keys.edit_hash(key(b"h"), Missing::Create, |hash| hash.add(b"f", by))
        };
        assert_eq!(count(&a, 5, START_MS), Ok(Some(Ok(5))));
        spread(&[&a, &b], START_MS);
        assert_eq!(count(&b, 10, START_MS), Ok(Some(Ok(15))));
        let ends = |hash: &mut HashEdit<'_>| hash.set_deadline(b"f", Some(START_MS + 500));
        let mut keys = b.open_one(key(b"h"), Mode::Exclusive, START_MS);
        assert_eq!(keys.edit_hash(key(b"h"), Missing::Skip, ends), Ok(Some(true)));
        drop(keys);
        spread(&[&b, &a], START_MS);
        for round in 0..rounds {
            let now_ms = LATER_MS + round;
            let closed = close(&[&a, &b], now_ms);
            // The other is slow.
            collect(&a, closed[0].0, &closed[0].1, now_ms);
            spread(&[&a, &b], now_ms);
        }
        assert_eq!(a.state(0, b"h").is_none(), rounds == 2, "after {rounds} rounds");
        assert_eq!(count(&a, 1, LATER_MS + 10), Ok(Some(Ok(1))), "after {rounds} rounds");
        spread(&[&a, &b], LATER_MS + 10);
        assert_eq!(count(&b, 1, LATER_MS + 10), Ok(Some(Ok(2))), "after {rounds} rounds");
        spread(&[&b, &a], LATER_MS + 10);
        assert_eq!(digests(&a), digests(&b), "after {rounds} rounds");
    }
}
