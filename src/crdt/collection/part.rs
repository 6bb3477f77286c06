//! Parts of a collection, to be merged into what others hold.

use super::member::{Dot, DotLife, Member};
use super::tracking::{Fresh, Tracking};
use super::{Collection, Value};
use crate::base::{Name, Replica, Stamp};
use crate::crdt::{Generation, Own};

impl<V: Value> Collection<V> {
    /// What the stream of `me` has to be told: the members that this node changed since it was last
    /// asked, removed ones too, and what is forgotten. All of it where more changes than members
    /// came together, or nothing was ever tracked.
    #[must_use]
    pub fn take_part(&mut self, me: Replica) -> Collection<V> {
        self.begin_chain(me);
        let Some(tracking) = &mut self.tracking else { return self.clone() };
        let (fresh, chain) = tracking.hand_over(me);
        let mut told = Tracking::default();
        told.befores = tracking.take_befores();
        match fresh {
            Fresh::All => {
                told.seen = tracking.seen.clone();
                self.telling(told, self.known())
            }
            Fresh::Names(mut names) => {
                told.chain = Some(chain);
                names.sort_unstable();
                names.dedup();
                self.telling(told, names.iter().filter_map(|name| self.find(name)))
            }
        }
    }

    /// Of a part that was taken: each member that this node changed, and what it alone had contributed before.
    pub fn befores(&self) -> impl Iterator<Item = (&[u8], &Own)> {
        let told = self.tracking.iter().flat_map(|tracking| &tracking.befores);
        told.map(|(name, own)| (&**name, own))
    }

    /// All that is known, with no claim that it is all.
    #[must_use]
    pub fn loose(&self) -> Collection<V> {
        self.telling(Tracking::default(), self.known())
    }

    /// Only what is removed, expired or forgotten, with no claim that it is all.
    #[must_use]
    pub fn tombstones_part(&self) -> Collection<V> {
        let mut part = Collection {
            born: self.born,
            forgotten: self.forgotten.clone(),
            ..Collection::default()
        };
        for (name, grave) in &self.graves {
            part.put(name.clone(), grave.member.clone());
        }
        // What is forgotten of a value in part is no scar, for it cannot be dropped.
        if self.has_scars() || V::COUNTS {
            for (name, member) in &self.members {
                part.put(name.clone(), member.tombstones_part());
            }
        }
        part
    }

    /// The living dots of `lost` after `since` that are not `known`, as dots of `new`; their own are dead,
    /// and earlier ones with them, as they were before. With them what `lost` alone contributed since then,
    /// and after `before`.
    #[must_use]
    pub fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        known: Option<&Collection<V>>,
    ) -> Collection<V> {
        let mut part = Collection { born: self.born, ..Collection::default() };
        for (name, member) in &self.members {
            let dot = member.dots().iter().find(|dot| dot.replica == lost);
            let is_lacking = |dot: &&Dot| {
                let is_known = known.is_some_and(|known| known.has_seen(name, dot));
                dot.stamp > since && dot.is_live() && !is_known
            };
            if let Some(dot) = dot.filter(is_lacking) {
                let mut again = Member::default();
                again.put(Dot { replica: new, ..*dot });
                again.put(Dot { life: DotLife::Dead, ..*dot });
                let before = before.and_then(|before| before.member(V::KIND, name));
                let known = known.and_then(|known| known.find(name)).map(|(_, known)| &known.value);
                again.value = member.value.reissue(lost, before, since, new, known);
                part.put(name.clone(), again);
            }
        }
        part
    }

    /// Whether a replica has said anything of any member.
    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.known().any(|(_, member)| member.mentions(replica))
    }

    /// Whether `other` has counts of `me` that this lacks.
    #[must_use]
    pub fn is_behind_on(&self, me: Replica, other: &Collection<V>) -> bool {
        other.known().any(|(name, theirs)| {
            theirs.value.exceeds(me, self.find(name).map(|(_, mine)| &mine.value))
        })
    }

    /// Whether a replica's word on a member was heard of, if only as forgotten.
    fn has_seen(&self, name: &Name, dot: &Dot) -> bool {
        let heard = self.find(name).and_then(|(_, member)| {
            member.dots().iter().find(|known| known.replica == dot.replica)
        });
        let seen = self.tracking.as_ref().map(|tracking| tracking.seen(dot.replica));
        heard.is_some_and(|heard| heard.stamp >= dot.stamp)
            || seen.is_some_and(|seen| seen >= dot.stamp)
    }

    /// Takes in a member of which nothing is known yet.
    pub(super) fn put(&mut self, name: Name, member: Member<V>) {
        self.admit_or_lay(name, member, Generation::default());
    }

    pub(super) fn find(&self, name: &Name) -> Option<(&Name, &Member<V>)> {
        let buried = || self.graves.get_key_value(name).map(|(name, grave)| (name, &grave.member));
        self.members.get_key_value(name).or_else(buried)
    }

    fn telling<'a>(
        &self,
        told: Tracking,
        members: impl Iterator<Item = (&'a Name, &'a Member<V>)>,
    ) -> Collection<V> {
        let mut part = Collection {
            born: self.born,
            forgotten: self.forgotten.clone(),
            ..Collection::default()
        };
        part.tracking = Some(Box::new(told));
        members.for_each(|(name, member)| part.put(name.clone(), member.clone()));
        part
    }
}
