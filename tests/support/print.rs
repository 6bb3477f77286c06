//! Replies as redis-cli prints them on a terminal.

use std::fmt::Write;

use headcount::client::Reply;

/// The text of a reply as redis-cli prints it, without the last line's end.
pub fn redis_cli(reply: &Reply) -> String {
    nested(reply, "")
}

/// The bare text of a string-like reply.
pub fn text(reply: &Reply) -> String {
    match reply {
        Reply::Simple(text) | Reply::Error(text) | Reply::Bulk(text) | Reply::Verbatim(text) => {
            String::from_utf8_lossy(text).into_owned()
        }
        other => panic!("no text: {}", redis_cli(other)),
    }
}

fn nested(reply: &Reply, indent: &str) -> String {
    match reply {
        Reply::Simple(text) | Reply::Verbatim(text) => String::from_utf8_lossy(text).into_owned(),
        Reply::Error(text) => format!("(error) {}", String::from_utf8_lossy(text)),
        Reply::Integer(number) => format!("(integer) {number}"),
        Reply::Double(number) => format!("(double) {number}"),
        Reply::BigNumber(digits) => String::from_utf8_lossy(digits).into_owned(),
        Reply::Boolean(value) => format!("({value})"),
        Reply::Bulk(text) => quoted(text),
        Reply::Null | Reply::NullArray => "(nil)".to_owned(),
        Reply::Array(items) => list(items, ')', "(empty array)", indent),
        Reply::Set(items) => list(items, '~', "(empty set)", indent),
        Reply::Push(items) => list(items, '»', "(empty push)", indent),
        Reply::Map(pairs) => map(pairs, indent),
    }
}

fn list(items: &[Reply], mark: char, empty: &str, indent: &str) -> String {
    numbered(items.len(), mark, empty, indent, |index, deeper| nested(&items[index], deeper))
}

fn map(pairs: &[(Reply, Reply)], indent: &str) -> String {
    numbered(pairs.len(), '#', "(empty hash)", indent, |index, deeper| {
        let (key, value) = &pairs[index];
        format!("{} => {}", nested(key, deeper), nested(value, deeper))
    })
}

fn numbered(
    count: usize,
    mark: char,
    empty: &str,
    indent: &str,
    item: impl Fn(usize, &str) -> String,
) -> String {
    if count == 0 {
        return empty.to_owned();
    }
    let width = count.to_string().len();
    let deeper = format!("{indent}{:1$}", "", width + 2);
    let mut out = String::new();
    for index in 0..count {
        let line_start = if index == 0 { "" } else { indent };
        let line_end = if index + 1 == count { "" } else { "\n" };
        let item = item(index, &deeper);
        write!(out, "{line_start}{:>width$}{mark} {item}{line_end}", index + 1).expect("a String");
    }
    out
}

/// A string in quotes, with redis-cli's escapes; [`super::words::split`] reads it back.
pub fn quoted(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in text {
        match byte {
            b'\\' | b'"' => out.extend(['\\', byte as char]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b' '..=b'~' => out.push(byte as char),
            _ => write!(out, "\\x{byte:02x}").expect("a String"),
        }
    }
    out.push('"');
    out
}
