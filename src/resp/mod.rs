//! The Redis serialization protocol, on the server's side: requests are parsed in place, replies are
//! written straight into a connection's output.
//!
//! Knows nothing of sockets and commands; imports only `base`.

mod error;
mod inline;
mod limits;
pub mod request;
pub mod writer;

pub use error::ProtocolError;
pub use limits::Limits;
pub use request::{Request, RequestParser, Span};
pub use writer::{Deferred, Protocol, ReplyWriter};
