//! When all nodes hold the same.

use std::time::{Duration, Instant};

use redis::Connection;

use crate::clients::ask;

/// How long after a heal all nodes are the same, at the latest.
const HEALED: Duration = Duration::from_secs(2);
/// The variable by which slow machines stretch that.
const SLOWNESS: &str = "HEADCOUNT_TESTS_SLOWNESS";

/// Waits until all digests are equal. Panics when they are not `since` a heal for too long; `portrait`
/// helps to see why.
pub fn agree_after_heal(clients: &mut [Connection], since: Instant, portrait: impl Fn() -> String) {
    agree_by(clients, since + HEALED * slowness(), portrait);
    println!("the same {} ms after the heal", since.elapsed().as_millis());
}

pub fn agree_by(clients: &mut [Connection], deadline: Instant, portrait: impl Fn() -> String) {
    loop {
        let asked = Instant::now();
        let digest = |client| ask::<String>(client, "DEBUG DIGEST");
        let digests: Vec<String> = clients.iter_mut().map(digest).collect();
        if digests.windows(2).all(|pair| pair[0] == pair[1]) {
            return;
        }
        assert!(asked < deadline, "not the same: {digests:?}\n{}", portrait());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// By how much slow machines stretch time.
pub fn slowness() -> u32 {
    let text = std::env::var(SLOWNESS).unwrap_or_else(|_| "1".to_owned());
    text.parse().unwrap_or_else(|_| panic!("{SLOWNESS} must be a whole number"))
}
