use super::*;
use crate::base::codec::Malformed;
use crate::crdt::wire::{Decoder, Encoder};
use proptest::prelude::*;

const A: Replica = Replica { node: 1, epoch: 7 };
const B: Replica = Replica { node: 2, epoch: 7 };

fn tag(at: u64, replica: Replica) -> Tag {
    Tag::new(Stamp::at_ms(1_000 + at), replica)
}

fn written(at: u64, replica: Replica, score: f64) -> Score {
    let mut written = Score::default();
    written.write(tag(at, replica), score);
    written
}

fn count(score: &mut Score, at: u64, replica: Replica, by: f64) {
    let to = score.get().map_or(by, |seen| seen + by);
    score.count_to(tag(at, replica), to);
}

fn joined(a: &Score, b: &Score) -> Score {
    let mut joined = a.clone();
    joined.merge(b);
    joined
}

#[test]
fn what_one_replica_wrote_or_counted_needs_no_heap() {
    assert_eq!(size_of::<Score>(), 32);
    let mut score = written(1, A, 2.5);
    score.write(tag(2, A), f64::INFINITY);
    assert_eq!(score.heap_bytes(), 0);
    let mut counted = Score::default();
    (1..50).for_each(|at| count(&mut counted, at, A, 0.1));
    assert_eq!(counted.heap_bytes(), 0);
}

#[test]
fn increments_of_two_replicas_all_count() {
    let mut a = written(1, A, 10.0);
    let mut b = a.clone();
    count(&mut a, 2, A, 1.0);
    count(&mut b, 3, B, 4.0);
    assert_eq!(joined(&a, &b).get(), Some(15.0));
    a.write(tag(4, A), 100.0);
    assert_eq!(
        joined(&a, &b).get(),
        Some(104.0),
        "a score that is written leaves what it had not seen"
    );
    a.forget();
    assert_eq!(joined(&a, &b).get(), Some(4.0), "and so does a removal");
}

#[test]
fn of_two_scores_the_later_counts_and_the_other_is_what_its_removal_leaves() {
    let (a, mut b) = (written(1, A, 10.0), written(2, B, 20.0));
    assert_eq!(joined(&a, &b).get(), Some(20.0));
    b.forget();
    assert_eq!(joined(&a, &b).get(), Some(10.0), "the removal had not seen it");
}

#[test]
fn what_was_counted_anew_is_not_swallowed_by_what_was_before() {
    let mut old = Score::default();
    count(&mut old, 1, A, 5.0);
    let mut new = old.clone();
    new.forget();
    count(&mut new, 2, A, 3.0);
    assert_eq!(joined(&old, &new).get(), Some(3.0));
    new.collect();
    assert_eq!(joined(&old, &new).get(), Some(3.0));
}

#[test]
fn concurrent_sums_past_the_range_are_infinite() {
    let base = written(1, A, f64::MAX);
    let (mut a, mut b) = (base.clone(), base);
    count(&mut a, 2, A, f64::MAX / 1e15);
    assert_eq!(a.get(), Some(f64::MAX + f64::MAX / 1e15));
    b.count_to(tag(3, B), 0.0);
    let mut c = b.clone();
    c.count_to(tag(4, A), -f64::MAX);
    assert_eq!(c.get(), Some(-f64::MAX));
    assert!(joined(&a, &c).get().is_some_and(|score| !score.is_nan()));
}

/// Doubles of every kind but NaN.
fn doubles() -> impl Strategy<Value = f64> {
    let plain = (-1000i32..1000).prop_map(f64::from);
    let tenths = (-1000i32..1000).prop_map(|n| f64::from(n) / 10.0);
    let chosen = vec![
        0.0,
        -0.0,
        f64::MAX,
        f64::MIN,
        5e-324,
        -5e-324,
        1e16,
        1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    prop_oneof![
        3 => plain,
        3 => tenths,
        2 => prop::sample::select(chosen),
        3 => any::<u64>().prop_map(f64::from_bits).prop_filter("a number", |x| !x.is_nan()),
    ]
}

proptest! {
    /// The replica is one or, in runs with restarts, several that have seen each other.
    #[test]
    fn one_node_has_plain_doubles(
        ops in prop::collection::vec((0u8..6, doubles(), any::<bool>()), 1..40),
        collects: bool,
    ) {
        let (mut score, mut plain) = (Score::default(), None::<f64>);
        for (at, (kind, value, other)) in ops.into_iter().enumerate() {
            let tag = tag(at as u64, if other && !collects { B } else { A });
            match kind {
                0 => {
                    score.forget();
                    plain = None;
                }
                1 => {
                    score.write(tag, value);
                    plain = Some(value);
                }
                _ => {
                    let to = plain.map_or(value, |plain| plain + value);
                    if !to.is_nan() {
                        score.count_to(tag, to);
                        plain = Some(to);
                    }
                }
            }
            if collects {
                score.collect();
            }
            prop_assert_eq!(score.get().map(f64::to_bits), plain.map(f64::to_bits));
            let again = decoded(&encoded(&score));
            prop_assert_eq!(again.as_ref(), Ok(&score));
            prop_assert_eq!(score.digest(1), { let mut c = score.clone(); c.collect(); c.digest(1) });
        }
    }

    #[test]
    fn any_bytes_are_a_score_that_merges_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut all = encoded(&Score::default());
        all.pop();
        all.extend(bytes);
        if let Ok(score) = decoded(&all) {
            prop_assert!(score.get().is_none_or(|value| !value.is_nan()));
            prop_assert_eq!(joined(&score, &score), score.clone());
            prop_assert_eq!(decoded(&encoded(&score)), Ok(score));
        }
    }
}

fn encoded(score: &Score) -> Vec<u8> {
    let mut out = Encoder::new(Stamp::at_ms(1_000));
    score.encode(&mut out);
    out.finish()
}

fn decoded(bytes: &[u8]) -> Result<Score, Malformed> {
    Score::decode(&mut Decoder::new(bytes)?)
}

#[test]
fn a_small_whole_score_is_short_on_the_wire() {
    let replica_bytes = 8;
    assert_eq!(
        encoded(&written(1, A, 7.0)).len() - encoded(&Score::default()).len(),
        4 + replica_bytes
    );
}

#[test]
fn reissued_is_what_others_may_lack() {
    let mut score = written(1, A, 10.0);
    count(&mut score, 5, A, 2.0);
    let since = tag(3, A).stamp;
    let part = score.reissue(A, None, since, B, None);
    assert_eq!(part.get(), Some(2.0), "the base was told before");
    let others = written(1, A, 10.0);
    assert_eq!(joined(&others, &part).get(), Some(12.0));
    let known = score.reissue(A, None, since, B, Some(&score));
    assert_eq!(known.get(), None, "others have it");
    let mut late = joined(&part, &others);
    late.merge(&score.tombstones_part());
    assert_eq!(late.get(), Some(12.0));
}
