//! The paths that a file names, by `use` or in place.

use crate::source::{Kind, Token};

/// A path as it is written, groups spelled out: `use a::{b, c::*}` is `a::b` and `a::c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import<'s> {
    pub path: Vec<&'s str>,
    pub line: usize,
    /// The inline modules (`mod tests { … }`) that it stands in.
    pub inside: usize,
}

/// All paths of two names and more, and whatever stands behind `use`.
pub fn imports<'s>(tokens: &[Token<'s>]) -> Vec<Import<'s>> {
    let mut found = Vec::new();
    let mut modules = Modules::default();
    let mut at = 0;
    while at < tokens.len() {
        modules.pass(tokens, at);
        if is_first_word(tokens, at)
            && (kind(tokens, at + 1) == Some(Kind::PathSeparator) || is_used(tokens, at))
        {
            let first = found.len();
            // Braces of a group are no blocks, so what follows the whole path comes next.
            at = tree(tokens, at, &mut Vec::new(), &mut found);
            for import in &mut found[first..] {
                import.inside = modules.depth();
            }
        } else {
            at += 1;
        }
    }
    found
}

fn kind<'s>(tokens: &[Token<'s>], at: usize) -> Option<Kind<'s>> {
    tokens.get(at).map(|token| token.kind)
}

fn before<'s>(tokens: &[Token<'s>], at: usize, back: usize) -> Option<Kind<'s>> {
    kind(tokens, at.checked_sub(back)?)
}

/// Words behind which a path may start with `::`.
const KEYWORDS: [&str; 5] = ["use", "as", "in", "return", "else"];

/// Whether a path may start here. (`use ::std::fs` starts at `std`.)
fn is_first_word(tokens: &[Token<'_>], at: usize) -> bool {
    let is_name = |kind| matches!(kind, Some(Kind::Word(word)) if !KEYWORDS.contains(&word));
    let goes_on = before(tokens, at, 1) == Some(Kind::PathSeparator)
        && (is_name(before(tokens, at, 2)) || before(tokens, at, 2) == Some(Kind::Symbol('>')));
    is_name(kind(tokens, at)) && !goes_on
}

fn is_used(tokens: &[Token<'_>], at: usize) -> bool {
    before(tokens, at, 1) == Some(Kind::Word("use"))
}

/// A path has ended; `a::{self}` is `a`.
fn note<'s>(prefix: &[&'s str], line: usize, found: &mut Vec<Import<'s>>) {
    let path = match prefix {
        [path @ .., "self"] if !path.is_empty() => path,
        path => path,
    };
    found.push(Import { path: path.to_vec(), line, inside: 0 });
}

/// Reads the path, or tree of paths, at `at`; returns where it ends.
fn tree<'s>(
    tokens: &[Token<'s>],
    mut at: usize,
    prefix: &mut Vec<&'s str>,
    found: &mut Vec<Import<'s>>,
) -> usize {
    let (length, line) = (prefix.len(), tokens[at].line);
    loop {
        match kind(tokens, at) {
            Some(Kind::Word(name)) => {
                prefix.push(name);
                at += 1;
            }
            Some(Kind::Symbol('{')) => {
                at = group(tokens, at + 1, prefix, found);
                break;
            }
            // `*` is all that is there; anything else ends the path (`Vec::<u8>`).
            other => {
                at += usize::from(other == Some(Kind::Symbol('*')));
                note(prefix, line, found);
                break;
            }
        }
        if kind(tokens, at) != Some(Kind::PathSeparator) {
            note(prefix, line, found);
            break;
        }
        at += 1;
    }
    prefix.truncate(length);
    at
}

/// Reads the paths up to the closing brace; returns the place behind it.
fn group<'s>(
    tokens: &[Token<'s>],
    mut at: usize,
    prefix: &mut Vec<&'s str>,
    found: &mut Vec<Import<'s>>,
) -> usize {
    while let Some(next) = kind(tokens, at) {
        match next {
            Kind::Symbol('}') => return at + 1,
            Kind::Symbol(',') | Kind::PathSeparator => at += 1,
            // `name as other`: the other name is no path.
            Kind::Word("as") => at += 2,
            _ => at = tree(tokens, at, prefix, found).max(at + 1),
        }
    }
    at
}

/// Which inline modules are open at a place.
#[derive(Default)]
struct Modules {
    braces: usize,
    /// The depth of braces at which each was opened.
    open: Vec<usize>,
}

impl Modules {
    fn pass(&mut self, tokens: &[Token<'_>], at: usize) {
        match tokens[at].kind {
            Kind::Symbol('{') => {
                let is_module = matches!(before(tokens, at, 1), Some(Kind::Word(_)))
                    && before(tokens, at, 2) == Some(Kind::Word("mod"));
                if is_module {
                    self.open.push(self.braces);
                }
                self.braces += 1;
            }
            Kind::Symbol('}') => {
                self.braces = self.braces.saturating_sub(1);
                if self.open.last() == Some(&self.braces) {
                    self.open.pop();
                }
            }
            _ => {}
        }
    }

    fn depth(&self) -> usize {
        self.open.len()
    }
}
