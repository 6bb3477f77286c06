//! Lists in the store: a node alone holds a row of texts, one with peers what merges, and both show the same.

use headcount::base::Replica;
use headcount::crdt::Tombstones;
use headcount::store::{End, KeyRef, Keyspace, Missing, Mode, Side};
use proptest::prelude::*;
use proptest::sample::Index;

const NOW_MS: u64 = 1_000_000;

fn store(tombstones: Tombstones) -> Keyspace {
    Keyspace::new(2, Replica { node: 1, epoch: 1 }, tombstones, NOW_MS)
}

fn key() -> KeyRef<'static> {
    KeyRef::new(0, b"list")
}

#[derive(Clone, Debug)]
enum Op {
    Push(bool, Vec<u8>),
    Pop(bool),
    Set(Index, Vec<u8>),
    Insert(Index, bool, Vec<u8>),
    Remove(Vec<bool>),
    Keep(Index, Index),
    Rename,
    Delete,
}

fn ops() -> impl Strategy<Value = Op> {
    let text = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        8 => (any::<bool>(), text()).prop_map(|(left, text)| Op::Push(left, text)),
        4 => any::<bool>().prop_map(Op::Pop),
        3 => (any::<Index>(), text()).prop_map(|(at, text)| Op::Set(at, text)),
        3 => any::<(Index, bool)>().prop_flat_map(move |(at, before)| {
            text().prop_map(move |text| Op::Insert(at, before, text))
        }),
        1 => prop::collection::vec(any::<bool>(), 0..20).prop_map(Op::Remove),
        1 => any::<(Index, Index)>().prop_map(|(start, end)| Op::Keep(start, end)),
        1 => Just(Op::Rename),
        1 => Just(Op::Delete),
    ]
}

fn end(is_left: bool) -> End {
    if is_left { End::Left } else { End::Right }
}

fn run(store: &Keyspace, op: &Op) {
    let other = KeyRef::new(1, b"other");
    let mut keys = store.open([key(), other], Mode::Exclusive, NOW_MS);
    let missing = if matches!(op, Op::Push(..)) { Missing::Create } else { Missing::Skip };
    match op {
        Op::Delete => {
            keys.delete(key());
            return;
        }
        Op::Rename => {
            keys.rename(key(), other);
            keys.rename(other, key());
            return;
        }
        _ => {}
    }
    let edit = keys.edit_list(key(), missing, |list| match op {
        Op::Push(is_left, text) => list.push(end(*is_left), text),
        Op::Pop(is_left) => drop(list.pop(end(*is_left))),
        Op::Set(at, text) => list.set(at.index(list.len()), text),
        Op::Insert(at, is_before, text) => {
            let side = if *is_before { Side::Before } else { Side::After };
            list.insert(at.index(list.len()), side, text);
        }
        Op::Remove(which) => {
            let places = which.iter().enumerate().filter(|(_, is_it)| **is_it);
            let places: Vec<usize> =
                places.map(|(at, _)| at).filter(|at| *at < list.len()).collect();
            list.remove(&places);
        }
        Op::Keep(start, end) => {
            let (start, end) = (start.index(list.len()), end.index(list.len()) + 1);
            list.keep(start..end.max(start));
        }
        Op::Rename | Op::Delete => {}
    });
    edit.expect("a list");
}

fn shown(store: &Keyspace) -> Vec<Vec<u8>> {
    let keys = store.open_one(key(), Mode::Exclusive, NOW_MS);
    let list = keys.list(key()).expect("a list");
    let Some(list) = list else { return Vec::new() };
    assert_eq!(list.iter().len(), list.len());
    let mut backwards: Vec<_> = list.iter().rev().map(<[u8]>::to_vec).collect();
    backwards.reverse();
    let all: Vec<_> = list.iter().map(<[u8]>::to_vec).collect();
    assert_eq!(all, backwards);
    assert!((0..all.len()).all(|at| list.get(at) == Some(&all[at][..])));
    all
}

proptest! {
    #[test]
    fn both_forms_show_the_same(all in prop::collection::vec(ops(), 1..60)) {
        let (alone, kept) = (store(Tombstones::Drop), store(Tombstones::KEEP));
        for op in &all {
            run(&alone, op);
            run(&kept, op);
            prop_assert_eq!(shown(&alone), shown(&kept), "{:?}", op);
        }
    }
}

/// A million jobs are to take what their texts take.
#[test]
fn a_list_of_a_node_alone_takes_little_more_than_its_texts() {
    let store = store(Tombstones::Drop);
    let bytes = |store: &Keyspace| {
        let keys = store.open_one(key(), Mode::Exclusive, NOW_MS);
        keys.memory_bytes(key()).expect("a key").unwrap_or_default()
    };
    for at in 0..10_000 {
        run(&store, &Op::Push(false, format!("job:{at:010}").into_bytes()));
    }
    assert!(bytes(&store) < 10_000 * 48, "{}", bytes(&store));
    // A queue that is worked off gives its memory back.
    (0..9_990).for_each(|_| run(&store, &Op::Pop(true)));
    assert!(bytes(&store) < 10_000, "{}", bytes(&store));
}
