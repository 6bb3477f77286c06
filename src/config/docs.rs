//! What the table says to people: redis.conf.example, docs/configuration.md, `--help`.

use std::fmt::Write;

use super::Config;
use super::table::{Change, Directive, SECTIONS, WITHOUT_EFFECT};

const EXAMPLE_HEAD: &str = "\
# Headcount's configuration: every directive with its default.
#
# Start the server with this file: headcount /path/to/redis.conf
# The syntax is Redis's: a name and its arguments on a line, words with blanks in quotes.
# Each directive is a flag of the command line too: --port 7001 --save \"\"
# Sizes may have a unit: 1k is 1000 bytes, 1kb 1024; likewise m, mb, g, gb.
#
# Another file can be read at this place; in the file name * and ? stand for other characters:
# include /etc/headcount/*.conf
";

/// redis.conf.example: every directive with its default.
#[must_use]
pub fn example() -> String {
    let default = Config::default();
    let mut text = EXAMPLE_HEAD.to_owned();
    for section in SECTIONS {
        let _ = write!(text, "\n{:#<80}\n\n", format!("## {} ", section.title));
        let entries = section.directives.iter().map(|directive| example_entry(directive, &default));
        text.push_str(&entries.collect::<Vec<_>>().join("\n"));
    }
    text
}

fn example_entry(directive: &Directive, default: &Config) -> String {
    let mut text = String::new();
    for line in directive.about.lines() {
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(text, "# Values: {}. {}", directive.form(), when(directive));
    for line in directive.lines(default) {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn when(directive: &Directive) -> &'static str {
    match directive.change {
        Change::AtStart => "Fixed at start.",
        Change::AtRunTime => "CONFIG SET changes it.",
        Change::Protected => "CONFIG SET changes it if enable-protected-configs lets it.",
    }
}

const REFERENCE_HEAD: &str = "\
# Configuration

Headcount is started and configured as Redis is:

```sh
headcount                                  # the defaults
headcount /etc/headcount.conf              # a file
headcount /etc/headcount.conf --port 7001  # a file, then flags
headcount --port 7001 --bind 127.0.0.1 ::1 --save \"\"
headcount - < headcount.conf               # standard input
```

Every directive is also a flag: `--name value value …` up to the next `--`. The file is read first, then
standard input, then the flags; the last one wins. What cannot be understood is refused at start, with
the line and the reason, and exit code 1.

A file has one directive a line: a name in any case, then its arguments. `#` starts a comment line. An
argument with blanks stands in quotes: in `\"…\"` the escapes `\\n \\r \\t \\a \\b \\xHH` are known, in `'…'`
only `\\'`. Sizes may have a unit: `1k` is 1000 bytes, `1kb` 1024; likewise `m`, `mb`, `g`, `gb`.

`include path` reads another file at that place, up to 16 files deep. In the file name, not in the folders,
`*` and `?` stand for other characters; the files come in the order of their names, and there may be none.

At run time `CONFIG GET pattern …` shows the values, `CONFIG SET name value …` changes several at once or
none, and `CONFIG REWRITE` puts the changes into the file: comments and order stay. It does not look into
included files. So put `include` lines first, and keep out of included files what you change by CONFIG SET.

[`redis.conf.example`](../redis.conf.example) has every directive with its default.
";

const WITHOUT_EFFECT_HEAD: &str = "\
A redis.conf that is there already is taken as it is: these directives of Redis's are kept and shown, and change
nothing. With their defaults:
";

/// docs/configuration.md: every directive, what it takes and what it does.
#[must_use]
pub fn reference() -> String {
    let default = Config::default();
    let mut text = REFERENCE_HEAD.to_owned();
    for section in SECTIONS {
        let _ = writeln!(text, "\n## {}", section.title);
        for directive in section.directives {
            text.push_str(&reference_entry(directive, &default));
        }
    }
    text.push_str(&without_effect());
    text
}

fn without_effect() -> String {
    let mut text = format!("\n## {}\n\n{WITHOUT_EFFECT_HEAD}\n", WITHOUT_EFFECT.title);
    for directive in WITHOUT_EFFECT.directives {
        let only = if directive.form() == "any" { "" } else { ", and only that" };
        for line in directive.lines(&Config::default()) {
            let _ = writeln!(text, "- `{line}`{only}");
        }
    }
    text
}

fn reference_entry(directive: &Directive, default: &Config) -> String {
    let mut text = format!("\n### {}\n\n{}\n\n", directive.name, directive.about);
    let _ = writeln!(text, "- Values: `{}`", directive.form());
    let defaults: Vec<_> =
        directive.lines(default).iter().map(|line| format!("`{line}`")).collect();
    let _ = writeln!(text, "- Default: {}", defaults.join(", "));
    for (value, reason) in directive.refused {
        let _ = writeln!(text, "- Refused: `{value}` ({reason})");
    }
    let _ = writeln!(text, "- {}", when(directive));
    text
}

/// The part of `--help` that lists the flags.
#[must_use]
pub fn flags_help() -> String {
    let mut text = String::new();
    for section in SECTIONS {
        let _ = writeln!(text, "\n{}:", section.title);
        for directive in section.directives {
            let what = directive.about.lines().next().unwrap_or_default();
            let _ = writeln!(text, "  --{} {}\n        {what}", directive.name, directive.form());
        }
    }
    text
}
