//! From a whole key to the smallest form that holds it, and back.

use super::entry::{Based, Counted, Entry, NEVER_DUE, State, Whole};
use super::tally::Tally;
use crate::base::number::parse_i64;
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::{
    Collections, Counter, DeadlineRegister, Key, Kind, Members, Own, Plain, PlainSlot, Slot,
    Visible,
};

impl Entry {
    /// The whole state of the key, as peers would be told it.
    pub fn to_key(&self, me: Replica) -> Key {
        let tag = |stamp| Tag::new(stamp, me);
        let (counter, collections) = match &self.state {
            State::Count { tally, born } => {
                (Counter::counted(me, tally.to_slot(*born, 0)), Collections::default())
            }
            State::Based(based) => {
                let mut counter = Counter::default();
                let mut digits = itoa::Buffer::new();
                counter.write(tag(based.base_stamp), digits.format(based.base).as_bytes());
                counter.put_slot(me, based.tally.to_slot(based.slot_born, based.base));
                (counter, Collections::default())
            }
            State::Text { stamp, text } => {
                let mut counter = Counter::default();
                counter.write(tag(*stamp), text);
                (counter, Collections::default())
            }
            State::Growing(growing) => {
                let mut counter = Counter::default();
                counter.write(tag(growing.stamp), &growing.text);
                (counter, Collections::default())
            }
            State::Set(set) => (Counter::default(), set.clone().into()),
            State::Hash(hash) => (Counter::default(), hash.clone().into()),
            State::Sorted(set) => (Counter::default(), set.clone().into()),
            State::List(list) => (Counter::default(), list.clone().into()),
            State::Row(row) => (Counter::default(), Box::new(row.to_list(me)).into()),
            State::Counted(counted) => {
                let mut key = counted.whole.key.clone();
                counted.catch_up(&mut key, me);
                return key;
            }
            State::Whole(whole) => return whole.key.clone(),
        };
        Key::first_life(self.ends(me), counter, collections)
    }

    /// The same, taken out of the entry, which is to be given one again: members are not copied.
    pub fn take_key(&mut self, me: Replica) -> Key {
        const NOTHING: fn() -> State = || State::Text { stamp: Stamp::NEVER, text: Box::default() };
        match std::mem::replace(&mut self.state, NOTHING()) {
            State::Set(set) => Key::first_life(self.ends(me), Counter::default(), set),
            State::Hash(hash) => Key::first_life(self.ends(me), Counter::default(), hash),
            State::Sorted(set) => Key::first_life(self.ends(me), Counter::default(), set),
            State::List(list) => Key::first_life(self.ends(me), Counter::default(), list),
            State::Counted(mut counted) => {
                let mut key = std::mem::take(&mut counted.whole.key);
                counted.catch_up(&mut key, me);
                key
            }
            State::Whole(whole) => whole.key,
            compact => {
                self.state = compact;
                self.to_key(me)
            }
        }
    }

    /// The state of a key in the commonest forms, with nothing made for it; `None`: it is in another.
    pub fn plain(&self, me: Replica) -> Option<Plain<'_>> {
        let (born, base, counted) = match &self.state {
            State::Count { tally, born } => {
                let (added, taken) = (u64::try_from(tally.added(0)).ok()?, tally.taken());
                (*born, None, Some(PlainSlot { born: *born, added, taken }))
            }
            State::Text { stamp, text } => (*stamp, Some(&**text), None),
            _ => return None,
        };
        Some(Plain { deadline: self.ends(me), replica: me, born, base, counted })
    }

    /// What goes to this node's stream: of members, what this node changed since the last time.
    pub fn take_part(&mut self, me: Replica) -> Key {
        let ends = self.ends(me);
        if let Some(members) = self.state.members_mut() {
            return Key::first_life(ends, Counter::default(), members.take_part(me));
        }
        match &mut self.state {
            State::Counted(counted) => {
                counted.settle(me);
                counted.whole.key.take_part(me)
            }
            State::Whole(whole) => whole.key.take_part(me),
            _ => self.to_key(me),
        }
    }

    /// What this replica has counted on the key.
    pub fn own(&self, me: Replica) -> Own {
        match &self.state {
            State::Count { tally, born } => own_of(&tally.to_slot(*born, 0)),
            State::Based(based) => own_of(&based.tally.to_slot(based.slot_born, based.base)),
            State::Counted(counted) => {
                let (own, (added, taken)) = (counted.whole.key.own(me), counted.since());
                Own { added: own.added + added, taken: own.taken + taken, ..own }
            }
            State::Whole(whole) => whole.key.own(me),
            State::Text { .. } | State::Growing(_) => Own::default(),
            State::Set(_) | State::Hash(_) | State::Sorted(_) => Own::default(),
            State::List(_) | State::Row(_) => Own::default(),
        }
    }

    /// Adds what this replica had contributed to members that it has changed since the last drain.
    pub fn note_befores(&self, own: &mut Own) {
        match (self.state.members(), self.key()) {
            (Some(members), _) => members.note_befores(own),
            (None, Some(key)) => key.note_befores(own),
            (None, None) => {}
        }
    }

    /// Only what is dead of the key.
    pub fn tombstones_part(&self, me: Replica, now_ms: u64) -> Key {
        match self.key() {
            Some(key) => key.tombstones_part(now_ms),
            None => self.to_key(me).tombstones_part(now_ms),
        }
    }

    /// The key that whole forms hold; the slot of this replica may lag behind.
    pub fn key(&self) -> Option<&Key> {
        match &self.state {
            State::Counted(counted) => Some(&counted.whole.key),
            State::Whole(whole) => Some(&whole.key),
            _ => None,
        }
    }

    /// The deadline register of a compact form.
    pub(super) fn ends(&self, me: Replica) -> DeadlineRegister {
        if self.ends_stamp == Stamp::NEVER {
            return DeadlineRegister::default();
        }
        let at_ms = (self.ends_ms != NEVER_DUE).then_some(self.ends_ms);
        DeadlineRegister::written(Tag::new(self.ends_stamp, me), at_ms)
    }

    /// Merges a plain state into an entry that is not due; false, and nothing is changed: that takes more
    /// than to count on.
    pub fn catch_up(&mut self, plain: &Plain<'_>, me: Replica) -> bool {
        if plain.base.is_some() || plain.replica != me || plain.deadline != self.ends(me) {
            return false;
        }
        let (State::Count { tally, born }, Some(theirs)) = (&mut self.state, plain.counted) else {
            return false;
        };
        let added = tally.added(0).max(u128::from(theirs.added));
        let taken = tally.taken().max(theirs.taken);
        let Some(both) = tally_of(added, taken.into(), 0).filter(|_| *born == theirs.born) else {
            return false;
        };
        *tally = both;
        true
    }

    /// Takes over a whole state, in the smallest form that holds it.
    pub fn set_key(&mut self, mut key: Key, me: Replica, now_ms: u64) {
        if let Some((state, ends)) = compact(&mut key, me) {
            self.state = state;
            self.set_ends(ends.tag().stamp, ends.at_ms());
            return;
        }
        self.set_ends(Stamp::NEVER, key.deadline_ms(now_ms));
        let due_ms = key.next_due_ms(now_ms).unwrap_or(NEVER_DUE);
        self.state = match countable(&key, me, now_ms) {
            Some(start) => {
                let tally = Tally::new(start, 0);
                State::Counted(Box::new(Counted { tally, start, whole: Whole::new(key, due_ms) }))
            }
            None => State::Whole(Box::new(Whole::new(key, due_ms))),
        };
    }
}

fn own_of(slot: &Slot) -> Own {
    Own { born: slot.born(), added: slot.added(), taken: slot.taken(), ..Own::default() }
}

/// The compact form of a key that has one, and its deadline; the key is spent then.
fn compact(key: &mut Key, me: Replica) -> Option<(State, DeadlineRegister)> {
    let life = key.only_first_life()?;
    let ends = *life.deadline();
    if !is_field(&ends, me) {
        return None;
    }
    let state = if *life.collections() == Collections::default() {
        compact_counter(life.counter(), me)?
    } else if *life.counter() == Counter::default() {
        let kind = life.collections().only()?.kind();
        State::of_members(kind, key.take_collections())?
    } else {
        return None;
    };
    Some((state, ends))
}

/// Whether a deadline can be held in an entry's own fields.
fn is_field(ends: &DeadlineRegister, me: Replica) -> bool {
    *ends == DeadlineRegister::default()
        || (ends.tag().replica == me && ends.at_ms() != Some(NEVER_DUE))
}

impl State {
    /// Members of one type alone.
    fn of_members(kind: Kind, mut collections: Collections) -> Option<State> {
        match kind {
            Kind::String => None,
            Kind::Set => collections.take().map(State::Set),
            Kind::Hash => collections.take().map(State::Hash),
            Kind::SortedSet => collections.take().map(State::Sorted),
            Kind::List => collections.take().map(State::List),
        }
    }

    pub fn members(&self) -> Option<&dyn Members> {
        match self {
            State::Set(set) => Some(&**set),
            State::Hash(hash) => Some(&**hash),
            State::Sorted(set) => Some(&**set),
            State::List(list) => Some(&**list),
            _ => None,
        }
    }

    pub fn members_mut(&mut self) -> Option<&mut dyn Members> {
        match self {
            State::Set(set) => Some(&mut **set),
            State::Hash(hash) => Some(&mut **hash),
            State::Sorted(set) => Some(&mut **set),
            State::List(list) => Some(&mut **list),
            _ => None,
        }
    }

    /// The compact form of a plain state that has one.
    pub fn of_plain(plain: &Plain<'_>, me: Replica) -> Option<State> {
        if plain.replica != me || !is_field(&plain.deadline, me) {
            return None;
        }
        let tally = |counted: PlainSlot, base| {
            let is_any = counted.added > 0 || counted.taken > 0;
            tally_of(counted.added.into(), counted.taken.into(), base).filter(|_| is_any)
        };
        match (plain.base, plain.counted) {
            (None, None) => None,
            (None, Some(counted)) => {
                Some(State::Count { tally: tally(counted, 0)?, born: counted.born })
            }
            (Some(text), None) => Some(State::Text { stamp: plain.born, text: text.into() }),
            (Some(text), Some(counted)) => {
                let base = parse_i64(text)?;
                Some(State::Based(Box::new(Based {
                    tally: tally(counted, base)?,
                    base,
                    base_stamp: plain.born,
                    slot_born: counted.born,
                })))
            }
        }
    }
}

fn compact_counter(counter: &Counter, me: Replica) -> Option<State> {
    let mut slots = counter.slots();
    if counter.has_floats() || counter.has_overlays() || slots.len() > 1 {
        return None;
    }
    let slot = match slots.next() {
        Some((replica, _)) if replica != me => return None,
        slot => slot.map(|(_, slot)| slot),
    };
    let written = counter.base().tag();
    let Some((_, text)) = counter.base().get() else {
        let slot = slot.filter(|slot| written == Tag::NEVER && counter.born() == slot.born())?;
        return Some(State::Count { tally: whole_tally(slot, 0)?, born: slot.born() });
    };
    if written.replica != me || counter.born() != written.stamp {
        return None;
    }
    let Some(slot) = slot else {
        return Some(State::Text { stamp: written.stamp, text: text.into() });
    };
    let base = parse_i64(text)?;
    Some(State::Based(Box::new(Based {
        tally: whole_tally(slot, base)?,
        base,
        base_stamp: written.stamp,
        slot_born: slot.born(),
    })))
}

/// The tally of a slot of which nothing was ever forgotten, counting on `base`.
fn whole_tally(slot: &Slot, base: i64) -> Option<Tally> {
    let sums = i128::try_from(slot.added()).ok()? - i128::try_from(slot.taken()).ok()?;
    if slot.is_forgotten() || slot.value() != sums {
        return None;
    }
    tally_of(slot.added(), slot.taken(), base)
}

/// The tally that counts these sums on `base`.
fn tally_of(added: u128, taken: u128, base: i64) -> Option<Tally> {
    let sums = i128::try_from(added).ok()? - i128::try_from(taken).ok()?;
    let value = i64::try_from(i128::from(base).checked_add(sums)?).ok()?;
    Some(Tally::new(value, u64::try_from(taken).ok()?))
}

/// What is visible, when that is an integer and this replica has a slot to count on.
fn countable(key: &Key, me: Replica, now_ms: u64) -> Option<i64> {
    let newest = key.newest().filter(|life| !life.is_past(now_ms))?;
    newest.counter().slot(me).filter(|slot| !slot.is_forgotten())?;
    match key.text(now_ms)? {
        // A bound may stand for a sum beyond it, from which a word cannot count on.
        Visible::Integer(i64::MIN | i64::MAX) => None,
        Visible::Integer(start) => Some(start),
        _ => None,
    }
}

impl Counted {
    /// What was counted since the tally began: added, taken away.
    fn since(&self) -> (u128, u128) {
        (self.tally.added(self.start), u128::from(self.tally.taken()))
    }

    fn catch_up(&self, key: &mut Key, me: Replica) {
        let (added, taken) = self.since();
        key.count(me, added as i128, taken as i128);
    }

    /// Has the key hold what was counted since; the tally begins anew.
    pub(super) fn settle(&mut self, me: Replica) {
        let (added, taken) = self.since();
        self.whole.key.count(me, added as i128, taken as i128);
        self.start = self.tally.value();
        self.tally = Tally::new(self.start, 0);
    }
}
