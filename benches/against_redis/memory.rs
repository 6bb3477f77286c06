//! Memory of the server per key or member.

use super::tools::load::{Load, Numbers, Request};
use super::tools::server::Server;
use super::tools::{short, table};
use std::io;

/// What a server is filled with.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case { name: "counters at 1 (Redis shares small integers)", words: &["INCR", "key:#"] },
    Case { name: "counters beyond 10,000", words: &["INCRBY", "key:#", "1000000"] },
    Case { name: "strings of 16 bytes", words: &["SET", "key:#", "abcdefghijklmnop"] },
    Case { name: "members of one set", words: &["SADD", "set", "member:#"] },
];

/// Bytes per element, by two ways of asking.
struct Growth {
    resident_bytes: f64,
    used_bytes: f64,
}

/// Fills new servers with `count` elements of each kind and answers the table.
///
/// # Errors
/// A server ended or answered an error.
pub fn compare(count: usize) -> io::Result<String> {
    let head =
        ["filled with", "redis RSS", "headcount RSS", "ratio", "redis used", "headcount used"];
    let mut rows = Vec::new();
    for case in CASES {
        let (redis, headcount) =
            (fill(&Server::redis()?, case, count)?, fill(&Server::headcount()?, case, count)?);
        let row = vec![
            format!("{} {}", short(count), case.name),
            format!("{:.1}", redis.resident_bytes),
            format!("{:.1}", headcount.resident_bytes),
            format!("{:.2}", headcount.resident_bytes / redis.resident_bytes),
            format!("{:.1}", redis.used_bytes),
            format!("{:.1}", headcount.used_bytes),
        ];
        println!("{}", row.join("  "));
        rows.push(row);
    }
    Ok(table(&head, &rows))
}

fn fill(server: &Server, case: &Case, count: usize) -> io::Result<Growth> {
    let request = Request::new(case.words);
    let (numbers, pipeline, requests) = (Numbers::RISING, 64, count);
    let load = |requests| Load { request: &request, numbers, pipeline, requests };
    // What the connections need is there from now on, on both sides of the subtraction.
    load(1).run(&[server.address()])?;
    let before = (server.resident_bytes()?, server.used_bytes()?);
    load(requests).run(&[server.address()])?;
    let after = (server.resident_bytes()?, server.used_bytes()?);
    let each = |before: u64, after: u64| (after as f64 - before as f64) / count as f64;
    Ok(Growth { resident_bytes: each(before.0, after.0), used_bytes: each(before.1, after.1) })
}
