//! What a request does with its keys, where that depends on its arguments.

use super::Args;
use super::table::{Command, KeySpec};

const READ: &[&str] = &["RO", "access"];
const CHANGE: &[&str] = &["RW", "access", "update"];
const OVERWRITE: &[&str] = &["OW", "update"];

/// How this request accesses the keys of `spec`, in the words of COMMAND GETKEYSANDFLAGS.
pub fn access(command: &Command, spec: &KeySpec, request: Args<'_>) -> &'static [&'static str] {
    if !spec.access.contains(&"variable_flags") {
        return spec.access;
    }
    match command.name {
        // It reads what was there only with GET.
        "set" if !request.from(3).iter().any(|word| word.eq_ignore_ascii_case(b"get")) => OVERWRITE,
        "bitfield" if only_gets(request.from(2)) => READ,
        _ => CHANGE,
    }
}

/// Whether BITFIELD changes nothing.
fn only_gets(mut operations: Args<'_>) -> bool {
    while let Some(word) = operations.get(0) {
        let words = match word.to_ascii_lowercase().as_slice() {
            b"get" if operations.len() > 2 => 3,
            b"overflow" if operations.len() > 1 => 2,
            _ => return false,
        };
        operations = operations.from(words);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    #[test]
    fn bitfield_reads_when_it_only_gets() {
        let reads = |request| with_words(request, |args| only_gets(args.from(2)));
        assert!(reads("bitfield a get u4 0") && reads("bitfield a get u4 0 get u4 1"));
        assert!(reads("bitfield a overflow sat get u4 0"));
        assert!(!reads("bitfield a set u4 0 1") && !reads("bitfield a get u4 0 incrby u4 0 1"));
        assert!(!reads("bitfield a get u4") && !reads("bitfield a nosuch"));
    }
}
