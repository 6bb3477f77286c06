//! DEBUG DIGEST: a hash of what users can see, the same on every node that sees the same.
//!
//! Redis's own construction (debug.c, computeDatasetDigest), so that a test can compare a data set
//! with a real server's.

use super::entry::Entry;
use super::{KeyRef, Keys};
use crate::base::double::format_f64_long;
use crate::crdt::Field;
use sha1::{Digest as _, Sha1};

/// A digest, as DEBUG DIGEST prints it in hex.
pub type Digest = [u8; 20];

/// Redis's numbers of the types.
const TYPE_STRING: u32 = 0;
const TYPE_LIST: u32 = 1;
const TYPE_SET: u32 = 2;
const TYPE_SORTED_SET: u32 = 3;
const TYPE_HASH: u32 = 4;

impl Keys<'_> {
    /// The digest of all databases. The scope holds the whole keyspace.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut all = Digest::default();
        for db in 0..self.keyspace.databases() {
            let mut entries = Vec::new();
            self.for_each_entry(db, &mut |entry| entries.push(self.digest_entry(entry)));
            if !entries.is_empty() {
                mix(&mut all, &u32::from(db).to_be_bytes());
            }
            entries.iter().for_each(|digest| xor(&mut all, digest));
        }
        all
    }

    /// DEBUG DIGEST-VALUE: the digest of one key's value; all zeros when there is none.
    #[must_use]
    pub fn digest_value(&self, key: KeyRef<'_>) -> Digest {
        let mut digest = Digest::default();
        self.with_shard(self.keyspace.lock_of(key), |shard| {
            if let Some(entry) = shard.find(key.hash, key.name) {
                self.mix_entry(&mut digest, entry);
            }
        });
        digest
    }

    fn digest_entry(&self, entry: &Entry) -> Digest {
        let mut digest = Digest::default();
        mix(&mut digest, &entry.name);
        self.mix_entry(&mut digest, entry);
        digest
    }

    /// Settled first where something is due: what has expired is not seen.
    fn mix_entry(&self, digest: &mut Digest, entry: &Entry) {
        match entry.due_ms() > self.now_ms {
            true => mix_settled(digest, entry, self.now_ms),
            false => {
                mix_settled(digest, &entry.settled(self.keyspace.me(), self.now_ms), self.now_ms);
            }
        }
    }
}

fn mix_settled(digest: &mut Digest, entry: &Entry, now_ms: u64) {
    if let Ok(Some(text)) = entry.text(now_ms) {
        mix(digest, &TYPE_STRING.to_be_bytes());
        mix(digest, &text);
    } else if let Ok(Some(list)) = entry.list(now_ms) {
        mix(digest, &TYPE_LIST.to_be_bytes());
        list.iter().for_each(|text| mix(digest, text));
    } else if let Ok(Some(set)) = entry.members::<()>(now_ms) {
        mix(digest, &TYPE_SET.to_be_bytes());
        for member in set.iter() {
            xor(digest, member);
            if set.deadline(member).flatten().is_some() {
                xor(digest, &[member, EXPIRES].concat());
            }
        }
    } else if let Ok(Some(hash)) = entry.members::<Field>(now_ms) {
        mix(digest, &TYPE_HASH.to_be_bytes());
        for (name, text) in hash.fields() {
            let mut field = Digest::default();
            mix(&mut field, name);
            mix(&mut field, &text);
            xor(digest, &field);
            if hash.deadline(name).flatten().is_some() {
                xor(digest, &[name, EXPIRES].concat());
            }
        }
    } else if let Ok(Some(set)) = entry.sorted(now_ms) {
        mix(digest, &TYPE_SORTED_SET.to_be_bytes());
        for (member, score) in set.iter() {
            let mut scored = Digest::default();
            mix(&mut scored, member);
            mix(&mut scored, &format_f64_long(score));
            xor(digest, &scored);
        }
    } else {
        return;
    }
    if entry.deadline_ms(now_ms).is_some() {
        xor(digest, EXPIRES);
    }
}

/// What a deadline adds; the time itself is left out, as in Redis.
const EXPIRES: &[u8] = b"!!expire!!";

/// Adds `bytes` so that their place does not matter.
fn xor(digest: &mut Digest, bytes: &[u8]) {
    for (mine, theirs) in digest.iter_mut().zip(Sha1::digest(bytes)) {
        *mine ^= theirs;
    }
}

/// Adds `bytes` so that their place does matter.
fn mix(digest: &mut Digest, bytes: &[u8]) {
    xor(digest, bytes);
    *digest = Sha1::digest(*digest).into();
}
