//! Hashes in a scope.

use super::entry::State;
use super::members::{Edit, Held, Target, View};
use super::{AccessError, KeyRef, Keys, Missing, Text};
use crate::base::decimal::Decimal;
use crate::base::number::parse_i64;
use crate::crdt::{Field, Hash, MemberDeadline, Reading};

/// A hash as a reader sees it.
pub type HashView<'a> = View<'a, Field>;

/// A hash being changed.
pub type HashEdit<'e> = Edit<'e, Field>;

impl Keys<'_> {
    /// The visible hash.
    pub fn hash(&self, key: KeyRef<'_>) -> Result<Option<HashView<'_>>, AccessError> {
        self.members(key)
    }

    /// Runs `edit` on the hash; `None` when it is missing and not to be created. A hash that is empty
    /// afterwards is gone.
    pub fn edit_hash<R>(
        &mut self,
        key: KeyRef<'_>,
        missing: Missing,
        edit: impl FnOnce(&mut HashEdit<'_>) -> R,
    ) -> Result<Option<R>, AccessError> {
        self.edit_members(key, missing, edit)
    }

    /// The key becomes a hash of these fields, each with its value and its deadline.
    pub(super) fn put_hash<'m>(
        &mut self,
        key: KeyRef<'_>,
        fields: impl Iterator<Item = (&'m [u8], &'m [u8], Option<u64>)>,
    ) {
        self.delete(key);
        let put = |hash: &mut HashEdit<'_>| {
            for (name, text, at_ms) in fields {
                hash.set(name, text, MemberDeadline::Set(at_ms));
            }
        };
        // It was deleted just now, so it cannot be of another type.
        let _ = self.edit_hash(key, Missing::Create, put);
    }
}

impl Held for Field {
    fn of(state: &State) -> Option<&Hash> {
        match state {
            State::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    fn of_mut(state: &mut State) -> Option<&mut Hash> {
        match state {
            State::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    fn held(hash: Box<Hash>) -> State {
        State::Hash(hash)
    }
}

impl HashView<'_> {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Text<'_>> {
        self.all().get(name)?.visible().map(Text::from)
    }

    /// Each field with its value.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], Text<'_>)> + Clone {
        self.all().entries().map(|(name, field)| (name, shown(field)))
    }

    /// The field at a position below `len`, with its value; positions change with every removal.
    #[must_use]
    pub fn field_at(&self, index: usize) -> Option<(&[u8], Text<'_>)> {
        self.all().entry_at(index).map(|(name, field)| (name, shown(field)))
    }
}

/// What is in has something to show.
fn shown(field: &Field) -> Text<'_> {
    field.visible().map_or(Text::Borrowed(b""), Text::from)
}

impl HashEdit<'_> {
    /// HSET: true when the field was not in.
    pub fn set(&mut self, name: &[u8], text: &[u8], deadline: MemberDeadline) -> bool {
        self.changed = true;
        let write = &self.write;
        match &mut self.target {
            Target::Members(hash) => {
                hash.change(write, name, deadline, |field| field.write(write.tag, text))
            }
            Target::Whole(key) => key.write_field(write, name, text, deadline),
        }
    }

    /// HINCRBY: the sum, or why there is none. A field that is not in counts from 0.
    pub fn add(&mut self, name: &[u8], by: i64) -> Result<i64, AccessError> {
        let value = match self.view().get(name) {
            None => 0,
            Some(text) => match text.held_integer() {
                Some(value) => value,
                None => parse_i64(&text).ok_or(AccessError::NotInteger)?,
            },
        };
        let sum = value.checked_add(by).ok_or(AccessError::Overflow)?;
        self.changed = true;
        let (write, by) = (&self.write, i128::from(by));
        match &mut self.target {
            Target::Members(hash) => {
                hash.change(write, name, MemberDeadline::Keep, |field| field.add(write.tag, by));
            }
            Target::Whole(key) => key.add_to_field(write, name, by),
        }
        // Not simply the sum: where merges went past the 64-bit range, its bound stays visible.
        let seen = self.view().get(name).and_then(|text| parse_i64(&text));
        Ok(seen.unwrap_or(sum))
    }

    /// HINCRBYFLOAT: what is visible as a number becomes `to`, as Redis prints it.
    pub fn move_to(&mut self, name: &[u8], to: &str) -> Result<(), AccessError> {
        let number = Decimal::parse(to.as_bytes()).ok_or(AccessError::NotFloat)?;
        self.changed = true;
        let write = &self.write;
        let moved = match &mut self.target {
            Target::Members(hash) => {
                let visible = hash.get(name).and_then(Field::visible);
                let way = Reading::way_to(visible.as_ref(), &number, to.as_bytes());
                let Some((by, is_shown)) = way else { return Err(AccessError::NotFloat) };
                if !by.is_zero() || !is_shown {
                    hash.change(write, name, MemberDeadline::Keep, |field| {
                        field.add_decimal(write.tag, &by);
                    });
                }
                true
            }
            Target::Whole(key) => key.move_field_to(write, name, &number, to.as_bytes()),
        };
        moved.then_some(()).ok_or(AccessError::NotFloat)
    }

    /// HEXPIRE, HPERSIST: false when the field is not in. A deadline that has passed removes it.
    pub fn set_deadline(&mut self, name: &[u8], at_ms: Option<u64>) -> bool {
        if at_ms.is_some_and(|at_ms| at_ms <= self.write.now_ms) {
            return self.remove(name);
        }
        let write = &self.write;
        let is_in = match &mut self.target {
            Target::Members(hash) if hash.contains(name) => {
                hash.change(write, name, MemberDeadline::Set(at_ms), |_| {});
                true
            }
            Target::Members(_) => false,
            Target::Whole(key) => key.expire_member::<Field>(write, name, at_ms),
        };
        self.changed |= is_in;
        is_in
    }
}
