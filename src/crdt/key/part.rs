//! Parts of a key, to be merged into what others hold.

use super::Key;
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::{Counter, DeadlineRegister, Life, Own, OwnFloat, Tombstones};
use smallvec::SmallVec;

impl Key {
    /// What the stream of `me` has to be told after this node changed the key: all of it, but of sets and
    /// overlays only what has changed since it was last asked.
    #[must_use]
    pub fn take_part(&mut self, me: Replica) -> Key {
        let part = |life: &mut Life| Life {
            id: life.id,
            deadline: life.deadline,
            counter: life.counter.take_part(me),
            set: life.set.as_mut().map(|set| Box::new(set.take_part(me))),
        };
        Key { lives: self.lives.iter_mut().map(part).collect() }
    }

    /// Only what is dead: what is forgotten, removed or expired, and the lives that are past.
    #[must_use]
    pub fn tombstones_part(&self, now_ms: u64) -> Key {
        let lives = self.lives.iter().map(|life| match life.is_past(now_ms) {
            true => Life {
                set: life.set.as_ref().map(|set| Box::new(set.loose())),
                ..Life { set: None, ..life.clone() }
            },
            false => told_dead(life),
        });
        Key { lives: lives.filter(|life| !is_blank(life)).collect() }
    }

    /// What `me` alone has counted in the newest life.
    #[must_use]
    pub fn own(&self, me: Replica) -> Own {
        let Some(counter) = self.newest().map(Life::counter) else { return Own::default() };
        let float = counter.float(me).map(|slot| {
            let [(seq, sum), _] = slot.sums();
            Box::new(OwnFloat { born: slot.born(), seq, sum: sum.clone() })
        });
        match counter.slot(me) {
            Some(slot) => {
                Own { born: slot.born(), added: slot.added(), taken: slot.taken(), float }
            }
            None => Own { float, ..Own::default() },
        }
    }

    /// Whether `other` has counts of `me` that this lacks. Of `me` itself this has all, unless what it had
    /// counted was lost.
    #[must_use]
    pub fn is_behind_on(&self, me: Replica, other: &Key) -> bool {
        other.lives.iter().any(|theirs| {
            let mine = self.lives.iter().find(|mine| mine.id == theirs.id).map(Life::counter);
            let slot = theirs
                .counter
                .slot(me)
                .is_some_and(|slot| slot.exceeds(mine.and_then(|mine| mine.slot(me))));
            let float = theirs
                .counter
                .float(me)
                .is_some_and(|slot| slot.exceeds(mine.and_then(|mine| mine.float(me))));
            slot || float
        })
    }

    /// Whether a replica has left anything in it.
    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.lives.iter().any(|life| {
            let tags = [life.id, life.deadline.tag(), life.counter.base().tag()];
            let counted = || life.counter.slot(replica).is_some();
            let has_float = || life.counter.float(replica).is_some();
            let has_cells = || life.counter.overlays_mention(replica);
            let has_added = || life.set.as_ref().is_some_and(|set| set.mentions(replica));
            tags.iter().any(|tag| tag.replica == replica) || counted() || has_float() || has_cells() || has_added()
        })
    }

    /// What `lost` alone contributed and no member may hold, as contributions of `new`: what it
    /// counted beyond `before` and wrote after the stamp `since`. With it all that is known to be
    /// dead.
    ///
    /// For a node that was away until the others forgot it: the others hold the rest. What they are
    /// known to hold, as `theirs` shows, is left out.
    #[must_use]
    pub fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        theirs: &Key,
    ) -> Key {
        // A life that they know keeps its name, and so does the word on an end that opened it.
        let is_known =
            |tag: Tag| theirs.lives.iter().any(|life| life.id == tag || life.deadline.tag() == tag);
        let rename = |tag: Tag| match tag.replica == lost && tag.stamp > since && !is_known(tag) {
            true => Tag::new(tag.stamp, new),
            false => tag,
        };
        let again = |life: &Life| {
            let (tag, at_ms) = (life.deadline.tag(), life.deadline.at_ms());
            let theirs = theirs.lives.iter().find(|theirs| theirs.id == life.id);
            let known = theirs.and_then(|theirs| theirs.set.as_deref());
            let set = life.set.as_ref().map(|set| set.reissue(lost, since, new, known));
            let known = theirs.map(Life::counter);
            let mut part = Life {
                id: life.id,
                deadline: DeadlineRegister::default(),
                counter: life.counter.reissue(lost, before, since, new, known),
                set: set.filter(|set| !set.is_blank()).map(Box::new),
            };
            part.merge(&tombstones_of(life), Tombstones::KEEP);
            // One that was taken away may have been so by a deletion, which has no tag of its own.
            let is_known = theirs.is_some_and(|theirs| theirs.deadline.tag() >= tag);
            let is_news = at_ms.is_none() || (rename(tag) != tag && !is_known);
            part.deadline = if is_news {
                DeadlineRegister::written(rename(tag), at_ms)
            } else {
                DeadlineRegister::default()
            };
            part
        };
        let lives = self.lives.iter().map(again).filter(|life| !is_blank(life));
        let mut lives: SmallVec<[Life; 1]> =
            lives.map(|life| Life { id: rename(life.id), ..life }).collect();
        lives.sort_unstable_by_key(|life| life.id);
        Key { lives }
    }
}

/// What is dead in a life, for one who has the rest: but a counter whole, with its end, as one command
/// may have taken away and written at once, and who tells of it may not live to tell the rest. And with
/// its end if nothing lives in it, as then nobody would find by comparing that it has one.
fn told_dead(life: &Life) -> Life {
    let dead = tombstones_of(life);
    if !life.is_living() {
        return Life { deadline: life.deadline, ..dead };
    }
    if dead.counter == Counter::default() || !life.counter.is_living() {
        return dead;
    }
    Life { counter: life.counter.clone(), deadline: life.deadline, ..dead }
}

/// What is dead in a life.
fn tombstones_of(life: &Life) -> Life {
    let set = life.set.as_ref().map(|set| set.tombstones_part());
    let mut part = Life {
        counter: life.counter.tombstones_part(),
        set: set.filter(|set| !set.is_blank()).map(Box::new),
        ..Life::new(life.id)
    };
    // What took away the rest took away the deadline too.
    if !is_blank(&part) && life.deadline.at_ms().is_none() {
        part.deadline = life.deadline;
    }
    part
}

/// Whether a part says nothing of a life.
fn is_blank(life: &Life) -> bool {
    *life == Life::new(life.id)
}
