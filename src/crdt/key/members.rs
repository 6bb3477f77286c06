//! Members of the collections of a key's lives.

use super::Key;
use crate::base::decimal::Decimal;
use crate::crdt::{Collection, Field, Hash, Item, MemberDeadline, Reading, Value, Visible, Write};

impl Key {
    /// Removes what is seen of a member, in every life; true when it was in.
    pub fn remove_member<V: Value>(&mut self, write: &Write, name: &[u8]) -> bool {
        let members = self.present_members::<V>(write);
        members.fold(false, |found, members| found | members.remove(name, write.tombstones))
    }

    /// Has a member end then, in every life where it is in; false when it is not.
    pub fn expire_member<V: Value>(
        &mut self,
        write: &Write,
        name: &[u8],
        at_ms: Option<u64>,
    ) -> bool {
        let members = self.present_members::<V>(write).filter(|members| members.contains(name));
        let deadline = MemberDeadline::Set(at_ms);
        members.map(|members| members.change(write, name, deadline, |_| {})).count() > 0
    }

    /// When a member ends: `None`, it is not in; `Some(None)`, not by itself.
    #[must_use]
    pub fn member_deadline_ms<V: Value>(&self, now_ms: u64, name: &[u8]) -> Option<Option<u64>> {
        // Of several lives' deadlines the newest life's is visible.
        self.members::<V>(now_ms).filter_map(|members| members.deadline_ms(name)).last()
    }

    /// What is visible of a hash's field.
    #[must_use]
    pub fn field(&self, now_ms: u64, name: &[u8]) -> Option<Visible<'_>> {
        let mut reading = Reading::default();
        let fields = self.members::<Field>(now_ms).filter_map(|hash| hash.get(name));
        fields.for_each(|field| field.add_to(&mut reading));
        reading.value()
    }

    /// HSET: a SET of the field; true when it was not in.
    pub fn write_field(
        &mut self,
        write: &Write,
        name: &[u8],
        text: &[u8],
        deadline: MemberDeadline,
    ) -> bool {
        // What is seen of it in older lives is forgotten there.
        self.change_field(
            write,
            name,
            deadline,
            |key| {
                key.older_members::<Field>(write).for_each(|hash| {
                    hash.remove(name, write.tombstones);
                });
                key.newest_members::<Field>(write)
            },
            |field| field.write(write.tag, text),
        )
    }

    /// HINCRBY: counts in the newest life.
    pub fn add_to_field(&mut self, write: &Write, name: &[u8], by: i128) {
        let by_zero = by == 0 && self.field(write.now_ms, name).is_some();
        if by_zero {
            return;
        }
        self.change_field(
            write,
            name,
            MemberDeadline::Keep,
            |key| key.newest_members(write),
            |field| {
                field.add(write.tag, by);
            },
        );
    }

    /// HINCRBYFLOAT: what is visible as a number becomes `to`. False when it is not a number.
    pub fn move_field_to(
        &mut self,
        write: &Write,
        name: &[u8],
        to: &Decimal,
        to_text: &[u8],
    ) -> bool {
        let visible = self.field(write.now_ms, name);
        let Some((by, is_shown)) = Reading::way_to(visible.as_ref(), to, to_text) else {
            return false;
        };
        if !by.is_zero() || !is_shown {
            self.change_field(
                write,
                name,
                MemberDeadline::Keep,
                |key| key.newest_members(write),
                |field| {
                    field.add_decimal(write.tag, &by);
                },
            );
        }
        true
    }

    /// Puts an element into a list, at a place that is its own.
    pub fn put_element(&mut self, write: &Write, place: &[u8], text: &[u8]) {
        self.begin(write.now_ms);
        self.newest_members::<Item>(write).put_in(write, place, text);
    }

    /// Changes a field of the hash that `among` finds; it keeps the deadline that is seen, if it is to.
    fn change_field(
        &mut self,
        write: &Write,
        name: &[u8],
        deadline: MemberDeadline,
        among: impl FnOnce(&mut Key) -> &mut Hash,
        change: impl FnOnce(&mut Field),
    ) -> bool {
        self.begin(write.now_ms);
        let known = self.member_deadline_ms::<Field>(write.now_ms, name);
        let deadline = match (deadline, known) {
            (MemberDeadline::Keep | MemberDeadline::IfNew(_), Some(known)) => {
                MemberDeadline::Set(known)
            }
            (deadline, _) => deadline,
        };
        among(self).change(write, name, deadline, change);
        known.is_none()
    }

    /// The collection that a write goes to.
    pub(super) fn newest_members<V: Value>(&mut self, write: &Write) -> &mut Collection<V> {
        V::among_mut(&mut self.writable(write).collections).get_or_insert_default()
    }

    /// Those of all lives but the newest that are not past.
    pub(super) fn older_members<V: Value>(
        &mut self,
        write: &Write,
    ) -> impl Iterator<Item = &mut Collection<V>> {
        let older = self.lives.split_last_mut().map_or(&mut [][..], |(_, older)| older);
        let present = older.iter_mut().filter(|life| !life.is_past(write.now_ms));
        present.filter_map(|life| life.collections.get_mut())
    }

    fn present_members<V: Value>(
        &mut self,
        write: &Write,
    ) -> impl Iterator<Item = &mut Collection<V>> {
        let present = self.lives.iter_mut().filter(|life| !life.is_past(write.now_ms));
        present.filter_map(|life| life.collections.get_mut())
    }
}
