//! The rules, as functions from the tree's files to what breaks them.

use crate::imports::imports;
use crate::source::{Kind, functions, tokens};
use std::collections::BTreeSet;

/// One row of the table of layers.
#[derive(Debug, PartialEq, Eq)]
pub struct Layer {
    pub folders: &'static [&'static str],
    /// State and functions only: no tokio, no I/O, no clock, no randomness, no locks.
    pub pure: bool,
}

/// A file of src.
pub struct File {
    /// Below src, with slashes: `command/set/edit.rs`.
    pub path: String,
    pub text: String,
}

/// What a pure layer does not name.
const IMPURE: &[&[&str]] = &[
    &["tokio"],
    &["socket2"],
    &["rand"],
    &["parking_lot"],
    &["crossbeam"],
    &["dashmap"],
    &["tracing"],
    &["std", "net"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
    &["std", "sync", "Mutex"],
    &["std", "sync", "RwLock"],
    &["std", "sync", "Condvar"],
    &["std", "sync", "mpsc"],
];

type Module = Vec<String>;

/// The modules of the tree, and what imports mean in it.
struct Tree {
    modules: BTreeSet<Module>,
}

/// Imports of what does not lie lower, and of sibling folders.
pub fn wrong_imports(layers: &[Layer], files: &[File]) -> Vec<String> {
    let tree = Tree { modules: files.iter().map(|file| module_of(&file.path)).collect() };
    let mut wrong = Vec::new();
    for file in files {
        let own = module_of(&file.path);
        for import in imports(&tokens(&file.text)) {
            let Some(target) = tree.resolve(&own, import.inside, &import.path) else { continue };
            if let Some(why) = tree.objection(layers, &own, &target) {
                let path = import.path.join("::");
                wrong.push(format!("src/{}:{}: {path}: {why}", file.path, import.line));
            }
        }
    }
    wrong
}

/// Folders of src that have no layer, and layers that have no folder.
pub fn unplaced(layers: &[Layer], files: &[File]) -> Vec<String> {
    let tops: BTreeSet<String> =
        files.iter().filter_map(|file| module_of(&file.path).into_iter().next()).collect();
    let placed: BTreeSet<String> =
        layers.iter().flat_map(|layer| layer.folders).map(|name| (*name).to_owned()).collect();
    tops.symmetric_difference(&placed).cloned().collect()
}

/// What pure layers name and may not.
pub fn impurities(layers: &[Layer], files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let own = module_of(&file.path);
        if !rank(layers, &own).is_some_and(|rank| layers[rank].pure) {
            continue;
        }
        for import in imports(&tokens(&file.text)) {
            // `std::time` as a whole brings its clocks along.
            let is_impure = |impure: &[&str]| {
                impure.starts_with(&import.path) && import.path.len() > 1
                    || import.path.starts_with(impure)
            };
            if IMPURE.iter().any(|impure| is_impure(impure)) {
                let path = import.path.join("::");
                wrong.push(format!("src/{}:{}: {path} in a pure layer", file.path, import.line));
            }
        }
    }
    wrong
}

/// Files outside `allowed` that say `unsafe`, or allow themselves to.
pub fn unsafe_code(allowed: &[&str], files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !allowed.contains(&file.path.as_str())) {
        let words = tokens(&file.text);
        let first =
            words.iter().find(|token| matches!(token.kind, Kind::Word("unsafe" | "unsafe_code")));
        wrong.extend(first.map(|token| format!("src/{}:{}: unsafe", file.path, token.line)));
    }
    wrong
}

/// Files of more than `max` lines.
pub fn long_files(max: usize, files: &[File]) -> Vec<String> {
    let lines = files.iter().map(|file| (&file.path, file.text.lines().count()));
    lines
        .filter(|(_, lines)| *lines > max)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect()
}

/// Functions of more than `max` lines.
pub fn long_functions(max: usize, files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        for function in functions(&tokens(&file.text)) {
            if function.lines > max {
                let (path, line) = (&file.path, function.line);
                let (name, lines) = (function.name, function.lines);
                wrong.push(format!("{path}:{line}: fn {name} has {lines} lines"));
            }
        }
    }
    wrong
}

/// `command/set/edit.rs` is `command::set::edit`, `command/set/mod.rs` is `command::set`.
fn module_of(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    module.pop_if(|last| last == "mod" || (path == "lib" && last == "lib"));
    module
}

fn rank(layers: &[Layer], module: &[String]) -> Option<usize> {
    let top = module.first()?;
    layers.iter().position(|layer| layer.folders.contains(&top.as_str()))
}

impl Tree {
    /// The module of this crate that a path leads to, or into; `None` for what is not of this crate.
    fn resolve(&self, own: &[String], inside: usize, path: &[&str]) -> Option<Module> {
        let mut absolute: Module = match *path.first()? {
            "crate" | "headcount" => Vec::new(),
            // What is relative to an inline module stays in the file, unless `super` leaves it.
            "super" | "self" => own.to_vec(),
            _ => return None,
        };
        let is_relative = matches!(path[0], "super" | "self");
        let mut inner = if is_relative { inside } else { 0 };
        for name in &path[usize::from(!is_relative)..] {
            match *name {
                "self" => {}
                "super" if inner > 0 => inner -= 1,
                "super" => drop(absolute.pop()),
                name => absolute.push(name.to_owned()),
            }
        }
        while !absolute.is_empty() && !self.modules.contains(&absolute) {
            absolute.pop();
        }
        Some(absolute)
    }

    fn objection(&self, layers: &[Layer], own: &[String], target: &[String]) -> Option<String> {
        let (Some(top), Some(target_top)) = (own.first(), target.first()) else {
            let reaches_out = target.is_empty() && own.len() > 1;
            return reaches_out.then(|| "names no layer".to_owned());
        };
        if top != target_top {
            let lower = rank(layers, target) < rank(layers, own);
            return (!lower).then(|| format!("{target_top} does not lie below {top}"));
        }
        let (mine, theirs) = (self.folder_of(own), self.folder_of(target));
        let common = mine.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        let apart = common < mine.len() && common < theirs.len();
        apart.then(|| format!("{} is a sibling folder of {}", theirs.join("/"), mine.join("/")))
    }

    /// The folder that a module is in, or that it is.
    fn folder_of<'m>(&self, module: &'m [String]) -> &'m [String] {
        let has_children = self
            .modules
            .iter()
            .any(|other| other.len() == module.len() + 1 && other.starts_with(module));
        if has_children { module } else { &module[..module.len().saturating_sub(1)] }
    }
}
