//! What a client may ask the parser to take in.

/// Bounds on one request, each with Redis's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest argument, in bytes (`proto-max-bulk-len`).
    pub max_bulk_len: usize,
    /// The most arguments of one request.
    pub max_args: usize,
    /// The longest inline request, and the longest line that a length may be written on, in bytes.
    pub max_inline_len: usize,
    /// Whether the client may run commands. One that may not yet gets only enough room to
    /// authenticate itself, so requests behind an AUTH must be parsed after it has run.
    pub authenticated: bool,
}

impl Limits {
    /// The most arguments before authentication.
    pub(super) const MAX_UNAUTHENTICATED_ARGS: usize = 10;

    /// The longest argument before authentication, in bytes.
    pub(super) const MAX_UNAUTHENTICATED_BULK_LEN: usize = 16 * 1024;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bulk_len: 512 * 1024 * 1024,
            max_args: i32::MAX as usize,
            max_inline_len: 64 * 1024,
            authenticated: true,
        }
    }
}
