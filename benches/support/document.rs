//! The documents in docs/benchmarks: every comparison keeps its own part up to date.

use std::fs;
use std::io;
use std::path::PathBuf;

/// What the documents have in common.
const PREFACE: &str = "Each part below is written by the command that it names. Machines differ and are \
    noisy: what counts is the ratio within one run, of which the two sides took turns.";

/// A file there, and its title.
pub struct Document {
    pub file: &'static str,
    pub title: &'static str,
}

pub const ONE_NODE: Document = Document { file: "one-node.md", title: "One node, measured" };
pub const THREE_NODES: Document =
    Document { file: "three-nodes.md", title: "Three nodes, measured" };
pub const DURABILITY: Document = Document { file: "durability.md", title: "Durability, measured" };

/// Puts `text` in the place of the part `name`, or behind all others if there is none.
pub fn put_part(document: &Document, name: &str, text: &str) -> io::Result<()> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join("benchmarks")
        .join(document.file);
    let old = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("# {}\n\n{PREFACE}\n", document.title)
        }
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
