//! Rust source as far as the rules need it: words, symbols and their lines, without comments, strings
//! and characters.

/// A word (identifier, keyword or number), `::`, or any other character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'s> {
    Word(&'s str),
    PathSeparator,
    Symbol(char),
}

#[derive(Clone, Copy, Debug)]
pub struct Token<'s> {
    pub kind: Kind<'s>,
    pub line: usize,
}

/// A function and how many lines it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Function<'s> {
    pub name: &'s str,
    pub line: usize,
    pub lines: usize,
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0, line: 1 };
    std::iter::from_fn(|| lexer.next()).collect()
}

/// The functions that have a body, nested ones too.
pub fn functions<'s>(tokens: &[Token<'s>]) -> Vec<Function<'s>> {
    let heads = tokens.windows(2).enumerate().filter_map(|(at, pair)| match pair {
        [Token { kind: Kind::Word("fn"), line }, Token { kind: Kind::Word(name), .. }] => {
            Some((at + 2, *name, *line))
        }
        _ => None,
    });
    let function = |(at, name, line)| {
        let end = body_end(&tokens[at..])?;
        Some(Function { name, line, lines: end - line + 1 })
    };
    heads.filter_map(function).collect()
}

/// The line of the brace that closes a function's body; `None`: it is only declared.
fn body_end(tokens: &[Token<'_>]) -> Option<usize> {
    let (mut braces, mut brackets) = (0, 0);
    for token in tokens {
        match token.kind {
            Kind::Symbol('{') => braces += 1,
            Kind::Symbol('}') => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(token.line);
                }
            }
            Kind::Symbol('(' | '[') => brackets += 1,
            Kind::Symbol(')' | ']') => brackets -= 1,
            Kind::Symbol(';') if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    line: usize,
}

impl<'s> Lexer<'s> {
    fn next(&mut self) -> Option<Token<'s>> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else if rest.starts_with("//") {
                self.skip(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                self.skip(block_comment(rest));
            } else if let Some(length) = literal(rest) {
                self.skip(length);
            } else {
                return Some(self.token(first));
            }
        }
    }

    fn token(&mut self, first: char) -> Token<'s> {
        let (rest, line) = (self.rest(), self.line);
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let word = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (kind, length) = if word > 0 {
            (Kind::Word(&rest[..word]), word)
        } else if rest.starts_with("::") {
            (Kind::PathSeparator, 2)
        } else {
            (Kind::Symbol(first), first.len_utf8())
        };
        self.skip(length);
        Token { kind, line }
    }

    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest()[..length].matches('\n').count();
        self.at += length;
    }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string or character that the text starts with. A lifetime counts as one.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix).unwrap_or_default();
        let hashes = rest.trim_start_matches('#');
        let is_raw = prefix.ends_with('r');
        rest.starts_with('"') || (is_raw && hashes.starts_with('"') && rest.starts_with('#'))
    });
    match prefix {
        Some(prefix) if prefix.ends_with('r') => Some(raw_string(text, prefix.len())),
        Some(prefix) => Some(prefix.len() + quoted(&text[prefix.len()..], '"')),
        None if text.starts_with("b'") => Some(1 + quoted(&text[1..], '\'')),
        None if text.starts_with('\'') => Some(character_or_lifetime(text)),
        None => None,
    }
}

fn raw_string(text: &str, prefix: usize) -> usize {
    let hashes = text[prefix..].bytes().take_while(|byte| *byte == b'#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    let start = prefix + hashes + 1;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn character_or_lifetime(text: &str) -> usize {
    let mut characters = text.chars().skip(1);
    let (first, second) = (characters.next(), characters.next());
    match (first, second) {
        (Some('\\'), _) | (_, Some('\'')) => quoted(text, '\''),
        _ => 1,
    }
}
