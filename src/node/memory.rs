//! What the server uses of the machine's memory.

use super::Node;
use crate::metrics::memory;

/// The use of memory at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFigures {
    /// Allocated now.
    pub used_bytes: u64,
    /// The most that `used_bytes` has been.
    pub peak_bytes: u64,
    /// `used_bytes` before the first client came.
    pub startup_bytes: u64,
    /// What the process holds of the machine's memory (RSS).
    pub resident_bytes: u64,
    /// Buffers of the connections, a part of `used_bytes`.
    pub clients_bytes: u64,
}

impl Node {
    #[must_use]
    pub fn memory(&self) -> MemoryFigures {
        let clients = self.clients.all();
        MemoryFigures {
            used_bytes: memory::used_bytes(),
            peak_bytes: memory::peak_bytes(),
            startup_bytes: self.startup_bytes,
            resident_bytes: memory::resident_bytes(),
            clients_bytes: clients.iter().map(|client| client.memory_bytes() as u64).sum(),
        }
    }

    /// Gives the system back what the allocator keeps unused.
    pub fn purge_memory(&self) {
        memory::purge();
    }
}
