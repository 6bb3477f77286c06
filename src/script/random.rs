//! `math.random` as Redis has it: `lrand48`, which gives the same numbers for the same seed everywhere.

use super::outcome::{Outcome, bad_argument, number, one};
use mlua::{Lua, MultiValue, Value};
use std::cell::Cell;

const MULTIPLIER: u64 = 0x5DEE_CE66D;
const INCREMENT: u64 = 0xB;
const LOW_OF_SEED: u64 = 0x330E;
const MASK: u64 = (1 << 48) - 1;
/// Redis divides by the largest number, and so never gives 1.
const MAX: u64 = i32::MAX as u64;

/// The 48 bits of state.
#[derive(Debug)]
pub struct Random(Cell<u64>);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(Cell::new(seed & MASK))
    }

    /// `srand48`
    pub fn seed(&self, seed: f64) {
        let seed = seed as i64 as u32;
        self.0.set(u64::from(seed) << 16 | LOW_OF_SEED);
    }

    /// From 0 to less than 1.
    pub fn next(&self) -> f64 {
        let state = self.0.get().wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        self.0.set(state);
        ((state >> 17) % MAX) as f64 / MAX as f64
    }
}

impl Random {
    /// `math.random([low,] high)`
    pub fn between(&self, lua: &Lua, args: &MultiValue) -> Outcome {
        let r = self.next();
        let bound = |at: usize| {
            let wrong = || bad_argument(at + 1, "random", "number", args.get(at));
            let value = args.get(at).and_then(|value| number(lua, value)).ok_or_else(wrong)?;
            // As C makes an integer of it.
            Ok::<f64, String>(value.trunc())
        };
        let (low, high) = match args.len() {
            0 => return Ok(one(Value::Number(r))),
            1 => (1.0, bound(0)?),
            2 => (bound(0)?, bound(1)?),
            _ => return Err("wrong number of arguments".to_owned()),
        };
        if low > high {
            let at = args.len();
            return Err(format!("bad argument #{at} to 'random' (interval is empty)"));
        }
        Ok(one(Value::Number((r * (high - low + 1.0)).floor() + low)))
    }

    /// `math.randomseed(seed)`
    pub fn set_seed(&self, lua: &Lua, args: &MultiValue) -> Outcome {
        let wrong = || bad_argument(1, "randomseed", "number", args.front());
        self.seed(args.front().and_then(|seed| number(lua, seed)).ok_or_else(wrong)?);
        Ok(MultiValue::new())
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    // `math.randomseed(7) return math.random(100)` of Redis 7.0.15.
    #[test]
    fn a_seed_gives_the_numbers_of_redis() {
        let random = Random::new(0);
        random.seed(7.0);
        assert_eq!((random.next() * 100.0).floor() + 1.0, 27.0);
    }
}
