//! Hashes: what is written to them, for the laws.

use crate::cluster::{START_MS, Subject};
use crate::lattices::{member_deadlines, visible};
use headcount::base::Stamp;
use headcount::base::decimal::Decimal;
use headcount::crdt::{Field, Hash, Key, MemberDeadline, Tombstones, Visible, Write};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub enum HashOp {
    Write(u8, &'static str, MemberDeadline),
    Add(u8, i64),
    AddHundredths(u8, i64),
    Expire(u8, Option<u64>),
    Remove(u8),
    Settle,
    Forget,
}

impl Subject for Hash {
    type Op = HashOp;
    type World = ();

    fn ops() -> BoxedStrategy<HashOp> {
        let name = 0u8..4;
        let texts = prop::sample::select(vec!["7", "text", "1.5"]);
        let at_ms = prop::option::of((0u64..300).prop_map(|ms| START_MS + ms));
        prop_oneof![
            3 => (name.clone(), texts, member_deadlines())
                .prop_map(|(name, text, at)| HashOp::Write(name, text, at)),
            5 => (name.clone(), -9i64..10).prop_map(|(name, by)| HashOp::Add(name, by)),
            1 => (name.clone(), prop_oneof![Just(i64::MAX), Just(i64::MIN)])
                .prop_map(|(name, by)| HashOp::Add(name, by)),
            2 => (name.clone(), 1i64..99).prop_map(|(name, by)| HashOp::AddHundredths(name, by)),
            2 => (name.clone(), at_ms).prop_map(|(name, at)| HashOp::Expire(name, at)),
            2 => name.prop_map(HashOp::Remove),
            1 => Just(HashOp::Settle),
            1 => Just(HashOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &HashOp, write: &Write, _: usize, (): &mut ()) {
        self.settle(write.now_ms, Tombstones::KEEP);
        let keep = MemberDeadline::Keep;
        match op {
            HashOp::Write(name, text, deadline) => {
                self.change(write, &[*name], *deadline, |field| {
                    field.write(write.tag, text.as_bytes());
                });
                let seen = self.get(&[*name]).and_then(|field| field.visible());
                assert_eq!(visible(seen.as_ref()), *text);
            }
            HashOp::Add(name, by) => {
                self.change(write, &[*name], keep, |field| field.add(write.tag, (*by).into()));
            }
            HashOp::AddHundredths(name, by) => {
                let by = Decimal::parse(format!("0.{by:02}").as_bytes()).expect("a decimal");
                self.change(write, &[*name], keep, |field| field.add_decimal(write.tag, &by));
            }
            HashOp::Expire(name, at_ms) if self.contains(&[*name]) => {
                self.change(write, &[*name], MemberDeadline::Set(*at_ms), |_| {});
            }
            HashOp::Remove(name) => {
                let was_in = self.contains(&[*name]);
                assert_eq!(self.remove(&[*name], Tombstones::KEEP), was_in);
            }
            HashOp::Settle | HashOp::Expire(..) => {}
            HashOp::Forget => {
                self.forget(Tombstones::KEEP);
                assert!(self.is_empty());
            }
        }
        assert_eq!(self.digest(), self.digest_from_scratch());
    }

    fn merge(&mut self, other: &Self) {
        Hash::merge(self, other, Tombstones::KEEP);
        assert_eq!(self.digest(), self.digest_from_scratch());
    }

    fn max_stamp(&self) -> Stamp {
        Hash::max_stamp(self)
    }
}

pub fn apply_to_field(key: &mut Key, op: &HashOp, write: &Write) {
    let now_ms = write.now_ms;
    match op {
        HashOp::Write(name, text, deadline) => {
            let was_in = key.field(now_ms, &[*name]).is_some();
            assert_eq!(key.write_field(write, &[*name], text.as_bytes(), *deadline), !was_in);
            assert_eq!(visible(key.field(now_ms, &[*name]).as_ref()), *text);
        }
        HashOp::Add(name, by) => {
            let before = key.field(now_ms, &[*name]);
            let expected = match before {
                None => Some(i128::from(*by)),
                Some(Visible::Text(text)) => {
                    let number =
                        std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
                    number.map(|number| i128::from(number) + i128::from(*by))
                }
                _ => None,
            };
            key.add_to_field(write, &[*name], i128::from(*by));
            let expected = expected.filter(|sum| i64::try_from(*sum).is_ok());
            let after = visible(key.field(now_ms, &[*name]).as_ref());
            assert!(expected.is_none_or(|sum| after == sum.to_string()), "{after} {expected:?}");
        }
        HashOp::AddHundredths(name, by) => {
            let to = format!("0.{by:02}");
            let decimal = Decimal::parse(to.as_bytes()).expect("a decimal");
            key.move_field_to(write, &[*name], &decimal, to.as_bytes());
        }
        HashOp::Expire(name, at_ms) => {
            let was_in = key.field(now_ms, &[*name]).is_some();
            assert_eq!(key.expire_member::<Field>(write, &[*name], *at_ms), was_in);
        }
        HashOp::Remove(name) => {
            let was_in = key.field(now_ms, &[*name]).is_some();
            assert_eq!(key.remove_member::<Field>(write, &[*name]), was_in);
            assert_eq!(key.field(now_ms, &[*name]), None);
        }
        HashOp::Settle => {}
        HashOp::Forget => key.delete(write),
    }
}
