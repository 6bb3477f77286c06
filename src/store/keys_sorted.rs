//! Sorted sets in a scope.

use super::entry::{Entry, NEVER_DUE, State};
use super::watch::Edited;
use super::{AccessError, KeyRef, Keys, Missing, SetView};
use crate::base::Name;
use crate::base::Replica;
use crate::base::hash::NameHasher;
use crate::crdt::{
    Deadline, Key, Kind, MemberDeadline, Score, ScoreOrder, SortedSet, Tombstones, Write,
};
use indexmap::IndexMap;
use std::ops::Range;

/// A sorted set as a reader sees it.
pub enum SortedView<'a> {
    One(&'a SortedSet),
    /// The scores of several lives together, while a peer's view of a deadline differs.
    Joined(Box<Joined>),
}

/// AnySet of several lives.
pub struct Joined {
    scores: IndexMap<Name, f64, NameHasher>,
    order: ScoreOrder,
}

/// What has members: a set, whose members score 1, or a sorted set.
pub enum AnySet<'a> {
    Set(SetView<'a>),
    Sorted(SortedView<'a>),
}

/// A sorted set being changed.
pub struct SortedEdit<'e> {
    target: Target<'e>,
    write: Write,
    changed: bool,
}

enum Target<'e> {
    Sorted(&'e mut SortedSet),
    Whole(&'e mut Key),
}

impl Keys<'_> {
    /// The visible sorted set.
    pub fn sorted(&self, key: KeyRef<'_>) -> Result<Option<SortedView<'_>>, AccessError> {
        match self.entry_touched(key)? {
            Some(entry) => entry.sorted(self.now_ms),
            None => Ok(None),
        }
    }

    /// The visible set or sorted set.
    pub fn any_set(&self, key: KeyRef<'_>) -> Result<Option<AnySet<'_>>, AccessError> {
        match self.entry_touched(key)? {
            Some(entry) => entry.any_set(self.now_ms),
            None => Ok(None),
        }
    }

    /// Runs `edit` on the sorted set; `None` when it is missing and not to be created. One that is empty
    /// afterwards is gone.
    pub fn edit_sorted<R>(
        &mut self,
        key: KeyRef<'_>,
        missing: Missing,
        edit: impl FnOnce(&mut SortedEdit<'_>) -> R,
    ) -> Result<Option<R>, AccessError> {
        let me = self.keyspace.me();
        let mut edit = Some(edit);
        let changed = self.change(key, |entry, write| match entry.kind(write.now_ms) {
            Some(kind) if kind != Kind::SortedSet => Err(AccessError::WrongType),
            None if missing == Missing::Skip => Ok(None),
            _ => Ok(edit.take().map(|edit| edit_entry(entry, me, write, edit))),
        });
        if let Some(result) = changed {
            return Ok(result?.map(|edited| edited.result));
        }
        let (Missing::Create, Some(edit)) = (missing, edit.take()) else { return Ok(None) };
        let write = self.keyspace.write(self.now_ms);
        let mut set = Box::<SortedSet>::default();
        let Edited { result, .. } = run(edit, Target::Sorted(&mut set), &write);
        if !set.is_empty() {
            self.put_new(key, State::Sorted(set), Deadline::Keep, &write);
        }
        Ok(Some(result))
    }

    /// …STORE: the key becomes a sorted set of these members; without members it is deleted. True when it
    /// was there.
    pub fn replace_sorted<'m>(
        &mut self,
        key: KeyRef<'_>,
        members: impl Iterator<Item = (&'m [u8], f64)>,
    ) -> bool {
        self.replaces = self.exists(key).unwrap_or(false);
        self.put_sorted(key, members);
        std::mem::take(&mut self.replaces)
    }

    /// The key becomes a sorted set of these members.
    pub(super) fn put_sorted<'m>(
        &mut self,
        key: KeyRef<'_>,
        members: impl Iterator<Item = (&'m [u8], f64)>,
    ) {
        self.delete(key);
        let put = |set: &mut SortedEdit<'_>| {
            for (name, score) in members {
                set.write(name, score);
            }
        };
        // It was deleted just now, so it cannot be of another type.
        let _ = self.edit_sorted(key, Missing::Create, put);
    }
}

impl Entry {
    /// The visible sorted set of a settled entry.
    pub(super) fn sorted(&self, now_ms: u64) -> Result<Option<SortedView<'_>>, AccessError> {
        match (self.kind(now_ms), &self.state) {
            (None, _) => Ok(None),
            (Some(Kind::SortedSet), State::Sorted(set)) => Ok(Some(SortedView::One(set))),
            (Some(Kind::SortedSet), State::Whole(whole)) => Ok(Some(view(&whole.key, now_ms))),
            _ => Err(AccessError::WrongType),
        }
    }

    /// The visible set or sorted set of a settled entry.
    pub(super) fn any_set(&self, now_ms: u64) -> Result<Option<AnySet<'_>>, AccessError> {
        match self.kind(now_ms) {
            Some(Kind::Set) => Ok(self.members::<()>(now_ms)?.map(AnySet::Set)),
            _ => Ok(self.sorted(now_ms)?.map(AnySet::Sorted)),
        }
    }
}

fn edit_entry<R>(
    entry: &mut Entry,
    me: Replica,
    write: &Write,
    edit: impl FnOnce(&mut SortedEdit<'_>) -> R,
) -> Edited<R> {
    let is_past = entry.is_past(write.now_ms);
    if let (State::Sorted(set), false) = (&mut entry.state, is_past) {
        if set.is_empty() {
            // A key that nobody sees begins without a deadline.
            entry.ends_ms = NEVER_DUE;
        }
        return run(edit, Target::Sorted(set), write);
    }
    let mut whole = entry.take_key(me);
    let result = run(edit, Target::Whole(&mut whole), write);
    if write.tombstones == Tombstones::Drop {
        whole.collect_all(write.now_ms);
    }
    entry.set_key(whole, me, write.now_ms);
    result
}

fn run<'e, R>(
    edit: impl FnOnce(&mut SortedEdit<'e>) -> R,
    target: Target<'e>,
    write: &Write,
) -> Edited<R> {
    let mut set = SortedEdit { target, write: *write, changed: false };
    let result = edit(&mut set);
    Edited { result, changed: set.changed }
}

fn view(key: &Key, now_ms: u64) -> SortedView<'_> {
    let mut sets = key.members::<Score>(now_ms);
    match (sets.next(), sets.next()) {
        (Some(only), None) => SortedView::One(only),
        (first, second) => {
            let all = first.into_iter().chain(second).chain(sets);
            let names = all.flat_map(|set| set.iter());
            SortedView::Joined(Box::new(Joined::of(key, names, now_ms)))
        }
    }
}

impl Joined {
    fn of<'n>(key: &Key, names: impl Iterator<Item = &'n [u8]>, now_ms: u64) -> Joined {
        let (mut scores, mut order) = (IndexMap::default(), ScoreOrder::default());
        for name in names {
            if let Some(score) = key.score(now_ms, name)
                && scores.insert(Name::from_slice(name), score).is_none()
            {
                order.insert(score, &Name::from_slice(name));
            }
        }
        Joined { scores, order }
    }
}

impl SortedView<'_> {
    fn order(&self) -> &ScoreOrder {
        match self {
            SortedView::One(set) => set.index(),
            SortedView::Joined(joined) => &joined.order,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            SortedView::One(set) => set.len(),
            SortedView::Joined(joined) => joined.scores.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `None`: the member is not in.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            SortedView::One(set) => set.get(member).and_then(Score::get),
            SortedView::Joined(joined) => joined.scores.get(member).copied(),
        }
    }

    /// How many come before the member, and its score.
    #[must_use]
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.order().rank(score, member), score))
    }

    /// How many members `is_before`, which says yes to none after one that it says no to.
    pub fn partition_point(&self, is_before: impl Fn(f64, &[u8]) -> bool) -> usize {
        self.order().partition_point(is_before)
    }

    /// The members of these ranks, with their scores.
    pub fn range(
        &self,
        ranks: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (&[u8], f64)> + ExactSizeIterator {
        self.order().range(ranks)
    }

    /// The members in any order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], f64)> {
        (0..self.len()).filter_map(|index| self.at(index))
    }

    /// The member at a position below `len`; positions change with every removal.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<(&[u8], f64)> {
        match self {
            SortedView::One(set) => {
                let (name, score) = set.entry_at(index)?;
                Some((name, score.get()?))
            }
            SortedView::Joined(joined) => {
                joined.scores.get_index(index).map(|(name, score)| (&**name, *score))
            }
        }
    }

    /// ZSCAN: the next members and the cursor to go on from (0: begin, and done). As `SetView::scan`.
    #[must_use]
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<(&[u8], f64)>) {
        let top = match cursor {
            0 => self.len(),
            cursor => usize::try_from(cursor).unwrap_or(usize::MAX).min(self.len()),
        };
        let bottom = top.saturating_sub(count.max(1));
        let members = (bottom..top).rev().filter_map(|index| self.at(index)).collect();
        (bottom as u64, members)
    }
}

impl AnySet<'_> {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            AnySet::Set(set) => set.len(),
            AnySet::Sorted(set) => set.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `None`: the member is not in.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            AnySet::Set(set) => set.contains(member).then_some(1.0),
            AnySet::Sorted(set) => set.score(member),
        }
    }

    /// The members in any order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], f64)> {
        let (set, sorted) = match self {
            AnySet::Set(set) => (Some(set), None),
            AnySet::Sorted(sorted) => (None, Some(sorted)),
        };
        let set = set.into_iter().flat_map(|set| set.iter().map(|name| (name, 1.0)));
        set.chain(sorted.into_iter().flat_map(|sorted| sorted.iter()))
    }
}

impl SortedEdit<'_> {
    /// `None`: the member is not in.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.target {
            Target::Sorted(set) => set.get(member).and_then(Score::get),
            Target::Whole(key) => key.score(self.write.now_ms, member),
        }
    }

    /// ZADD: gives the member this score, whatever it has.
    pub fn write(&mut self, member: &[u8], score: f64) {
        self.changed |= self.score(member) != Some(score);
        let write = &self.write;
        match &mut self.target {
            Target::Sorted(set) => {
                let put = |value: &mut Score| value.write(write.tag, score);
                set.change(write, member, MemberDeadline::Keep, put);
            }
            Target::Whole(key) => key.write_score(write, member, score),
        }
    }

    /// ZINCRBY: counts what is missing to this score.
    pub fn count_to(&mut self, member: &[u8], to: f64) {
        self.changed |= self.score(member) != Some(to);
        let write = &self.write;
        match &mut self.target {
            Target::Sorted(set) => {
                let count = |value: &mut Score| value.count_to(write.tag, to);
                set.change(write, member, MemberDeadline::Keep, count);
            }
            Target::Whole(key) => key.count_score_to(write, member, to),
        }
    }

    /// Removes a member: true when it was in.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let was_in = match &mut self.target {
            Target::Sorted(set) => set.remove(member, self.write.tombstones),
            Target::Whole(key) => key.remove_member::<Score>(&self.write, member),
        };
        self.changed |= was_in;
        was_in
    }

    /// The sorted set as it is now.
    #[must_use]
    pub fn view(&self) -> SortedView<'_> {
        match &self.target {
            Target::Sorted(set) => SortedView::One(set),
            Target::Whole(key) => view(key, self.write.now_ms),
        }
    }
}
