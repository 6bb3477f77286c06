//! Runs commands on a node's store, as the server does it, and has them written down.

use super::oracle::{Author, FirstLife, History, Intent, Sight, View, record};
use super::places::{FIELD, PAIR_PLACES, PLACES, Place, Use, key_of, places_in, show, use_of};
use super::plan::{Command, Ends};
use headcount::base::decimal::Decimal;
use headcount::base::number::parse_i64;
use headcount::crdt::{Deadline, Key, Kind, MemberDeadline};
use headcount::store::{AccessError, HashEdit, Keys, Keyspace, Missing, Mode, SetEdit};
use std::collections::BTreeMap;

/// Members that sets have: the bits of a mask.
pub const MEMBERS: u8 = 6;

/// A client of one node.
pub struct Client<'a> {
    pub keyspace: &'a Keyspace,
    pub history: &'a mut History,
    /// `first` is found per key, by `first_life`.
    pub author: Author,
    pub first_life: &'a dyn Fn(&History, Place) -> FirstLife,
    /// The last stamp that the node gave.
    pub last_stamp: &'a mut u64,
}

/// What a command does to the keys that it names.
type Intents = Vec<(Place, Vec<Intent>)>;

/// What users of the node see of the keys that a command is about.
type Views = BTreeMap<Place, View>;

impl Client<'_> {
    /// Runs a command. An error is a broken promise.
    pub fn run(&mut self, command: &Command) -> Result<(), String> {
        let places = named(command).into_iter();
        let before: BTreeMap<Place, Key> = places.map(|place| (place, self.state(place))).collect();
        let views = self.views(&before)?;
        let intents = self.intents(command, &views);
        if intents.is_empty() {
            return Ok(());
        }
        self.execute(command, &views, &intents)?;
        let last_stamp = *self.last_stamp;
        for (place, intents) in &intents {
            let after = self.state(*place);
            self.check_stamp(*place, &before[place], &after, last_stamp)?;
            let first = (self.first_life)(self.history, *place);
            let author = Author { first, ..self.author };
            record(self.history, author, *place, intents, &before[place], &after)?;
            self.check_view(*place, &after)?;
        }
        Ok(())
    }

    fn views(&self, states: &BTreeMap<Place, Key>) -> Result<Views, String> {
        let view = |(place, key): (&Place, &Key)| {
            let sight = Sight::of(self.history, *place, key)?;
            Ok((*place, sight.view(self.history, self.author.now_ms)))
        };
        states.iter().map(view).collect()
    }

    /// What the command is to do, by what a user sees; nothing when it is refused.
    fn intents(&self, command: &Command, views: &Views) -> Intents {
        let now_ms = self.author.now_ms;
        let one = |place: Place, intent: Option<Intent>| -> Intents {
            intent.map(|intent| (place, vec![intent])).into_iter().collect()
        };
        match *command {
            Command::Count { place, down } | Command::CountFloat { place, down } => {
                one(place, self.count(place, down, &views[&place]))
            }
            Command::CountZero { place } => {
                one(place, (views[&place] == View::Nothing).then_some(Intent::Zero))
            }
            Command::Set { place, text, ends } => {
                one(place, Some(Intent::Base(text.into(), later(ends, now_ms))))
            }
            Command::Append { place } => one(place, append(&views[&place])),
            Command::Insert { place, members, ends } => {
                let ends = member_ends(ends, now_ms);
                let members = members_of(members).map(|member| (member, ends)).collect();
                let is_open = !matches!(views[&place], View::Text(..));
                one(place, is_open.then_some(Intent::Insert(members)))
            }
            Command::Remove { place, .. } if use_of(place) == Use::Hash => {
                one(place, (views[&place] != View::Nothing).then_some(Intent::Unset))
            }
            Command::Remove { place, member } => {
                one(place, member_in(&views[&place], member).map(|_| Intent::Remove(member)))
            }
            Command::Pop { place, pick } => {
                one(place, picked(&views[&place], pick).map(Intent::Remove))
            }
            Command::MemberEnds { place, member, in_ms } => {
                let ends = MemberDeadline::Set(in_ms.map(|ms| now_ms + ms));
                let insert = Intent::Insert(vec![(member, ends)]);
                one(place, member_in(&views[&place], member).map(|_| insert))
            }
            Command::Expire { place, in_ms } => {
                let expire = Intent::Expire(in_ms.map(|ms| now_ms + ms));
                one(place, (views[&place] != View::Nothing).then_some(expire))
            }
            Command::Delete { place } => one(place, Some(Intent::Delete)),
            _ => self.intents_of_many(command, views),
        }
    }

    fn intents_of_many(&self, command: &Command, views: &Views) -> Intents {
        match *command {
            Command::Copy { from, to } | Command::Rename { from, to } => {
                let mut intents: Intents =
                    portrait(&views[&from]).map(|put| (to, put)).into_iter().collect();
                if !intents.is_empty() && matches!(command, Command::Rename { .. }) {
                    intents.push((from, vec![Intent::Delete]));
                }
                intents
            }
            Command::Store { place, members } => {
                let members: Vec<_> =
                    members_of(members).map(|m| (m, MemberDeadline::Set(None))).collect();
                vec![(place, vec![Intent::Delete, Intent::Insert(members)])]
            }
            Command::Flush { db } => deletions(places_in(db), views),
            Command::FlushAll => deletions(0..PLACES, views),
            Command::Swap => swap(views),
            Command::SetPair { number } => {
                let text = number.to_string().into_bytes();
                pair(|_| Some(Intent::Base(text.clone(), Deadline::Clear)))
            }
            Command::CountPair => pair(|place| self.count(place, false, &views[&place])),
            Command::DeletePair => pair(|_| Some(Intent::Delete)),
            _ => Vec::new(),
        }
    }

    /// What an increment counts: nothing on what is no number.
    fn count(&self, place: Place, down: bool, view: &View) -> Option<Intent> {
        let is_number = match view {
            View::Nothing => true,
            View::Text(text, _) => parse_i64(text).is_some(),
            View::Members(..) => false,
        };
        let weight = self.history.next_weight(place).filter(|_| is_number)?;
        Some(Intent::Add(if down { -weight } else { weight }))
    }

    fn execute(
        &mut self,
        command: &Command,
        views: &Views,
        intents: &Intents,
    ) -> Result<(), String> {
        let now_ms = self.author.now_ms;
        match *command {
            Command::Flush { .. } | Command::FlushAll | Command::Swap => {
                let mut keys = self.keyspace.open_whole(&[0, 1], Mode::Exclusive, now_ms);
                match *command {
                    Command::Flush { db } => keys.flush(db),
                    Command::Swap => keys.swap(0, 1),
                    _ => (0..self.keyspace.databases()).for_each(|db| keys.flush(db)),
                }
                Ok(())
            }
            Command::CountFloat { place, .. } => {
                let Some(Intent::Add(by)) = intents[0].1.first() else { return Ok(()) };
                let to = Decimal::from(number(&views[&place]) + by).to_string();
                if use_of(place) == Use::Hash {
                    let move_to = |hash: &mut HashEdit<'_>| hash.move_to(FIELD, &to);
                    let moved =
                        self.exclusive(&[place]).edit_hash(key_of(place), Missing::Create, move_to);
                    return match moved {
                        Ok(Some(Ok(()))) => Ok(()),
                        other => Err(format!("HINCRBYFLOAT of {}: {other:?}", show(place))),
                    };
                }
                let moved = self.exclusive(&[place]).move_number_to(key_of(place), &to);
                moved.map_err(|error| format!("INCRBYFLOAT of {}: {error:?}", show(place)))
            }
            Command::Count { place, .. } | Command::CountZero { place } => {
                let by = match intents[0].1.first() {
                    Some(Intent::Add(by)) => *by,
                    _ => 0,
                };
                self.add(place, by, number(&views[&place]) + by)
            }
            Command::CountPair => {
                let mut keys = self.exclusive(&PAIR_PLACES);
                for (place, intents) in intents {
                    let Some(Intent::Add(by)) = intents.first() else { continue };
                    let by = i64::try_from(*by).map_err(|error| error.to_string())?;
                    keys.add(key_of(*place), by).map_err(|error| format!("{error:?}"))?;
                }
                Ok(())
            }
            _ => {
                let places: Vec<Place> = named(command);
                let mut keys = self.exclusive(&places);
                execute_on(&mut keys, command, intents)
            }
        }
    }

    /// As the dispatcher runs INCRBY: with its shard shared, if that is enough.
    fn add(&self, place: Place, by: i128, expected: i128) -> Result<(), String> {
        let by = i64::try_from(by).map_err(|error| error.to_string())?;
        let (key, now_ms) = (key_of(place), self.author.now_ms);
        if use_of(place) == Use::Hash {
            let add = |hash: &mut HashEdit<'_>| hash.add(FIELD, by);
            let reply = self.exclusive(&[place]).edit_hash(key, Missing::Create, add);
            return match reply {
                Ok(Some(Ok(reply))) if i128::from(reply) == expected => Ok(()),
                other => Err(format!("HINCRBY {} {by}: {other:?}, not {expected}", show(place))),
            };
        }
        let shared = self.keyspace.open_one(key, Mode::Shared, now_ms).add(key, by);
        let reply = match shared {
            Err(AccessError::NeedsExclusive) => {
                self.keyspace.open_one(key, Mode::Exclusive, now_ms).add(key, by)
            }
            done => done,
        };
        match reply {
            Ok(reply) if i128::from(reply) == expected => Ok(()),
            other => Err(format!("INCRBY {} {by}: {other:?}, not {expected}", show(place))),
        }
    }

    fn exclusive(&self, places: &[Place]) -> Keys<'_> {
        let keys: Vec<_> = places.iter().map(|place| key_of(*place)).collect();
        self.keyspace.open(keys, Mode::Exclusive, self.author.now_ms)
    }

    fn state(&self, place: Place) -> Key {
        state(self.keyspace, place, self.author.now_ms)
    }

    /// What is written now is later than all that the key held, and than all that the node gave before
    /// this command.
    fn check_stamp(
        &mut self,
        place: Place,
        before: &Key,
        after: &Key,
        last_stamp: u64,
    ) -> Result<(), String> {
        let (known, new) = (before.max_stamp().0, after.max_stamp().0);
        if new == known {
            return Ok(());
        }
        *self.last_stamp = new.max(*self.last_stamp);
        match new > known.max(last_stamp) {
            true => Ok(()),
            false => Err(format!(
                "{}: stamps went back to {new} from {known} of the key, {last_stamp} of the node",
                show(place)
            )),
        }
    }

    fn check_view(&self, place: Place, state: &Key) -> Result<(), String> {
        let expected =
            Sight::of(self.history, place, state)?.view(self.history, self.author.now_ms);
        let seen = look(self.keyspace, place, self.author.now_ms)?;
        match seen == expected {
            true => Ok(()),
            false => Err(format!("{} shows {seen:?}, not {expected:?}", show(place))),
        }
    }
}

fn execute_on(keys: &mut Keys<'_>, command: &Command, intents: &Intents) -> Result<(), String> {
    let mut done = true;
    match *command {
        Command::Copy { from, to } => done = keys.copy(key_of(from), key_of(to)),
        Command::Rename { from, to } => done = keys.rename(key_of(from), key_of(to)),
        Command::Store { place, members } => {
            let names: Vec<[u8; 1]> = members_of(members).map(|member| [member]).collect();
            keys.replace_set(key_of(place), names.iter().map(|name| &name[..]));
        }
        Command::Append { place } => {
            let text = keys.text(key_of(place)).ok().flatten();
            let len = text.map_or(0, |text| text.len());
            let written = keys.overwrite(key_of(place), len, APPENDED);
            done = written == Ok(len + APPENDED.len());
        }
        _ => {
            for (place, intents) in intents {
                for intent in intents {
                    done &= write(keys, *place, intent);
                }
            }
        }
    }
    if done { Ok(()) } else { Err(format!("{command:?} was refused: {intents:?}")) }
}

/// Writes what one call of the store does; false when it was refused.
fn write(keys: &mut Keys<'_>, place: Place, intent: &Intent) -> bool {
    let key = key_of(place);
    match intent {
        Intent::Base(text, _) if use_of(place) == Use::Hash => {
            let set = |hash: &mut HashEdit<'_>| {
                hash.set(FIELD, text, MemberDeadline::Set(None));
            };
            return keys.edit_hash(key, Missing::Create, set).is_ok();
        }
        Intent::Base(text, ends) => keys.set_text(key, text, *ends),
        Intent::Insert(members) => {
            let add = |set: &mut SetEdit<'_>| {
                for (member, ends) in members {
                    set.insert(&[*member], *ends);
                }
            };
            return keys.edit_set(key, Missing::Create, add).is_ok();
        }
        Intent::Remove(member) => {
            let removed = keys.edit_set(key, Missing::Skip, |set| set.remove(&[*member]));
            return removed == Ok(Some(true));
        }
        Intent::Unset => {
            return keys.edit_hash(key, Missing::Skip, |hash| hash.remove(FIELD)) == Ok(Some(true));
        }
        Intent::Expire(at_ms) => return keys.set_deadline(key, *at_ms),
        // Of a key that nobody sees it takes away what is left, and says that there was none.
        Intent::Delete => drop(keys.delete(key)),
        Intent::Add(_) | Intent::Zero => return false,
    }
    true
}

/// What a node knows of a key.
pub fn state(keyspace: &Keyspace, place: Place, now_ms: u64) -> Key {
    let key = key_of(place);
    keyspace.open_one(key, Mode::Exclusive, now_ms).state(key).unwrap_or_default()
}

/// What a user of a node sees of a key.
pub fn look(keyspace: &Keyspace, place: Place, now_ms: u64) -> Result<View, String> {
    let key = key_of(place);
    let keys = keyspace.open_one(key, Mode::Exclusive, now_ms);
    let refused = |error| format!("{} cannot be read: {error:?}", show(place));
    let ends_ms = keys.deadline(key).map_err(refused)?.flatten();
    match keys.kind(key).map_err(refused)? {
        None => Ok(View::Nothing),
        Some(Kind::String) => {
            let text = keys.text(key).map_err(refused)?;
            Ok(View::Text(text.map(|text| text.to_vec()).unwrap_or_default(), ends_ms))
        }
        Some(Kind::Set) => {
            let set = keys.set(key).map_err(refused)?;
            let mut members = BTreeMap::new();
            for name in set.iter().flat_map(|set| set.iter()) {
                let at_ms = set.as_ref().and_then(|set| set.deadline(name)).flatten();
                members.insert(name.first().copied().unwrap_or_default(), at_ms);
            }
            Ok(View::Members(members, ends_ms))
        }
        Some(Kind::Hash) => {
            let hash = keys.hash(key).map_err(refused)?;
            let text = hash.and_then(|hash| hash.get(FIELD).map(|text| text.to_vec()));
            Ok(View::Text(text.unwrap_or_default(), ends_ms))
        }
        Some(kind) => Err(format!("{} is a {kind:?}", show(place))),
    }
}

const APPENDED: &[u8] = b"y";

fn append(view: &View) -> Option<Intent> {
    let mut text = match view {
        View::Nothing => Vec::new(),
        View::Text(text, _) => text.clone(),
        View::Members(..) => return None,
    };
    text.extend_from_slice(APPENDED);
    Some(Intent::Base(text, Deadline::Keep))
}

fn number(view: &View) -> i128 {
    match view {
        View::Text(text, _) => parse_i64(text).map_or(0, i128::from),
        _ => 0,
    }
}

fn member_in(view: &View, member: u8) -> Option<()> {
    match view {
        View::Members(members, _) => members.contains_key(&member).then_some(()),
        _ => None,
    }
}

fn picked(view: &View, pick: u8) -> Option<u8> {
    match view {
        View::Members(members, _) => {
            members.keys().nth(usize::from(pick) % members.len().max(1)).copied()
        }
        _ => None,
    }
}

/// What makes another key look like this one.
fn portrait(view: &View) -> Option<Vec<Intent>> {
    match view {
        View::Nothing => None,
        View::Text(text, at_ms) => {
            let ends = at_ms.map_or(Deadline::Clear, Deadline::At);
            Some(vec![Intent::Base(text.clone(), ends)])
        }
        View::Members(members, at_ms) => {
            let members = members.iter().map(|(m, at_ms)| (*m, MemberDeadline::Set(*at_ms)));
            let mut intents = vec![Intent::Delete, Intent::Insert(members.collect())];
            intents.extend(at_ms.map(|at_ms| Intent::Expire(Some(at_ms))));
            Some(intents)
        }
    }
}

/// What is seen is deleted, and nothing else.
fn deletions(places: impl Iterator<Item = Place>, views: &Views) -> Intents {
    let seen = places.filter(|place| views[place] != View::Nothing);
    seen.map(|place| (place, vec![Intent::Delete])).collect()
}

fn swap(views: &Views) -> Intents {
    let mut intents = Vec::new();
    for (a, b) in places_in(0).zip(places_in(1)) {
        for (place, other) in [(a, b), (b, a)] {
            let mut writes = deletions([place].into_iter(), views);
            let mut writes = writes.pop().map(|(_, writes)| writes).unwrap_or_default();
            writes.extend(portrait(&views[&other]).unwrap_or_default());
            if !writes.is_empty() {
                intents.push((place, writes));
            }
        }
    }
    intents
}

/// The same of both, or nothing.
fn pair(intent: impl Fn(Place) -> Option<Intent>) -> Intents {
    let both = PAIR_PLACES.into_iter().map(|place| Some((place, vec![intent(place)?])));
    both.collect::<Option<Intents>>().unwrap_or_default()
}

/// The keys that a command names.
fn named(command: &Command) -> Vec<Place> {
    match *command {
        Command::Copy { from, to } | Command::Rename { from, to } => vec![from, to],
        Command::SetPair { .. } | Command::CountPair | Command::DeletePair => PAIR_PLACES.into(),
        Command::Count { place, .. }
        | Command::CountFloat { place, .. }
        | Command::CountZero { place }
        | Command::Set { place, .. }
        | Command::Append { place }
        | Command::Insert { place, .. }
        | Command::Remove { place, .. }
        | Command::Pop { place, .. }
        | Command::MemberEnds { place, .. }
        | Command::Expire { place, .. }
        | Command::Delete { place }
        | Command::Store { place, .. } => vec![place],
        Command::Flush { db } => places_in(db).collect(),
        Command::Swap => places_in(0).chain(places_in(1)).collect(),
        Command::FlushAll => (0..PLACES).collect(),
    }
}

fn members_of(mask: u8) -> impl Iterator<Item = u8> {
    (0..MEMBERS).filter(move |member| mask & (1 << member) != 0)
}

fn later(ends: Deadline, now_ms: u64) -> Deadline {
    match ends {
        Deadline::At(in_ms) => Deadline::At(now_ms + in_ms),
        other => other,
    }
}

fn member_ends(ends: Ends, now_ms: u64) -> MemberDeadline {
    match ends {
        Ends::Keep => MemberDeadline::Keep,
        Ends::In(in_ms) => MemberDeadline::Set(in_ms.map(|ms| now_ms + ms)),
        Ends::IfNew(in_ms) => MemberDeadline::IfNew(now_ms + in_ms),
    }
}
