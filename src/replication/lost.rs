//! What a node that was forgotten has perhaps to write again.

use super::stream::{Before, DbKey};
use super::{Now, Vector, saved};
use crate::base::{Name, Replica, Stamp};
use crate::crdt::{Key, Own};
use crate::store::{KeyRef, Keys, Undrained};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A key as it was when its node was forgotten, of which the members have perhaps not heard all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    pub db: u16,
    #[serde(with = "saved::name")]
    pub name: Name,
    #[serde(with = "saved::key")]
    pub state: Key,
    /// What `stream` had contributed to it for certain.
    pub before: Before,
    pub stream: Replica,
    /// Who holds the stream so far, has all that there is of it.
    pub upto: u64,
    /// As whom it is written again: known before anybody is told of it, so that a crash in between does
    /// not have it written again as another one as well.
    pub again: Replica,
    /// In which batch: until all members hold that one, it may have to be written again once more.
    pub told_in: Option<u64>,
}

impl Lost {
    /// Whether all that the members have of it is here, and it is not written again yet.
    #[must_use]
    pub fn is_due(&self, holds: &Vector) -> bool {
        let has_come = holds.get(&self.stream).copied().unwrap_or(0) >= self.upto;
        has_come && self.told_in.is_none()
    }
}

/// What a node keeps of what it alone has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    All,
    /// No deletions: whom it meets next has not asked for them.
    Living,
}

/// What others may lack of one of this node's streams.
pub struct Rest {
    stream: Replica,
    /// As whom is written again what is in doubt.
    again: Replica,
    /// Nobody has anything of later batches.
    upto: u64,
    /// It began in an earlier run: all of it is compared with what the others have.
    is_earlier: bool,
    /// What had been contributed to keys for certain, before what nobody has; and before what somebody
    /// may have.
    pub certain: BTreeMap<DbKey, Before>,
    pub doubtful: BTreeMap<DbKey, Before>,
    /// There are keys of which nothing was noted; what was written to them by this stamp, all had.
    pub unnoted: Option<Stamp>,
}

impl Rest {
    #[must_use]
    pub fn new(stream: Replica, again: Replica, upto: u64) -> Rest {
        let (certain, doubtful) = (BTreeMap::new(), BTreeMap::new());
        Rest { stream, again, upto, is_earlier: false, certain, doubtful, unnoted: None }
    }

    /// Of a stream that was written in an earlier run: nothing is noted. What was written to it by the
    /// stamp `since`, all had.
    #[must_use]
    pub fn of_earlier_run(stream: Replica, again: Replica, upto: u64, since: Stamp) -> Rest {
        Rest { is_earlier: true, unnoted: Some(since), ..Rest::new(stream, again, upto) }
    }

    /// Nothing that was noted is known from where others may lack something on: all is in doubt. What was
    /// written by the stamp `since`, they had.
    pub fn doubt_all(&mut self, since: Stamp) {
        let certain = std::mem::take(&mut self.certain);
        self.doubtful.extend(certain);
        for before in self.doubtful.values_mut() {
            *before = Before { own: Own::default(), since };
        }
        (self.unnoted, self.is_earlier) = (Some(since), true);
    }

    /// Looks for keys of which nothing was noted.
    pub fn look(&mut self, held: &Keys<'_>) {
        let Some(since) = self.unnoted else { return };
        let written = held.written_by(self.stream).into_iter();
        for key in written.filter(|key| !self.certain.contains_key(key)).collect::<Vec<_>>() {
            let before = Before { own: Own::default(), since };
            let is_doubtful = self.upto > 0 || self.is_earlier;
            let befores = if is_doubtful { &mut self.doubtful } else { &mut self.certain };
            befores.entry(key).or_insert(before);
        }
    }

    /// Adds what was not told yet.
    pub fn add_undrained(&mut self, held: &mut Keys<'_>) {
        for Undrained { db, name, own_before, since } in held.take_undrained() {
            let befores = match self.doubtful.contains_key(&(db, name.clone())) {
                true => &mut self.doubtful,
                false => &mut self.certain,
            };
            let known = befores.entry((db, name));
            known
                .and_modify(|known| known.own.note_members_of(&own_before))
                .or_insert_with(|| Before { own: own_before.clone(), since });
        }
    }

    /// What is to be compared with what the others have, once that is here.
    pub fn doubtful(&self, held: &Keys<'_>) -> Vec<Lost> {
        let (stream, again, upto) = (self.stream, self.again, self.upto);
        let lost = |((db, name), before): (&DbKey, &Before)| {
            let state = held.told(KeyRef::new(*db, name))?;
            let (db, name, before) = (*db, name.clone(), before.clone());
            Some(Lost { db, name, state, before, stream, upto, again, told_in: None })
        };
        self.doubtful.iter().filter_map(lost).collect()
    }

    /// What is written again at once, as `new`.
    pub fn certain(
        &self,
        held: &Keys<'_>,
        new: Replica,
        what: Kept,
        now: Now,
    ) -> Vec<(u16, Name, Key)> {
        let again = |((db, name), before): (&DbKey, &Before)| {
            let state = held.told(KeyRef::new(*db, name))?;
            let own = Some(&before.own);
            let mut again = state.reissue(self.stream, own, before.since, new, &Key::default());
            if what == Kept::Living {
                again.collect_all(now.wall_ms);
            }
            (again != Key::default()).then_some((*db, name.clone(), again))
        };
        self.certain.iter().filter_map(again).collect()
    }
}
