//! Numbers about the process itself.

pub mod memory;
