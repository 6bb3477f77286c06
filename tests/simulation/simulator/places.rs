//! The keys that runs work on: few, so that commands meet.

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

pub const DATABASES: u16 = 3;
pub const NAMED: usize = NAMES.len();
pub const PLACES: usize = 2 * NAMED + PAIR.len();
pub const PAIR_PLACES: [Place; 2] = [2 * NAMED, 2 * NAMED + 1];

pub fn place_of(db: u16, name: usize) -> Place {
    usize::from(db) * NAMED + name
}

pub fn use_of(place: Place) -> Use {
    if place < 2 * NAMED { NAMES[place % NAMED].1 } else { Use::Pair }
}

pub fn db_of(place: Place) -> u16 {
    if place < 2 * NAMED { (place / NAMED) as u16 } else { PAIR_DB }
}

pub fn name_of(place: Place) -> &'static str {
    if place < 2 * NAMED { NAMES[place % NAMED].0 } else { PAIR[place - 2 * NAMED] }
}

pub fn key_of(place: Place) -> KeyRef<'static> {
    KeyRef::new(db_of(place), name_of(place).as_bytes())
}

/// As people read it.
pub fn show(place: Place) -> String {
    format!("{}/{}", db_of(place), name_of(place))
}

/// The places of a database.
pub fn places_in(db: u16) -> impl Iterator<Item = Place> {
    (0..PLACES).filter(move |place| db_of(*place) == db)
}
