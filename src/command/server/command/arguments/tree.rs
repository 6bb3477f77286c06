//! From the pieces of a synopsis to arguments.

use super::names;
use super::synopsis::{self, Piece, is_token};
use super::{Argument, Kind};
use crate::command::registry::Entry;
use crate::command::table::{KeySpec, Place};

/// The arguments that an entry's synopsis names.
pub fn read(entry: &Entry) -> Vec<Argument> {
    // A subcommand's own name is an argument too.
    let first = if entry.parent.is_some() { 2 } else { 1 };
    let mut reader = Reader { entry, position: Some(first), token: "" };
    let mut arguments = reader.sequence(&synopsis::read(entry.command.syntax));
    date(&mut arguments, &entry.full_name);
    arguments
}

/// Notes since when there are these arguments, and what they consist of.
fn date(arguments: &mut [Argument], command: &str) {
    for argument in arguments {
        argument.since = names::since(command, &argument.name);
        argument.deprecated_since = names::deprecated_since(command, &argument.name);
        date(&mut argument.arguments, command);
    }
}

struct Reader<'e> {
    entry: &'e Entry,
    /// Where in the request the next value stands, as far as that is certain.
    position: Option<i16>,
    /// The literal that the group being read stands behind.
    token: &'static str,
}

impl Reader<'_> {
    fn sequence(&mut self, pieces: &[Piece]) -> Vec<Argument> {
        let mut read = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Word(word) if is_token(word) => read.push(self.token(word)),
                Piece::Word(word) => read.push(self.value(word)),
                Piece::More => {
                    if let Some(last) = read.last_mut() {
                        last.multiple = true;
                    }
                }
                Piece::Group { optional, alternatives } => match repetition(alternatives) {
                    Some(again) => self.repeat(&mut read, again),
                    None => {
                        let group = self.group(*optional, alternatives);
                        let is_second = read.iter().any(|known| known.name == group.name);
                        let name = if is_second { names::second(&group.name) } else { group.name };
                        read.push(Argument { name, ..group });
                    }
                },
            }
        }
        read
    }

    fn value(&mut self, word: &str) -> Argument {
        let position = self.position;
        self.position = position.map(|position| position + 1);
        let name = names::value(&self.entry.full_name, self.token, word);
        let covers =
            |spec: &KeySpec| spec.are_keys() && position.is_some_and(|at| covers(spec, at));
        let place = names::place(self.token);
        let stands_there = |spec: &KeySpec| Some(spec.place) == place;
        let keys = || self.entry.command.keys.iter();
        let key_spec = keys().position(covers).or_else(|| keys().position(stands_there));
        let kind = match key_spec {
            Some(_) if place != Some(Place::Unknown) => Kind::Key,
            _ => names::kind(&self.entry.full_name, self.token, word),
        };
        Argument { key_spec, display_text: Some(word.to_owned()), ..named(name, kind) }
    }

    fn group(&mut self, optional: bool, alternatives: &[Vec<Piece>]) -> Argument {
        if let Some(once) = without_repetition(alternatives) {
            let one = self.group(optional, &once);
            return Argument { multiple: true, multiple_token: one.token.is_some(), ..one };
        }
        let mut argument = match alternatives {
            [only] => self.alternative(only),
            several => {
                let name = self.group_name(several.first().map_or("", |first| lead(first)));
                let arguments = several.iter().map(|pieces| self.alternative(pieces)).collect();
                Argument { arguments, ..named(name, Kind::OneOf) }
            }
        };
        argument.optional |= optional;
        if !optional && alternatives.iter().all(|pieces| pieces.len() == 1) {
            self.position = self.position.map(|position| position + 1);
        }
        argument
    }

    /// One argument from all that an alternative says.
    fn alternative(&mut self, pieces: &[Piece]) -> Argument {
        match pieces {
            [Piece::Word(word)] if is_token(word) => self.token(word),
            [Piece::Word(word), rest @ ..] if is_token(word) && !are_tokens(rest) => {
                self.introduced(word, rest)
            }
            _ => {
                let lead = lead(pieces);
                let name = names::block(lead).map_or_else(|| self.group_name(lead), str::to_owned);
                together(self.sequence(pieces), name)
            }
        }
    }

    /// What follows a literal.
    fn introduced(&mut self, token: &'static str, pieces: &[Piece]) -> Argument {
        // It may stand anywhere.
        let outer = (self.position.take(), std::mem::replace(&mut self.token, token));
        let introduced = together(self.sequence(pieces), token.to_ascii_lowercase());
        (self.position, self.token) = outer;
        let name = names::introduced(&self.entry.full_name, token);
        let name = name.map_or(introduced.name, str::to_owned);
        Argument { token: Some(token), name, ..introduced }
    }

    /// `key value [key value ...]`: what has been read before may come again.
    fn repeat(&mut self, read: &mut Vec<Argument>, again: &[Piece]) {
        let position = self.position;
        let again = match again.first() {
            Some(Piece::Word(word)) if is_token(word) => vec![self.alternative(again)],
            _ => self.sequence(again),
        };
        // Where they end before the last argument, it is not certain which one comes next.
        let ends_early = |spec: &KeySpec| matches!(spec.place, Place::Range { last: ..=-2, .. });
        self.position = position.filter(|_| !self.entry.command.keys.iter().any(ends_early));
        let mut tail = read.split_off(read.len().saturating_sub(again.len()));
        debug_assert!(
            tail.iter().map(|argument| &argument.name).eq(again.iter().map(|again| &again.name)),
            "{}: {tail:?} is not repeated",
            self.entry.full_name
        );
        for argument in &mut tail {
            argument.multiple_token = again.iter().any(|again| again.token.is_some());
        }
        let repeated = together(tail, names::REPEATED.to_owned());
        read.push(Argument { multiple: true, ..repeated });
    }

    fn token(&self, word: &'static str) -> Argument {
        let name = names::token(&self.entry.full_name, word);
        let display_text = Some(name.clone());
        Argument { token: Some(word), display_text, ..named(name, Kind::PureToken) }
    }

    fn group_name(&self, lead: &str) -> String {
        names::group(&self.entry.full_name, self.token, lead)
    }
}

/// What stands in `[... ...]`.
fn repetition(alternatives: &[Vec<Piece>]) -> Option<&[Piece]> {
    match alternatives {
        [only] => match only.as_slice() {
            [again @ .., Piece::More] => Some(again),
            _ => None,
        },
        _ => None,
    }
}

/// What a group that begins with a literal says, if it ends by saying that all of it may come again.
fn without_repetition(alternatives: &[Vec<Piece>]) -> Option<Vec<Vec<Piece>>> {
    let mut once = alternatives.to_vec();
    let Some(Piece::Group { optional: true, alternatives: mut again }) = once.last_mut()?.pop()
    else {
        return None;
    };
    let is_more = again.last_mut()?.pop() == Some(Piece::More);
    (is_more && again == once && is_token(lead(once.first()?))).then_some(once)
}

/// Whether all are literals.
fn are_tokens(pieces: &[Piece]) -> bool {
    pieces.iter().all(|piece| matches!(piece, Piece::Word(word) if is_token(word)))
}

/// The word that a sequence begins with.
fn lead(pieces: &[Piece]) -> &'static str {
    match pieces.first() {
        Some(Piece::Word(word)) => word,
        Some(Piece::Group { alternatives, .. }) => alternatives.first().map_or("", |all| lead(all)),
        Some(Piece::More) | None => "",
    }
}

/// Whether the argument at `position` of a request is one of these keys.
fn covers(spec: &KeySpec, position: i16) -> bool {
    match spec.place {
        Place::Range { first, last, step } => {
            position >= first
                && (last < 0 || position <= last)
                && (position - first) % step.max(1) == 0
        }
        // Those that follow it are the same argument, once more.
        Place::Counted { at } => position == at + 1,
        Place::StoreOption | Place::Nested { .. } | Place::Unknown => false,
    }
}

/// One argument of several, or that one.
fn together(mut arguments: Vec<Argument>, name: String) -> Argument {
    match arguments.pop() {
        Some(only) if arguments.is_empty() => only,
        last => {
            arguments.extend(last);
            Argument { arguments, ..named(name, Kind::Block) }
        }
    }
}

fn named(name: String, kind: Kind) -> Argument {
    Argument {
        name,
        kind,
        display_text: None,
        key_spec: None,
        token: None,
        since: None,
        deprecated_since: None,
        optional: false,
        multiple: false,
        multiple_token: false,
        arguments: Vec::new(),
    }
}
