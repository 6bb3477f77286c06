//! Who is a member: whose confirmation is needed before anything is collected.
//!
//! The failure detector (`membership`) says who can be reached; the view says who counts. A member
//! that cannot be reached still counts until it is forgotten. Views merge by maximum, so nodes that
//! have heard of the same events agree, and each says by a hash under which view it confirms.

use super::epochs::Run;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// What a node is to the others, in the order in which later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    Member,
    /// It said good-bye.
    Left,
    /// It was away for too long, or the operator said so.
    Forgotten,
}

/// One node in the view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub node: u32,
    pub incarnation: u64,
    pub standing: Standing,
    /// The latest of the node's memories that was forgotten, 0 for none: what it had contributed, it has
    /// perhaps written again.
    pub forgotten: u64,
    /// The latest run of its program that was met.
    pub run: Run,
    pub address: String,
}

impl Entry {
    #[must_use]
    pub fn member(node: u32, incarnation: u64, address: &str) -> Entry {
        Entry {
            node,
            incarnation,
            standing: Standing::Member,
            forgotten: 0,
            run: Run::default(),
            address: address.to_owned(),
        }
    }

    #[must_use]
    pub fn is_member(&self) -> bool {
        self.standing == Standing::Member
    }

    /// The same, forgotten.
    #[must_use]
    pub fn forgotten(self) -> Entry {
        Entry { standing: Standing::Forgotten, forgotten: self.incarnation, ..self }
    }
}

/// The view: nodes by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    nodes: BTreeMap<u32, Entry>,
}

impl View {
    /// Merges what is known of one node: the later incarnation, of one the later standing and the latest
    /// run; and the latest incarnation that was forgotten. True when that is news.
    pub fn merge(&mut self, entry: &Entry) -> bool {
        match self.nodes.get_mut(&entry.node) {
            None => {
                self.nodes.insert(entry.node, entry.clone());
                true
            }
            Some(known) => {
                let is_later = (entry.incarnation, entry.standing, &entry.address)
                    > (known.incarnation, known.standing, &known.address);
                let forgotten = known.forgotten.max(entry.forgotten);
                let run = match known.incarnation.cmp(&entry.incarnation) {
                    Ordering::Less => entry.run,
                    Ordering::Equal => known.run.max(entry.run),
                    Ordering::Greater => known.run,
                };
                let news = is_later || forgotten > known.forgotten || run != known.run;
                if is_later {
                    *known = entry.clone();
                }
                (known.forgotten, known.run) = (forgotten, run);
                news
            }
        }
    }

    /// Changes what a node is; false when it is not in the view as a member.
    pub fn set_standing(&mut self, node: u32, standing: Standing) -> bool {
        match self.nodes.get_mut(&node) {
            Some(entry) if entry.standing < standing => {
                entry.standing = standing;
                if standing == Standing::Forgotten {
                    entry.forgotten = entry.incarnation;
                }
                true
            }
            _ => false,
        }
    }

    #[must_use]
    pub fn get(&self, node: u32) -> Option<&Entry> {
        self.nodes.get(&node)
    }

    /// Whether a memory counts.
    #[must_use]
    pub fn is_member(&self, node: u32) -> bool {
        self.get(node).is_some_and(Entry::is_member)
    }

    /// The members, in the order of their ids.
    pub fn members(&self) -> impl Iterator<Item = &Entry> {
        self.nodes.values().filter(|entry| entry.is_member())
    }

    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.nodes.values().cloned().collect()
    }

    /// Takes note that a memory of a node was forgotten; true when that is news.
    pub fn raise_forgotten(&mut self, node: u32, incarnation: u64) -> bool {
        let Some(entry) = self.nodes.get_mut(&node) else { return false };
        let news = incarnation > entry.forgotten;
        entry.forgotten = entry.forgotten.max(incarnation);
        news
    }

    /// All members, and of the others those with the latest memories, `others_max` at the most, without
    /// their addresses.
    #[must_use]
    pub fn brief(&self, others_max: usize) -> Vec<Entry> {
        let (mut brief, mut others): (Vec<Entry>, Vec<Entry>) =
            self.nodes.values().cloned().partition(Entry::is_member);
        others.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.incarnation));
        let others = others.into_iter().take(others_max);
        brief.extend(others.map(|entry| Entry { address: String::new(), ..entry }));
        brief
    }

    /// Of who counts and who does not; addresses and runs do not matter.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut bytes = Vec::new();
        for entry in self.nodes.values() {
            bytes.extend(entry.node.to_le_bytes());
            bytes.extend(entry.incarnation.to_le_bytes());
            bytes.push(entry.standing as u8);
            bytes.extend(entry.forgotten.to_le_bytes());
        }
        xxh3_64(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(node: u32, incarnation: u64, standing: Standing) -> Entry {
        let entry = Entry::member(node, incarnation, "");
        if standing == Standing::Forgotten {
            entry.forgotten()
        } else {
            Entry { standing, ..entry }
        }
    }

    #[test]
    fn a_later_incarnation_is_a_member_again() {
        let mut view = View::default();
        assert!(view.merge(&entry(1, 5, Standing::Member)));
        assert!(view.merge(&entry(1, 5, Standing::Forgotten)));
        assert!(!view.merge(&entry(1, 5, Standing::Member)), "forgotten is for good");
        assert!(!view.is_member(1));
        assert!(view.merge(&entry(1, 6, Standing::Member)));
        assert!(view.is_member(1));
    }

    /// A refusal carries it, which has to fit in a handshake however many nodes there ever were.
    #[test]
    fn a_brief_view_names_all_members_and_few_others() {
        let mut view = View::default();
        for node in 1..=5_000 {
            let standing = if node <= 50 { Standing::Member } else { Standing::Forgotten };
            let entry = entry(node, u64::MAX - u64::from(node), standing);
            view.merge(&Entry { address: "a".repeat(255), ..entry });
        }
        let brief = view.brief(1_000);
        assert_eq!(brief.iter().filter(|entry| entry.is_member()).count(), 50);
        let others: Vec<u32> = brief.iter().skip(50).map(|entry| entry.node).collect();
        assert_eq!(others, (51..=1_050).collect::<Vec<u32>>(), "the latest memories");
        let bytes = postcard::to_stdvec(&brief).expect("bytes");
        assert!(bytes.len() < super::super::handshake::HANDSHAKE_LIMIT_BYTES, "{}", bytes.len());
    }

    #[test]
    fn views_of_the_same_events_agree() {
        let events = [
            entry(1, 5, Standing::Member),
            entry(2, 1, Standing::Forgotten),
            entry(2, 3, Standing::Member),
        ];
        let (mut a, mut b) = (View::default(), View::default());
        assert!(events.iter().all(|event| a.merge(event)));
        for event in events.iter().rev() {
            b.merge(event);
        }
        assert_eq!(a.hash(), b.hash());
        assert_eq!(a.get(2).map(|entry| entry.forgotten), Some(1), "also of one who is back");
        assert_ne!(a.hash(), View::default().hash());
    }
}
