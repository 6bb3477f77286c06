//! Hashes: fields that carry a counter each.

use super::collection::{Joinable, Value};
use super::collections::Collections;
use super::living::Living;
use super::wire::{Decoder, Encoder};
use super::{Collection, Counter, DeadlineRegister, Key, Kind, MemberDeadline, Own, Plain};
use super::{PlainSlot, Reading, Visible, Write};
use crate::base::codec::Malformed;
use crate::base::decimal::Decimal;
use crate::base::{Name, Replica, Stamp, Tag};

/// Fields and their values: HSET writes one, HINCRBY counts on it, HDEL forgets what it sees of it.
pub type Hash = Collection<Field>;

/// The value of a field: a [`Counter`], in the smallest form that holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field(Form);

/// Each counter has one form: the first that can hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Nothing,
    /// A base that was written when the counter was born.
    Text {
        tag: Tag,
        text: Name,
    },
    /// What one replica has counted, of which nothing is forgotten.
    Count {
        replica: Replica,
        slot: PlainSlot,
    },
    /// A base that is forgotten.
    Forgotten {
        tag: Tag,
    },
    Whole(Box<Counter>),
}

impl Field {
    /// HSET.
    pub fn write(&mut self, tag: Tag, text: &[u8]) {
        match &mut self.0 {
            Form::Nothing | Form::Text { .. } => {
                self.0 = Form::Text { tag, text: Name::from_slice(text) };
            }
            _ => self.with(|counter| counter.write(tag, text)),
        }
    }

    /// HINCRBY.
    pub fn add(&mut self, tag: Tag, by: i128) {
        if by == 0 && !self.is_living() {
            // A sum of nothing is no value.
            return self.with(|counter| counter.write(tag, b"0"));
        }
        match &mut self.0 {
            Form::Count { replica, slot } if *replica == tag.replica => match slot.plus(by) {
                Some(sum) => *slot = sum,
                None => self.with(|counter| counter.add(tag, by)),
            },
            _ => self.with(|counter| counter.add(tag, by)),
        }
    }

    /// HINCRBYFLOAT.
    pub fn add_decimal(&mut self, tag: Tag, by: &Decimal) {
        self.with(|counter| counter.add_decimal(tag, by));
    }

    /// What a reader sees; `None`: nothing lives.
    #[must_use]
    pub fn visible(&self) -> Option<Visible<'_>> {
        match &self.0 {
            Form::Nothing | Form::Forgotten { .. } => None,
            Form::Text { text, .. } => Some(Visible::Text(text)),
            Form::Count { .. } | Form::Whole(_) => {
                let mut reading = Reading::default();
                self.add_to(&mut reading);
                reading.value()
            }
        }
    }

    /// Adds what it holds to a reading over several lives.
    pub fn add_to<'a>(&'a self, reading: &mut Reading<'a>) {
        match &self.0 {
            Form::Nothing | Form::Forgotten { .. } => {}
            Form::Text { tag, text } => reading.include_base(*tag, text),
            Form::Count { slot, .. } => {
                reading.include_sum(i128::from(slot.added) - i128::from(slot.taken));
            }
            Form::Whole(counter) => reading.include(counter),
        }
    }

    /// Changes it as a counter.
    fn with(&mut self, change: impl FnOnce(&mut Counter)) {
        let mut counter = match std::mem::take(&mut self.0) {
            Form::Whole(counter) => counter,
            compact => Box::new(Field(compact).to_counter()),
        };
        change(&mut counter);
        self.0 = Form::of(counter);
    }

    /// The counter that it is.
    #[must_use]
    pub fn to_counter(&self) -> Counter {
        match &self.0 {
            Form::Nothing => Counter::default(),
            Form::Forgotten { tag } => Counter::forgotten(*tag),
            Form::Whole(counter) => (**counter).clone(),
            Form::Text { .. } | Form::Count { .. } => {
                self.plain().map(|plain| plain.to_counter()).unwrap_or_default()
            }
        }
    }

    fn plain(&self) -> Option<Plain<'_>> {
        let deadline = DeadlineRegister::default();
        match &self.0 {
            Form::Text { tag, text } => {
                let (replica, born) = (tag.replica, tag.stamp);
                Some(Plain { deadline, replica, born, base: Some(text), counted: None })
            }
            Form::Count { replica, slot } => {
                let (replica, born) = (*replica, slot.born);
                Some(Plain { deadline, replica, born, base: None, counted: Some(*slot) })
            }
            _ => None,
        }
    }
}

impl Form {
    fn of(counter: Box<Counter>) -> Form {
        Form::compact(&counter).unwrap_or(Form::Whole(counter))
    }

    fn compact(counter: &Counter) -> Option<Form> {
        let (born, base) = (counter.born(), counter.base());
        let mut slots = counter.slots();
        if counter.has_floats() || slots.len() > 1 {
            return None;
        }
        match (base.get(), slots.next()) {
            (Some((tag, text)), None) if tag.stamp == born => {
                Some(Form::Text { tag, text: Name::from_slice(text) })
            }
            (None, Some((replica, slot))) if base.tag() == Tag::NEVER && slot.born() == born => {
                Some(Form::Count { replica, slot: PlainSlot::of(slot)? })
            }
            (None, None) if base.tag().stamp == born => match base.tag() == Tag::NEVER {
                true => Some(Form::Nothing),
                false => Some(Form::Forgotten { tag: base.tag() }),
            },
            _ => None,
        }
    }
}

impl Joinable for Field {
    fn joined(key: &Key, write: &Write) -> Box<Hash> {
        let mut joined = Box::<Hash>::default();
        for hash in key.members::<Field>(write.now_ms) {
            for name in hash.iter() {
                let text = match key.field(write.now_ms, name) {
                    None => Vec::new(),
                    Some(Visible::Text(text)) => text.to_vec(),
                    Some(Visible::Integer(value)) => value.to_string().into_bytes(),
                    Some(Visible::Number(text)) => text.into_bytes(),
                    Some(Visible::Made(text)) => text,
                };
                let at_ms = hash.deadline_ms(name).flatten();
                joined.change(write, name, MemberDeadline::Set(at_ms), |field| {
                    field.write(write.tag, &text);
                });
            }
        }
        joined
    }
}

impl Value for Field {
    const KIND: Kind = Kind::Hash;

    type Index = ();

    fn among(collections: &Collections) -> &Option<Box<Hash>> {
        &collections.hash
    }

    fn among_mut(collections: &mut Collections) -> &mut Option<Box<Hash>> {
        &mut collections.hash
    }

    fn is_living(&self) -> bool {
        match &self.0 {
            Form::Nothing | Form::Forgotten { .. } => false,
            Form::Text { .. } | Form::Count { .. } => true,
            Form::Whole(counter) => counter.is_living(),
        }
    }

    fn is_blank(&self) -> bool {
        self.0 == Form::Nothing
    }

    fn forget(&mut self) {
        match &self.0 {
            Form::Nothing | Form::Forgotten { .. } => {}
            Form::Text { tag, .. } => self.0 = Form::Forgotten { tag: *tag },
            Form::Count { .. } | Form::Whole(_) => self.with(Counter::forget),
        }
    }

    fn merge(&mut self, other: &Field) {
        if self.is_blank() {
            self.clone_from(other);
        } else if self != other {
            self.with(|counter| match &other.0 {
                Form::Whole(theirs) => counter.merge(theirs),
                _ => counter.merge(&other.to_counter()),
            });
        }
    }

    fn collect(&mut self) {
        if !self.is_living() {
            self.0 = Form::Nothing;
        } else if let Form::Whole(_) = self.0 {
            self.with(Counter::collect);
        }
    }

    fn tombstones_mark(&self) -> u64 {
        match &self.0 {
            Form::Nothing | Form::Text { .. } | Form::Count { .. } => 0,
            Form::Forgotten { .. } => self.to_counter().tombstones_mark(),
            Form::Whole(counter) => counter.tombstones_mark(),
        }
    }

    fn tombstones_part(&self) -> Field {
        match &self.0 {
            Form::Nothing | Form::Text { .. } | Form::Count { .. } => Field::default(),
            Form::Forgotten { .. } => self.clone(),
            Form::Whole(counter) => Field(Form::of(Box::new(counter.tombstones_part()))),
        }
    }

    fn digest(&self, seed: u64) -> u64 {
        let mut living = Living::new();
        match &self.0 {
            Form::Nothing | Form::Forgotten { .. } => return 0,
            Form::Text { tag, text } => {
                living.counter_born(tag.stamp);
                living.base(*tag, text);
            }
            Form::Count { replica, slot } => {
                living.counter_born(slot.born);
                living.slot(*replica, &slot.to_slot());
            }
            Form::Whole(counter) if !counter.is_living() => return 0,
            Form::Whole(counter) => living.counter(counter),
        }
        living.hash(seed)
    }

    fn max_stamp(&self) -> Stamp {
        match &self.0 {
            Form::Nothing => Stamp::NEVER,
            Form::Text { tag, .. } | Form::Forgotten { tag } => tag.stamp,
            Form::Count { slot, .. } => slot.born,
            Form::Whole(counter) => counter.max_stamp(),
        }
    }

    fn own(&self, me: Replica) -> Own {
        match &self.0 {
            Form::Count { replica, slot } if *replica == me => {
                let (added, taken) = (slot.added.into(), slot.taken.into());
                Own { born: slot.born, added, taken, ..Own::default() }
            }
            Form::Whole(counter) => counter.own(me),
            _ => Own::default(),
        }
    }

    fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        known: Option<&Field>,
    ) -> Field {
        let (before, known) = (before.map(|own| own.born_by(since)), known.map(Field::to_counter));
        let counter = self.to_counter();
        let again = counter.reissue(lost, before.as_ref(), since, new, known.as_ref());
        Field(Form::of(Box::new(again)))
    }

    fn mentions(&self, replica: Replica) -> bool {
        match &self.0 {
            Form::Nothing => false,
            Form::Text { tag, .. } | Form::Forgotten { tag } => tag.replica == replica,
            Form::Count { replica: writer, .. } => *writer == replica,
            Form::Whole(counter) => counter.mentions(replica),
        }
    }

    fn exceeds(&self, me: Replica, known: Option<&Field>) -> bool {
        match &self.0 {
            Form::Nothing | Form::Text { .. } | Form::Forgotten { .. } => false,
            Form::Count { replica, .. } if *replica != me => false,
            Form::Count { .. } | Form::Whole(_) => {
                let known = known.map(Field::to_counter);
                self.to_counter().exceeds(me, known.as_ref())
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Text { text, .. } => text.heap_bytes(),
            Form::Whole(counter) => size_of::<Counter>() + counter.heap_bytes(),
            _ => 0,
        }
    }

    fn encode(&self, out: &mut Encoder) {
        match (&self.0, self.plain()) {
            (_, Some(plain)) => out.plain_counter(&plain),
            (Form::Whole(counter), None) => counter.encode(out),
            _ => self.to_counter().encode(out),
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Field, Malformed> {
        let place = from.place();
        // What is malformed for one is so for the other, which says why.
        if let Ok(Some(plain)) = from.plain_counter(DeadlineRegister::default()) {
            return Ok(Field(match (plain.base, plain.counted) {
                (Some(text), None) => Form::Text {
                    tag: Tag::new(plain.born, plain.replica),
                    text: Name::from_slice(text),
                },
                _ => Form::of(Box::new(plain.to_counter())),
            }));
        }
        from.go_back(place);
        Ok(Field(Form::of(Box::new(Counter::decode(from)?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A million fields take a million of these.
    #[test]
    fn a_field_takes_no_more_than_its_text_and_its_tag() {
        assert!(size_of::<Field>() <= 48);
    }
}
