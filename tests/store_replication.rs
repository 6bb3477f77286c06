//! Keyspaces that tell one another what they drain, and nothing else: random commands of every kind, and
//! in the end all of them hold the same, with equal digests. And one of them alone shows what a node shows
//! that has no peers.

#[path = "store_replication/commands.rs"]
mod commands;
#[path = "store_replication/mesh.rs"]
mod mesh;

use commands::{Command, DATABASES, NAMES, commands};
use headcount::base::Replica;
use headcount::crdt::{Deadline, Tombstones};
use headcount::store::{Digest, KeyRef, Keyspace, Mode, SlotSet};
use mesh::{Mesh, START_MS};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Run {
        node: usize,
        command: Command,
    },
    Drain {
        node: usize,
    },
    Deliver {
        from: usize,
        to: usize,
        deltas: usize,
    },
    Wait {
        ms: u64,
    },
    Reclaim {
        node: usize,
    },
    /// All hear of everything; what is deleted is sealed everywhere, and collected by these nodes.
    Collect {
        nodes: [bool; 3],
    },
    /// One node compares with another, and both take what the other holds of what differs.
    Compare {
        one: usize,
        other: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = 0usize..3;
    let step = prop_oneof![
        20 => (node.clone(), commands(NAMES.len())).prop_map(|(node, command)| Step::Run { node, command }),
        6 => node.clone().prop_map(|node| Step::Drain { node }),
        8 => (node.clone(), node.clone(), 1usize..6)
            .prop_map(|(from, to, deltas)| Step::Deliver { from, to, deltas }),
        3 => (1u64..120).prop_map(|ms| Step::Wait { ms }),
        2 => node.clone().prop_map(|node| Step::Reclaim { node }),
        2 => any::<[bool; 3]>().prop_map(|nodes| Step::Collect { nodes }),
        1 => (node.clone(), node).prop_map(|(one, other)| Step::Compare { one, other }),
    ];
    prop::collection::vec(step, 1..60)
}

fn run(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut mesh = Mesh::new();
    for step in steps {
        mesh.now_ms += 1;
        match step {
            Step::Run { node, command } => command.run(&mesh.nodes[*node], mesh.now_ms),
            Step::Drain { node } => mesh.drain(*node),
            Step::Deliver { from, to, deltas } => mesh.deliver(*from, *to, *deltas),
            Step::Wait { ms } => mesh.now_ms += ms,
            Step::Reclaim { node } => mesh.check_counts(*node)?,
            Step::Collect { nodes } => mesh.collect(nodes),
            Step::Compare { one, other } => mesh.compare(*one, *other),
        }
    }
    mesh.settle();
    (0..3).try_for_each(|node| mesh.check_counts(node))?;
    mesh.check_equal()
}

/// What users see: DEBUG DIGEST, and each key's deadline.
fn seen(node: &Keyspace, now_ms: u64) -> (Digest, Vec<Option<Option<u64>>>) {
    let keys = (0..DATABASES).flat_map(|db| NAMES.map(|name| KeyRef::new(db, name)));
    let deadline = |key| {
        let scope = node.open_one(key, Mode::Exclusive, now_ms);
        scope.deadline(key).expect("a look")
    };
    let deadlines = keys.map(deadline).collect();
    (node.open_whole(&[], Mode::Shared, now_ms).digest(), deadlines)
}

fn run_alone(commands: &[(Command, u64)]) -> Result<(), TestCaseError> {
    let me = Replica { node: 1, epoch: 1 };
    let node = |tombstones| Keyspace::new(DATABASES, me, tombstones, START_MS);
    let (alone, with_peers) = (node(Tombstones::Drop), node(Tombstones::KEEP));
    let mut now_ms = START_MS;
    for (command, wait_ms) in commands {
        now_ms += wait_ms;
        command.run(&alone, now_ms);
        command.run(&with_peers, now_ms);
        prop_assert_eq!(seen(&alone, now_ms), seen(&with_peers, now_ms));
        if *wait_ms > 30 {
            with_peers.expire(now_ms, 10_000);
            let (generation, keys) = with_peers.close_generation(now_ms);
            let ended = with_peers.collect(&keys, generation, now_ms);
            with_peers.drop_sealed(&ended, now_ms);
            prop_assert_eq!(seen(&alone, now_ms), seen(&with_peers, now_ms));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]
    #[test]
    fn a_node_with_peers_shows_what_a_node_alone_shows(
        commands in prop::collection::vec((commands(1), 0u64..40), 1..60)
    ) {
        run_alone(&commands)?;
    }

    #[test]
    fn nodes_that_hear_of_all_deltas_hold_the_same(steps in steps()) {
        run(&steps)?;
    }
}

/// A peer that compares a few slots does not have this node go through all that it has at once.
#[test]
fn a_page_is_bounded_by_what_was_looked_at() {
    let node = Keyspace::new(1, Replica { node: 1, epoch: 1 }, Tombstones::KEEP, START_MS);
    for n in 0..20_000u32 {
        let name = n.to_le_bytes();
        let key = KeyRef::new(0, &name);
        let mut keys = node.open_one(key, Mode::Exclusive, START_MS);
        let ends = if n % 2 == 0 { Deadline::At(START_MS + 10) } else { Deadline::Clear };
        keys.set_text(key, b"", ends);
    }
    node.drain(START_MS, &mut |_| {});
    let one = SlotSet::from_iter([7]);
    let mut pages = 0;
    let mut cursor = Some(0);
    while let Some(from) = cursor {
        cursor = node.walk(0, &one, from, 1_000, START_MS + 20, &mut |_, _| {});
        pages += 1;
    }
    assert!((20..40).contains(&pages), "{pages}");
}
