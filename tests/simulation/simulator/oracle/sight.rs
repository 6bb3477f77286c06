//! What a node's state of a key holds, in terms of the history: which increments, texts and members
//! count in it. And what a user must see of that, by the table of the design.

use super::super::places::{Place, counter_of, show};
use super::history::{EventId, History, LifeId, Mark, What, Word};
use headcount::base::number::parse_i64;
use headcount::crdt::{Counter, Key, Kind, Life};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What counts in one life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifeSight {
    pub id: LifeId,
    pub word: Word,
    pub base: Option<EventId>,
    pub adds: BTreeSet<EventId>,
    pub inserts: BTreeSet<EventId>,
    /// Stamps at which it last took on a type.
    pub born: BTreeMap<Kind, u64>,
}

/// What counts in a key: its lives in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    pub lives: Vec<LifeSight>,
}

/// What a user sees of a key. Ends are Unix milliseconds.
#[derive(Clone, PartialEq, Eq)]
pub enum View {
    Nothing,
    Text(Vec<u8>, Option<u64>),
    Members(BTreeMap<u8, Option<u64>>, Option<u64>),
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            View::Nothing => write!(f, "nothing"),
            View::Text(text, at_ms) => write!(f, "\"{}\" until {at_ms:?}", text.escape_ascii()),
            View::Members(members, at_ms) => write!(f, "{members:?} until {at_ms:?}"),
        }
    }
}

impl LifeSight {
    pub fn is_past(&self, now_ms: u64) -> bool {
        self.word.at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    pub fn is_string(&self) -> bool {
        self.base.is_some() || !self.adds.is_empty()
    }

    /// The members that are in, each with its end.
    pub fn members(&self, history: &History, now_ms: u64) -> BTreeMap<u8, Option<u64>> {
        let mut latest = BTreeMap::<u8, (Mark, Option<u64>)>::new();
        for id in &self.inserts {
            let What::Insert(mark, member, at_ms) = history.event(*id).what else { continue };
            let word = latest.entry(member).or_insert((mark, at_ms));
            *word = (*word).max((mark, at_ms));
        }
        let words = latest.into_iter().map(|(member, (_, at_ms))| (member, at_ms));
        words.filter(|(_, at_ms)| at_ms.is_none_or(|at| at > now_ms)).collect()
    }

    pub fn events(&self) -> impl Iterator<Item = EventId> {
        self.base.iter().chain(&self.adds).chain(&self.inserts).copied()
    }
}

impl Sight {
    /// Reads a state. An error is a thing that cannot be: an increment twice, a write that nobody made.
    pub fn of(history: &History, place: Place, key: &Key) -> Result<Sight, String> {
        let mut lives = Vec::new();
        for life in key.lives() {
            let seen = read_life(history, place, life);
            lives.push(seen.map_err(|error| format!("{}: {error}", show(place)))?);
        }
        Ok(Sight { lives })
    }

    pub fn newest(&self) -> Option<&LifeSight> {
        self.lives.last()
    }

    /// The lives that a user sees.
    pub fn present(&self, now_ms: u64) -> impl DoubleEndedIterator<Item = &LifeSight> {
        self.lives.iter().filter(move |life| !life.is_past(now_ms))
    }

    /// Everything that counts, in which life.
    pub fn events(&self) -> BTreeSet<(LifeId, EventId)> {
        let of = |life: &LifeSight| life.events().map(|id| (life.id, id)).collect::<Vec<_>>();
        self.lives.iter().flat_map(of).collect()
    }

    pub fn view(&self, history: &History, now_ms: u64) -> View {
        let mut living = Vec::new();
        for life in self.present(now_ms) {
            let born = |kind| life.born.get(&kind).copied().unwrap_or_default();
            if life.is_string() {
                living.push((born(Kind::String), Kind::String));
            }
            if !life.members(history, now_ms).is_empty() {
                living.push((born(Kind::Set), Kind::Set));
            }
        }
        let word = self.present(now_ms).map(|life| life.word).max_by_key(|word| word.mark);
        let at_ms = word.and_then(|word| word.at_ms);
        match living.into_iter().max() {
            None => View::Nothing,
            Some((_, Kind::String)) => View::Text(self.text(history, now_ms), at_ms),
            Some((_, _)) => View::Members(self.members(history, now_ms), at_ms),
        }
    }

    /// The members that are in any life, with the newest life's word on each.
    pub fn members(&self, history: &History, now_ms: u64) -> BTreeMap<u8, Option<u64>> {
        self.present(now_ms).flat_map(|life| life.members(history, now_ms)).collect()
    }

    fn text(&self, history: &History, now_ms: u64) -> Vec<u8> {
        let mut base: Option<(&Mark, &[u8])> = None;
        let mut sum = None;
        for life in self.present(now_ms) {
            for id in &life.adds {
                if let What::Add(by) = history.event(*id).what {
                    *sum.get_or_insert(0) += by;
                }
            }
            if let Some(What::Base(mark, text)) = life.base.map(|id| &history.event(id).what) {
                base = base.max(Some((mark, text)));
            }
        }
        let text = base.map_or(&b"0"[..], |(_, text)| text);
        match (parse_i64(text), sum) {
            (Some(number), Some(sum)) => (i128::from(number) + sum).to_string().into_bytes(),
            _ => text.to_vec(),
        }
    }
}

fn read_life(history: &History, place: Place, life: &Life) -> Result<LifeSight, String> {
    let mut seen = LifeSight {
        word: Word { mark: life.deadline().tag().into(), at_ms: life.deadline().at_ms() },
        ..LifeSight::default()
    };
    let counter = counter_of(place, life);
    read_counter(history, place, &counter, &mut seen)?;
    if let Some(set) = life.set() {
        for (name, tag, _) in set.additions() {
            let member = *name.first().ok_or("a member without a name")?;
            let id = history.insert_of(place, member, tag.into());
            let id = id.ok_or_else(|| format!("nobody added member {member} at {tag:?}"))?;
            seen.inserts.insert(id);
        }
        seen.born.insert(Kind::Set, set.born().0);
    }
    seen.born.insert(Kind::String, counter.born().0);
    let mark = life.id().into();
    seen.id = LifeId { mark, again: which_life(history, place, mark, &seen)? };
    for id in seen.events() {
        let lives = &history.event(id).lives;
        let is_late = history.is_loose(id) && lives.iter().any(|life| life.mark == mark);
        if !lives.contains(&seen.id) && !is_late {
            return Err(format!("in life {:?}: {}", seen.id, history.show(id)));
        }
    }
    Ok(seen)
}

fn read_counter(
    history: &History,
    place: Place,
    counter: &Counter,
    seen: &mut LifeSight,
) -> Result<(), String> {
    let mut sum: i128 = counter.slots().map(|(_, slot)| slot.value()).sum();
    for (_, slot) in counter.floats() {
        // All numbers here are whole, as digits are only told apart in those.
        let value = slot.value().to_string().parse::<i128>();
        sum += value.map_err(|error| format!("{:?}: {error}", slot.value()))?;
    }
    if let Some((tag, text)) = counter.base().get() {
        let id = history.base_of(place, tag.into());
        let id = id.ok_or_else(|| format!("nobody set {:?} at {tag:?}", text.escape_ascii()))?;
        if !matches!(&history.event(id).what, What::Base(_, written) if **written == *text) {
            return Err(format!("{} reads {}", history.show(id), text.escape_ascii()));
        }
        seen.base = Some(id);
    }
    seen.adds = digits(history, place, sum)?;
    Ok(())
}

/// The increments that make up a sum: the i-th of a key is 4^i or -4^i.
fn digits(history: &History, place: Place, sum: i128) -> Result<BTreeSet<EventId>, String> {
    let (mut left, mut adds) = (sum, BTreeSet::new());
    for digit in 0.. {
        if left == 0 {
            break;
        }
        let count = match left.rem_euclid(4) {
            3 => -1,
            count => count,
        };
        left = (left - count) / 4;
        if count == 0 {
            continue;
        }
        let id = history.add_of(place, digit);
        let id = id.ok_or_else(|| format!("{sum} holds 4^{digit}, which nobody counted"))?;
        if history.event(id).what != What::Add(count * 4i128.pow(digit as u32)) {
            return Err(format!("{sum} holds {count} times 4^{digit}: {}", history.show(id)));
        }
        adds.insert(id);
    }
    Ok(adds)
}

/// Which of the lives of a mark it is, by what is in it.
fn which_life(
    history: &History,
    place: Place,
    mark: Mark,
    seen: &LifeSight,
) -> Result<u32, String> {
    let of = |id: EventId| {
        let lives = history.event(id).lives.iter();
        lives.filter(|life| life.mark == mark).map(|life| life.again).max()
    };
    let sure: BTreeSet<u32> =
        seen.events().filter(|id| !history.is_loose(*id)).filter_map(of).collect();
    let ended = history.again_of_end(place, mark, seen.word.mark);
    match sure.len() {
        0 => {
            let late = seen.events().filter_map(of).max();
            Ok(ended.or(late).unwrap_or_else(|| history.latest_again(place, mark)))
        }
        1 if ended.is_none_or(|again| sure.contains(&again)) => {
            Ok(sure.into_iter().next().unwrap_or_default())
        }
        _ => Err(format!("what has ended and what began anew are one: {seen:?}")),
    }
}
