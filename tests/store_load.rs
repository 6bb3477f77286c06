//! What is read from disk enters the store by short ways of its own. Whatever the states, in whatever
//! order and however often, it comes to what merging one after the other comes to.

#[path = "store_replication/commands.rs"]
mod commands;

use commands::{Command, DATABASES, NAMES, commands};
use headcount::base::{Name, Replica, Stamp, Tag};
use headcount::crdt::wire::{Decoder, Encoder};
use headcount::crdt::{DeadlineRegister, Key, Plain, PlainSlot, Told, Tombstones};
use headcount::store::{KeyRef, Keyspace, Loaded, Mode, Part};
use proptest::prelude::*;
use proptest::sample::Index;

const START_MS: u64 = 1_000_000;

/// A key's state, or a part of it.
type State = (u16, Name, Key);

fn replica(node: u32) -> Replica {
    Replica { node, epoch: 1 }
}

fn keyspace(me: u32) -> Keyspace {
    Keyspace::new(DATABASES, replica(me), Tombstones::KEEP, START_MS)
}

#[derive(Clone, Debug)]
enum Step {
    Run {
        node: usize,
        command: Command,
    },
    /// What changed is told, as it stands in a log.
    Drain {
        node: usize,
    },
    /// All keys are told whole, as they stand in a snapshot.
    Save {
        node: usize,
    },
    /// One hears of what was told so far.
    Hear {
        node: usize,
    },
    Wait {
        ms: u64,
    },
}

/// One key that one node counts on, so that the short ways are taken and meet what they are not for.
fn counting_steps() -> impl Strategy<Value = Vec<Step>> {
    let key = (0u16, 0usize);
    let command = prop_oneof![
        10 => (-9i64..10).prop_map(move |by| Command::Add(key, by)),
        2 => Just(Command::Delete(key)),
        1 => prop::option::of(1u64..200).prop_map(move |ms| Command::Expire(key, ms)),
        1 => prop::option::of(1u64..200).prop_map(move |ms| Command::Set(key, "5", ms)),
    ];
    let step = prop_oneof![
        6 => command.prop_map(|command| Step::Run { node: 0, command }),
        4 => Just(Step::Drain { node: 0 }),
        1 => (1u64..60).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 2..30)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = 0usize..2;
    let step = prop_oneof![
        20 => (node.clone(), commands(NAMES.len()))
            .prop_map(|(node, command)| Step::Run { node, command }),
        6 => node.clone().prop_map(|node| Step::Drain { node }),
        2 => node.clone().prop_map(|node| Step::Save { node }),
        2 => node.prop_map(|node| Step::Hear { node }),
        3 => (1u64..120).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 1..50)
}

/// Runs the steps on two nodes; returns what they told, and the time.
fn told(steps: &[Step]) -> (Vec<State>, u64) {
    let nodes = [keyspace(1), keyspace(2)];
    let (mut told, mut now_ms) = (Vec::new(), START_MS);
    for step in steps {
        now_ms += 1;
        match step {
            Step::Run { node, command } => command.run(&nodes[*node], now_ms),
            Step::Drain { node } => nodes[*node].drain(now_ms, &mut |drained| {
                told.push((drained.db, Name::from_slice(drained.name), drained.state.clone()));
            }),
            Step::Save { node } => {
                for (db, part) in (0..DATABASES)
                    .flat_map(|db| (0..nodes[*node].parts()).map(move |part| (db, part)))
                {
                    let save = nodes[*node].save(db, part, |name, state, _| {
                        told.push((db, name.clone(), state.clone()));
                        Ok::<(), ()>(())
                    });
                    save.expect("nothing to fail");
                }
            }
            Step::Hear { node } => {
                for (db, name, state) in &told {
                    nodes[*node].merge_part(*db, name, state, now_ms);
                }
            }
            Step::Wait { ms } => now_ms += ms,
        }
    }
    (told, now_ms)
}

/// States as a batch has them.
fn encoded(states: &[&State]) -> Vec<u8> {
    let mut batch = Encoder::new(Stamp::at_ms(START_MS));
    states.iter().for_each(|(_, _, state)| batch.key(state));
    batch.finish()
}

/// Loads a batch, in parts; true when something did not fit.
fn load(keyspace: &Keyspace, states: &[&State], parts: u32, now_ms: u64) -> bool {
    let bytes = encoded(states);
    let mut decoder = Decoder::new(&bytes).expect("a batch");
    let mut read = |(db, name, _): &&State| {
        let key = KeyRef::new(*db, Box::leak(name.to_vec().into_boxed_slice()));
        Loaded { key, told: decoder.told().expect("a state") }
    };
    let loaded: Vec<Loaded<'_>> = states.iter().map(&mut read).collect();
    let part = |nth| {
        let part = Part { nth, of: parts };
        loaded.iter().filter(move |one| keyspace.is_in(part, one.key)).cloned().collect::<Vec<_>>()
    };
    (0..parts).map(|nth| keyspace.load(&part(nth), now_ms)).fold(false, |any, one| any | one)
}

/// All that can be told of two keyspaces apart.
fn check_same(one: &Keyspace, other: &Keyspace, now_ms: u64) -> Result<(), TestCaseError> {
    let all = [one, other].map(|keyspace| keyspace.open_whole(&[], Mode::Exclusive, now_ms));
    let [digest, expected] = all.each_ref().map(headcount::store::Keys::digest);
    prop_assert_eq!(digest, expected, "what users see");
    for db in 0..DATABASES {
        prop_assert_eq!(all[0].len(db), all[1].len(db));
        for key in NAMES.map(|name| KeyRef::new(db, name)) {
            let [state, expected] = all.each_ref().map(|keys| keys.state(key));
            prop_assert_eq!(state, expected);
            let [told, expected] = all.each_ref().map(|keys| keys.told(key));
            prop_assert_eq!(told, expected);
            let [bytes, expected] = all.each_ref().map(|keys| keys.memory_bytes(key));
            prop_assert_eq!(bytes, expected, "the form in which it is held");
            let [ends, expected] = all.each_ref().map(|keys| keys.deadline(key));
            prop_assert_eq!(ends, expected);
        }
    }
    drop(all);
    let [stats, expected] = [one, other].map(|keyspace| keyspace.stats(now_ms));
    prop_assert_eq!(stats, expected);
    prop_assert_eq!(one.last_stamp(), other.last_stamp());
    prop_assert_eq!(one.tombstones_waiting(), other.tombstones_waiting());
    for db in 0..DATABASES {
        prop_assert_eq!(one.slot_digests(db), other.slot_digests(db));
        prop_assert_eq!(one.root(db), other.root(db));
        prop_assert_eq!(one.entries(db), other.entries(db));
    }
    Ok(())
}

/// How what was told is read: who reads it, which of it comes, in batches of how many.
#[derive(Clone, Debug)]
struct Reading {
    me: u32,
    alone: bool,
    in_order: bool,
    picks: Vec<Index>,
    at_once: usize,
    parts: u32,
    seal_after: Option<usize>,
    /// Between batches; clocks are set back, too.
    waits_ms: Vec<i64>,
}

fn readings() -> impl Strategy<Value = Reading> {
    let picks = prop::collection::vec(any::<Index>(), 0..60);
    let how = (1u32..4, any::<bool>(), any::<bool>(), picks);
    let waits_ms = prop::collection::vec(prop_oneof![3 => 0i64..50, 1 => -150i64..300], 1..6);
    let rest = (1usize..20, 1u32..4, prop::option::of(0usize..6), waits_ms);
    (how, rest).prop_map(
        |((me, alone, in_order, picks), (at_once, parts, seal_after, waits_ms))| Reading {
            me,
            alone,
            in_order,
            picks,
            at_once,
            parts,
            seal_after,
            waits_ms,
        },
    )
}

impl Reading {
    fn check(
        &self,
        told: &[State],
        after: &[Command],
        mut now_ms: u64,
    ) -> Result<(), TestCaseError> {
        let make = || if self.alone { keyspace(self.me).alone() } else { keyspace(self.me) };
        let (loaded, merged) = (make(), make());
        let mut states: Vec<&State> = self.picks.iter().map(|pick| pick.get(told)).collect();
        if self.in_order {
            states.extend(told);
        }
        let waits_ms = self.waits_ms.iter().cycle();
        for ((nth, states), wait_ms) in states.chunks(self.at_once).enumerate().zip(waits_ms) {
            now_ms = now_ms.saturating_add_signed(*wait_ms);
            let misfit = load(&loaded, states, self.parts, now_ms);
            let mut fits = true;
            for (db, name, state) in states {
                fits &= merged.merge_part(*db, name, state, now_ms).whole;
            }
            prop_assert_eq!(misfit, !fits);
            check_same(&loaded, &merged, now_ms)?;
            if self.seal_after == Some(nth) {
                for keyspace in [&loaded, &merged] {
                    keyspace.expire(now_ms, 10_000);
                    let (generation, keys) = keyspace.close_generation(now_ms);
                    keyspace.seal(&keys, generation, now_ms);
                }
            }
        }
        self.go_on([&loaded, &merged], after, now_ms)
    }

    /// What is told to nobody but the disk is what peers would be told.
    fn check_told(alone: &Keyspace, other: &Keyspace, now_ms: u64) -> Result<(), TestCaseError> {
        let (mut told, mut expected) = (Vec::new(), Vec::new());
        alone.drain_alone(&mut |db, name, state| {
            let state = match state {
                Told::Plain(plain) => plain.to_key(),
                Told::Key(key) => (**key).clone(),
            };
            told.push((db, name.to_vec(), state));
        });
        other.drain(now_ms, &mut |drained| {
            expected.push((drained.db, drained.name.to_vec(), drained.state.clone()));
        });
        told.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        expected.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        prop_assert_eq!(told, expected);
        prop_assert!(!alone.has_dirty());
        Ok(())
    }

    /// What is done then has the same effect.
    fn go_on(
        &self,
        both: [&Keyspace; 2],
        after: &[Command],
        mut now_ms: u64,
    ) -> Result<(), TestCaseError> {
        let [loaded, merged] = both;
        for (command, wait_ms) in after.iter().zip(self.waits_ms.iter().cycle()) {
            now_ms = now_ms.saturating_add_signed(*wait_ms);
            both.iter().for_each(|keyspace| command.run(keyspace, now_ms));
            check_same(loaded, merged, now_ms)?;
        }
        if self.alone && self.in_order {
            Reading::check_told(loaded, merged, now_ms)?;
        }
        now_ms += 200;
        let [drained, expected] = both.map(|keyspace| {
            keyspace.expire(now_ms, 10_000);
            let (_, keys) = keyspace.close_generation(now_ms);
            keyspace.drop_sealed(&keys, now_ms);
            let mut drained = Vec::new();
            keyspace.drain(now_ms, &mut |told| {
                drained.push((told.db, told.name.to_vec(), told.own_before, told.state.clone()));
            });
            drained.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
            drained
        });
        prop_assert_eq!(drained, expected);
        check_same(loaded, merged, now_ms)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn what_is_loaded_is_what_would_be_merged(
        steps in steps(),
        reading in readings(),
        after in prop::collection::vec(commands(NAMES.len()), 0..10),
    ) {
        let (told, now_ms) = told(&steps);
        if !told.is_empty() {
            reading.check(&told, &after, now_ms)?;
        }
    }
}

/// Any state of the commonest shapes, as two replicas may have written it.
fn plain_states() -> impl Strategy<Value = Vec<State>> {
    let stamp = || (0u64..3).prop_map(|count| Stamp(Stamp::at_ms(START_MS).0 + count));
    let replica = || (1u32..3).prop_map(replica);
    let ends = (stamp(), replica(), prop::option::of(0u64..300)).prop_map(|(stamp, by, in_ms)| {
        let at_ms = in_ms.map(|ms| if ms == 0 { u64::MAX } else { START_MS + ms });
        DeadlineRegister::written(Tag::new(stamp, by), at_ms)
    });
    let ends = prop_oneof![Just(DeadlineRegister::default()), ends];
    let sum = || prop_oneof![0u64..9, Just(i64::MAX as u64), Just(u64::MAX)];
    let counted =
        (stamp(), sum(), sum()).prop_map(|(born, added, taken)| PlainSlot { born, added, taken });
    let texts = vec!["5", "-3", "05", "text", "", "9223372036854775807", "-9223372036854775808"];
    let base = prop::option::of(prop::sample::select(texts));
    let plain = (ends, replica(), stamp(), base, prop::option::of(counted));
    let state = (0..DATABASES, 0usize..2, plain).prop_map(
        |(db, name, (deadline, replica, born, base, counted))| {
            // A counter that nothing was written to is as old as its slot.
            let born = if base.is_some() { born } else { counted.map_or(born, |slot| slot.born) };
            let base = base.map(str::as_bytes);
            let plain = Plain { deadline, replica, born, base, counted };
            (db, Name::from_slice(NAMES[name]), plain.to_key())
        },
    );
    prop::collection::vec(state, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_plain_is_loaded_as_it_would_be_merged(
        states in plain_states(),
        reading in readings(),
        after in prop::collection::vec(commands(NAMES.len()), 0..10),
    ) {
        reading.check(&states, &after, START_MS)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn a_counter_that_is_loaded_is_what_would_be_merged(
        steps in counting_steps(),
        reading in readings(),
    ) {
        let (told, now_ms) = told(&steps);
        let reading = Reading { me: 1, ..reading };
        if !told.is_empty() {
            reading.check(&told, &[], now_ms)?;
        }
    }
}

#[test]
fn a_counter_that_had_ended_by_a_clock_that_was_set_back_is_noted_anew() {
    let deadline = DeadlineRegister::written(Tag::new(Stamp(9), replica(1)), Some(START_MS + 100));
    let counted = Some(PlainSlot { born: Stamp(5), added: 3, taken: 1 });
    let plain = Plain { deadline, replica: replica(1), born: Stamp(5), base: None, counted };
    let state = (0, Name::from_slice(NAMES[0]), plain.to_key());
    let (loaded, merged) = (keyspace(1), keyspace(1));
    for now_ms in [START_MS + 200, START_MS] {
        load(&loaded, &[&state], 1, now_ms);
        merged.merge_part(0, NAMES[0], &state.2, now_ms);
        check_same(&loaded, &merged, now_ms).expect("the same");
    }
}

/// What counters that one replica counts, and texts, are read as.
#[test]
fn the_commonest_shapes_are_read_without_making_keys_of_them() {
    let node = keyspace(1);
    let run = |name: &'static [u8], run: &dyn Fn(&mut headcount::store::Keys<'_>, KeyRef<'_>)| {
        let key = KeyRef::new(0, name);
        run(&mut node.open_one(key, Mode::Exclusive, START_MS), key);
    };
    run(b"a", &|keys, key| assert_eq!(keys.add(key, 5), Ok(5)));
    run(b"b", &|keys, key| {
        keys.set_text(key, b"7", headcount::crdt::Deadline::At(START_MS + 9));
        assert_eq!(keys.add(key, -5), Ok(2));
    });
    run(b"c", &|keys, key| keys.set_text(key, b"text", headcount::crdt::Deadline::Clear));
    for name in [b"a", b"b", b"c"] {
        let state = node.state(0, name).expect("a state");
        let bytes = encoded(&[&(0, Name::from_slice(name), state.clone())]);
        match Decoder::new(&bytes).expect("a batch").told() {
            Ok(Told::Plain(plain)) => assert_eq!(plain.to_key(), state),
            other => panic!("{other:?}"),
        }
    }
}
