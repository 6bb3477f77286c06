//! Any bytes as a payload: they are refused, or taken, and nothing ends by it.

#[path = "properties/payload.rs"]
mod properties;

use headcount::base::Replica;
use headcount::crdt::{MemberDeadline, Tombstones};
use headcount::replication::{Origin, Payload};
use headcount::store::{Deadline, KeyRef, Keyspace, Missing, Mode};
use properties::{forged, is_taken_or_refused};
use proptest::prelude::*;

/// Bodies of payloads that were written, to be changed in places.
fn bodies() -> Vec<Vec<u8>> {
    let (a, b) = (Replica { node: 1, epoch: 7 }, Replica { node: 2, epoch: 8 });
    let nodes = [a, b].map(|me| Keyspace::new(1, me, Tombstones::KEEP, 1));
    let names = ["count", "text", "set", "ends"];
    for (node, keyspace) in nodes.iter().enumerate() {
        let now_ms = 1_699_999_999_000 + node as u64;
        for name in names {
            let key = KeyRef::new(0, name.as_bytes());
            let mut keys = keyspace.open_one(key, Mode::Exclusive, now_ms);
            match name {
                "count" => drop(keys.add(key, 5 - 7 * node as i64)),
                "text" => keys.set_text(key, b"hello", Deadline::At(1_700_000_900_000)),
                "ends" => keys.set_text(key, b"1", Deadline::At(now_ms + 1)),
                _ => drop(keys.edit_set(key, Missing::Create, |set| {
                    for member in [&b"x"[..], b"y", b"z"] {
                        set.insert(member, MemberDeadline::Set(Some(1_700_000_900_000)));
                    }
                    set.remove(b"y")
                })),
            }
        }
    }
    let mut bodies = Vec::new();
    for name in names {
        let theirs = nodes[1].state(0, name.as_bytes()).expect("a state");
        nodes[0].merge_part(0, name.as_bytes(), &theirs, 1_699_999_999_500);
        let state = nodes[0].state(0, name.as_bytes()).expect("a state");
        let (holds, may) = ([(a, 5), (b, 9)].into(), [(b, 10)].into());
        let origin = Origin { holds, may, met: vec![(1, 3), (2, 4)] };
        let payload = Payload { read_ms: 1_699_999_999_600, origin, state };
        let bytes = payload.seal();
        assert_eq!(Payload::open(&bytes), Ok(payload));
        is_taken_or_refused(&bytes);
        bodies.push(bytes[5..bytes.len() - 4].to_vec());
    }
    bodies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_taken_or_refused(&bytes);
        is_taken_or_refused(&forged(&bytes));
    }

    #[test]
    fn payloads_that_were_changed(
        which in 0..4usize,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = bodies().swap_remove(which);
        for (place, byte) in places {
            let at = place.index(body.len());
            body[at] = byte;
        }
        is_taken_or_refused(&forged(&body));
        body.truncate(cut.index(body.len()));
        is_taken_or_refused(&forged(&body));
    }
}
