//! Why an access to a key did not happen.

/// An access that changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessError {
    /// The key holds another type. (`WRONGTYPE …`)
    WrongType,
    /// The text is not an integer. (`ERR value is not an integer or out of range`)
    NotInteger,
    /// The text is not a number. (`ERR value is not a valid float`)
    NotFloat,
    /// The sum leaves the 64-bit range. (`ERR increment or decrement would overflow`)
    Overflow,
    /// Shared access is not enough: the dispatcher takes the shards exclusively and runs the command
    /// again. Commands only pass it on.
    NeedsExclusive,
}
