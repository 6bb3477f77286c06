//! docs/benchmarks/one-node.md: every comparison keeps its own part up to date.

use std::fs;
use std::io;
use std::path::PathBuf;

const TITLE: &str = "# One node, measured\n\n\
    Each part below is written by the command that it names. Machines differ and are noisy: what \
    counts is the ratio within one run, of which the two sides took turns.\n";

/// Puts `text` in the place of the part `name`, or behind all others if there is none.
pub fn put_part(name: &str, text: &str) -> io::Result<()> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join("benchmarks")
        .join("one-node.md");
    let old = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => TITLE.to_owned(),
        read => read?,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, replaced(&old, name, text))?;
    println!("\nwritten to {}", path.display());
    Ok(())
}

fn replaced(document: &str, name: &str, text: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let part = format!("{start}{}\n{end}", text.trim_end());
    let bounds = document.find(&start).zip(document.find(&end));
    match bounds {
        Some((from, to)) => {
            format!("{}{part}{}", &document[..from], &document[to + end.len()..])
        }
        None => format!("{}\n\n{part}", document.trim_end()),
    }
}
