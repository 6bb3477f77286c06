//! The notation of the documentation's synopses: `key [NX | XX] [EX seconds] member [member ...]`.

/// A part of a synopsis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A literal in upper case, or the name of a value in lower case.
    Word(&'static str),
    /// `[a | b]`, which may be left out, or `<a | b>`, which may not.
    Group { optional: bool, alternatives: Vec<Vec<Piece>> },
    /// `...`: what stands before it may come again.
    More,
}

/// Reads a synopsis of the command table.
pub fn read(text: &'static str) -> Vec<Piece> {
    let words = words(text);
    let mut words = words.iter().copied();
    alternatives(&mut words).into_iter().next().unwrap_or_default()
}

/// Whether a word is a literal.
pub fn is_token(word: &str) -> bool {
    !word.contains(|letter: char| letter.is_ascii_lowercase())
}

/// Brackets and bars are words of their own.
fn words(text: &'static str) -> Vec<&'static str> {
    let mut words = Vec::new();
    for blank_separated in text.split_whitespace() {
        let mut rest = blank_separated;
        while let Some(at) = rest.find(['[', ']', '<', '>', '|']) {
            words.extend([&rest[..at], &rest[at..=at]]);
            rest = &rest[at + 1..];
        }
        words.push(rest);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Reads up to the bracket that closes the group. Groups nest as deep as the table's rows write them.
fn alternatives(words: &mut impl Iterator<Item = &'static str>) -> Vec<Vec<Piece>> {
    let (mut all, mut current) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        match word {
            "[" | "<" => {
                let alternatives = alternatives(&mut *words);
                current.push(Piece::Group { optional: word == "[", alternatives });
            }
            "]" | ">" => break,
            "|" => all.push(std::mem::take(&mut current)),
            "..." => current.push(Piece::More),
            word => current.push(Piece::Word(word)),
        }
    }
    all.push(current);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_nest() {
        let word = Piece::Word;
        assert_eq!(read(""), []);
        assert_eq!(
            read("key [EX seconds | KEEPTTL] <ON>"),
            [
                word("key"),
                Piece::Group {
                    optional: true,
                    alternatives: vec![vec![word("EX"), word("seconds")], vec![word("KEEPTTL")]],
                },
                Piece::Group { optional: false, alternatives: vec![vec![word("ON")]] },
            ]
        );
        let inner =
            Piece::Group { optional: true, alternatives: vec![vec![word("arg"), Piece::More]] };
        assert_eq!(
            read("[arg [arg ...]]"),
            [Piece::Group { optional: true, alternatives: vec![vec![word("arg"), inner]] }]
        );
    }
}
