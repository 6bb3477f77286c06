//! States that were kept aside and are merged later (RESTORE … MERGE): they may bring in what nobody has, and
//! never what was deleted for good. Each test is a step of the argument in docs/design/backup.md.

mod engines;

use engines::mesh::Mesh;
use engines::{Node, WINDOW_BYTES, at, dial, run, settings};
use headcount::replication::{NotAdmitted, Payload, Settings};
use headcount::store::{Deadline, KeyRef, Mode, NotMerged};

const STALE: Result<(), NotMerged<NotAdmitted>> = Err(NotMerged::NotAdmitted(NotAdmitted::Stale));
const UNKNOWN: Result<(), NotMerged<NotAdmitted>> =
    Err(NotMerged::NotAdmitted(NotAdmitted::Unknown));

/// As DUMP.
fn dump(node: &mut Node, name: &[u8], ms: u64) -> Payload {
    let (engine, keyspace) = (&mut node.engine, &node.keyspace);
    let payload = engine.dump(keyspace, at(ms), || keyspace.state(0, name)).expect("a state");
    assert_eq!(Payload::open(&payload.seal()), Ok(payload.clone()));
    payload
}

/// As RESTORE … MERGE.
fn merge(
    node: &Node,
    name: &[u8],
    payload: &Payload,
    ms: u64,
) -> Result<(), NotMerged<NotAdmitted>> {
    let (key, collected) = (KeyRef::new(0, name), node.engine.collected());
    let mut keys = node.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
    keys.merge(key, payload.state.clone(), &collected.writers(), |upto| {
        collected.admit(&payload.origin, upto, at(ms))
    })
}

fn count_times(node: &Node, name: &[u8], times: u64, ms: u64) {
    (0..times).for_each(|_| node.count(name, ms));
}

fn expire(node: &Node, name: &[u8], ms: u64, in_ms: u64) {
    let key = KeyRef::new(0, name);
    let mut keys = node.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
    assert!(keys.set_deadline(key, Some(at(ms + in_ms).wall_ms)));
}

/// Nodes 1, 2, …, linked each with each, and ticked until they know of each other.
fn mesh(nodes: u32) -> Mesh {
    let mut mesh = Mesh::default();
    (1..=nodes).for_each(|node| mesh.join(Node::new(node, node, WINDOW_BYTES), 0));
    mesh.run(0..2_000);
    mesh
}

fn values(mesh: &Mesh, name: &[u8], ms: u64) -> Vec<String> {
    mesh.nodes.iter().map(|node| node.value(name, ms)).collect()
}

fn roots(mesh: &Mesh) -> Vec<u64> {
    mesh.nodes.iter().map(|node| node.keyspace.root(0)).collect()
}

/// A node that nobody has ever met has counted, and is lost.
fn of_a_lost_node(name: &[u8], times: u64) -> Payload {
    let mut lost = Node::new(9, 9, WINDOW_BYTES);
    count_times(&lost, name, times, 10);
    lost.tick(20);
    dump(&mut lost, name, 20)
}

#[test]
fn what_nobody_has_is_merged_and_told_and_twice_is_as_good_as_once() {
    let mut mesh = mesh(3);
    let payload = of_a_lost_node(b"k", 5);
    count_times(&mesh.nodes[1], b"k", 2, 2_000);
    for ms in [2_100, 2_200] {
        assert_eq!(merge(&mesh.nodes[0], b"k", &payload, ms), Ok(()));
        mesh.nodes[0].count(b"k", ms);
    }
    mesh.run(2_200..2_500);
    assert_eq!(merge(&mesh.nodes[2], b"k", &payload, 2_500), Ok(()));
    mesh.run(2_500..3_000);
    assert_eq!(values(&mesh, b"k", 3_000), ["9"; 3]);
    assert_eq!(roots(&mesh), [mesh.nodes[0].keyspace.root(0); 3]);
}

#[test]
fn what_was_deleted_stays_so_before_and_after_it_is_collected() {
    let mut mesh = mesh(3);
    count_times(&mesh.nodes[1], b"k", 5, 2_000);
    mesh.run(2_000..2_500);
    let payload = dump(&mut mesh.nodes[1], b"k", 2_500);
    mesh.nodes[2].delete(b"k", 2_500);
    // Two have not heard of it.
    assert_eq!(merge(&mesh.nodes[0], b"k", &payload, 2_500), Ok(()));
    mesh.run(2_500..2_700);
    assert_eq!(merge(&mesh.nodes[0], b"k", &payload, 2_700), Ok(()), "its grave is there");
    mesh.run(2_700..2_900);
    assert_eq!(values(&mesh, b"k", 2_900), [""; 3]);
    mesh.run(2_900..20_000);
    assert!(mesh.nodes.iter().all(|node| node.tombstones(20_000) == 0), "all is collected");
    for node in &mesh.nodes {
        assert_eq!(merge(node, b"k", &payload, 20_000), STALE);
    }
    let later = of_a_lost_node(b"k", 1);
    assert_eq!(merge(&mesh.nodes[0], b"k", &later, 20_000), STALE, "it knows of no deletion");
    mesh.nodes[0].count(b"k", 20_000);
    mesh.run(20_000..20_100);
    let fresh = dump(&mut mesh.nodes[0], b"k", 20_100);
    assert_eq!(merge(&mesh.nodes[1], b"k", &fresh, 20_100), Ok(()));
    assert_eq!(values(&mesh, b"k", 20_100), ["1"; 3]);
}

/// Its clock says that the payload was read long after the deletion was collected.
#[test]
fn a_node_that_was_away_when_a_deletion_was_collected_cannot_undo_it() {
    let (mut a, mut b) = (Node::new(1, 1, WINDOW_BYTES), Node::new(2, 2, WINDOW_BYTES));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    run(&mut a, &mut b, [1, 2], 0..1_000);
    count_times(&b, b"k", 5, 1_000);
    run(&mut a, &mut b, [1, 2], 1_000..2_000);
    a.closed(&[1, 2], 2_000);
    b.closed(&[1, 2], 2_000);
    assert!(a.engine.forget(2));
    a.delete(b"k", 2_100);
    (2_100..5_000).step_by(50).for_each(|ms| a.tick(ms));
    assert_eq!(a.tombstones(5_000), 0, "it is collected");
    b.tick(9_000);
    let payload = dump(&mut b, b"k", 9_000);
    assert_eq!(merge(&a, b"k", &payload, 9_000), STALE);
}

#[test]
fn a_newcomer_asks_for_what_was_collected_before_it_came() {
    let mut mesh = mesh(2);
    count_times(&mesh.nodes[1], b"k", 5, 2_000);
    mesh.run(2_000..2_500);
    let payload = dump(&mut mesh.nodes[1], b"k", 2_500);
    mesh.nodes[0].delete(b"k", 2_500);
    mesh.run(2_500..10_000);
    assert_eq!(mesh.nodes[1].tombstones(10_000), 0, "it is collected");
    let seeds = vec!["node-1:7000".to_owned()];
    let mut newcomer = Node::with(Settings { seeds, ..settings(3, 3) }, 10_000);
    newcomer.tick(10_000);
    assert_eq!(merge(&newcomer, b"k", &payload, 10_000), UNKNOWN, "it has met nobody yet");
    mesh.join(newcomer, 10_000);
    mesh.nodes[2].tick(10_001);
    assert_eq!(merge(&mesh.nodes[2], b"k", &payload, 10_001), UNKNOWN, "nobody has spoken yet");
    mesh.run(10_050..12_000);
    assert_eq!(merge(&mesh.nodes[2], b"k", &payload, 12_000), STALE);
}

/// No batch tells of an end that a deadline brings: it is the time that does.
#[test]
fn a_life_that_has_ended_does_not_end_what_was_begun_anew() {
    let grace_ms = 1_000;
    let mut mesh = Mesh::default();
    for node in [1, 2] {
        mesh.join(Node::with(Settings { grace_ms, ..settings(node, node) }, 0), 0);
    }
    mesh.run(0..2_000);
    mesh.nodes[0].count(b"k", 2_000);
    expire(&mesh.nodes[0], b"k", 2_000, 3_000);
    mesh.run(2_000..4_000);
    let payload = dump(&mut mesh.nodes[0], b"k", 4_000);
    mesh.run(4_000..15_000);
    for node in &mesh.nodes {
        assert!(node.keyspace.state(0, b"k").is_none(), "it is dropped");
    }
    count_times(&mesh.nodes[1], b"k", 3, 15_000);
    mesh.run(15_000..15_500);
    for node in &mesh.nodes {
        assert_eq!(merge(node, b"k", &payload, 15_500), Ok(()), "it says nothing");
    }
    mesh.run(15_500..16_000);
    assert_eq!(values(&mesh, b"k", 16_000), ["3"; 2]);
}

#[test]
fn while_a_backup_is_merged_nothing_is_collected() {
    let mut mesh = mesh(2);
    let payload = |name: &[u8]| of_a_lost_node(name, 1);
    // Two keys of one shard, of which one goes again at once.
    let shard = |name: &[u8]| KeyRef::new(0, name).hash >> 44 & 1023;
    let names = (0u32..).map(|number| format!("k{number}"));
    let twin = names.into_iter().find(|name| shard(name.as_bytes()) == shard(b"k"));
    let twin = twin.expect("a name").into_bytes();
    let a = &mesh.nodes[0];
    assert_eq!(merge(a, b"k", &payload(b"k"), 2_000), Ok(()));
    a.delete(b"k", 2_000);
    mesh.run(2_000..11_000);
    assert_eq!(merge(&mesh.nodes[0], &twin, &payload(&twin), 11_000), Ok(()));
    mesh.run(11_000..30_000);
    assert_eq!(mesh.nodes[0].tombstones(30_000), 0, "some time later it is");
    let other = of_a_lost_node(&twin, 7);
    assert_eq!(merge(&mesh.nodes[0], &twin, &other, 30_000), STALE);
    assert_eq!(merge(&mesh.nodes[0], &twin, &payload(&twin), 30_000), Ok(()), "nothing is new");
    assert_eq!(values(&mesh, &twin, 30_000), ["1"; 2]);
}

/// As after its disk went back: what it counts next would be swallowed.
#[test]
fn nobody_merges_more_of_who_counts_than_it_has_told() {
    let mut mesh = mesh(2);
    count_times(&mesh.nodes[0], b"k", 2, 2_000);
    mesh.run(2_000..2_500);
    let mut before = Node::new(1, 1, WINDOW_BYTES);
    count_times(&before, b"k", 5, 2_000);
    before.tick(2_100);
    let payload = dump(&mut before, b"k", 2_100);
    let writer = mesh.nodes[0].engine.me();
    for node in &mesh.nodes {
        let merged = merge(node, b"k", &payload, 2_500);
        assert_eq!(merged, Err(NotMerged::Ahead(writer)));
    }
}

#[test]
fn a_life_that_goes_on_keeps_its_deadline() {
    let mut mesh = mesh(2);
    let mut lost = Node::new(9, 9, WINDOW_BYTES);
    count_times(&lost, b"k", 5, 10);
    expire(&lost, b"k", 10, 60_000);
    lost.tick(20);
    let payload = dump(&mut lost, b"k", 20);
    assert_eq!(merge(&mesh.nodes[0], b"k", &payload, 2_000), Ok(()));
    mesh.run(2_000..2_500);
    for node in &mesh.nodes {
        let keys = node.keyspace.open_one(KeyRef::new(0, b"k"), Mode::Shared, at(2_500).wall_ms);
        assert_eq!(keys.deadline(KeyRef::new(0, b"k")), Ok(Some(Some(at(60_010).wall_ms))));
    }
}

#[test]
fn a_set_is_told_whole() {
    let mut mesh = mesh(2);
    let members = |node: &Node, names: &[&str], ms: u64| {
        let key = KeyRef::new(0, b"s");
        let mut keys = node.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        let done = keys.edit_set(key, headcount::store::Missing::Create, |set| {
            for name in names {
                set.insert(name.as_bytes(), headcount::crdt::MemberDeadline::Keep);
            }
        });
        assert_eq!(done, Ok(Some(())));
    };
    let mut lost = Node::new(9, 9, WINDOW_BYTES);
    members(&lost, &["x", "y"], 10);
    lost.tick(20);
    let payload = dump(&mut lost, b"s", 20);
    members(&mesh.nodes[0], &["a"], 2_000);
    members(&mesh.nodes[1], &["b"], 2_000);
    mesh.run(2_000..2_500);
    assert_eq!(merge(&mesh.nodes[0], b"s", &payload, 2_500), Ok(()));
    members(&mesh.nodes[0], &["c"], 2_500);
    mesh.run(2_500..3_000);
    mesh.nodes[1].delete(b"s", 3_000);
    members(&mesh.nodes[0], &["d"], 3_000);
    mesh.run(3_000..3_500);
    for node in &mesh.nodes {
        let key = KeyRef::new(0, b"s");
        let keys = node.keyspace.open_one(key, Mode::Exclusive, at(3_500).wall_ms);
        let set = keys.set(key).expect("a set").expect("it is there");
        assert_eq!(set.iter().collect::<Vec<_>>(), [b"d"], "what was seen is deleted");
    }
    assert_eq!(roots(&mesh), [mesh.nodes[0].keyspace.root(0); 2]);
}

#[test]
fn where_nothing_is_remembered_nothing_is_merged() {
    let payload = of_a_lost_node(b"k", 5);
    let me = headcount::base::Replica { node: 1, epoch: 1 };
    let dropping = headcount::crdt::Tombstones::Drop;
    let keyspace = headcount::store::Keyspace::new(1, me, dropping, 1);
    let key = KeyRef::new(0, b"k");
    let mut keys = keyspace.open_one(key, Mode::Exclusive, 1);
    keys.set_text(key, b"7", Deadline::Clear);
    let merged = keys.merge(key, payload.state, &[], |_| Ok::<(), ()>(()));
    assert_eq!(merged, Err(NotMerged::Forgetful));
}

/// B is cut off, counts on, and a backup of it is made there. It is forgotten, and comes back.
fn cut_off_with_a_backup() -> (Node, Node, Payload) {
    let (mut a, mut b) = (Node::new(1, 1, WINDOW_BYTES), Node::new(2, 2, WINDOW_BYTES));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    run(&mut a, &mut b, [1, 2], 0..1_000);
    count_times(&b, b"k", 5, 1_000);
    run(&mut a, &mut b, [1, 2], 1_000..2_000);
    a.closed(&[1, 2], 2_000);
    b.closed(&[1, 2], 2_000);
    count_times(&b, b"k", 3, 2_100);
    // It is not drained yet.
    let payload = dump(&mut b, b"k", 2_100);
    a.tick(2_150);
    (a, b, payload)
}

fn come_back(a: &mut Node, b: &mut Node, ms: u64) {
    assert!(a.engine.forget(2));
    // What nobody has of its stream any more is known in a while.
    (ms..ms + 3_000).step_by(50).for_each(|ms| a.tick(ms));
    let ms = ms + 3_000;
    assert!(dial(b, a, 3, ms).is_err(), "it is refused, and comes back");
    dial(a, b, 5, ms + 10).expect("a may come");
    dial(b, a, 6, ms + 10).expect("b may come");
    run(a, b, [5, 6], ms + 10..ms + 6_000);
}

#[test]
fn who_comes_back_does_not_write_again_what_others_have_from_its_backup() {
    let (mut a, mut b, payload) = cut_off_with_a_backup();
    assert_eq!(merge(&a, b"k", &payload, 2_200), Ok(()));
    assert_eq!(a.value(b"k", 2_200), "8");
    (2_200..4_000).step_by(50).for_each(|ms| a.tick(ms));
    come_back(&mut a, &mut b, 4_000);
    assert_eq!([a.value(b"k", 14_000), b.value(b"k", 14_000)], ["8", "8"]);
}

#[test]
fn what_a_node_has_written_again_is_not_taken_from_its_backup_too() {
    let (mut a, mut b, payload) = cut_off_with_a_backup();
    come_back(&mut a, &mut b, 4_000);
    assert_eq!([a.value(b"k", 14_000), b.value(b"k", 14_000)], ["8", "8"]);
    for node in [&a, &b] {
        let merged = merge(node, b"k", &payload, 14_000);
        assert_eq!(merged, Err(NotMerged::NotAdmitted(NotAdmitted::Forgotten(2))));
    }
}
