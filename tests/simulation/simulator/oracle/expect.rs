//! What must be of a key once everybody has heard of everything, from the events alone: no states, no
//! merging.

use super::super::places::Place;
use super::history::{Event, EventId, History, LifeId, Mark, What, Word};
use super::sight::{LifeSight, Sight};
use std::collections::{BTreeMap, BTreeSet};

/// What counts of a key when the events that `included` takes have happened.
pub fn expect(history: &History, place: Place, included: &dyn Fn(EventId) -> bool) -> Sight {
    let events: Vec<(EventId, &Event)> =
        history.of(place).filter(|(id, _)| included(*id)).collect();
    let forgotten: BTreeSet<(LifeId, EventId)> =
        events.iter().flat_map(|(_, event)| event.forgets.iter().copied()).collect();
    let mut lives = BTreeMap::<LifeId, LifeSight>::new();
    for (id, event) in &events {
        for life in &event.lives {
            let seen = lives.entry(*life).or_default();
            let counts = !forgotten.contains(&(*life, *id));
            match &event.what {
                What::Add(_) if counts => drop(seen.adds.insert(*id)),
                What::Insert(..) if counts => drop(seen.inserts.insert(*id)),
                What::Base(mark, _) if is_latest_base(&events, *life, *mark) => {
                    seen.base = counts.then_some(*id);
                }
                _ => {}
            }
        }
        for (life, kind, stamp) in &event.births {
            let born = lives.entry(*life).or_default().born.entry(*kind).or_default();
            *born = (*born).max(*stamp);
        }
        for (life, _) in &event.ends {
            lives.entry(*life).or_default();
        }
    }
    for (id, life) in &mut lives {
        life.id = *id;
        life.word = word(&events, *id);
    }
    Sight { lives: lives.into_values().collect() }
}

/// SET ‖ SET: the later one, and a DEL that saw it leaves none.
fn is_latest_base(events: &[(EventId, &Event)], life: LifeId, mark: Mark) -> bool {
    let later = |event: &Event| match event.what {
        What::Base(other, _) => other > mark && event.lives.contains(&life),
        _ => false,
    };
    !events.iter().any(|(_, event)| later(event))
}

/// EXPIRE ‖ EXPIRE, PERSIST: the later one, and none when a DEL saw it.
fn word(events: &[(EventId, &Event)], life: LifeId) -> Word {
    let words = events.iter().flat_map(|(_, event)| &event.ends);
    let latest = words.filter(|(id, _)| *id == life).map(|(_, word)| *word);
    let mut word = latest.max_by_key(|word| word.mark).unwrap_or_default();
    if events.iter().any(|(_, event)| event.silences.contains(&(life, word.mark))) {
        word.at_ms = None;
    }
    word
}
