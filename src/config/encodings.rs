//! Up to which sizes encodings are compact.

/// Redis's limits; those of sets steer the answer of OBJECT ENCODING only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encodings {
    /// Bytes of a HyperLogLog.
    pub hll_sparse_max_bytes: u64,
    pub set_max_intset_entries: u64,
    pub set_max_listpack_entries: u64,
    /// Bytes.
    pub set_max_listpack_value: u64,
    pub hash_max_listpack_entries: u64,
    /// Bytes.
    pub hash_max_listpack_value: u64,
    pub zset_max_listpack_entries: u64,
    /// Bytes.
    pub zset_max_listpack_value: u64,
    /// Entries, or below 0 a size: -1 is 4 kB, -5 is 64 kB.
    pub list_max_listpack_size: i64,
}

impl Default for Encodings {
    fn default() -> Encodings {
        Encodings {
            hll_sparse_max_bytes: 3_000,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            list_max_listpack_size: -2,
        }
    }
}
