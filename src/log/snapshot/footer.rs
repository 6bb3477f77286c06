//! What the end of a snapshot says of the blocks before it, as who writes and who reads them adds it up.

use super::block::BlockHead;

/// How much is in a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub blocks: u32,
    pub entries: u64,
}

/// Of all blocks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub totals: Totals,
    /// Over the blocks' own checksums, in order.
    pub checksum: u32,
}

impl Footer {
    /// One more block. What is read may claim any number of entries.
    pub fn add(&mut self, block: &BlockHead) {
        self.totals.blocks = self.totals.blocks.saturating_add(1);
        self.totals.entries = self.totals.entries.saturating_add(block.entries.into());
        self.checksum = crc32c::crc32c_append(self.checksum, &block.checksum.to_le_bytes());
    }
}
