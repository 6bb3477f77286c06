//! From arguments to lines of redis.conf.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::config::{quote, split_words};

/// What to read, in this order: the file, standard input, the lines.
#[derive(Debug, Default, PartialEq)]
pub struct Plan<'a> {
    pub file: Option<&'a Path>,
    pub reads_stdin: bool,
    /// The flags as lines of redis.conf.
    pub lines: String,
}

/// Sorts the arguments as redis-server does.
///
/// A flag has at least one value, whatever that looks like (`--requirepass --x` sets a password);
/// then the next `--name` is a flag again. `--save` alone means `--save ""`. `-` is standard input as
/// the first or the last argument.
pub fn plan<'a>(arguments: &[&'a [u8]]) -> Plan<'a> {
    let mut plan = Plan::default();
    let rest = match arguments {
        [first, rest @ ..] if !first.starts_with(b"-") => {
            plan.file = Some(Path::new(OsStr::from_bytes(first)));
            rest
        }
        rest => rest,
    };
    let starts_at = arguments.len() - rest.len();
    let mut flag_has_value = true;
    for (index, &argument) in rest.iter().enumerate() {
        let next = rest.get(index + 1);
        let first_or_last = index + starts_at == 0 || next.is_none();
        if argument == b"-" && first_or_last {
            plan.reads_stdin = true;
        } else if let Some(name) = argument.strip_prefix(b"--").filter(|_| flag_has_value) {
            flag_has_value = push_flag(&mut plan.lines, name, next.copied());
        } else {
            plan.lines.push_str(&quote(argument));
            plan.lines.push(' ');
            flag_has_value = true;
        }
    }
    plan
}

/// Starts a line. Answers whether the flag needs no value any more.
fn push_flag(lines: &mut String, name: &[u8], next: Option<&[u8]>) -> bool {
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(&String::from_utf8_lossy(name));
    lines.push(' ');
    // `"--port 7001"` as one argument brings its value along.
    if split_words(name).is_ok_and(|words| words.len() != 1) {
        return true;
    }
    let value_follows = next.is_some_and(|next| !next.starts_with(b"--"));
    let empty_save = name.eq_ignore_ascii_case(b"save") && !value_follows;
    if empty_save {
        lines.push_str("\"\"");
    }
    empty_save
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        plan(&arguments).lines.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// The lines are those that redis-server 7.0.15 quotes in its error texts.
    #[test]
    fn flags_become_redis_s_lines() {
        let cases: [(&[&str], &[&str]); 9] = [
            (&["--port", "abc"], &[r#"port "abc""#]),
            (&["--port"], &["port"]),
            (&["--port", "1", "2"], &[r#"port "1" "2""#]),
            (&["--bind", "a", "b", "--port", "1"], &[r#"bind "a" "b""#, r#"port "1""#]),
            (&["--port abc"], &["port abc"]),
            (&["--requirepass", "--port", "1"], &[r#"requirepass "--port" "1""#]),
            (&["--save", "--port", "1"], &[r#"save """#, r#"port "1""#]),
            (&["--port", "1", "--save"], &[r#"port "1""#, r#"save """#]),
            (&["-x"], &[r#""-x""#]),
        ];
        for (arguments, expected) in cases {
            assert_eq!(lines(arguments), expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_first_argument_without_a_dash_is_the_file() {
        let plan = plan(&[b"a.conf", b"--port", b"1"]);
        assert_eq!(plan.file, Some(Path::new("a.conf")));
        assert!(!plan.reads_stdin);
    }

    #[test]
    fn a_dash_first_or_last_is_standard_input() {
        assert!(plan(&[b"-"]).reads_stdin);
        assert!(plan(&[b"a.conf", b"--port", b"1", b"-"]).reads_stdin);
        let between = plan(&[b"--requirepass", b"-", b"--port", b"1"]);
        assert!(!between.reads_stdin);
        assert!(between.lines.starts_with(r#"requirepass "-""#));
    }
}
