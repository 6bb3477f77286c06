//! What is wrong with a request that cannot be read.

use super::ReplyWriter;

/// A request that breaks the protocol. Where the next one would begin is unknown, so the connection is
/// closed once the error is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// An argument that is announced by another byte than `$`.
    ExpectedBulk {
        got: u8,
    },
    InvalidBulkLength,
    InvalidMultibulkLength,
    TooBigBulkCount,
    TooBigInline,
    TooBigMultibulkCount,
    UnauthenticatedBulkLength,
    UnauthenticatedMultibulkLength,
    UnbalancedQuotes,
}

impl ProtocolError {
    /// Answers with Redis's text.
    pub fn write(self, reply: &mut ReplyWriter<'_>) {
        let what: &[u8] = match self {
            ProtocolError::ExpectedBulk { got } => {
                &[b"expected '$', got '", &[got][..], b"'"].concat()
            }
            ProtocolError::InvalidBulkLength => b"invalid bulk length",
            ProtocolError::InvalidMultibulkLength => b"invalid multibulk length",
            ProtocolError::TooBigBulkCount => b"too big bulk count string",
            ProtocolError::TooBigInline => b"too big inline request",
            ProtocolError::TooBigMultibulkCount => b"too big mbulk count string",
            ProtocolError::UnauthenticatedBulkLength => b"unauthenticated bulk length",
            ProtocolError::UnauthenticatedMultibulkLength => b"unauthenticated multibulk length",
            ProtocolError::UnbalancedQuotes => b"unbalanced quotes in request",
        };
        reply.error_bytes(&[b"ERR Protocol error: ", what].concat());
    }
}
