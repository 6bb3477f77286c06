//! Redis's RDB files, versions 9 to 12 (Redis 5 to 8.0): a reader that takes the file in as it comes.
//!
//! Knows no files and no sockets: bytes come from a [`Source`]. Nothing is kept of the file but the key
//! that is being read, and of that one element, or one packed blob of small ones. Lengths that the file
//! announces reserve nothing, so it costs what it holds.
//!
//! Strings, sets, hashes and sorted sets are decoded from all of their encodings. Lists, streams,
//! modules and functions are walked over, and named.

mod error;
mod input;
mod kind;
mod lzf;
mod packed;
mod reader;
mod text;
mod value;
mod walk;

pub use error::{Damage, Problem, ReadError};
pub use input::Source;
pub use kind::{Kind, ModuleName};
pub use lzf::decompress;
pub use reader::{Entry, Key, Reader};
pub use text::TEXT_BYTES_MAX;
pub use value::Element;
