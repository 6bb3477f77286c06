//! Parts of a key, to be merged into what others hold.

use super::Key;
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::{Collections, Counter, DeadlineRegister, Life, Own, Tombstones};
use smallvec::SmallVec;

impl Key {
    /// What the stream of `me` has to be told after this node changed the key: all of it, but of members
    /// and overlays only what has changed since it was last asked.
    #[must_use]
    pub fn take_part(&mut self, me: Replica) -> Key {
        let part = |life: &mut Life| Life {
            id: life.id,
            deadline: life.deadline,
            counter: life.counter.take_part(me),
            collections: life.collections.take_part(me),
        };
        Key { lives: self.lives.iter_mut().map(part).collect() }
    }

    /// Only what is dead: what is forgotten, removed or expired, and the lives that are past.
    #[must_use]
    pub fn tombstones_part(&self, now_ms: u64) -> Key {
        let lives = self.lives.iter().map(|life| match life.is_past(now_ms) {
            true => {
                let (deadline, counter) = (life.deadline, life.counter.clone());
                Life { id: life.id, deadline, counter, collections: life.collections.loose() }
            }
            false => told_dead(life),
        });
        Key { lives: lives.filter(|life| !is_blank(life)).collect() }
    }

    /// What `me` alone has counted in the newest life.
    #[must_use]
    pub fn own(&self, me: Replica) -> Own {
        self.newest().map(|life| life.counter.own(me)).unwrap_or_default()
    }

    /// Adds to what a node had contributed what it had to members that it has changed since, of a part that
    /// was taken.
    pub fn note_befores(&self, own: &mut Own) {
        // As of the counter: of the newest life.
        let members = self.newest().into_iter().flat_map(|life| life.collections.each());
        members.for_each(|(_, members)| members.note_befores(own));
    }

    /// Whether `other` has counts of `me` that this lacks. Of `me` itself this has all, unless what it had
    /// counted was lost.
    #[must_use]
    pub fn is_behind_on(&self, me: Replica, other: &Key) -> bool {
        other.lives.iter().any(|theirs| {
            let mine = self.lives.iter().find(|mine| mine.id == theirs.id);
            let members = mine.map(|mine| &mine.collections);
            theirs.counter.exceeds(me, mine.map(Life::counter))
                || Collections::is_behind_on(members, me, &theirs.collections)
        })
    }

    /// Whether a replica has left anything in it.
    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.lives.iter().any(|life| {
            let tags = [life.id, life.deadline.tag()];
            tags.iter().any(|tag| tag.replica == replica)
                || life.counter.mentions(replica)
                || life.collections.each().any(|(_, members)| members.mentions(replica))
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
            let known = theirs.map(|theirs| &theirs.collections);
            let collections = life.collections.reissue(lost, before, since, new, known);
            let known = theirs.map(Life::counter);
            let mut part = Life {
                id: life.id,
                deadline: DeadlineRegister::default(),
                counter: life.counter.reissue(lost, before, since, new, known),
                collections,
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
    let mut part = Life {
        counter: life.counter.tombstones_part(),
        collections: life.collections.tombstones_part(),
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
