//! Collections as bytes.

use super::member::{Dot, DotLife, Member};
use super::tracking::{Chain, Tracking};
use super::{Collection, Value};
use crate::base::codec::Malformed;
use crate::base::{Name, Replica, Stamp};
use crate::crdt::wire::{Decoder, Encoder, flag_if};

// What a collection's first byte says is there.
const BORN: u8 = 1;
const FORGOTTEN: u8 = 2;
const SEEN: u8 = 4;
const CHAIN: u8 = 8;

// What comes with a dot's replica.
const DOT_BITS: u32 = 3;
/// Another dot of the same member follows.
const MORE: u8 = 1;
const LIVE: u8 = 2;
/// It has a deadline.
const AT: u8 = 4;
/// In place of a dot: there is none, only something that is forgotten of the value.
const NO_DOT: u8 = AT;

/// An empty name and a dot.
const MEMBER_BYTES_MIN: usize = 3;

impl<V: Value> Collection<V> {
    pub(in crate::crdt) fn encode(&self, out: &mut Encoder) {
        let seen = self.tracking.as_ref().map(|tracking| &tracking.seen);
        let seen = seen.filter(|seen| !seen.is_empty());
        let chain = self.tracking.as_ref().and_then(|tracking| tracking.chain);
        out.byte(
            flag_if(self.born != Stamp::NEVER, BORN)
                | flag_if(!self.forgotten.is_empty(), FORGOTTEN)
                | flag_if(seen.is_some(), SEEN)
                | flag_if(chain.is_some(), CHAIN),
        );
        if self.born != Stamp::NEVER {
            out.stamp(self.born);
        }
        if !self.forgotten.is_empty() {
            out.stamps(&self.forgotten);
        }
        if let Some(seen) = seen {
            out.stamps(seen);
        }
        if let Some(chain) = chain {
            out.replica(chain.replica);
            out.stamp(chain.since);
            out.stamp(chain.upto);
        }
        out.varint((self.members.len() + self.graves.len()) as u64);
        for (name, member) in self.known() {
            out.bytes(name);
            encode_dots(out, member);
            member.value.encode(out);
        }
    }

    pub(in crate::crdt) fn decode(from: &mut Decoder<'_>) -> Result<Collection<V>, Malformed> {
        let flags = from.byte()?;
        let forgotten = if V::COUNTS { 0 } else { FORGOTTEN };
        if flags & !(BORN | forgotten | SEEN | CHAIN) != 0 {
            return Err(Malformed("an unknown kind of collection"));
        }
        let (mut set, mut told) = (Collection::default(), Tracking::default());
        if flags & BORN != 0 {
            set.born = from.stamp()?;
        }
        if flags & FORGOTTEN != 0 {
            set.forgotten = from.stamps()?;
        }
        if flags & SEEN != 0 {
            told.seen = from.stamps()?;
        }
        if flags & CHAIN != 0 {
            let (replica, since, upto) = (from.replica()?, from.stamp()?, from.stamp()?);
            told.chain = Some(Chain { replica, since, upto });
        }
        set.tracking = Some(Box::new(told));
        for _ in 0..from.reader().count(MEMBER_BYTES_MIN)? {
            let name = Name::from_slice(from.bytes()?);
            if set.find(&name).is_some() {
                return Err(Malformed("a member twice"));
            }
            let mut member: Member<V> = decode_dots(from)?;
            member.value = V::decode(from)?;
            set.put(name, member);
        }
        Ok(set)
    }
}

fn encode_dots<V: Value>(out: &mut Encoder, member: &Member<V>) {
    let dots = member.dots();
    if dots.is_empty() {
        out.replica_and(Replica::NOBODY, NO_DOT, DOT_BITS);
    }
    for (left, dot) in (0..dots.len()).rev().zip(dots) {
        let more = flag_if(left > 0, MORE);
        let life = match dot.life {
            DotLife::Dead => 0,
            DotLife::Live(None) => LIVE,
            DotLife::Live(Some(_)) => LIVE | AT,
        };
        out.replica_and(dot.replica, more | life, DOT_BITS);
        out.stamp(dot.stamp);
        if let DotLife::Live(Some(at_ms)) = dot.life {
            out.time(at_ms, dot.stamp);
        }
    }
}

fn decode_dots<V: Value>(from: &mut Decoder<'_>) -> Result<Member<V>, Malformed> {
    let mut member = Member::default();
    loop {
        let (replica, flags) = from.replica_and(DOT_BITS)?;
        if member.dots().last().is_some_and(|last| last.replica >= replica) {
            return Err(Malformed("replicas out of order"));
        }
        if V::COUNTS && flags == NO_DOT && member.dots().is_empty() {
            return Ok(member);
        }
        let stamp = from.stamp()?;
        let life = match flags & (LIVE | AT) {
            0 => DotLife::Dead,
            LIVE => DotLife::Live(None),
            AT => return Err(Malformed("a deadline of what is dead")),
            _ => DotLife::Live(Some(from.time(stamp)?)),
        };
        member.put(Dot { replica, stamp, life });
        if flags & MORE == 0 {
            return Ok(member);
        }
    }
}
