//! Plans from seeds.

use super::clients::MEMBERS;
use super::places::{HASH_PLACES, NAMED, Place, Use, place_of, use_of};
use super::plan::{Command, Ends};
use super::random::Random;
use headcount::crdt::Deadline;

/// How likely each sort of command is.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    pub count: u32,
    pub set: u32,
    pub insert: u32,
    pub remove: u32,
    pub expire: u32,
    pub delete: u32,
    /// COPY, RENAME, …STORE.
    pub copy: u32,
    /// FLUSHDB, FLUSHALL, SWAPDB.
    pub whole: u32,
    pub pair: u32,
}

impl Mix {
    pub const NONE: Mix = Mix {
        count: 0,
        set: 0,
        insert: 0,
        remove: 0,
        expire: 0,
        delete: 0,
        copy: 0,
        whole: 0,
        pair: 0,
    };

    pub const ALL: Mix = Mix {
        count: 30,
        set: 8,
        insert: 20,
        remove: 8,
        expire: 14,
        delete: 8,
        copy: 4,
        whole: 1,
        pair: 5,
    };
}

/// Draws commands on a few keys.
pub struct Commands {
    mix: Mix,
    names: Vec<usize>,
    /// No deadline is further away, unless it is out of reach.
    ttl_max_ms: u64,
}

/// A deadline that no run lives to see.
const NEVER_REACHED_MS: u64 = 1_000_000_000;

impl Commands {
    /// `names`: so many keys, in both databases.
    pub fn new(random: &mut Random, mix: Mix, names: usize, ttl_max_ms: u64) -> Commands {
        let mut all: Vec<usize> = (0..NAMED).collect();
        while all.len() > names {
            all.remove(random.index(all.len()));
        }
        Commands { mix, names: all, ttl_max_ms }
    }

    pub fn draw(&self, random: &mut Random) -> Command {
        let mix = &self.mix;
        let weights = [
            mix.count, mix.set, mix.insert, mix.remove, mix.expire, mix.delete, mix.copy,
            mix.whole, mix.pair,
        ];
        let sort = random.weighted(&weights);
        if matches!(sort, 0 | 1 | 3 | 4 | 5) && random.chance(150) {
            let place = random.pick(&HASH_PLACES);
            return self.of_hash(random, sort, place);
        }
        // Where none of the keys in use is of the right sort.
        let Some(place) = self.place(random, sort) else { return Command::CountPair };
        match sort {
            0 => self.count(random, place),
            1 => self.set(random, place),
            2 => self.insert(random, place),
            3 if random.chance(300) => Command::Pop { place, pick: random.below(8) as u8 },
            3 => Command::Remove { place, member: random.below(u64::from(MEMBERS)) as u8 },
            4 => self.expire(random, place),
            5 => Command::Delete { place },
            6 => self.copy(random, place),
            7 => self.whole(random),
            _ => self.pair(random),
        }
    }

    /// A key that a command of this sort may be about.
    fn place(&self, random: &mut Random, sort: usize) -> Option<Place> {
        let fits = |place: Place| match sort {
            0 => !matches!(use_of(place), Use::Set),
            1 => !matches!(use_of(place), Use::Set),
            2 | 3 => matches!(use_of(place), Use::Set | Use::Mixed),
            _ => true,
        };
        let names: Vec<usize> =
            self.names.iter().copied().filter(|name| fits(place_of(0, *name))).collect();
        if names.is_empty() {
            return None;
        }
        let db = u16::from(random.chance(250));
        Some(place_of(db, random.pick(&names)))
    }

    fn count(&self, random: &mut Random, place: Place) -> Command {
        let down = random.chance(300);
        match use_of(place) {
            Use::Number if random.chance(500) => Command::CountFloat { place, down },
            _ if random.chance(30) => Command::CountZero { place },
            _ => Command::Count { place, down },
        }
    }

    fn set(&self, random: &mut Random, place: Place) -> Command {
        let texts: &[&str] = match use_of(place) {
            Use::Counter | Use::Number => &["7", "-100", "0", "1000"],
            _ => &["7", "text", "word", "-3"],
        };
        if !matches!(use_of(place), Use::Counter | Use::Number) && random.chance(300) {
            return Command::Append { place };
        }
        let ends = match random.below(10) {
            0..5 => Deadline::Clear,
            5..8 => Deadline::Keep,
            _ => Deadline::At(self.ttl(random)),
        };
        Command::Set { place, text: random.pick(texts), ends }
    }

    fn of_hash(&self, random: &mut Random, sort: usize, place: Place) -> Command {
        match sort {
            0 if random.chance(300) => Command::CountFloat { place, down: random.chance(300) },
            0 => self.count(random, place),
            1 => {
                let text = random.pick(&["7", "-100", "0", "1000"]);
                Command::Set { place, text, ends: Deadline::Keep }
            }
            3 => Command::Remove { place, member: 0 },
            4 => self.expire(random, place),
            _ => Command::Delete { place },
        }
    }

    fn insert(&self, random: &mut Random, place: Place) -> Command {
        if random.chance(200) {
            let in_ms = random.chance(700).then(|| self.ttl(random));
            let member = random.below(u64::from(MEMBERS)) as u8;
            return Command::MemberEnds { place, member, in_ms };
        }
        let ends = match random.below(10) {
            0..5 => Ends::Keep,
            5..8 => Ends::In(Some(self.ttl(random))),
            8 => Ends::In(None),
            _ => Ends::IfNew(self.ttl(random)),
        };
        Command::Insert { place, members: mask(random), ends }
    }

    fn expire(&self, random: &mut Random, place: Place) -> Command {
        Command::Expire { place, in_ms: random.chance(800).then(|| self.ttl(random)) }
    }

    /// Between keys of one use, so that each keeps to what it is for.
    fn copy(&self, random: &mut Random, place: Place) -> Command {
        if use_of(place) == Use::Set && random.chance(400) {
            return Command::Store { place, members: mask(random) };
        }
        let others = (0..2u16).flat_map(|db| self.names.iter().map(move |n| place_of(db, *n)));
        let others: Vec<Place> =
            others.filter(|other| *other != place && use_of(*other) == use_of(place)).collect();
        let to = random.pick(&others);
        match random.chance(500) {
            true => Command::Copy { from: place, to },
            false => Command::Rename { from: place, to },
        }
    }

    fn whole(&self, random: &mut Random) -> Command {
        match random.below(5) {
            0 => Command::FlushAll,
            1 | 2 => Command::Swap,
            _ => Command::Flush { db: random.below(3) as u16 },
        }
    }

    fn pair(&self, random: &mut Random) -> Command {
        match random.below(10) {
            0..5 => Command::SetPair { number: random.below(1_000) as u32 },
            5..9 => Command::CountPair,
            _ => Command::DeletePair,
        }
    }

    fn ttl(&self, random: &mut Random) -> u64 {
        match self.ttl_max_ms == 0 || random.chance(100) {
            true => NEVER_REACHED_MS,
            false => random.between(1, self.ttl_max_ms),
        }
    }
}

/// One member or more.
fn mask(random: &mut Random) -> u8 {
    let one = 1 << random.below(u64::from(MEMBERS));
    match random.chance(300) {
        true => one | random.below(1 << MEMBERS) as u8,
        false => one,
    }
}
