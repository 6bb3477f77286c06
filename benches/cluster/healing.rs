//! Nodes that were cut from each other, and one that comes to them empty.

use super::Extent;
use super::group::Group;
use super::poll::{PATIENCE, until};
use super::proxy::Proxy;
use super::tools::load::{Load, Numbers, Request};
use super::tools::{short, spread, table};
use headcount::client::{Client, Reply};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

const NODES: usize = 3;
/// Of so many keys one differs.
const ONE_IN: usize = 100;
/// So many more writes of one in so many of these: what fills a small window.
const REWRITES: usize = 100;
const REWRITTEN_ONE_IN: usize = 10;
/// Between two of these, so that each is a batch of its own.
const REWRITE: Duration = Duration::from_millis(10);
/// The window is trimmed once a second.
const TRIMMED: Duration = Duration::from_millis(2_100);

/// What a heal took.
struct Heal {
    linked_s: f64,
    equal_s: f64,
    mebibytes: f64,
    pulled: f64,
}

/// Answers the table.
///
/// # Errors
/// A server ended or answered an error, or the nodes did not become equal.
pub fn measure(extent: &Extent) -> io::Result<String> {
    let mut group = Group::nodes_behind_proxies(NODES, &[])?;
    let request = Request::new(&["INCR", "key:#"]);
    let numbers = Numbers::RISING;
    group.take(&Load { request: &request, numbers, pipeline: 64, requests: extent.keys })?;
    let mut values = Values { once: 1, rewritten: 1 };
    let mut rows = Vec::new();
    for (name, window) in [("the window holds them", "64mb"), ("the window is too small", "1mb")] {
        group.call_all(&["CONFIG", "SET", "cluster-window", window])?;
        let mut heals = Vec::new();
        for _ in 0..extent.heals {
            values.once += 1;
            values.rewritten += 1 + REWRITES;
            heals.push(heal(&group, &request, extent.keys, &values)?);
        }
        let differing = short(extent.keys / ONE_IN);
        rows.push(row(&format!("{differing} keys differ, {name}"), &heals));
    }
    let joined = (0..extent.heals).map(|_| join(&mut group, extent.keys));
    rows.push(row("an empty node joins", &joined.collect::<io::Result<Vec<_>>>()?));
    Ok(format!(
        "## Healing\n\n{NODES} nodes with {} keys are cut from each other, all from all; each then writes \
         a third of the keys that come to differ, and a tenth of them {REWRITES} times more, so that a \
         window of 1 MB has lost the others. From the moment when connections are possible again: \
         seconds until all links stand, and until all nodes have the same; bytes between them until \
         then, both ways; keys that nodes asked for. After each, all digests were equal. A node that \
         joins is timed from its start. {} times each: the median \
         (least–most).\n\n{}",
        short(extent.keys),
        extent.heals,
        table(&["", "linked, s", "equal, s", "MiB", "keys pulled, k"], &rows)
    ))
}

fn row(name: &str, heals: &[Heal]) -> Vec<String> {
    let column = |number: fn(&Heal) -> f64| spread(&heals.iter().map(number).collect::<Vec<_>>());
    let row = vec![
        name.to_owned(),
        column(|heal| heal.linked_s),
        column(|heal| heal.equal_s),
        column(|heal| heal.mebibytes),
        column(|heal| heal.pulled / 1_000.0),
    ];
    println!("{}", row.join("  "));
    row
}

/// What the keys that differ should hold in the end.
struct Values {
    once: usize,
    rewritten: usize,
}

/// Cuts all nodes from each other, writes so that they come to hold `values`, and heals them.
fn heal(group: &Group, request: &Request, keys: usize, values: &Values) -> io::Result<Heal> {
    group.proxies.iter().for_each(Proxy::cut);
    write(group, request, ONE_IN, keys)?;
    for _ in 0..REWRITES {
        sleep(REWRITE);
        write(group, request, ONE_IN * REWRITTEN_ONE_IN, keys)?;
    }
    sleep(TRIMMED);
    let (bytes, pulled) = (bytes(group), group.sum_of("keys_pulled")?);
    let mut clients = group.clients()?;
    let start = Instant::now();
    group.proxies.iter().for_each(Proxy::heal);
    group.wait_for_links()?;
    let linked_s = start.elapsed().as_secs_f64();
    for client in &mut clients {
        until(PATIENCE, Duration::from_millis(5), || have(client, keys, values))?;
    }
    let equal_s = start.elapsed().as_secs_f64();
    let mebibytes = self::mebibytes(group, bytes);
    expect_equal_digests(group)?;
    let pulled = (group.sum_of("keys_pulled")? - pulled) as f64;
    Ok(Heal { linked_s, equal_s, mebibytes, pulled })
}

/// Counts on one in so many keys, each on one of the nodes.
fn write(group: &Group, request: &Request, one_in: usize, keys: usize) -> io::Result<()> {
    for (nth, server) in group.servers.iter().enumerate() {
        let numbers = Numbers::Every { first: nth * one_in, step: NODES * one_in };
        let requests = (keys / one_in - nth).div_ceil(NODES);
        Load { request, numbers, pipeline: 64, requests }.run(&[server.address()])?;
    }
    Ok(())
}

/// A node comes, and goes again.
fn join(group: &mut Group, keys: usize) -> io::Result<Heal> {
    let bytes = bytes(group);
    let start = Instant::now();
    group.join_behind_proxy(&[])?;
    group.wait_for_links()?;
    let linked_s = start.elapsed().as_secs_f64();
    let server = &group.servers[NODES];
    let count = Reply::Integer(keys as i64);
    until(PATIENCE, Duration::from_millis(5), || Ok(server.call(&["DBSIZE"])? == count))?;
    let equal_s = start.elapsed().as_secs_f64();
    let mebibytes = mebibytes(group, bytes);
    expect_equal_digests(group)?;
    let pulled: u64 = server.info("keys_pulled")?.parse().map_err(io::Error::other)?;
    leave(group)?;
    Ok(Heal { linked_s, equal_s, mebibytes, pulled: pulled as f64 })
}

/// The last node says good-bye.
fn leave(group: &mut Group) -> io::Result<()> {
    let Some(last) = group.servers.pop() else { return Ok(()) };
    // There is no reply: the connection ends.
    let _ = last.call(&["SHUTDOWN"]);
    group.proxies.pop();
    group.wait_for_links()
}

/// Whether the node has in all keys that differed what they should hold.
fn have(client: &mut Client, keys: usize, values: &Values) -> io::Result<bool> {
    let (once, rewritten) = (values.once.to_string(), values.rewritten.to_string());
    let differing: Vec<usize> = (0..keys).step_by(ONE_IN).collect();
    for numbers in differing.chunks(1_000) {
        let names = numbers.iter().map(|number| format!("key:{number:012}"));
        let words: Vec<String> = ["MGET".to_owned()].into_iter().chain(names).collect();
        let Reply::Array(replies) = client.call(&words)? else { return Ok(false) };
        let is_it = |(number, reply): (&usize, &Reply)| {
            let is_rewritten = number.is_multiple_of(ONE_IN * REWRITTEN_ONE_IN);
            let expected = if is_rewritten { &rewritten } else { &once };
            matches!(reply, Reply::Bulk(text) if text == expected.as_bytes())
        };
        if !numbers.iter().zip(&replies).all(is_it) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn expect_equal_digests(group: &Group) -> io::Result<()> {
    let digests = group.servers.iter().map(|server| server.call(&["DEBUG", "DIGEST"]));
    let digests = digests.collect::<io::Result<Vec<_>>>()?;
    match digests.iter().all(|digest| *digest == digests[0]) {
        true => Ok(()),
        false => Err(io::Error::other(format!("the digests differ: {digests:?}"))),
    }
}

fn bytes(group: &Group) -> u64 {
    group.proxies.iter().map(Proxy::bytes).sum()
}

fn mebibytes(group: &Group, before: u64) -> f64 {
    (bytes(group) - before) as f64 / f64::from(1 << 20)
}
