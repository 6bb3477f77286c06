//! The oracle against states that are merged directly, without replication: what is wrong here is the
//! oracle, or the merge.

use crate::simulator::clients::{Client, look, state};
use crate::simulator::generate::{Commands, Mix};
use crate::simulator::oracle::{Author, Fate, FirstLife, History, Origin, Spent, expect};
use crate::simulator::places::{DATABASES, PLACES, key_of, show};
use crate::simulator::random::Random;
use crate::simulator::runner;
use headcount::base::{Replica, hash};
use headcount::crdt::Tombstones;
use headcount::store::Keyspace;

const START_MS: u64 = 1_700_000_000_000;
const NODES: usize = 3;
const TTL_MAX_MS: u64 = 400;
/// By then nothing that has a deadline within reach is left.
const LATER_MS: u64 = 10_000;

fn merge(from: &Keyspace, to: &Keyspace, from_ms: u64, to_ms: u64) {
    for place in 0..PLACES {
        let told = state(from, place, from_ms);
        let key = key_of(place);
        to.merge_part(key.db, key.name, &told, to_ms);
    }
}

fn run(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed, 0);
    let replica = |node: usize| Replica { node: node as u32 + 1, epoch: 1 };
    let nodes: Vec<Keyspace> = (0..NODES)
        .map(|node| Keyspace::new(DATABASES, replica(node), Tombstones::KEEP, START_MS))
        .collect();
    let skew_ms: Vec<u64> = (0..NODES).map(|_| random.below(200)).collect();
    let commands = Commands::new(&mut random, Mix::ALL, 5, TTL_MAX_MS);
    let (mut history, mut last_stamps) = (History::default(), [0; NODES]);
    let mut now_ms = START_MS;
    for _ in 0..60 {
        now_ms += random.below(60);
        let node = random.index(NODES);
        if random.chance(400) {
            let to = random.index(NODES);
            merge(&nodes[node], &nodes[to], now_ms + skew_ms[node], now_ms + skew_ms[to]);
            continue;
        }
        let author = Author {
            origin: Origin { process: node, epoch: 1, drain: 0 },
            replica: replica(node),
            now_ms: now_ms + skew_ms[node],
            first: FirstLife::default(),
            is_alone: false,
        };
        let mut client = Client {
            keyspace: &nodes[node],
            history: &mut history,
            author,
            first_life: &|_, _| FirstLife::default(),
            last_stamp: &mut last_stamps[node],
        };
        client.run(&commands.draw(&mut random))?;
    }
    for _ in 0..2 {
        for (from, to) in [(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)] {
            merge(&nodes[from], &nodes[to], now_ms, now_ms);
        }
    }
    for at_ms in [now_ms + 200, now_ms + LATER_MS] {
        for place in history.places() {
            let expected = expect(&history, place, at_ms, Spent::Kept, &|_| Fate::Counts)
                .view(&history, at_ms);
            for keyspace in &nodes {
                let seen = look(keyspace, place, at_ms)?;
                if seen != expected {
                    return Err(format!("{} shows {seen:?}, not {expected:?}", show(place)));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn states_merged_directly_are_what_the_oracle_says() {
    hash::fix_seed(runner::HASH_SEED);
    for seed in 0..400 {
        run(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}
