//! The rules on small made-up trees: what they must find, and what they must let pass.

use crate::rules::{self, File, Layer};

const LAYERS: &[Layer] = &[
    Layer { folders: &["low", "beside"], pure: true },
    Layer { folders: &["high"], pure: false },
    Layer { folders: &["main"], pure: false },
];

/// A tree of the usual files, and one with this text.
fn tree(path: &str, text: &str) -> Vec<File> {
    let usual = [
        "lib.rs",
        "main.rs",
        "low/mod.rs",
        "low/part.rs",
        "beside/mod.rs",
        "high/mod.rs",
        "high/shared.rs",
        "high/left/mod.rs",
        "high/left/one.rs",
        "high/right/mod.rs",
        "high/right/two.rs",
    ];
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let others = usual.into_iter().filter(|other| *other != path);
    others.map(|other| file(other, "")).chain([file(path, text)]).collect()
}

fn wrong_imports(path: &str, text: &str) -> Vec<String> {
    rules::wrong_imports(LAYERS, &tree(path, text))
}

#[test]
fn imports_from_above_and_beside_are_found() {
    let cases = [
        ("low/part.rs", "use crate::high::Thing;"),
        ("low/part.rs", "use crate::beside::Thing;"),
        ("low/part.rs", "fn f() -> crate::high::shared::Thing { todo!() }"),
        ("low/part.rs", "use crate::{low::Fine, high};"),
        ("low/part.rs", "use crate::{\n    low::{self, Fine},\n    high::{Thing as Other},\n};"),
        ("low/part.rs", "use crate::high::left::*;"),
        ("low/part.rs", "use super::super::high::Thing;"),
        ("low/part.rs", "mod tests { use super::super::super::high::Thing; }"),
        ("low/part.rs", "pub(crate) use headcount::high;"),
        ("low/mod.rs", "use super::high::Thing;"),
        ("low/part.rs", "macro_rules! m { () => { $crate::high::f() } }"),
        ("low/part.rs", "const A: char = '\\''; use crate::high::A; const B: char = '\"';"),
        ("low/part.rs", "fn f<'a>(a: &'a str) {} use crate::high::A; fn g<'a>(a: &'a str) {}"),
        ("low/part.rs", "use crate::Whatever;"),
        ("high/left/one.rs", "use crate::high::right::Thing;"),
        ("high/left/one.rs", "use super::super::right::two::Thing;"),
        ("high/left/mod.rs", "use super::right::Thing;"),
    ];
    for (path, text) in cases {
        let wrong = wrong_imports(path, text);
        let [one] = &wrong[..] else { panic!("{path}: {text}: {wrong:?}") };
        assert!(one.starts_with(&format!("src/{path}:")), "{one}");
    }
}

#[test]
fn imports_from_below_and_of_ones_own_pass() {
    let cases = [
        ("high/shared.rs", "use crate::low::{self, part::Thing}; use std::fmt;"),
        ("high/left/one.rs", "use super::Other; use crate::high::shared::Thing; use crate::low;"),
        ("high/left/one.rs", "use super::super::shared::Thing;"),
        ("high/left/one.rs", "mod tests { use super::*; use super::super::Other; }"),
        ("high/mod.rs", "use left::one; pub use self::right::two::Thing;"),
        ("main.rs", "use headcount::{high, low};"),
        ("low/part.rs", "// use crate::high::Thing;\n/* /* */ use crate::high; */"),
        ("low/part.rs", "const A: &str = \"use crate::high::Thing;\";"),
        ("low/part.rs", "const A: &str = r#\"\"use crate::high::Thing;\"#;"),
        ("low/part.rs", "const A: &[u8] = b\"\\\"use crate::high::Thing;\";"),
    ];
    for (path, text) in cases {
        assert_eq!(wrong_imports(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn a_line_is_told() {
    let wrong =
        wrong_imports("low/part.rs", "\n/* \n */ const A: &str = \"\n\";\nuse crate::high;");
    assert_eq!(wrong, ["src/low/part.rs:5: crate::high: high does not lie below low"]);
}

#[test]
fn folders_and_layers_must_match() {
    assert_eq!(rules::unplaced(LAYERS, &tree("main.rs", "")), [""; 0]);
    assert_eq!(rules::unplaced(LAYERS, &tree("new/mod.rs", "")), ["new"]);
    let layers = [Layer { folders: &["low", "beside", "high", "main", "gone"], pure: false }];
    assert_eq!(rules::unplaced(&layers, &tree("main.rs", "")), ["gone"]);
}

#[test]
fn impurities_are_found_in_pure_layers_only() {
    let impure = [
        "use std::time::Instant;",
        "use std::time::{Duration, SystemTime};",
        "use std::{fmt, time::{self, Duration}};",
        "use ::std::fs::File;",
        "use tokio;",
        "fn f() { std::thread::sleep(x) }",
        "use rand::Rng as _;",
        "use std::sync::{Arc, Mutex};",
        "use parking_lot::RwLock;",
    ];
    for text in impure {
        assert_eq!(rules::impurities(LAYERS, &tree("low/part.rs", text)).len(), 1, "{text}");
        assert_eq!(rules::impurities(LAYERS, &tree("high/shared.rs", text)), [""; 0], "{text}");
    }
    let pure = [
        "use std::time::Duration;",
        "use std::sync::atomic::AtomicU64; use std::sync::OnceLock;",
        "use std::collections::BTreeMap;",
        "// std::fs::read",
    ];
    for text in pure {
        assert_eq!(rules::impurities(LAYERS, &tree("low/part.rs", text)), [""; 0], "{text}");
    }
}

#[test]
fn unsafe_is_found_where_it_is_not_allowed() {
    for text in ["fn f() { unsafe { g() } }", "#![allow(unsafe_code)]"] {
        let files = tree("low/part.rs", text);
        assert_eq!(rules::unsafe_code(&["high/mod.rs"], &files), ["src/low/part.rs:1: unsafe"]);
        assert_eq!(rules::unsafe_code(&["low/part.rs"], &files), [""; 0]);
    }
    assert_eq!(rules::unsafe_code(&[], &tree("low/part.rs", "// unsafe\n\"unsafe\"")), [""; 0]);
}

#[test]
fn what_is_too_long_is_found() {
    let text = "trait T {\n    fn declared(&self) -> [u8; 4];\n}\n\nfn long(a: [u8; 2]) {\n    if a {\n\
                    b('}')\n    }\n}\n\nfn short() {}\n";
    let files = tree("low/part.rs", text);
    assert_eq!(rules::long_functions(4, &files), ["low/part.rs:5: fn long has 5 lines"]);
    assert_eq!(rules::long_functions(5, &files), [""; 0]);
    assert_eq!(rules::long_files(10, &files), ["low/part.rs: 11 lines"]);
    assert_eq!(rules::long_files(11, &files), [""; 0]);
}
