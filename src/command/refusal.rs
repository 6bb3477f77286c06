//! Why a request is not run at all, and how Redis says so.

use super::Args;
use super::registry::{self, Entry};
use crate::config::Config;
use crate::node::Disk;

/// Redis cuts what it quotes of a request to so many bytes.
const QUOTED_MAX_BYTES: usize = 128;

/// Redis's text, with all that it tells a person to do.
const SNAPSHOT_FAILED: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently \
    unable to persist to disk. Commands that may modify the data set are disabled, because this \
    instance is configured to report errors during writes if RDB snapshotting fails \
    (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";

/// A request that is answered without running a command.
pub enum Refusal {
    /// The error's text, its code first, without line ends.
    Error(Vec<u8>),
    /// The first line of an HTTP request: somebody has a browser talk to us.
    Attack,
}

/// The command that `args` name, whose number they fit. `last` is tried first: pipelines repeat a
/// command.
///
/// # Errors
/// With the command that was refused, when there is one.
pub fn resolve(
    args: Args<'_>,
    last: Option<&'static Entry>,
) -> Result<&'static Entry, (Option<&'static Entry>, Refusal)> {
    let name = args.get(0).unwrap_or_default();
    let entry = match last {
        Some(last) if is_named(last, name) => last,
        _ => find(name, args)?,
    };
    if fits(entry.command.arity, args.len()) {
        Ok(entry)
    } else {
        let text = format!("ERR wrong number of arguments for '{}' command", entry.full_name);
        Err((Some(entry), Refusal::Error(text.into_bytes())))
    }
}

/// Why writes are refused because of the disk, if they are.
pub fn misconf(disk: &Disk, config: &Config) -> Option<String> {
    if config.stop_writes_on_bgsave_error && !config.save.is_empty() && disk.snapshots.has_failed()
    {
        return Some(SNAPSHOT_FAILED.to_owned());
    }
    let failure = disk.failure()?;
    Some(format!("MISCONF Errors writing to the AOF file: {failure}"))
}

/// Whether `name` alone means `entry`.
fn is_named(entry: &Entry, name: &[u8]) -> bool {
    entry.parent.is_none()
        && entry.command.subcommands.is_empty()
        && entry.command.name.as_bytes().eq_ignore_ascii_case(name)
}

fn find(name: &[u8], args: Args<'_>) -> Result<&'static Entry, (Option<&'static Entry>, Refusal)> {
    let Some(entry) = registry::find(name) else {
        return Err((None, unknown_command(name, args)));
    };
    if entry.command.subcommands.is_empty() {
        return Ok(entry);
    }
    // A container alone: its own arity says whether it runs.
    let Some(word) = args.get(1) else { return Ok(entry) };
    let unknown = || (None, unknown_subcommand(entry.command.name, word));
    entry.subcommand(word).ok_or_else(unknown)
}

/// Whether a request of so many words fits a command.
pub fn fits(arity: i16, given: usize) -> bool {
    let wanted = usize::from(arity.unsigned_abs());
    if arity < 0 { given >= wanted } else { given == wanted }
}

fn unknown_command(name: &[u8], args: Args<'_>) -> Refusal {
    if name.eq_ignore_ascii_case(b"host:") || name.eq_ignore_ascii_case(b"post") {
        return Refusal::Attack;
    }
    let mut quoted = Vec::new();
    for word in args.iter().skip(1) {
        if quoted.len() >= QUOTED_MAX_BYTES {
            break;
        }
        let room = QUOTED_MAX_BYTES - quoted.len();
        quoted.push(b'\'');
        quoted.extend_from_slice(cut(word, room));
        quoted.extend_from_slice(b"' ");
    }
    let name = cut(name, QUOTED_MAX_BYTES);
    error(&[b"ERR unknown command '", name, b"', with args beginning with: ", &quoted])
}

fn unknown_subcommand(container: &str, word: &[u8]) -> Refusal {
    let upper = container.to_ascii_uppercase();
    let word = cut(word, QUOTED_MAX_BYTES);
    error(&[b"ERR unknown subcommand '", word, b"'. Try ", upper.as_bytes(), b" HELP."])
}

/// As C prints a string: to its first NUL, and at most `max` bytes.
fn cut(text: &[u8], max: usize) -> &[u8] {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    &text[..end.min(max)]
}

/// An error is one line.
fn error(parts: &[&[u8]]) -> Refusal {
    let mut text = parts.concat();
    text.iter_mut().filter(|byte| matches!(**byte, b'\r' | b'\n')).for_each(|byte| *byte = b' ');
    Refusal::Error(text)
}

#[cfg(test)]
mod tests {
    use super::super::args::tests::Request;
    use super::*;

    fn refused(words: &[&[u8]]) -> String {
        let request = Request::new(words.iter());
        match resolve(request.args(), None) {
            Err((_, Refusal::Error(text))) => String::from_utf8_lossy(&text).into_owned(),
            Err((_, Refusal::Attack)) => "attack".to_owned(),
            Ok(entry) => format!("ran {}", entry.full_name),
        }
    }

    // The texts are those of Redis 7.0.15.
    #[test]
    fn unknown_commands_are_named() {
        assert_eq!(
            refused(&[b"foo", b"a\r\nb", b"c"]),
            "ERR unknown command 'foo', with args beginning with: 'a  b' 'c' "
        );
        assert_eq!(
            refused(&[b"fo\0o", b"a\0b", b"d"]),
            "ERR unknown command 'fo', with args beginning with: 'a' 'd' "
        );
        assert_eq!(refused(&[b""]), "ERR unknown command '', with args beginning with: ");
        assert_eq!(
            refused(&[b"client|id"]),
            "ERR unknown command 'client|id', with args beginning with: "
        );
        assert_eq!(refused(&[b"Host:", b"x"]), "attack");
        assert_eq!(refused(&[b"post", b"/"]), "attack");
    }

    #[test]
    fn what_is_quoted_is_cut() {
        let (f, a, b) = ([b'f'; 200], [b'a'; 70], [b'b'; 100]);
        assert_eq!(
            refused(&[&f, &a, &b, b"c"]),
            format!(
                "ERR unknown command '{}', with args beginning with: '{}' '{}' ",
                "f".repeat(128),
                "a".repeat(70),
                "b".repeat(55)
            )
        );
        assert_eq!(
            refused(&[b"f", &[b'a'; 128], b"b"]),
            format!("ERR unknown command 'f', with args beginning with: '{}' ", "a".repeat(128))
        );
        assert_eq!(
            refused(&[b"f", &[b'a'; 125], b"bbb"]),
            format!("ERR unknown command 'f', with args beginning with: '{}' ", "a".repeat(125))
        );
        assert_eq!(
            refused(&[b"client", &f]),
            format!("ERR unknown subcommand '{}'. Try CLIENT HELP.", "f".repeat(128))
        );
    }

    #[test]
    fn arity_names_the_subcommand() {
        assert_eq!(refused(&[b"GET"]), "ERR wrong number of arguments for 'get' command");
        assert_eq!(refused(&[b"get", b"a"]), "ran get");
        assert_eq!(
            refused(&[b"ClIent", b"iD", b"x"]),
            "ERR wrong number of arguments for 'client|id' command"
        );
        assert_eq!(refused(&[b"client"]), "ERR wrong number of arguments for 'client' command");
        assert_eq!(refused(&[b"client", b"id"]), "ran client|id");
    }

    #[test]
    fn the_last_command_is_not_taken_for_another() {
        let last = registry::find(b"get");
        let request = Request::new(["SET", "key", "value"].iter());
        let found = resolve(request.args(), last).ok().map(|entry| entry.command.name);
        assert_eq!(found, Some("set"));
    }
}
