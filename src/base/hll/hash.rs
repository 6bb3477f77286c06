//! Which register an element belongs to, and its rank there.

/// As Redis seeds it.
const SEED: u64 = 0xadc8_3b19;
const REGISTER_BITS: u32 = 14;

/// The register of an element, and its rank: how many bits of the rest of its hash up to the first that is
/// set.
#[must_use]
pub fn hash(element: &[u8]) -> (u16, u8) {
    let hash = murmur_64a(element, SEED);
    let register = (hash & ((1 << REGISTER_BITS) - 1)) as u16;
    let rest = hash >> REGISTER_BITS | 1 << (64 - REGISTER_BITS);
    (register, rest.trailing_zeros() as u8 + 1)
}

/// MurmurHash2 in the 64-bit version of Austin Appleby (public domain), little-endian on every machine.
fn murmur_64a(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    const R: u32 = 47;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        let mut word = u64::from_le_bytes(*word).wrapping_mul(M);
        word ^= word >> R;
        hash = (hash ^ word.wrapping_mul(M)).wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut word = [0; 8];
        word[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> R).wrapping_mul(M);
    hash ^ hash >> R
}
