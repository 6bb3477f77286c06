//! Holds the layers of ARCHITECTURE.md, and the limits that keep files small and `unsafe` rare.

#[path = "layers/imports.rs"]
mod imports;
#[path = "layers/rules.rs"]
mod rules;
#[path = "layers/snippets.rs"]
mod snippets;
#[path = "layers/source.rs"]
mod source;

use rules::{File, Layer};
use std::fs;
use std::path::Path;

/// Bottom up. A file imports only from lower layers, and within its own layer never from a sibling
/// folder. ARCHITECTURE.md has the same table, top down.
const LAYERS: &[Layer] = &[
    Layer { folders: &["base"], pure: true },
    Layer { folders: &["crdt", "config", "resp", "rdb"], pure: true },
    Layer { folders: &["acl"], pure: true },
    Layer { folders: &["metrics", "log", "script"], pure: false },
    Layer { folders: &["store"], pure: false },
    Layer { folders: &["replication"], pure: false },
    Layer { folders: &["node"], pure: false },
    Layer { folders: &["command"], pure: false },
    Layer { folders: &["peer", "disk"], pure: false },
    Layer { folders: &["server", "client", "cli"], pure: false },
    Layer { folders: &["remote"], pure: false },
    Layer { folders: &["import", "backup"], pure: false },
    Layer { folders: &["main"], pure: false },
];

/// Where `unsafe` may stand: the allocator that counts.
const UNSAFE: &[&str] = &["metrics/memory.rs"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 60;

#[test]
fn files_import_from_lower_layers_only() {
    holds(&rules::wrong_imports(LAYERS, &files("src")));
}

#[test]
fn every_folder_has_its_layer() {
    holds(&rules::unplaced(LAYERS, &files("src")));
}

#[test]
fn pure_layers_know_no_clock_and_no_world() {
    holds(&rules::impurities(LAYERS, &files("src")));
}

#[test]
fn unsafe_code_stands_where_it_is_allowed() {
    holds(&rules::unsafe_code(UNSAFE, &files("src")));
}

#[test]
fn files_are_short() {
    for folder in ["src", "tests", "benches"] {
        holds(&rules::long_files(FILE_LINES_MAX, &files(folder)));
    }
}

#[test]
fn functions_are_short() {
    holds(&rules::long_functions(FUNCTION_LINES_MAX, &files("src")));
}

#[test]
fn architecture_md_has_the_same_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("ARCHITECTURE.md");
    let written = documented_layers(&text);
    let wanted: Vec<_> = LAYERS
        .iter()
        .rev()
        .map(|layer| (layer.folders.iter().map(|name| (*name).to_owned()).collect(), layer.pure))
        .collect();
    assert_eq!(written, wanted, "the table under `## Layers`, top down: | `folders` | pure | …");
}

/// The rows of the table under `## Layers`: names in backticks in the first cell, and whether the
/// second says pure.
fn documented_layers(text: &str) -> Vec<(Vec<String>, bool)> {
    let section = text.split("\n## ").find(|section| section.starts_with("Layers\n"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let names = cells[1].split('`').skip(1).step_by(2).map(str::to_owned);
        (names.collect(), cells[2] == "pure")
    };
    rows.map(row).collect()
}

fn holds(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The Rust files below a folder of the package.
fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the package") {
            let path = entry.expect("its entries").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).expect("a path below the folder");
                let text = fs::read_to_string(&path).expect("source text");
                found.push(File { path: below.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    assert!(!found.is_empty(), "no files in {folder}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
