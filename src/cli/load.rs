//! Configuration files, and the files that they include.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::{BadLine, CliError, Source};
use crate::config::{Config, Line, lines, table};

/// How many files deep `include` goes; a file that includes itself ends here.
const MAX_INCLUDE_DEPTH: usize = 16;

/// Reads the file that the command line names.
pub fn load_file(config: &mut Config, path: &Path) -> Result<(), CliError> {
    let open = |error| CliError::Open { path: path.to_owned(), error };
    let text = fs::read(path).map_err(open)?;
    load_text(config, &text, &Source::File)
}

/// Applies every line of a text.
pub fn load_text(config: &mut Config, text: &[u8], source: &Source) -> Result<(), CliError> {
    load_at_depth(config, text, source, 0)
}

fn load_at_depth(
    config: &mut Config,
    text: &[u8],
    source: &Source,
    depth: usize,
) -> Result<(), CliError> {
    for line in lines(text) {
        let refuse = |reason: String| refused(source, &line, reason);
        let words = line.words.as_ref().map_err(|error| refuse(error.to_string()))?;
        match words.as_slice() {
            [] => {}
            [name, path] if name.eq_ignore_ascii_case(b"include") => {
                for (path, text) in read_included(path, depth).map_err(refuse)? {
                    load_at_depth(config, &text, &Source::Included(path), depth + 1)?;
                }
            }
            [name, arguments @ ..] => {
                config.apply(name, arguments).map_err(|error| refuse(error.to_string()))?;
            }
        }
    }
    Ok(())
}

fn refused(source: &Source, line: &Line<'_>, reason: String) -> CliError {
    CliError::Line(Box::new(BadLine {
        origin: source.clone(),
        number: line.number,
        line: shown(line),
        reason,
    }))
}

/// A line as it may be shown: what is wrong ends up in logs.
fn shown(line: &Line<'_>) -> String {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"\"'".contains(byte);
    let mut words = line.text.split(is_between).filter(|word| !word.is_empty());
    match table::find(words.next().unwrap_or_default()) {
        Some(directive) if directive.sensitive => format!("{} (redacted)", directive.name),
        _ => String::from_utf8_lossy(line.text).into_owned(),
    }
}

/// The files that an `include` names, with their texts; or why they cannot be read.
fn read_included(pattern: &[u8], depth: usize) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    if depth >= MAX_INCLUDE_DEPTH {
        return Err(format!("includes are nested more than {MAX_INCLUDE_DEPTH} deep"));
    }
    let path = Path::new(OsStr::from_bytes(pattern));
    let cannot = |path: &Path, error: io::Error| {
        format!("can't open config file '{}': {error}", path.display())
    };
    let paths = expand(path).map_err(|error| cannot(path, error))?;
    let read = |path: PathBuf| match fs::read(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(cannot(&path, error)),
    };
    paths.into_iter().map(read).collect()
}

/// The files that a path with `*` or `?` in its last part stands for, in order; there may be none.
/// A path without them stands for itself, and must exist.
fn expand(path: &Path) -> io::Result<Vec<PathBuf>> {
    let pattern = path.file_name().unwrap_or_default().as_bytes();
    if !pattern.iter().any(|byte| b"*?".contains(byte)) {
        return Ok(vec![path.to_owned()]);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = Vec::new();
    let entries = match fs::read_dir(listed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let hidden = name.as_bytes().starts_with(b".") && !pattern.starts_with(b".");
        if !hidden && matches_wildcards(pattern, name.as_bytes()) {
            found.push(folder.join(name));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file name fits a pattern of `*` and `?`. Linear memory, no recursion: on a mismatch the
/// last `*` takes one byte more.
fn matches_wildcards(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at + 1, from));
                at += 1;
            }
            Some(&byte) if byte == b'?' || Some(&byte) == name.get(from) => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((after_star, taken)) = last_star else { return false };
                last_star = Some((after_star, taken + 1));
                (at, from) = (after_star, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_secret_is_not_shown() {
        for text in ["hz x", "Requirepass a b", "cluster-secret \"a b", "'cluster-secret' a b"] {
            let mut config = Config::default();
            let error = load_text(&mut config, text.as_bytes(), &Source::File);
            let error = error.expect_err(text).to_string();
            assert!(!error.contains("a b"), "{error}");
            assert_eq!(error.contains("(redacted)"), !text.starts_with("hz"), "{error}");
        }
    }

    #[test]
    fn wildcards() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?.conf", "ab.conf", false),
            ("??.conf", "ab.conf", true),
            ("a", "ab", false),
        ] {
            assert_eq!(
                matches_wildcards(pattern.as_bytes(), name.as_bytes()),
                fits,
                "{pattern} {name}"
            );
        }
    }
}
