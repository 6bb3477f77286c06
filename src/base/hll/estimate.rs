//! How many elements registers stand for.

use super::{RANK_LIMIT, RANK_MAX, Ranks};

/// 1 / (2 ln 2), as Redis writes it.
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// About how many elements were added.
#[must_use]
pub fn estimate(ranks: &Ranks) -> u64 {
    let mut histogram = [0_u32; RANK_LIMIT as usize + 1];
    ranks.iter().for_each(|rank| histogram[usize::from(rank & RANK_LIMIT)] += 1);
    let registers = ranks.len() as f64;
    let top = usize::from(RANK_MAX);
    let mut sum = registers * tau((registers - f64::from(histogram[top])) / registers);
    for count in histogram[1..top].iter().rev() {
        sum = (sum + f64::from(*count)) * 0.5;
    }
    sum += registers * sigma(f64::from(histogram[0]) / registers);
    (ALPHA * registers * registers / sum).round() as u64
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if before == sum {
            return sum;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * y;
        if before == sum {
            return sum / 3.0;
        }
    }
}
