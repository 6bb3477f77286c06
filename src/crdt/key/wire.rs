//! Keys as bytes.

use super::Key;
use crate::base::codec::Malformed;
use crate::base::{Stamp, Tag};
use crate::crdt::wire::{Decoder, Encoder, flag_if};
use crate::crdt::{Collection, Collections, Counter, DeadlineRegister, Life, Plain, Value};
use smallvec::SmallVec;

// What a life's first byte says is there.
const ID: u8 = 1;
const DEADLINE: u8 = 2;
const AT: u8 = 4;
const COUNTER: u8 = 8;
const SET: u8 = 16;
/// Another life follows.
const MORE: u8 = 32;
/// In place of a life: a key without any.
const NO_LIFE: u8 = 64;
/// Another byte says what more is there.
const OTHERS: u8 = 128;

// What the second byte says.
const HASH: u8 = 1;
const SORTED: u8 = 2;
const LIST: u8 = 4;

impl Encoder {
    /// A whole key, or a part of one.
    pub fn key(&mut self, key: &Key) {
        if key.lives.is_empty() {
            return self.byte(NO_LIFE);
        }
        for (at, life) in key.lives.iter().enumerate() {
            self.life(life, flag_if(at + 1 < key.lives.len(), MORE));
        }
    }

    /// As [`Encoder::key`].
    pub fn told(&mut self, told: &Told<'_>) {
        match told {
            Told::Plain(plain) => self.plain(plain),
            Told::Key(key) => self.key(key),
        }
    }

    fn plain(&mut self, plain: &Plain<'_>) {
        self.byte(COUNTER | deadline_flags(&plain.deadline));
        self.deadline(&plain.deadline);
        self.plain_counter(plain);
    }

    fn deadline(&mut self, ends: &DeadlineRegister) {
        if *ends != DeadlineRegister::default() {
            self.tag(ends.tag());
        }
        if let Some(at_ms) = ends.at_ms() {
            self.time(at_ms, ends.tag().stamp);
        }
    }

    fn life(&mut self, life: &Life, more: u8) {
        let others = flag_if(life.collections.hash.is_some(), HASH)
            | flag_if(life.collections.sorted.is_some(), SORTED)
            | flag_if(life.collections.list.is_some(), LIST);
        self.byte(
            more | flag_if(life.id != Tag::NEVER, ID)
                | deadline_flags(&life.deadline)
                | flag_if(life.counter != Counter::default(), COUNTER)
                | flag_if(life.collections.set.is_some(), SET)
                | flag_if(others != 0, OTHERS),
        );
        if others != 0 {
            self.byte(others);
        }
        if life.id != Tag::NEVER {
            self.tag(life.id);
        }
        self.deadline(&life.deadline);
        if life.counter != Counter::default() {
            life.counter.encode(self);
        }
        // In the order of their flags.
        life.collections.each().for_each(|(_, members)| members.encode(self));
    }
}

fn deadline_flags(ends: &DeadlineRegister) -> u8 {
    flag_if(*ends != DeadlineRegister::default(), DEADLINE) | flag_if(ends.at_ms().is_some(), AT)
}

/// A key as it is told, in the form that takes the least work.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    Plain(Plain<'a>),
    Key(Box<Key>),
}

impl Told<'_> {
    /// The latest stamp in it.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        match self {
            Told::Plain(plain) => plain.max_stamp(),
            Told::Key(key) => key.max_stamp(),
        }
    }
}

impl<'a> Decoder<'a> {
    /// As [`Decoder::key`].
    ///
    /// # Errors
    /// As [`Decoder::key`].
    pub fn told(&mut self) -> Result<Told<'a>, Malformed> {
        let place = self.place();
        // What is malformed for one is so for the other, which says why.
        if let Ok(Some(plain)) = self.plain() {
            return Ok(Told::Plain(plain));
        }
        self.go_back(place);
        Ok(Told::Key(Box::new(self.key()?)))
    }

    fn plain(&mut self) -> Result<Option<Plain<'a>>, Malformed> {
        let flags = self.byte()?;
        if flags & !(DEADLINE | AT) != COUNTER {
            return Ok(None);
        }
        let deadline = self.deadline(flags)?;
        self.plain_counter(deadline)
    }

    /// A key as it was told: to be merged into what is held of it.
    ///
    /// # Errors
    /// These bytes were not written by [`Encoder::key`], or did not come whole.
    pub fn key(&mut self) -> Result<Key, Malformed> {
        let mut lives: SmallVec<[Life; 1]> = SmallVec::new();
        loop {
            let flags = self.byte()?;
            if flags == NO_LIFE && lives.is_empty() {
                break;
            }
            if flags & !(ID | DEADLINE | AT | COUNTER | SET | MORE | OTHERS) != 0 {
                return Err(Malformed("an unknown kind of life"));
            }
            let others = if flags & OTHERS != 0 { self.byte()? } else { 0 };
            let known = HASH | SORTED | LIST;
            if others & !known != 0 || (flags & OTHERS != 0) != (others != 0) {
                return Err(Malformed("an unknown kind of life"));
            }
            let life = self.life(flags, others)?;
            if lives.last().is_some_and(|last| last.id >= life.id) {
                return Err(Malformed("lives out of order"));
            }
            lives.push(life);
            if flags & MORE == 0 {
                break;
            }
        }
        Ok(Key { lives })
    }

    fn life(&mut self, flags: u8, others: u8) -> Result<Life, Malformed> {
        let id = if flags & ID != 0 { self.tag()? } else { Tag::NEVER };
        let deadline = self.deadline(flags)?;
        let counter = match flags & COUNTER {
            0 => Counter::default(),
            _ => Counter::decode(self)?,
        };
        let collections = Collections {
            set: self.members(flags & SET != 0)?,
            hash: self.members(others & HASH != 0)?,
            sorted: self.members(others & SORTED != 0)?,
            list: self.members(others & LIST != 0)?,
        };
        Ok(Life { id, deadline, counter, collections })
    }

    fn members<V: Value>(&mut self, there: bool) -> Result<Option<Box<Collection<V>>>, Malformed> {
        there.then(|| Collection::decode(self).map(Box::new)).transpose()
    }

    fn deadline(&mut self, flags: u8) -> Result<DeadlineRegister, Malformed> {
        let tag = if flags & DEADLINE != 0 { self.tag()? } else { Tag::NEVER };
        let at_ms = if flags & AT != 0 { Some(self.time(tag.stamp)?) } else { None };
        Ok(DeadlineRegister::written(tag, at_ms))
    }
}
