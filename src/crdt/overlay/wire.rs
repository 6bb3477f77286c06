//! Overlays as bytes.

use super::{Cells, Overlay, join};
use crate::base::Tag;
use crate::base::codec::Malformed;
use crate::crdt::wire::{Decoder, Encoder, flag_if};

/// What comes with a fresh cell's replica: it is forgotten.
const DEAD: u8 = 1;
const FLAG_BITS: u32 = 1;
/// Place, replica, stamp.
const FRESH_BYTES_MIN: usize = 3;

impl<C: Cells> Overlay<C> {
    /// Stamps seen, of the plain, forgotten, wiped; how many are fresh; each: how far from the one before, who
    /// wrote it when, its value unless it is forgotten. All that is shown, if any of it is plain.
    pub(in crate::crdt) fn encode(&self, out: &mut Encoder) {
        self.stamps().into_iter().for_each(|stamps| out.stamps(stamps));
        out.varint(self.fresh.len() as u64);
        let mut last = 0;
        for (key, fresh) in &self.fresh {
            let place = C::place(*key);
            out.varint(u64::from(place - last));
            last = place;
            out.replica_and(fresh.tag.replica, flag_if(fresh.value.is_none(), DEAD), FLAG_BITS);
            out.stamp(fresh.tag.stamp);
            fresh.value.into_iter().for_each(|value| out.byte(value));
        }
        if !self.plain.is_empty() {
            self.shown.encode(out);
        }
    }

    pub(in crate::crdt) fn decode(from: &mut Decoder<'_>) -> Result<Overlay<C>, Malformed> {
        let mut overlay = Overlay::default();
        let seen = from.stamps()?;
        let plain = from.stamps()?;
        let forgotten = from.stamps()?;
        let wiped = from.stamps()?;
        let mut last = 0_u64;
        for _ in 0..from.reader().count(FRESH_BYTES_MIN)? {
            last = last.saturating_add(from.varint()?);
            let place = u32::try_from(last).ok().filter(|place| *place <= C::PLACE_MAX);
            let place = place.ok_or(Malformed("a cell out of range"))?;
            let (replica, flags) = from.replica_and(FLAG_BITS)?;
            let tag = Tag::new(from.stamp()?, replica);
            let value = if flags & DEAD != 0 { None } else { Some(from.byte()?) };
            if value.is_some_and(|value| value > C::VALUE_MAX) {
                return Err(Malformed("a value out of range"));
            }
            if overlay
                .fresh
                .last_key_value()
                .is_some_and(|(last, _)| *last >= C::key(place, replica))
            {
                return Err(Malformed("cells out of order"));
            }
            overlay.admit_told(place, tag, value);
        }
        if !plain.is_empty() {
            overlay.shown = C::decode(from)?;
        }
        join(&mut overlay.seen, &seen);
        (overlay.plain, overlay.forgotten, overlay.wiped) = (plain, forgotten, wiped);
        Ok(overlay)
    }
}
