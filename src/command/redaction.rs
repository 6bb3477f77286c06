//! What is hidden of a request before others see it (MONITOR, SLOWLOG): passwords.

use super::Args;
use super::registry::Entry;
use crate::config::table;

const REDACTED: &[u8] = b"(redacted)";

/// The arguments as they may be shown.
pub fn shown<'a>(entry: &Entry, args: Args<'a>) -> Vec<&'a [u8]> {
    let mut shown: Vec<&[u8]> = args.iter().collect();
    match entry.full_name.as_str() {
        "auth" => hide(&mut shown, 1, usize::MAX),
        "hello" => {
            let auth = shown.iter().position(|word| word.eq_ignore_ascii_case(b"auth"));
            hide(&mut shown, auth.map_or(usize::MAX, |at| at + 1), 2);
        }
        "acl|setuser" => hide(&mut shown, 2, usize::MAX),
        "config|set" => {
            // CONFIG SET name value [name value …]
            for at in (2..shown.len()).step_by(2) {
                if table::find(shown[at]).is_some_and(|directive| directive.sensitive) {
                    hide(&mut shown, at + 1, 1);
                }
            }
        }
        _ => {}
    }
    shown
}

fn hide(shown: &mut [&[u8]], first: usize, count: usize) {
    shown.iter_mut().skip(first).take(count).for_each(|word| *word = REDACTED);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::registry;

    fn shown_of(name: &[u8], line: &str) -> String {
        let request =
            super::super::args::tests::Request::new(line.split(' ').collect::<Vec<_>>().iter());
        let entry = registry::find_full(name).expect("a known command");
        let words = shown(entry, request.args());
        String::from_utf8(words.join(&b' ')).expect("the words of the test")
    }

    // As MONITOR of Redis 7.0.15 shows them.
    #[test]
    fn passwords_are_hidden() {
        assert_eq!(shown_of(b"auth", "AUTH foo"), "AUTH (redacted)");
        assert_eq!(shown_of(b"auth", "AUTH foo bar"), "AUTH (redacted) (redacted)");
        assert_eq!(
            shown_of(b"hello", "hello 3 auth default x setname y"),
            "hello 3 auth (redacted) (redacted) setname y"
        );
        assert_eq!(shown_of(b"get", "get auth"), "get auth");
        assert_eq!(
            shown_of(b"config|set", "config set port 1 RequirePass x"),
            "config set port 1 RequirePass (redacted)"
        );
        assert_eq!(
            shown_of(b"acl|setuser", "ACL SETUSER ann >x on"),
            "ACL SETUSER (redacted) (redacted) (redacted)"
        );
        assert_eq!(
            shown_of(b"config|set", "config set cluster-secret x hz 5"),
            "config set cluster-secret (redacted) hz 5"
        );
    }
}
