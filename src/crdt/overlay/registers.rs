//! Registers of a HyperLogLog.

use super::Cells;
use crate::base::Replica;
use crate::base::codec::Malformed;
use crate::base::hll;
use crate::crdt::wire::{Decoder, Encoder};

/// With more registers than this they are held in an array of all.
const SPARSE_MAX: usize = 1_024;

/// The rank of each register that was raised. One of rank 0 only says that there is a HyperLogLog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranks {
    held: Held,
    digest: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    /// In rising order of the registers.
    Sparse(Vec<(u16, u8)>),
    Dense(Box<hll::Ranks>),
}

impl Default for Ranks {
    fn default() -> Self {
        Ranks { held: Held::Sparse(Vec::new()), digest: 0 }
    }
}

impl Ranks {
    #[must_use]
    pub fn get(&self, register: u16) -> u8 {
        match &self.held {
            Held::Sparse(raised) => {
                let at = raised.binary_search_by_key(&register, |(register, _)| *register);
                at.map_or(0, |at| raised[at].1)
            }
            Held::Dense(ranks) => ranks[usize::from(register) % hll::REGISTERS],
        }
    }

    /// Raises `ranks` to these.
    pub fn raise(&self, ranks: &mut hll::Ranks) {
        for (register, rank) in self.cells() {
            let place = &mut ranks[usize::from(register) % hll::REGISTERS];
            *place = rank.max(*place);
        }
    }

    fn cells(&self) -> Box<dyn Iterator<Item = (u16, u8)> + '_> {
        match &self.held {
            Held::Sparse(raised) => Box::new(raised.iter().copied()),
            Held::Dense(ranks) => {
                let all = (0..).zip(ranks.iter().copied());
                Box::new(all.filter(|(_, rank)| *rank > 0))
            }
        }
    }

    fn place(&mut self, register: u16) -> &mut u8 {
        if let Held::Sparse(raised) = &self.held
            && raised.len() > SPARSE_MAX
        {
            let mut ranks = Box::new([0; hll::REGISTERS]);
            self.raise(&mut ranks);
            self.held = Held::Dense(ranks);
        }
        match &mut self.held {
            Held::Dense(ranks) => &mut ranks[usize::from(register) % hll::REGISTERS],
            Held::Sparse(raised) => {
                let found = raised.binary_search_by_key(&register, |(register, _)| *register);
                let at = found.unwrap_or_else(|at| {
                    raised.insert(at, (register, 0));
                    at
                });
                &mut raised[at].1
            }
        }
    }
}

impl Cells for Ranks {
    type Key = (u16, Replica);
    const PLACE_MAX: u32 = hll::REGISTERS as u32 - 1;
    const VALUE_MAX: u8 = hll::RANK_LIMIT;
    const REPLACES: bool = false;

    fn key(place: u32, writer: Replica) -> (u16, Replica) {
        (place as u16, writer)
    }

    fn place((register, _): (u16, Replica)) -> u32 {
        u32::from(register)
    }

    fn put(&mut self, place: u32, value: u8) {
        let register = place as u16;
        let slot = self.place(register);
        let before = *slot;
        *slot = value.max(before);
        let digest = self.digest.wrapping_sub(hash(register, before));
        self.digest = digest.wrapping_add(hash(register, value.max(before)));
    }

    fn clear(&mut self, place: u32) {
        let register = place as u16;
        self.digest = self.digest.wrapping_sub(hash(register, self.get(register)));
        match &mut self.held {
            Held::Sparse(raised) => raised.retain(|(known, _)| *known != register),
            Held::Dense(ranks) => {
                ranks[usize::from(register) % hll::REGISTERS] = 0;
                if ranks.iter().all(|rank| *rank == 0) {
                    self.held = Held::Sparse(Vec::new());
                }
            }
        }
    }

    fn join(&mut self, other: &Ranks) {
        other.cells().for_each(|(register, rank)| self.put(register.into(), rank));
    }

    fn is_empty(&self) -> bool {
        matches!(&self.held, Held::Sparse(raised) if raised.is_empty())
    }

    fn digest(&self) -> u64 {
        self.digest
    }

    fn heap_bytes(&self) -> usize {
        match &self.held {
            Held::Sparse(raised) => raised.capacity() * size_of::<(u16, u8)>(),
            Held::Dense(_) => size_of::<hll::Ranks>(),
        }
    }

    /// How many; each: how far from the one before, and its rank.
    fn encode(&self, out: &mut Encoder) {
        out.varint(self.cells().count() as u64);
        let mut next = 0;
        for (register, rank) in self.cells() {
            out.varint(u64::from(register - next));
            out.byte(rank);
            next = register + 1;
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Ranks, Malformed> {
        let mut ranks = Ranks::default();
        let mut next = 0_u64;
        for _ in 0..from.reader().count(2)? {
            let register = next.saturating_add(from.varint()?);
            let rank = from.byte()?;
            if register > u64::from(Ranks::PLACE_MAX) || rank > Ranks::VALUE_MAX {
                return Err(Malformed("a register out of range"));
            }
            ranks.put(register as u32, rank);
            next = register + 1;
        }
        Ok(ranks)
    }
}

/// 0 for a rank of 0, which only says that there is something; the finalizer of splitmix64 else.
fn hash(register: u16, rank: u8) -> u64 {
    if rank == 0 {
        return 0;
    }
    let mut hash = (u64::from(register) << 8 | u64::from(rank)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}
