//! The published merge table, a test a line: two nodes that have not heard of each other, then both
//! have.

use crate::node::{Node, START_MS, text_at};
use headcount::crdt::{Deadline, Key, Kind, MemberDeadline, Score, Tombstones};

/// Both know what `before` wrote; then each writes its own; then both hear of both.
fn concurrently(
    before: impl FnOnce(&mut Node),
    on_a: impl FnOnce(&mut Node),
    on_b: impl FnOnce(&mut Node),
) -> Key {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    before(&mut a);
    b.hear(&a.key.clone());
    on_a(&mut a);
    on_b(&mut b);
    let (of_a, of_b) = (a.key.clone(), b.key.clone());
    a.hear(&of_b);
    b.hear(&of_a);
    assert_eq!(a.key, b.key);
    a.key
}

fn incr(by: i128) -> impl FnOnce(&mut Node) {
    move |node| node.write(10, |key, write| key.add(write, by))
}

fn set(ms: u64, text: &'static str) -> impl FnOnce(&mut Node) {
    move |node| node.write(ms, |key, w| key.set_text(w, text.as_bytes(), Deadline::Clear))
}

fn del(ms: u64) -> impl FnOnce(&mut Node) {
    move |node| node.write(ms, |key, write| key.delete(write))
}

fn expire(ms: u64, at_ms: Option<u64>) -> impl FnOnce(&mut Node) {
    move |node| node.write(ms, |key, w| key.set_deadline(w, at_ms.map(|at| START_MS + at)))
}

fn sadd(ms: u64, member: &'static str) -> impl FnOnce(&mut Node) {
    move |node| {
        node.write(ms, |key, write| {
            key.insert(write, member.as_bytes(), MemberDeadline::Keep);
        });
    }
}

fn srem(ms: u64, member: &'static str) -> impl FnOnce(&mut Node) {
    move |node| {
        node.write(ms, |key, write| {
            key.remove(write, member.as_bytes());
        });
    }
}

fn zadd(ms: u64, score: f64) -> impl FnOnce(&mut Node) {
    move |node| node.write(ms, |key, write| key.write_score(write, b"m", score))
}

fn zincrby(ms: u64, by: f64) -> impl FnOnce(&mut Node) {
    move |node| {
        node.write(ms, |key, write| {
            let to = key.score(START_MS + ms, b"m").map_or(by, |seen| seen + by);
            key.count_score_to(write, b"m", to);
        });
    }
}

fn zrem(ms: u64) -> impl FnOnce(&mut Node) {
    move |node| {
        node.write(ms, |key, write| {
            key.remove_member::<Score>(write, b"m");
        });
    }
}

fn score(key: &Key) -> Option<f64> {
    key.score(START_MS + 100, b"m")
}

fn both(first: impl FnOnce(&mut Node), second: impl FnOnce(&mut Node)) -> impl FnOnce(&mut Node) {
    move |node| {
        first(node);
        second(node);
    }
}

fn nothing(_: &mut Node) {}

fn text(key: &Key) -> Option<String> {
    text_at(key, 100)
}

fn members(key: &Key) -> Vec<String> {
    let names = key.sets(START_MS + 100).flat_map(|set| set.iter());
    let mut names: Vec<String> = names.map(|n| String::from_utf8_lossy(n).into_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn increments_all_count() {
    let key = concurrently(incr(1), incr(4), incr(-16));
    assert_eq!(text(&key).as_deref(), Some("-11"));
}

#[test]
fn an_increment_that_del_had_not_seen_survives() {
    let key = concurrently(incr(1), incr(4), del(50));
    assert_eq!(text(&key).as_deref(), Some("4"));
}

#[test]
fn a_set_value_and_the_increments_that_it_had_not_seen() {
    let key = concurrently(incr(1), incr(4), set(50, "100"));
    assert_eq!(text(&key).as_deref(), Some("104"));
    let key = concurrently(incr(1), incr(4), set(5, "100"));
    assert_eq!(text(&key).as_deref(), Some("104"), "whichever was earlier");
}

#[test]
fn of_two_sets_the_later_counts() {
    let key = concurrently(nothing, set(20, "a"), set(10, "b"));
    assert_eq!(text(&key).as_deref(), Some("a"));
    let key = concurrently(nothing, set(10, "a"), set(10, "b"));
    assert_eq!(text(&key).as_deref(), Some("b"), "at one moment, the higher node id");
}

/// INCRBYFLOAT by what leads there.
fn move_to(to: &'static str) -> impl Fn(&mut Node) {
    move |node: &mut Node| {
        node.write(20, |key, write| {
            let number = headcount::base::decimal::Decimal::parse(to.as_bytes());
            assert!(key.move_number_to(write, &number.expect("a decimal"), to.as_bytes()));
        });
    }
}

#[test]
fn floats_all_count() {
    let key = concurrently(set(0, "10.5"), move_to("10.75"), move_to("9.5"));
    assert_eq!(text(&key).as_deref(), Some("9.75"));
}

#[test]
fn adding_nothing_takes_nothing_away() {
    let twice = |to| both(move_to(to), move_to(to));
    let key = concurrently(nothing, twice("0.5"), twice("1.5"));
    assert_eq!(text(&key).as_deref(), Some("2"), "of two that count");
    let key = concurrently(set(0, "3.0"), set(10, "7"), move_to("3"));
    assert_eq!(text(&key).as_deref(), Some("7"), "of a SET that it had not seen");
    let key = concurrently(nothing, set(10, "7"), move_to("0"));
    assert_eq!(text(&key).as_deref(), Some("7"), "of a SET, by what was nothing");
    let key = concurrently(set(0, "3.0"), move_to("3"), nothing);
    assert_eq!(text(&key).as_deref(), Some("3"), "it is written as INCRBYFLOAT writes it");
    let key = concurrently(nothing, nothing, move_to("0"));
    assert_eq!(text(&key).as_deref(), Some("0"), "a missing key counts from 0");
}

#[test]
fn of_deadlines_the_later_command_counts() {
    let ends = |key: &Key| key.deadline_ms(START_MS + 100).map(|at_ms| at_ms - START_MS);
    let key = concurrently(incr(1), expire(20, Some(500)), expire(30, Some(400)));
    assert_eq!(ends(&key), Some(400));
    let key = concurrently(incr(1), expire(30, Some(500)), expire(20, Some(400)));
    assert_eq!(ends(&key), Some(500));
    let key = concurrently(incr(1), expire(20, Some(500)), expire(30, None));
    assert_eq!(ends(&key), None, "PERSIST was later");
    let key = concurrently(incr(1), expire(20, Some(500)), set(30, "7"));
    assert_eq!(ends(&key), None, "SET without a TTL was later");
    let key = concurrently(nothing, both(set(5, "1"), expire(20, Some(500))), set(30, "7"));
    assert_eq!(ends(&key), None, "also the first SET of a key");
}

#[test]
fn a_heartbeat_wins_over_expiry() {
    let born = both(incr(1), expire(10, Some(50)));
    let key = concurrently(born, expire(40, Some(500)), nothing);
    assert_eq!(text_at(&key, 60).as_deref(), Some("1"));
    let born = both(incr(1), expire(10, Some(50)));
    // The other node saw it expire and began anew.
    let anew = |node: &mut Node| node.write(60, |key, write| key.add(write, 16));
    let key = concurrently(born, expire(40, Some(500)), anew);
    assert_eq!(text_at(&key, 70).as_deref(), Some("17"));
}

#[test]
fn adding_a_member_wins_over_removing_it() {
    let key = concurrently(sadd(0, "x"), sadd(10, "x"), srem(50, "x"));
    assert_eq!(members(&key), ["x"]);
    let key = concurrently(sadd(0, "x"), nothing, srem(50, "x"));
    assert_eq!(members(&key), [""; 0]);
    let key = concurrently(both(sadd(0, "x"), sadd(1, "y")), sadd(10, "x"), del(50));
    assert_eq!(members(&key), ["x"], "DEL takes away what it had seen");
}

#[test]
fn of_two_types_the_later_birth_is_visible_until_it_is_deleted() {
    let mut key = concurrently(nothing, incr(1), sadd(50, "x"));
    assert!(key.has_type_conflict(START_MS + 100));
    assert_eq!(key.kind(START_MS + 100), Some(Kind::Set));
    let mut late = Node::new(3);
    late.hear(&key);
    srem(60, "x")(&mut late);
    key.merge(&late.key, Tombstones::KEEP);
    assert_eq!(text(&key).as_deref(), Some("1"), "the other was only hidden");
    let key = concurrently(nothing, incr(1), both(sadd(5, "x"), nothing));
    assert_eq!(key.kind(START_MS + 100), Some(Kind::String));
}

#[test]
fn deleting_a_key_of_two_types_deletes_both() {
    let key = concurrently(nothing, incr(1), sadd(50, "x"));
    let mut late = Node::new(3);
    late.hear(&key);
    del(60)(&mut late);
    assert_eq!(late.key.kind(START_MS + 100), None);
}

/// A rename is a DEL here and writes there: what it had not seen survives at the source.
#[test]
fn a_write_unseen_by_a_rename_stays_at_the_source() {
    let source = concurrently(incr(1), del(50), incr(4));
    assert_eq!(text(&source).as_deref(), Some("4"));
}

#[test]
fn a_deadline_covers_increments_that_it_had_not_seen() {
    let key = concurrently(incr(1), expire(20, Some(60)), incr(4));
    assert_eq!(text_at(&key, 59).as_deref(), Some("5"));
    assert_eq!(text_at(&key, 60), None);
}

#[test]
fn increments_of_a_score_all_count() {
    let key = concurrently(zincrby(1, 1.0), zincrby(10, 4.0), zincrby(20, -16.5));
    assert_eq!(score(&key), Some(-11.5));
}

#[test]
fn a_score_that_is_written_and_the_increments_that_it_had_not_seen() {
    for ms in [5, 50] {
        let key = concurrently(zincrby(1, 1.0), zincrby(10, 4.0), zadd(ms, 100.0));
        assert_eq!(score(&key), Some(104.0), "whichever was earlier");
    }
}

#[test]
fn of_two_scores_the_later_counts() {
    let key = concurrently(nothing, zadd(20, 1.0), zadd(10, 2.0));
    assert_eq!(score(&key), Some(1.0));
    let key = concurrently(nothing, both(zadd(20, 1.0), zrem(30)), zadd(10, 2.0));
    assert_eq!(score(&key), Some(2.0), "a removal of the later leaves what it had not seen");
}

#[test]
fn a_score_that_a_removal_had_not_seen_stays() {
    for remove in [true, false] {
        let removal =
            |ms| move |node: &mut Node| if remove { zrem(ms)(node) } else { del(ms)(node) };
        let key = concurrently(zadd(1, 5.0), zincrby(10, 1.0), removal(50));
        assert_eq!(score(&key), Some(1.0));
        let key = concurrently(zadd(1, 5.0), zadd(10, 7.0), removal(50));
        assert_eq!(score(&key), Some(7.0));
    }
}
