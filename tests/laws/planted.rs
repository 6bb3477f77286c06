//! The defects that are planted do what they are there for: each makes a story end wrongly.

use crate::node::{Node, text_at};
use headcount::base::planted::{Bug, plant};
use headcount::crdt::Deadline;

fn incr(node: &mut Node, ms: u64, by: i128) {
    node.write(ms, |key, write| key.add(write, by));
}

fn hear(to: &mut Node, from: &Node) {
    to.hear(&from.key);
}

/// An old state comes late.
fn late_state() -> Option<String> {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 1);
    let early = a.key.clone();
    incr(&mut a, 2, 4);
    hear(&mut b, &a);
    b.hear(&early);
    text_at(&b.key, 10)
}

/// What is deleted is counted on, less than before.
fn born_again() -> Option<String> {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 16);
    hear(&mut b, &a);
    a.write(2, |key, write| key.delete(write));
    incr(&mut a, 3, 1);
    hear(&mut b, &a);
    text_at(&b.key, 10)
}

/// A deletion meets a SET that it has not heard of.
fn unseen_set() -> Option<String> {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 1);
    hear(&mut b, &a);
    b.write(2, |key, write| key.set_text(write, b"v", Deadline::Keep));
    a.write(3, |key, write| key.delete(write));
    hear(&mut a, &b);
    text_at(&a.key, 10)
}

/// A key is counted on after its deadline here, and before it there.
fn two_clocks() -> Option<String> {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    incr(&mut a, 1, 1);
    a.write(2, |key, write| key.set_deadline(write, Some(crate::node::START_MS + 50)));
    hear(&mut b, &a);
    incr(&mut a, 60, 4);
    incr(&mut b, 40, 16);
    hear(&mut a, &b);
    text_at(&a.key, 70)
}

#[test]
fn each_planted_defect_shows() {
    type Story = fn() -> Option<String>;
    let stories: [(Bug, Story, &str); 4] = [
        (Bug::LastWriteMerge, late_state, "5"),
        (Bug::BornIgnored, born_again, "1"),
        (Bug::DelWritesBase, unseen_set, "v"),
        (Bug::OneLifeForAll, two_clocks, "4"),
    ];
    for (bug, story, right) in stories {
        assert_eq!(story().as_deref(), Some(right));
        plant(Some(bug));
        assert_ne!(story().as_deref(), Some(right), "{bug:?}");
        plant(None);
    }
}
