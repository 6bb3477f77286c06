//! What SORT is asked for.

use super::{Args, CommandError};
use crate::base::number::parse_i64;

/// By what elements are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By<'a> {
    Element,
    /// What this pattern names.
    Pattern(&'a [u8]),
    /// They are not: a pattern that names the same for all.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options<'a> {
    pub by: By<'a>,
    pub alpha: bool,
    pub descending: bool,
    pub offset: i64,
    /// Below 0: all.
    pub count: i64,
    pub gets: Vec<&'a [u8]>,
    pub store: Option<&'a [u8]>,
}

pub fn parse(args: Args<'_>, may_store: bool) -> Result<Options<'_>, CommandError> {
    let mut options = Options {
        by: By::Element,
        alpha: false,
        descending: false,
        offset: 0,
        count: -1,
        gets: Vec::new(),
        store: None,
    };
    let number = |at| args.get(at).and_then(parse_i64).ok_or(CommandError::NOT_INTEGER);
    let mut at = 2;
    while let Some(word) = args.get(at) {
        let (next, word) = (args.get(at + 1), word.to_ascii_lowercase());
        match (word.as_slice(), next) {
            (b"asc", _) => options.descending = false,
            (b"desc", _) => options.descending = true,
            (b"alpha", _) => options.alpha = true,
            (b"limit", Some(_)) if args.len() > at + 2 => {
                (options.offset, options.count) = (number(at + 1)?, number(at + 2)?);
                at += 2;
            }
            (b"store", Some(name)) if may_store => {
                options.store = Some(name);
                at += 1;
            }
            (b"by", Some(pattern)) => {
                options.by =
                    if pattern.contains(&b'*') { By::Pattern(pattern) } else { By::Nothing };
                at += 1;
            }
            (b"get", Some(pattern)) => {
                options.gets.push(pattern);
                at += 1;
            }
            _ => return Err(CommandError::SYNTAX),
        }
        at += 1;
    }
    Ok(options)
}

/// Whether a request asks for keys that it does not name; one that cannot be read does not.
pub fn has_patterns(args: Args<'_>) -> bool {
    parse(args, true).is_ok_and(|options| {
        let by_key = matches!(options.by, By::Pattern(_));
        by_key || options.gets.iter().any(|pattern| pattern.contains(&b'*'))
    })
}

/// Where a request says what to store to.
pub fn destination(args: Args<'_>) -> Option<usize> {
    let store = parse(args, true).ok()?.store?;
    // The last one counts.
    (2..args.len()).rev().find(|at| args.get(*at).is_some_and(|arg| std::ptr::eq(arg, store)))
}
