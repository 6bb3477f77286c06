//! The traps that others fell into, each a story of two or three replicas, or of engines that talk to
//! each other. (What needs threads or tokens of requests is tested where those are.)

mod engines;
#[path = "laws/node.rs"]
mod node;
mod support;

use engines::mesh::Mesh;
use engines::{Node as Peer, WINDOW_BYTES, dial, run, settings};
use headcount::base::clock::Clock;
use headcount::base::{Replica, Stamp};
use headcount::crdt::{Deadline, Key, Kind, MemberDeadline, Tombstones};
use headcount::replication::message::{KIND_BATCH, KIND_STATES};
use headcount::replication::{Refusal, Settings};
use headcount::store::{KeyRef, Keyspace, Mode};
use node::{Node, START_MS, text_at};

/// Everybody hears of everything.
fn converge(nodes: &mut [&mut Node]) {
    for _ in 0..2 {
        let states: Vec<Key> = nodes.iter().map(|node| node.key.clone()).collect();
        nodes.iter_mut().for_each(|node| states.iter().for_each(|state| node.hear(state)));
    }
    assert!(nodes.windows(2).all(|pair| pair[0].key == pair[1].key));
}

fn incr(node: &mut Node, ms: u64, by: i128) {
    node.write(ms, |key, write| key.add(write, by));
}

fn del(node: &mut Node, ms: u64) {
    node.write(ms, |key, write| key.delete(write));
}

#[test]
fn trap_1_a_slot_is_not_reused_after_data_was_lost() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 100);
    b.hear(&a.key);
    // The machine is gone, and comes back from an empty disk in a new epoch.
    a = Node::new(1);
    a.replica.epoch = 2;
    incr(&mut a, 10, 7);
    converge(&mut [&mut a, &mut b]);
    assert_eq!(text_at(&a.key, 20).as_deref(), Some("107"), "max of 100 and 7 would lose the 7");
}

#[test]
fn trap_1_nor_after_a_part_of_it_was_lost() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 100);
    let on_disk = a.key.clone();
    incr(&mut a, 2, 10);
    b.hear(&a.key);
    a.key = on_disk;
    a.replica.epoch = 2;
    incr(&mut a, 10, 3);
    converge(&mut [&mut a, &mut b]);
    assert_eq!(text_at(&a.key, 20).as_deref(), Some("113"));
}

/// What was counted stays in the slot in which it was counted, whatever epoch its node is in.
#[test]
fn trap_2_values_never_move_between_epochs() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    let first = a.replica;
    incr(&mut a, 1, 1);
    let in_an_old_log = a.key.clone();
    for epoch in 2..6 {
        a.replica.epoch = epoch;
        incr(&mut a, u64::from(epoch), 4i128.pow(epoch));
    }
    b.hear(&a.key);
    let slot = |key: &Key, replica| key.lives()[0].counter().slot(replica).map(|s| s.value());
    assert_eq!(slot(&b.key, first), Some(1));
    // A deletion that had seen only the first epoch, and the old log read once more.
    let mut c = Node::new(3);
    c.hear(&in_an_old_log);
    del(&mut c, 10);
    converge(&mut [&mut a, &mut b, &mut c]);
    a.hear(&in_an_old_log);
    assert_eq!(text_at(&a.key, 20).as_deref(), Some("1360"), "16 + 64 + 256 + 1024, without the 1");
}

/// An epoch that its node resumes goes on from what it had counted there.
#[test]
fn trap_2_a_resumed_epoch_counts_on() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 1);
    b.hear(&a.key);
    a.replica.epoch = 2;
    incr(&mut a, 2, 4);
    // All that was ever known of the first epoch is at hand: it goes on.
    a.hear(&b.key);
    a.replica.epoch = 1;
    incr(&mut a, 3, 16);
    converge(&mut [&mut a, &mut b]);
    assert_eq!(text_at(&a.key, 20).as_deref(), Some("21"));
    assert_eq!(a.key.lives()[0].counter().slots().len(), 2, "state does not grow with restarts");
}

#[test]
fn trap_3_what_is_removed_and_added_again_is_not_swallowed() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 100);
    b.hear(&a.key);
    let late = b.key.clone();
    del(&mut a, 2);
    incr(&mut a, 3, 3);
    assert_eq!(text_at(&a.key, 4).as_deref(), Some("3"));
    b.hear(&a.key);
    assert_eq!(text_at(&b.key, 4).as_deref(), Some("3"), "max(100, 3) − 100 would be 0");
    a.hear(&late);
    assert_eq!(text_at(&a.key, 4).as_deref(), Some("3"), "nor does the old come back");
}

#[test]
fn trap_3_nor_is_a_member() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    let add = |node: &mut Node, ms| {
        node.write(ms, |key, write| key.insert(write, b"x", MemberDeadline::Keep));
    };
    add(&mut a, 1);
    b.hear(&a.key);
    let late = b.key.clone();
    a.write(2, |key, write| key.remove(write, b"x"));
    a.hear(&late);
    assert_eq!(a.key.kind(START_MS + 3), None, "what was removed does not come back");
    add(&mut a, 4);
    b.hear(&a.key);
    assert_eq!(b.key.kind(START_MS + 5), Some(Kind::Set));
    b.write(6, |key, write| key.remove(write, b"x"));
    converge(&mut [&mut a, &mut b]);
    assert_eq!(a.key.kind(START_MS + 7), None);
}

fn sadd(node: &mut Node, ms: u64, member: &[u8]) {
    node.write(ms, |key, write| key.insert(write, member, MemberDeadline::Keep));
}

fn members(key: &Key) -> Vec<&[u8]> {
    let mut members: Vec<&[u8]> = key.sets(START_MS).flat_map(|set| set.iter()).collect();
    members.sort_unstable();
    members
}

/// One stamp for "all up to here" would take away what never came.
#[test]
fn a_deletion_by_a_node_that_holds_part_of_a_set_removes_that_part() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    sadd(&mut a, 1, b"lost");
    let _lost = a.key.take_part(a.replica);
    sadd(&mut a, 2, b"came");
    let came = a.key.take_part(a.replica);
    assert!(!b.key.merge(&came, Tombstones::KEEP), "there is a gap before it");
    del(&mut b, 3);
    assert_eq!(b.key.kind(START_MS + 4), None);
    // b has not pulled the whole set yet: what it deletes goes out as it is.
    let deleted = b.key.take_part(b.replica);
    a.key.merge(&deleted, Tombstones::KEEP);
    assert_eq!(members(&a.key), [b"lost"]);
    b.hear(&a.key);
    assert_eq!(b.key, a.key);
    // Now it has seen all of it, and one stamp does.
    del(&mut b, 5);
    assert!(a.key.merge(&b.key.take_part(b.replica), Tombstones::KEEP));
    assert_eq!(a.key.kind(START_MS + 6), None);
}

/// What all three show of the key, and how much each keeps of what is deleted.
fn shown_and_kept(mesh: &Mesh, ms: u64) -> (Vec<String>, Vec<u64>) {
    let shown = mesh.nodes.iter().map(|node| node.value(b"k", ms)).collect();
    (shown, mesh.nodes.iter().map(|node| node.tombstones(ms)).collect())
}

/// The first node's key is on its way to the third for long. The second deletes the key meanwhile, which
/// all hear of; none may forget that before the key has arrived.
fn deleted_while_on_its_way(mesh: &mut Mesh, from_ms: u64) {
    let [long, longer, end] = [10_000, 10_100, 20_000].map(|ms| from_ms + ms);
    mesh.nodes[1].delete(b"k", from_ms);
    mesh.run(from_ms..long);
    assert_eq!(shown_and_kept(mesh, long), (vec![String::new(); 3], vec![1; 3]));
    assert_ne!(mesh.speed_up(long), 0, "nothing was on its way");
    mesh.run(long..longer);
    let (shown, _) = shown_and_kept(mesh, longer);
    assert_eq!(shown, [""; 3], "the dead are back");
    mesh.run(longer..end);
    assert_eq!(shown_and_kept(mesh, end), (vec![String::new(); 3], vec![0; 3]));
}

#[test]
fn trap_4_a_batch_in_flight_does_not_bring_back_the_dead() {
    let mut mesh = Mesh::default();
    (1..=3).for_each(|node| mesh.join(Peer::new(node, node, WINDOW_BYTES), 0));
    mesh.run(0..1_000);
    mesh.slow_down(0, 2, KIND_BATCH);
    mesh.nodes[0].count(b"k", 1_000);
    mesh.run(1_000..1_200);
    assert_eq!(shown_and_kept(&mesh, 1_200).0, ["1", "1", ""]);
    deleted_while_on_its_way(&mut mesh, 1_200);
}

/// The third has just come, and asked the first for all that there is.
#[test]
fn trap_4_nor_does_a_digest_reply() {
    let mut mesh = Mesh::default();
    mesh.join(Peer::new(1, 1, 1), 0);
    mesh.join(Peer::new(2, 2, WINDOW_BYTES), 0);
    mesh.nodes[0].count(b"k", 0);
    // The batch is gone.
    mesh.run(0..3_000);
    mesh.join(Peer::new(3, 3, WINDOW_BYTES), 3_000);
    mesh.slow_down(0, 2, KIND_STATES);
    mesh.run(3_000..3_200);
    assert_eq!(shown_and_kept(&mesh, 3_200).0, ["1", "1", ""]);
    deleted_while_on_its_way(&mut mesh, 3_200);
}

/// What a node has merged but not written down it has not got for certain.
#[test]
fn trap_4_nor_does_a_member_whose_tail_was_lost() {
    let settings = |node, epoch| {
        let incarnation = u64::from(node);
        Settings { survives: true, incarnation, ..settings(node, epoch) }
    };
    let (mut a, mut b) = (Peer::with(settings(1, 1), 0), Peer::with(settings(2, 2), 0));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    a.count(b"k", 0);
    run(&mut a, &mut b, [1, 2], 0..1_000);
    let disk = b.persist(&[b"k"]);
    a.delete(b"k", 1_000);
    for ms in (1_000..10_000).step_by(1_000) {
        run(&mut a, &mut b, [1, 2], ms..ms + 1_000);
        a.persist(&[b"k"]);
    }
    assert_eq!(
        [&a, &b].map(|node| (node.value(b"k", 10_000), node.tombstones(10_000))),
        [(String::new(), 1), (String::new(), 1)]
    );
    a.closed(&[1, 2], 10_000);
    let mut b = Peer::restore(settings(2, 3), &disk, 10_000);
    assert_eq!(b.value(b"k", 10_000), "1", "it does not remember that it was deleted");
    dial(&mut a, &mut b, 3, 10_000).expect("a may come");
    dial(&mut b, &mut a, 4, 10_000).expect("b may come again");
    for ms in (10_000..20_000).step_by(1_000) {
        run(&mut a, &mut b, [3, 4], ms..ms + 1_000);
        a.persist(&[b"k"]);
        b.persist(&[b"k"]);
    }
    assert_eq!(
        [&a, &b].map(|node| (node.value(b"k", 20_000), node.tombstones(20_000))),
        [(String::new(), 0), (String::new(), 0)]
    );
}

/// Nobody waits for it any more, so what it has missed is forgotten.
#[test]
fn trap_5_a_member_away_too_long_brings_back_no_dead_and_loses_no_count() {
    let forget_after_ms = 5_000;
    let [mut a, mut b] =
        [1, 2].map(|node| Peer::with(Settings { forget_after_ms, ..settings(node, node) }, 0));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    let count =
        |node: &Peer, names: &[&[u8]], ms| names.iter().for_each(|name| node.count(name, ms));
    count(&a, &[b"views", b"gone"], 0);
    count(&b, &[b"views", b"gone"], 0);
    run(&mut a, &mut b, [1, 2], 0..1_000);
    a.closed(&[1, 2], 1_000);
    b.closed(&[1, 2], 1_000);
    count(&b, &[b"views", b"visits"], 1_001);
    count(&a, &[b"views"], 1_001);
    a.delete(b"gone", 1_001);
    for ms in (1_050..10_000).step_by(50) {
        a.tick(ms);
        b.tick(ms);
        if ms == 5_000 {
            assert_eq!(a.tombstones(ms), 1, "so long it is waited for");
        }
    }
    assert_eq!(a.tombstones(10_000), 0);
    assert_eq!(b.value(b"gone", 10_000), "2");
    assert!(matches!(dial(&mut b, &mut a, 3, 10_000), Err(Refusal::Forgotten { .. })));
    dial(&mut b, &mut a, 4, 10_100).expect("b may come anew");
    dial(&mut a, &mut b, 5, 10_100).expect("a may come");
    run(&mut a, &mut b, [5, 4], 10_100..12_000);
    for node in [&a, &b] {
        let values = [&b"views"[..], b"visits", b"gone"].map(|name| node.value(name, 12_000));
        assert_eq!(values, ["4", "1", ""]);
    }
}

/// It comes back with the state of the others and, in a new epoch, its own unheard part.
#[test]
fn trap_5_who_was_forgotten_says_again_what_nobody_heard() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 1);
    b.hear(&a.key);
    let (heard, since) = (a.key.own(a.replica), a.key.max_stamp());
    incr(&mut a, 2, 4);
    incr(&mut b, 3, 16);
    let lost = a.replica;
    a.replica.epoch = 2;
    let again = a.key.reissue(lost, Some(&heard), since, a.replica, &Key::default());
    a.key = Key::default();
    a.hear(&b.key);
    a.hear(&again);
    assert_eq!(text_at(&a.key, 10).as_deref(), Some("21"));
    converge(&mut [&mut a, &mut b]);
    assert_eq!(text_at(&b.key, 10).as_deref(), Some("21"));
    // What it counts from now on goes on from there.
    incr(&mut a, 11, 64);
    b.hear(&a.key);
    assert_eq!(text_at(&b.key, 12).as_deref(), Some("85"));
}

/// The node whose clock is ahead begins anew while the other still counts on what ends.
#[test]
fn trap_6_two_clocks_see_a_deadline_pass_at_two_moments() {
    let (mut a, mut ahead) = (Node::new(1), Node::new(2));
    incr(&mut a, 0, 1);
    a.write(1, |key, write| key.set_deadline(write, Some(START_MS + 100)));
    ahead.hear(&a.key);
    incr(&mut ahead, 110, 4);
    incr(&mut a, 90, 16);
    assert_eq!(text_at(&ahead.key, 110).as_deref(), Some("4"), "what was there has ended");
    assert_eq!(text_at(&a.key, 95).as_deref(), Some("17"));
    converge(&mut [&mut a, &mut ahead]);
    assert_eq!(text_at(&a.key, 95).as_deref(), Some("21"), "both lives, until the first ends");
    assert_eq!(text_at(&a.key, 100).as_deref(), Some("4"), "the 16 fell to the deadline");
    assert_eq!(text_at(&ahead.key, 120).as_deref(), Some("4"));
}

#[test]
fn trap_6_two_nodes_that_close_one_deadline_open_one_life() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 0, 1);
    a.write(1, |key, write| key.set_deadline(write, Some(START_MS + 100)));
    b.hear(&a.key);
    incr(&mut a, 150, 4);
    incr(&mut b, 160, 16);
    converge(&mut [&mut a, &mut b]);
    assert_eq!(text_at(&a.key, 170).as_deref(), Some("20"));
    assert_eq!(a.key.lives().len(), 2);
    // One deadline ends it for both.
    b.write(180, |key, write| key.set_deadline(write, Some(START_MS + 200)));
    a.hear(&b.key);
    assert_eq!(text_at(&a.key, 200), None);
}

#[test]
fn trap_6_deleting_what_has_ended_does_not_bring_its_rest_back() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 0, 1);
    a.write(1, |key, write| key.set_deadline(write, Some(START_MS + 100)));
    b.hear(&a.key);
    incr(&mut b, 90, 4);
    del(&mut a, 150);
    incr(&mut a, 160, 16);
    converge(&mut [&mut a, &mut b]);
    assert_eq!(text_at(&a.key, 170).as_deref(), Some("16"), "the 4 ended at its deadline");
}

/// The ones that expire by another's clock are told whole, and seen until they expire here.
#[test]
fn trap_6_members_expire_by_the_clock_of_who_looks() {
    let (mut a, mut ahead) = (Node::new(1), Node::new(2));
    let ends = MemberDeadline::Set(Some(START_MS + 100));
    ahead.write(50, |key, write| key.insert(write, b"x", ends));
    ahead.write(120, |key, write| key.insert(write, b"y", MemberDeadline::Keep));
    a.hear(&ahead.key);
    let is_in = |node: &mut Node, ms| {
        node.key.settle(START_MS + ms, Tombstones::KEEP);
        node.key.sets(START_MS + ms).any(|set| set.contains(b"x"))
    };
    assert!(!is_in(&mut ahead, 120));
    assert!(is_in(&mut a, 60));
    assert!(!is_in(&mut a, 100));
    // A heartbeat from where it is still in brings it back everywhere.
    a = Node::new(1);
    a.hear(&ahead.key);
    a.write(70, |key, write| key.insert(write, b"x", MemberDeadline::Set(Some(START_MS + 500))));
    ahead.hear(&a.key);
    assert!(is_in(&mut ahead, 130));
}

/// Its connection breaks before the reply is there. (Between nodes: `tests/cluster/lists.rs`; over a restart:
/// `tests/durability/once.rs`.)
#[test]
fn trap_7_an_increment_that_is_sent_again_counts_once() {
    let server = support::Server::headcount(&[]);
    let retried = [&b"ONCE"[..], b"token", b"INCR", b"views"];
    for _ in 0..3 {
        let mut client = server.connect();
        client.send(&[&retried[..]]).expect("sent");
        drop(client);
    }
    let mut client = server.connect();
    assert_eq!(support::show(&client.call(&retried)), "(integer) 1");
    assert_eq!(support::show(&client.call(&["GET", "views"])), "\"1\"");
}

#[test]
fn trap_8_a_clock_that_went_back_gives_no_stamp_twice() {
    let clock = Clock::default();
    let before = clock.stamp(START_MS);
    // The reservation that the disk held is observed first after a restart.
    let restarted = Clock::default();
    restarted.observe(before);
    assert!(restarted.stamp(START_MS - 5_000) > before);
    // And what is written by it is later than what it overwrites.
    let mut a = Node::new(1);
    a.write(5_000, |key, write| key.set_text(write, b"old", Deadline::Clear));
    a.write(0, |key, write| key.set_text(write, b"new", Deadline::Clear));
    assert_eq!(text_at(&a.key, 0).as_deref(), Some("new"));
    let mut b = Node::new(2);
    b.hear(&a.key);
    b.write(0, |key, write| key.set_text(write, b"newer", Deadline::Clear));
    a.hear(&b.key);
    assert_eq!(text_at(&a.key, 0).as_deref(), Some("newer"), "however late b's clock is");
    assert!(Stamp::at_ms(0) < a.key.max_stamp());
}

fn store(node: u32, tombstones: Tombstones) -> Keyspace {
    Keyspace::new(2, Replica { node, epoch: 1 }, tombstones, START_MS)
}

fn digest(keyspace: &Keyspace, now_ms: u64) -> [u8; 20] {
    keyspace.open_whole(&[], Mode::Shared, now_ms).digest()
}

/// A node that has dropped what is forgotten and one that has not yet: no difference to see.
#[test]
fn trap_9_digests_leave_out_what_is_forgotten_or_past() {
    let (dropping, keeping) = (store(1, Tombstones::Drop), store(1, Tombstones::KEEP));
    for keyspace in [&dropping, &keeping] {
        let write = |name: &[u8], ends| {
            let key = KeyRef::new(1, name);
            keyspace.open([key], Mode::Exclusive, START_MS).set_text(key, name, ends);
        };
        write(b"stays", Deadline::Clear);
        write(b"goes", Deadline::Clear);
        write(b"ends", Deadline::At(START_MS + 10));
        let key = KeyRef::new(1, b"goes");
        assert!(keyspace.open([key], Mode::Exclusive, START_MS).delete(key));
        // Counted on in a second life.
        write(b"again", Deadline::At(START_MS + 5));
        let key = KeyRef::new(1, b"again");
        assert_eq!(keyspace.open([key], Mode::Exclusive, START_MS + 20).add(key, 5), Ok(5));
        // A database of which nothing is left.
        let key = KeyRef::new(0, b"gone");
        let mut keys = keyspace.open([key], Mode::Exclusive, START_MS);
        keys.set_text(key, b"1", Deadline::Clear);
        keys.delete(key);
    }
    assert_eq!(digest(&dropping, START_MS + 30), digest(&keeping, START_MS + 30));
    assert_ne!(digest(&keeping, START_MS + 30), digest(&keeping, START_MS + 3));
}

/// Collecting what is forgotten changes nothing that is seen, and a converged pair stays equal.
#[test]
fn trap_9_collecting_is_not_seen() {
    let mut a = Node::new(1);
    incr(&mut a, 0, 5);
    del(&mut a, 1);
    incr(&mut a, 2, 7);
    a.write(3, |key, write| key.set_deadline(write, Some(START_MS + 50)));
    a.write(60, |key, write| key.insert(write, b"x", MemberDeadline::Keep));
    a.write(61, |key, write| key.insert(write, b"y", MemberDeadline::Keep));
    a.write(62, |key, write| key.remove(write, b"y"));
    let mut collected = a.key.clone();
    collected.collect_all(START_MS + 70);
    assert_eq!(collected.lives().len(), 1, "the life that is past is gone");
    let members = |key: &Key| {
        let sets = key.sets(START_MS + 70);
        sets.flat_map(|set| set.iter().map(<[u8]>::to_vec)).collect::<Vec<_>>()
    };
    assert_eq!(members(&collected), [b"x".to_vec()]);
    assert_eq!(members(&a.key), members(&collected));
}
