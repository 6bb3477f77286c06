//! Files of servers that are older or newer than the one of the tests.

use std::fs;
use std::path::{Path, PathBuf};

use headcount::rdb::{Entry, Kind};

use crate::properties::{Contents, Value, contents};

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rdb").join(name)
}

fn fixture(name: &str) -> Contents {
    contents(&fs::read(path(name)).expect("a fixture")).expect("a good file")
}

fn value<'a>(contents: &'a Contents, key: &str) -> &'a Value {
    &contents.keys[&(0, key.as_bytes().to_vec())].1
}

fn hash(fields: &[(&str, &str)]) -> Value {
    let field =
        |(name, value): &(&str, &str)| (name.as_bytes().into(), value.as_bytes().into(), None);
    Value::Hash(fields.iter().map(field).collect())
}

fn fields<'a>(contents: &'a Contents, key: &str) -> &'a [(Vec<u8>, Vec<u8>, Option<i64>)] {
    match value(contents, key) {
        Value::Hash(fields) => fields,
        other => panic!("{key} is no hash: {other:?}"),
    }
}

#[test]
fn ziplists_and_zipmaps() {
    let file = fixture("before-redis-4.rdb");
    assert_eq!(file.keys.len(), 14);
    let same = hash(&[("a", "aa"), ("aa", "aaaa"), ("aaaaa", "aaaaaaaaaaaaaa")]);
    assert_eq!(*value(&file, "zipmap_compresses_easily"), same);
    assert_eq!(*value(&file, "Zipmap_compresses_easily"), same);
    assert_eq!(*value(&file, "zimap_doesnt_compress"), hash(&[("MKD1G6", "2"), ("YNNXK", "F7TI")]));
    let big: Vec<_> = fields(&file, "zipmap_with_big_values")
        .iter()
        .map(|(name, value, _)| (String::from_utf8_lossy(name).into_owned(), value.len()))
        .collect();
    let expected = ["253bytes", "254bytes", "255bytes", "300bytes", "20kbytes"];
    let lengths = [253, 254, 255, 300, 20_000];
    assert_eq!(big, expected.map(str::to_owned).into_iter().zip(lengths).collect::<Vec<_>>());
    let scored = |member: &str, score| (member.as_bytes().to_vec(), score);
    let expected = vec![
        scored("8b6ba6718a786daefa69438148361901", 1.0),
        scored("cb7a24bb7528f934b841b34c3a73e0c7", 2.37),
        scored("523af537946b79c4f8369ed39ba78605", 3.423),
    ];
    assert_eq!(*value(&file, "sorted_set_as_ziplist"), Value::SortedSet(expected));
}

#[test]
fn integers_of_all_widths() {
    let file = fixture("before-redis-4.rdb");
    let expected = [
        ("0", "1"),
        ("2", "3"),
        ("4", "5"),
        ("6", "7"),
        ("8", "9"),
        ("10", "11"),
        ("12", "-2"),
        ("13", "25"),
        ("-61", "63"),
        ("16380", "-16000"),
        ("65535", "-65523"),
        ("4194304", "9223372036854775807"),
    ];
    assert_eq!(*value(&file, "ziplist_with_integers"), hash(&expected));
    let members = ["9223090557583032316", "9223090557583032317", "9223090557583032318"];
    let members = members.map(|member| member.as_bytes().to_vec());
    assert_eq!(*value(&file, "intset_64"), Value::Set(members.into()));
    for name in ["125", "-123", "43947", "-29477", "183358245", "-183358245"] {
        assert!(matches!(value(&file, name), Value::Text(text) if text.ends_with(b"bit integer")));
    }
}

#[test]
fn fields_with_deadlines() {
    let file = fixture("redis-7.4.rdb");
    let text = |text: &str| text.as_bytes().to_vec();
    let expected = [
        (text("f1"), text("v1"), Some(1_791_672_333_180)),
        (text("f2"), text("v2"), None),
        (text("f3"), text("v3"), None),
    ];
    assert_eq!(fields(&file, "hfe_small"), expected);
    let big = fields(&file, "hfe_big");
    assert_eq!(big.len(), 200);
    let timed: Vec<_> = big.iter().filter(|(.., deadline_ms)| deadline_ms.is_some()).collect();
    assert!(timed.iter().all(|(.., deadline_ms)| *deadline_ms == Some(1_791_672_334_259)));
    assert_eq!(timed.len(), 2);
    assert_eq!(file.keys[&(0, text("ttl_str"))].0.deadline_ms, Some(1_791_672_334_103));
    // Behind all that is passed over.
    assert_eq!(*value(&file, "after_all"), Value::Text(text("done")));
    let kinds = ["list", "lp_ints", "stream", "empty_stream"].map(|name| kind(&file, name));
    assert_eq!(kinds, ["list", "list", "stream", "stream"]);
    assert_eq!(file.others, [Entry::Library]);
}

#[test]
fn modules_are_named() {
    let file = fixture("redis-stack-7.4.rdb");
    assert_eq!(kind(&file, "doc"), "module type ReJSON-RL");
    let data: Vec<_> = file
        .others
        .iter()
        .filter_map(|entry| match entry {
            Entry::ModuleData(name) => Some(name.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(data, ["scdtype00", "ft_index0", "scdtype00"]);
    assert_eq!(*value(&file, "after_all"), Value::Text(b"done".to_vec()));
}

fn kind(contents: &Contents, key: &str) -> String {
    let kind: Kind = contents.keys[&(0, key.as_bytes().to_vec())].0.kind;
    kind.to_string()
}
