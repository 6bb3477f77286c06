//! The one hash of names: keys in shards, members in sets.

use foldhash::fast::{FixedState, RandomState};
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

/// Drawn once a process, so that nobody can choose names that collide. Not stable between processes:
/// nothing on disk or on the wire may depend on it.
static SEED: OnceLock<u64> = OnceLock::new();

/// Names hash by this seed in this process, which has hashed none yet; false when it has, by another
/// seed. For tests and simulations that must run the same way again.
pub fn fix_seed(fixed: u64) -> bool {
    *SEED.get_or_init(|| fixed) == fixed
}

fn seed() -> u64 {
    *SEED.get_or_init(|| RandomState::default().build_hasher().finish())
}

/// Builds the hasher of names for hash maps.
#[derive(Clone, Debug)]
pub struct NameHasher(FixedState);

impl Default for NameHasher {
    fn default() -> Self {
        NameHasher(FixedState::with_seed(seed()))
    }
}

impl BuildHasher for NameHasher {
    type Hasher = <FixedState as BuildHasher>::Hasher;
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

/// The hash of a name, the same as that of an owned name in a map by [`NameHasher`].
#[inline]
#[must_use]
pub fn hash_name(name: &[u8]) -> u64 {
    NameHasher::default().hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_fixed_once_and_not_after_names_were_hashed() {
        let hash = hash_name(b"a");
        let fixed = seed();
        assert!(fix_seed(fixed));
        assert!(!fix_seed(!fixed));
        assert_eq!(hash_name(b"a"), hash);
    }
}
