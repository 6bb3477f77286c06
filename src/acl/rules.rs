//! What the rules of a user are made from: words, and what can be wrong with them.

use super::catalog::Catalog;

/// What rules are read with.
#[derive(Clone, Copy)]
pub struct Rules<'c> {
    pub catalog: &'c Catalog,
    /// Whether a new user may use all channels (`acl-pubsub-default`).
    pub all_channels: bool,
}

/// Why a rule was refused, in Redis's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("Syntax error")]
    Syntax,
    #[error("Unknown command or category name in ACL")]
    Unknown,
    #[error(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not \
         have any effect. Try 'resetkeys' to start with an empty list of patterns"
    )]
    AfterAllKeys,
    #[error(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does \
         not have any effect. Try 'resetchannels' to start with an empty list of channels"
    )]
    AfterAllChannels,
    #[error("The password you are trying to remove from the user does not exist")]
    NoSuchPassword,
    #[error(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal \
         characters"
    )]
    BadHash,
    #[error("Allowing first-arg of a subcommand is not supported")]
    FirstArgOfSubcommand,
}

/// Whether a text can stand in a line of rules: no blanks, no NUL.
pub(super) fn is_plain(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0))
}

/// Whether a user can have this name.
#[must_use]
pub fn is_valid_name(name: &[u8]) -> bool {
    is_plain(name)
}

/// The rules with each selector in one: `(+get ~a)` may come as two words.
///
/// # Errors
/// The word with the parenthesis that nothing closes.
pub fn merge_selectors<'r>(words: &[&'r [u8]]) -> Result<Vec<Vec<u8>>, &'r [u8]> {
    let mut merged = Vec::with_capacity(words.len());
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    for word in words {
        if word.starts_with(b"(") && !word.ends_with(b")") {
            open = Some((word, word.to_vec()));
            continue;
        }
        match &mut open {
            None => merged.push(word.to_vec()),
            Some((_, selector)) => {
                selector.push(b' ');
                selector.extend_from_slice(word);
                if word.ends_with(b")") {
                    merged.extend(open.take().map(|(_, selector)| selector));
                }
            }
        }
    }
    open.map_or(Ok(merged), |(first, _)| Err(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_put_together() {
        let words: [&[u8]; 6] = [b"on", b"(~a", b"+get", b")", b"(+set)", b"off"];
        let merged = merge_selectors(&words).expect("they are closed");
        assert_eq!(merged, [&b"on"[..], b"(~a +get )", b"(+set)", b"off"]);
        assert_eq!(merge_selectors(&[b"on", b"(a", b"b"]), Err(&b"(a"[..]));
    }
}
