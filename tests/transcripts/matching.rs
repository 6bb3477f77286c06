//! Does a reply fit its expectation?

use super::file::Rules;

pub fn fits(expected: &str, actual: &str, rules: &Rules) -> bool {
    if rules.pattern { matches(expected, actual) } else { expected == actual }
}

/// `*` is any text, `<1..9>` a number in that range, the rest is itself.
fn matches(mut pattern: &str, mut text: &str) -> bool {
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            return ends.into_iter().any(|at| matches(rest, &text[at..]));
        }
        if let Some((from, to, rest)) = range(pattern) {
            let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
            let number = text[..end].parse::<i64>();
            if !number.is_ok_and(|number| (from..=to).contains(&number)) {
                return false;
            }
            (pattern, text) = (rest, &text[end..]);
            continue;
        }
        let (mut expected, mut actual) = (pattern.chars(), text.chars());
        match (expected.next(), actual.next()) {
            (None, None) => return true,
            (left, right) if left == right => {
                (pattern, text) = (expected.as_str(), actual.as_str())
            }
            _ => return false,
        }
    }
}

fn range(pattern: &str) -> Option<(i64, i64, &str)> {
    let (range, rest) = pattern.strip_prefix('<')?.split_once('>')?;
    let (from, to) = range.split_once("..")?;
    Some((from.parse().ok()?, to.parse().ok()?, rest))
}
