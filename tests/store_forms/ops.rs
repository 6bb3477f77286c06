//! What is done to a key.

use super::START_MS;
use headcount::crdt::{Deadline, MemberDeadline};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub enum Op {
    Add { by: i64, shared: bool },
    AddFloat(&'static str),
    Set(&'static str, Deadline),
    Overwrite(usize, &'static str),
    Insert(u8, MemberDeadline),
    Remove(u8),
    MemberDeadline(u8, Option<u64>),
    Score { name: u8, score: i8, counts: bool },
    RemoveScored(u8),
    Expire(Option<u64>),
    Delete,
}

fn times() -> impl Strategy<Value = u64> + Clone {
    (1u64..900).prop_map(|ms| START_MS + ms)
}

pub fn ops() -> impl Strategy<Value = Op> {
    let by = prop_oneof![
        6 => -9i64..10,
        1 => prop::sample::select(vec![i64::MAX, i64::MIN, 1 << 62, -(1 << 62), 1 << 48]),
        1 => prop::sample::select(vec![i64::MAX - 1, i64::MIN + 1, 0]),
    ];
    let texts = ["5", "-3", "3.0", "text", "", "9223372036854775807", "-9223372036854775808"];
    let ends =
        prop_oneof![Just(Deadline::Keep), Just(Deadline::Clear), times().prop_map(Deadline::At)];
    let member_ends = prop_oneof![
        Just(MemberDeadline::Keep),
        prop::option::of(times()).prop_map(MemberDeadline::Set),
        times().prop_map(MemberDeadline::IfNew),
    ];
    let floats = prop::sample::select(vec!["0.5", "-1.25", "0", "2"]);
    prop_oneof![
        8 => (by, any::<bool>()).prop_map(|(by, shared)| Op::Add { by, shared }),
        2 => floats.prop_map(Op::AddFloat),
        3 => (prop::sample::select(texts.to_vec()), ends).prop_map(|(t, e)| Op::Set(t, e)),
        2 => (0usize..6, prop::sample::select(vec!["7", "xy", ""]))
            .prop_map(|(at, bytes)| Op::Overwrite(at, bytes)),
        4 => (0u8..4, member_ends).prop_map(|(name, ends)| Op::Insert(name, ends)),
        2 => (0u8..4).prop_map(Op::Remove),
        1 => (0u8..4, prop::option::of(times())).prop_map(|(n, at)| Op::MemberDeadline(n, at)),
        4 => (0u8..4, -3i8..9, any::<bool>())
            .prop_map(|(name, score, counts)| Op::Score { name, score, counts }),
        2 => (0u8..4).prop_map(Op::RemoveScored),
        3 => prop::option::weighted(0.8, times()).prop_map(Op::Expire),
        3 => Just(Op::Delete),
    ]
}
