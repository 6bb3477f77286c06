//! Two nodes' replication by hand: what becomes of connections that are slow, or come up one before the
//! other.

use headcount::base::Replica;
use headcount::crdt::{Deadline, Tombstones};
use headcount::replication::batch::{self, Of};
use headcount::replication::message::{
    Ask, KIND_BATCH, KIND_CONTROL, KIND_STATES, Message, Question,
};
use headcount::replication::{
    Engine, Frame, FrameReader, Greeting, LinkId, Now, Refusal, Resume, SealedFrame, Settings,
};
use headcount::store::{KeyRef, Keyspace, MemberDeadline, Missing, Mode};

struct Node {
    engine: Engine,
    keyspace: Keyspace,
}

fn at(ms: u64) -> Now {
    Now { wall_ms: 1_000_000 + ms, mono_ms: ms }
}

fn node(id: u32) -> Node {
    let settings = Settings {
        node: id,
        epoch: 1,
        incarnation: 1,
        address: format!("n{id}:1"),
        seeds: Vec::new(),
        tick_ms: 5,
        window_bytes: 64 << 20,
        notes_max: 1 << 20,
        sync_interval_ms: 1 << 40,
        forget_after_ms: 1 << 40,
        max_stamp_ahead_ms: 60_000,
        grace_ms: 60_000,
        clock_warning_ms: 500,
        node_timeout_ms: 3_000,
        databases: 16,
        survives: false,
    };
    let me = Replica { node: id, epoch: 1 };
    Node {
        engine: Engine::new(settings, u64::from(id), at(0)),
        keyspace: Keyspace::new(16, me, Tombstones::KEEP, 1_000_000),
    }
}

impl Node {
    fn tick(&mut self, ms: u64) {
        self.engine.tick(&self.keyspace, at(ms));
    }

    fn set(&self, name: &[u8], text: &[u8]) {
        let key = KeyRef::new(0, name);
        let mut keys = self.keyspace.open_one(key, Mode::Exclusive, at(0).wall_ms);
        keys.set_text(key, text, Deadline::Clear);
    }

    fn has(&self, name: &[u8], ms: u64) -> bool {
        let key = KeyRef::new(0, name);
        self.keyspace.open_one(key, Mode::Shared, at(ms).wall_ms).exists(key).expect("access")
    }

    fn syncs(&self, ms: u64) -> bool {
        self.engine.status(&self.keyspace, at(ms)).peers.iter().any(|peer| peer.syncing)
    }

    fn closings(&mut self) -> Vec<LinkId> {
        self.engine.take_closings().into_iter().map(|(link, _)| link).collect()
    }
}

/// `dialler` dials: it is let in at once, and hears of it by [`Welcome::arrive`].
struct Welcome {
    link: LinkId,
    peer: Greeting,
    resume: Resume,
}

impl Welcome {
    fn send(link: LinkId, dialler: &mut Node, acceptor: &mut Node, ms: u64) -> Welcome {
        let greeting = dialler.engine.greeting();
        let resume = acceptor.engine.accept(link, greeting, at(ms)).expect("it is let in");
        Welcome { link, peer: acceptor.engine.greeting(), resume }
    }

    fn arrive(self, dialler: &mut Node, ms: u64) {
        let address = self.peer.address.clone();
        let opened = dialler.engine.opened(self.link, &address, self.peer, self.resume, at(ms));
        opened.expect("it is wanted");
    }
}

fn dial(link: LinkId, dialler: &mut Node, acceptor: &mut Node, ms: u64) {
    Welcome::send(link, dialler, acceptor, ms).arrive(dialler, ms);
}

/// Hands over all that `from` has to send.
fn pump(link: LinkId, from: &mut Node, to: &mut Node, ms: u64) {
    while let Some(sealed) = from.engine.next_frame(link) {
        hand(link, &sealed, to, ms);
    }
}

fn hand(link: LinkId, sealed: &SealedFrame, to: &mut Node, ms: u64) {
    let frame = open(sealed);
    let received = to.engine.receive(&to.keyspace, link, frame.kind, &frame.payload, at(ms));
    received.expect("it is taken");
}

fn open(sealed: &SealedFrame) -> Frame {
    let mut reader = FrameReader::new(1 << 30);
    reader.push(&sealed.encode(0));
    reader.next_frame().expect("a good frame").expect("a whole one")
}

/// Both on their way, until nothing is left to be said.
fn talk(a: &mut Node, b: &mut Node, [ab, ba]: [LinkId; 2], ms: u64) {
    a.tick(ms);
    b.tick(ms);
    for _ in 0..20 {
        pump(ab, a, b, ms);
        pump(ba, b, a, ms);
    }
}

fn pair() -> (Node, Node) {
    let (mut a, mut b) = (node(1), node(2));
    dial(1, &mut a, &mut b, 0);
    dial(2, &mut b, &mut a, 0);
    (a, b)
}

#[test]
fn a_peer_is_alive_while_bytes_of_a_frame_come() {
    let (mut a, mut b) = pair();
    talk(&mut a, &mut b, [1, 2], 5);
    assert_eq!(a.closings(), []);
    for ms in (10..20_000).step_by(10) {
        if ms % 1_000 == 0 {
            a.engine.transferred(2, 1_000, at(ms));
        }
        a.tick(ms);
    }
    assert_eq!(a.closings(), [], "a large frame is under way");
    for ms in (20_000..22_000).step_by(10) {
        a.tick(ms);
    }
    assert_eq!(a.closings(), [1, 2], "nothing comes any more");
}

#[test]
fn a_round_goes_on_while_its_answer_comes() {
    let (mut a, mut b) = pair();
    pump(2, &mut b, &mut a, 1);
    for ms in (5..20_000).step_by(10) {
        if ms % 1_000 == 5 {
            a.engine.transferred(2, 1_000, at(ms));
        }
        a.tick(ms);
    }
    assert_eq!(a.engine.status(&a.keyspace, at(20_000)).sync_rounds, 1);
    assert!(a.syncs(20_000));
}

#[test]
fn who_was_held_up_does_not_judge_the_others() {
    let (mut a, mut b) = pair();
    talk(&mut a, &mut b, [1, 2], 5);
    a.tick(10_000);
    a.tick(10_005);
    assert_eq!(a.closings(), [], "what came meanwhile is not read yet");
    for ms in (10_010..12_000).step_by(10) {
        a.tick(ms);
    }
    assert_eq!(a.closings(), [1, 2]);
}

#[test]
fn a_peer_is_asked_only_when_it_can_answer() {
    let (mut a, mut b) = (node(1), node(2));
    b.set(b"key", b"text");
    let welcome = Welcome::send(2, &mut b, &mut a, 0);
    dial(1, &mut a, &mut b, 0);
    a.tick(5);
    pump(1, &mut a, &mut b, 5);
    assert!(!a.syncs(5), "it does not know yet that it was let in");
    welcome.arrive(&mut b, 6);
    pump(2, &mut b, &mut a, 7);
    talk(&mut a, &mut b, [1, 2], 10);
    talk(&mut a, &mut b, [1, 2], 15);
    assert!(a.has(b"key", 20));
    assert!(!a.syncs(20), "the round is over");
}

#[test]
fn what_was_asked_on_an_older_connection_is_asked_again() {
    let (mut a, mut b) = pair();
    pump(2, &mut b, &mut a, 1);
    a.tick(5);
    assert!(a.syncs(5));
    // What it has asked is lost with the connection, which it does not hear of.
    dial(3, &mut a, &mut b, 10);
    talk(&mut a, &mut b, [3, 2], 15);
    talk(&mut a, &mut b, [3, 2], 20);
    let status = a.engine.status(&a.keyspace, at(20));
    assert_eq!((status.sync_rounds, a.syncs(20)), (2, false));
}

#[test]
fn a_question_that_is_not_answered_holds_up_others_only_for_a_moment() {
    let (mut a, mut b) = pair();
    pump(2, &mut b, &mut a, 1);
    a.tick(5);
    assert!(a.syncs(5));
    while a.engine.next_frame(1).is_some() {}
    for ms in (10..4_000).step_by(10) {
        b.tick(ms);
        pump(2, &mut b, &mut a, ms);
        a.tick(ms);
        pump(1, &mut a, &mut b, ms);
    }
    let status = a.engine.status(&a.keyspace, at(4_000));
    assert_eq!((status.sync_rounds, a.syncs(4_000)), (2, false));
}

/// The answer to a question by names: how many keys it answers, and their states.
fn ask_named(b: &mut Node, keys: Vec<(u16, Vec<u8>)>) -> (u32, usize) {
    while b.engine.next_frame(2).is_some() {}
    let ask = Message::Ask(Ask { round: 0, what: Question::Named { keys } });
    let bytes = postcard::to_stdvec(&ask).expect("bytes");
    b.engine.receive(&b.keyspace, 1, KIND_CONTROL, &bytes, at(5)).expect("a question");
    // Behind what was drained when it was given.
    let mut frames = std::iter::from_fn(|| b.engine.next_frame(2));
    let frame = frames.find(|frame| frame.kind() != KIND_BATCH).expect("an answer");
    let frame = open(&frame);
    let mut states = Vec::new();
    let head = batch::read_answer(&frame.payload, &mut states).expect("states");
    let Of::Named { answered } = head.of else { panic!("{head:?}") };
    (answered, states.len())
}

/// Else a command on two keys might be known by one of them, and its node dead before it tells of the
/// other.
#[test]
fn states_go_out_behind_all_that_was_drained_before_they_were_read() {
    let (_a, mut b) = pair();
    while b.engine.next_frame(2).is_some() {}
    b.set(b"key", b"1");
    let ask = Ask { round: 0, what: Question::Named { keys: vec![(0, b"key".to_vec())] } };
    let bytes = postcard::to_stdvec(&Message::Ask(ask)).expect("bytes");
    b.engine.receive(&b.keyspace, 1, KIND_CONTROL, &bytes, at(5)).expect("a question");
    let kinds: Vec<u8> = std::iter::from_fn(|| b.engine.next_frame(2)).map(|f| f.kind()).collect();
    assert_eq!(kinds, [KIND_BATCH, KIND_STATES]);
}

#[test]
fn an_answer_by_names_is_bounded() {
    let (_a, mut b) = pair();
    let names: Vec<_> = (0..5u8).map(|n| (0, vec![n])).collect();
    for (_, name) in &names {
        b.set(name, &[0; 600_000]);
    }
    assert_eq!(ask_named(&mut b, names), (2, 2));
}

#[test]
fn what_is_asked_of_a_database_that_is_not_there_is_not_answered_from_another_one() {
    let (_a, mut b) = pair();
    let key = KeyRef::new(15, b"key");
    b.keyspace.open_one(key, Mode::Exclusive, at(0).wall_ms).set_text(key, b"", Deadline::Clear);
    assert_eq!(ask_named(&mut b, vec![(16, b"key".to_vec())]), (1, 0));
    assert_eq!(ask_named(&mut b, vec![(15, b"key".to_vec())]), (1, 1));
}

/// Sets of which a node has heard the second half only, too large to be pulled by one answer.
#[test]
fn what_an_answer_had_no_room_for_is_asked_for_again() {
    let (mut a, mut b) = (node(1), node(2));
    let insert = |a: &Node, member: &[u8]| {
        for name in [b"1", b"2", b"3"] {
            let key = KeyRef::new(0, name);
            let mut keys = a.keyspace.open_one(key, Mode::Exclusive, at(0).wall_ms);
            let inserted = keys.edit_set(key, Missing::Create, |set| {
                set.insert(member, MemberDeadline::Keep);
            });
            inserted.expect("a set");
        }
    };
    insert(&a, &[1; 2 << 20]);
    a.tick(5);
    insert(&a, b"2");
    a.tick(10);
    dial(1, &mut a, &mut b, 11);
    dial(2, &mut b, &mut a, 11);
    // The first batch is lost to the window.
    let mut frames = std::iter::from_fn(|| a.engine.next_frame(1)).collect::<Vec<_>>();
    let first = frames.iter().position(|frame| frame.kind() == KIND_BATCH).expect("a batch");
    frames.remove(first);
    for sealed in frames {
        hand(1, &sealed, &mut b, 12);
    }
    let members = |b: &Node, name: &[u8]| {
        let key = KeyRef::new(0, name);
        let keys = b.keyspace.open_one(key, Mode::Shared, at(0).wall_ms);
        keys.set(key).expect("a set").map_or(0, |set| set.len())
    };
    assert_eq!([b"1", b"2", b"3"].map(|name| members(&b, name)), [1; 3]);
    // It does not tick, so it does not compare.
    for _ in 0..5 {
        pump(2, &mut b, &mut a, 13);
        pump(1, &mut a, &mut b, 13);
    }
    assert_eq!([b"1", b"2", b"3"].map(|name| members(&b, name)), [2; 3]);
}

#[test]
fn nodes_with_different_numbers_of_databases_stay_apart() {
    let (mut a, mut b) = (node(1), node(2));
    let greeting = Greeting { databases: 17, ..a.engine.greeting() };
    let refusal = Refusal::Databases { dialler: 17, acceptor: 16 };
    assert_eq!(b.engine.accept(1, greeting, at(0)), Err(refusal));
}

/// It may have told some of them more than the others.
#[test]
fn who_hears_that_a_node_is_gone_compares_with_the_others() {
    let (mut a, mut b) = pair();
    let mut c = node(3);
    dial(3, &mut c, &mut a, 0);
    for ms in (5..100).step_by(5) {
        talk(&mut a, &mut b, [1, 2], ms);
        pump(3, &mut c, &mut a, ms);
    }
    let rounds = |a: &Node| a.engine.status(&a.keyspace, at(100)).sync_rounds;
    let before = rounds(&a);
    c.engine.leave(&c.keyspace, at(100));
    pump(3, &mut c, &mut a, 100);
    talk(&mut a, &mut b, [1, 2], 105);
    assert_eq!(rounds(&a), before + 1);
}
