//! Version vectors over streams.

use crate::base::Replica;
use std::collections::BTreeMap;

/// Per stream (a replica writes one) a batch number.
pub type Vector = BTreeMap<Replica, u64>;

/// Whether `have` is at or past `need` in every stream.
#[must_use]
pub fn covers(have: &Vector, need: &Vector) -> bool {
    need.iter().all(|(stream, seq)| *seq == 0 || have.get(stream).is_some_and(|had| had >= seq))
}

/// Raises `into` to at least `other` in every stream.
pub fn join(into: &mut Vector, other: &Vector) {
    for (stream, seq) in other {
        raise(into, *stream, *seq);
    }
}

/// What of `vector` is beyond `held`.
#[must_use]
pub fn beyond(vector: &Vector, held: &Vector) -> Vector {
    let lacks = |(stream, seq): &(&Replica, &u64)| held.get(stream).is_none_or(|had| had < seq);
    vector.iter().filter(lacks).map(|(stream, seq)| (*stream, *seq)).collect()
}

/// Raises one stream's number.
pub fn raise(vector: &mut Vector, stream: Replica, seq: u64) {
    let known = vector.entry(stream).or_default();
    *known = seq.max(*known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_covers_what_it_joined() {
        let replica = |node| Replica { node, epoch: 1 };
        let mut a = Vector::from([(replica(1), 5), (replica(2), 1)]);
        let b = Vector::from([(replica(2), 7), (replica(3), 0)]);
        assert!(!covers(&a, &b));
        join(&mut a, &b);
        assert!(covers(&a, &b));
        assert!(!covers(&b, &a));
        assert_eq!(a[&replica(1)], 5);
    }
}
