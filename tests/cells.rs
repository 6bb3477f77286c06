//! Bits and HyperLogLogs on nodes that are cut apart, on the engines that run in production: what each wrote
//! is there afterwards, little is told, and everything becomes plain.

mod engines;

use engines::mesh::Mesh;
use engines::{Node, WINDOW_BYTES, at, dial, run};
use headcount::base::{Replica, Stamp, Tag, hll};
use headcount::crdt::{Key, Tombstones, Visible, Write};
use headcount::store::{Deadline, KeyRef, Keys, Mode};
use std::ops::ControlFlow;

fn on<R>(node: &Node, name: &[u8], ms: u64, act: impl FnOnce(&mut Keys<'_>, KeyRef<'_>) -> R) -> R {
    let key = KeyRef::new(0, name);
    act(&mut node.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms), key)
}

fn set_bit(node: &Node, name: &[u8], place: u32, bit: bool, ms: u64) {
    on(node, name, ms, |keys, key| keys.put_bits(key, [(place, bit)].into_iter())).expect("a text");
}

fn add(node: &Node, name: &[u8], element: &[u8], ms: u64) {
    on(node, name, ms, |keys, key| keys.raise_registers(key, &[hll::hash(element)]));
}

fn text(node: &Node, name: &[u8], ms: u64) -> Option<Vec<u8>> {
    on(node, name, ms, |keys, key| keys.text(key).expect("a text").map(|text| text.to_vec()))
}

fn mesh() -> Mesh {
    let mut mesh = Mesh::default();
    (1..=3).for_each(|node| mesh.join(Node::new(node, node, WINDOW_BYTES), 0));
    mesh.run(0..2_000);
    mesh
}

fn texts(mesh: &Mesh, name: &[u8], ms: u64) -> Vec<Option<Vec<u8>>> {
    mesh.nodes.iter().map(|node| text(node, name, ms)).collect()
}

fn roots(mesh: &Mesh) -> Vec<u64> {
    mesh.nodes.iter().map(|node| node.keyspace.root(0)).collect()
}

/// Nobody waits for anybody any more.
fn all_is_plain(mesh: &Mesh, ms: u64) -> bool {
    mesh.nodes.iter().all(|node| node.tombstones(ms) == 0)
}

#[test]
fn what_each_wrote_is_there_and_becomes_plain() {
    let mut mesh = mesh();
    for (node, place) in [(0, 0), (1, 9), (2, 30_000)] {
        set_bit(&mesh.nodes[node], b"bits", place, true, 2_000);
        add(&mesh.nodes[node], b"hll", &place.to_le_bytes(), 2_000);
    }
    mesh.run(2_000..2_500);
    let bits = text(&mesh.nodes[0], b"bits", 2_500).expect("bits");
    assert_eq!((bits[0], bits[1], bits[3_750], bits.len()), (0x80, 0x40, 0x80, 3_751));
    assert_eq!(texts(&mesh, b"bits", 2_500), vec![Some(bits.clone()); 3]);
    let ranks = hll::ranks(&text(&mesh.nodes[1], b"hll", 2_500).expect("registers"));
    assert_eq!(hll::estimate(&ranks.expect("a HyperLogLog")), 3);
    let before = roots(&mesh);
    assert_eq!(before, [before[0]; 3]);
    mesh.run(2_500..20_000);
    assert!(all_is_plain(&mesh, 20_000));
    assert_eq!(roots(&mesh), before, "plain or not is no difference");
    assert_eq!(texts(&mesh, b"bits", 20_000), vec![Some(bits); 3]);
}

#[test]
fn a_deletion_takes_away_what_it_had_seen_plain_or_not() {
    let mut mesh = mesh();
    set_bit(&mesh.nodes[0], b"k", 0, true, 2_000);
    add(&mesh.nodes[0], b"h", b"old", 2_000);
    mesh.run(2_000..20_000);
    assert!(all_is_plain(&mesh, 20_000));
    set_bit(&mesh.nodes[0], b"k", 1, true, 20_000);
    mesh.run(20_000..20_200);
    // The first is plain, the second fresh, and two more are written while it is deleted.
    set_bit(&mesh.nodes[1], b"k", 2, true, 20_200);
    add(&mesh.nodes[1], b"h", b"new", 20_200);
    for name in [b"k", b"h"] {
        mesh.nodes[2].delete(name, 20_200);
    }
    set_bit(&mesh.nodes[2], b"k", 3, true, 20_201);
    mesh.run(20_200..20_700);
    assert_eq!(texts(&mesh, b"k", 20_700), vec![Some(vec![0x30]); 3]);
    let mut only = Box::new([0; hll::REGISTERS]);
    let (register, rank) = hll::hash(b"new");
    only[usize::from(register)] = rank;
    assert_eq!(texts(&mesh, b"h", 20_700), vec![Some(hll::of_ranks(&only, 3_000)); 3]);
    mesh.run(20_700..40_000);
    assert!(all_is_plain(&mesh, 40_000));
    assert_eq!(texts(&mesh, b"k", 40_000), vec![Some(vec![0x30]); 3]);
    assert_eq!(roots(&mesh), [roots(&mesh)[0]; 3]);
}

#[test]
fn what_is_plain_reaches_a_newcomer() {
    let mut mesh = mesh();
    on(&mesh.nodes[0], b"k", 2_000, |keys, key| keys.set_text(key, b"\xff\xff", Deadline::Keep));
    mesh.run(2_000..2_200);
    set_bit(&mesh.nodes[1], b"k", 3, false, 2_200);
    add(&mesh.nodes[1], b"h", b"x", 2_200);
    mesh.run(2_200..20_000);
    assert!(all_is_plain(&mesh, 20_000));
    mesh.join(Node::new(4, 4, WINDOW_BYTES), 20_000);
    mesh.run(20_000..25_000);
    assert_eq!(texts(&mesh, b"k", 25_000), vec![Some(b"\xef\xff".to_vec()); 4]);
    assert_eq!(roots(&mesh), [roots(&mesh)[0]; 4]);
}

/// Lines are down for half a minute: nothing becomes plain meanwhile, and nothing is lost.
#[test]
fn two_sides_of_a_cut_come_together() {
    let (mut a, mut b) = (Node::new(1, 1, WINDOW_BYTES), Node::new(2, 2, WINDOW_BYTES));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    run(&mut a, &mut b, [1, 2], 0..1_000);
    set_bit(&a, b"k", 5, true, 1_000);
    run(&mut a, &mut b, [1, 2], 1_000..10_000);
    assert_eq!(a.tombstones(10_000), 0);
    for (node, link) in [(&mut a, [1, 2]), (&mut b, [1, 2])] {
        node.closed(&link, 10_000);
    }
    for second in 10..40 {
        let ms = second * 1_000;
        set_bit(&a, b"k", second as u32, second % 2 == 0, ms);
        set_bit(&b, b"k", second as u32, second % 3 == 0, ms + 1);
        add(&a, b"h", &second.to_le_bytes(), ms);
        add(&b, b"h", &(second + 5).to_le_bytes(), ms);
        a.tick(ms + 50);
        b.tick(ms + 50);
    }
    set_bit(&a, b"k", 5, false, 40_000);
    assert_ne!(a.tombstones(40_000), 0, "the other has not confirmed it");
    dial(&mut a, &mut b, 3, 40_100).expect("a may come");
    dial(&mut b, &mut a, 4, 40_100).expect("b may come");
    run(&mut a, &mut b, [3, 4], 40_100..50_000);
    let later = |at: u32| at.is_multiple_of(3);
    let mut want = vec![0; 5];
    (10..40).filter(|at| later(*at)).for_each(|at| want[at as usize / 8] |= 1 << (7 - at % 8));
    assert_eq!((text(&a, b"k", 50_000), text(&b, b"k", 50_000)), (Some(want.clone()), Some(want)));
    let mut all = Box::new([0; hll::REGISTERS]);
    for (register, rank) in (10..45).map(|element: u64| hll::hash(&element.to_le_bytes())) {
        all[usize::from(register)] = rank.max(all[usize::from(register)]);
    }
    for node in [&a, &b] {
        assert_eq!(text(node, b"h", 50_000), Some(hll::of_ranks(&all, 3_000)));
    }
    assert_eq!(a.keyspace.root(0), b.keyspace.root(0));
    assert_eq!([a.tombstones(50_000), b.tombstones(50_000)], [0, 0]);
}

/// Whatever part is asked for, in pieces or not, it is that of the text.
#[test]
fn a_part_is_read_as_it_is_in_the_whole_text() {
    let node = Node::new(1, 1, WINDOW_BYTES);
    let base: Vec<u8> = (0..9_001_u32).map(|at| (at * at % 251) as u8).collect();
    on(&node, b"k", 1_000, |keys, key| keys.set_text(key, &base, Deadline::Keep));
    for place in (0..100_000).step_by(77).chain(4_095..4_100) {
        set_bit(&node, b"k", place, place.is_multiple_of(3), 1_000);
    }
    set_bit(&node, b"k", 160_003, true, 1_000);
    let whole = text(&node, b"k", 1_000).expect("a text");
    assert_eq!(whole.len(), 20_001);
    let starts = [0, 1, 7, 8, 509, 512, 4_095, 4_096, 9_000, 9_001, 12_499, 19_999];
    for (start, len) in starts.into_iter().flat_map(|at| [0, 1, 9, 700, 9_000].map(|len| (at, len)))
    {
        let range = start..whole.len().min(start + len);
        let want = &whole[range.clone()];
        let (mut at, mut pieces) = (vec![0xaa; range.len()], Vec::new());
        on(&node, b"k", 1_000, |keys, key| {
            keys.read_at(key, start, &mut at).expect("a text");
            let part = keys.text_part(key, |_| range.clone()).expect("a text");
            assert_eq!(&*part.expect("a key"), want, "{range:?}");
            let is_there = keys.read_pieces(
                key,
                |_| range.clone(),
                |offset, piece| {
                    assert_eq!(offset, start + pieces.len());
                    pieces.extend_from_slice(piece);
                    ControlFlow::Continue(())
                },
            );
            assert!(is_there.expect("a text"));
        });
        assert_eq!((&at[..], &pieces[..]), (want, want), "{range:?}");
    }
}

/// A node that has neither log nor peers keeps what it was given and does not show: what hides it may go.
#[test]
fn what_a_text_hides_is_not_lost_where_nothing_is_told() {
    for is_bit in [true, false] {
        let (mut counted, mut over) = (Key::default(), Key::default());
        counted.add(&write(0, 1), 5);
        over.set_text(&write(1, 2), b"text", Deadline::Keep);
        if is_bit {
            over.put_bits(&write(2, 2), [(0, true)]);
        } else {
            over.set_text(&write(1, 2), &hll::empty(), Deadline::Keep);
            over.raise_registers(&write(2, 2), [(0, 1)]);
        }
        let mut seen = counted.clone();
        seen.merge(&over, Tombstones::Drop);
        seen.collect_all(2_000_000);
        over.set_text(&write(3, 2), b"10", Deadline::Keep);
        seen.merge(&over, Tombstones::Drop);
        assert_eq!(seen.text(2_000_000), Some(Visible::Integer(15)));
    }
}

fn write(ms: u64, node: u32) -> Write {
    let now_ms = 1_000_000 + ms;
    let tag = Tag::new(Stamp::at_ms(now_ms), Replica { node, epoch: 1 });
    Write { now_ms, tag, tombstones: Tombstones::KEEP }
}
