//! The keys that runs work on: few, so that commands meet.

use headcount::crdt::{Counter, Field, Life};
use headcount::store::KeyRef;

/// A key, by its place in [`PLACES`].
pub type Place = usize;

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Integers, counted and set.
    Counter,
    /// Numbers, INCRBYFLOAT included.
    Number,
    /// Any text.
    Text,
    Set,
    /// All types.
    Mixed,
    /// Hashes of one field, which is counted and set as a number is.
    Hash,
    /// Two that are only ever written together.
    Pair,
}

/// Name, use. Each is in database 0 and in database 1, which are swapped; pairs are apart.
const NAMES: [(&str, Use); 11] = [
    ("count:0", Use::Counter),
    ("count:1", Use::Counter),
    ("count:2", Use::Counter),
    ("number:0", Use::Number),
    ("number:1", Use::Number),
    ("text:0", Use::Text),
    ("text:1", Use::Text),
    ("set:0", Use::Set),
    ("set:1", Use::Set),
    ("mixed:0", Use::Mixed),
    ("mixed:1", Use::Mixed),
];

/// One slot: what is pulled of them is pulled together.
const PAIR: [&str; 2] = ["{pair}:0", "{pair}:1"];
const PAIR_DB: u16 = 2;

/// Beside them.
const HASHES: [&str; 2] = ["hash:0", "hash:1"];
/// The field that they have.
pub const FIELD: &[u8] = b"f";

pub const DATABASES: u16 = 3;
pub const NAMED: usize = NAMES.len();
pub const PLACES: usize = 2 * NAMED + PAIR.len() + HASHES.len();
pub const PAIR_PLACES: [Place; 2] = [2 * NAMED, 2 * NAMED + 1];
pub const HASH_PLACES: [Place; 2] = [2 * NAMED + 2, 2 * NAMED + 3];

pub fn place_of(db: u16, name: usize) -> Place {
    usize::from(db) * NAMED + name
}

pub fn use_of(place: Place) -> Use {
    match place.checked_sub(2 * NAMED) {
        None => NAMES[place % NAMED].1,
        Some(at) if at < PAIR.len() => Use::Pair,
        Some(_) => Use::Hash,
    }
}

pub fn db_of(place: Place) -> u16 {
    if place < 2 * NAMED { (place / NAMED) as u16 } else { PAIR_DB }
}

pub fn name_of(place: Place) -> &'static str {
    match place.checked_sub(2 * NAMED) {
        None => NAMES[place % NAMED].0,
        Some(at) if at < PAIR.len() => PAIR[at],
        Some(at) => HASHES[at - PAIR.len()],
    }
}

pub fn key_of(place: Place) -> KeyRef<'static> {
    KeyRef::new(db_of(place), name_of(place).as_bytes())
}

/// What counts of a key as of a string: of a hash, its field.
pub fn counter_of(place: Place, life: &Life) -> Counter {
    match use_of(place) {
        Use::Hash => {
            let field = life.members::<Field>().and_then(|hash| hash.get(FIELD));
            field.map(Field::to_counter).unwrap_or_default()
        }
        _ => life.counter().clone(),
    }
}

/// As people read it.
pub fn show(place: Place) -> String {
    format!("{}/{}", db_of(place), name_of(place))
}

/// The places of a database.
pub fn places_in(db: u16) -> impl Iterator<Item = Place> {
    (0..PLACES).filter(move |place| db_of(*place) == db)
}
