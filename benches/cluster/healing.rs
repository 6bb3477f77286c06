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
/// Passes over the keys that differ, while the nodes are cut: more than the small window holds.
const PASSES: usize = 12;
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
    let mut value = 1;
    let mut rows = Vec::new();
    for (name, window) in [("the window holds them", "64mb"), ("the window is too small", "1mb")] {
        group.call_all(&["CONFIG", "SET", "cluster-window", window])?;
        let mut heals = Vec::new();
        for _ in 0..extent.heals {
            value += PASSES;
            heals.push(heal(&group, &request, extent.keys, value)?);
        }
        let differing = short(extent.keys / ONE_IN);
        rows.push(row(&format!("{differing} keys differ, {name}"), &heals));
    }
    let joined = (0..extent.heals).map(|_| join(&mut group, extent.keys));
    rows.push(row("an empty node joins", &joined.collect::<io::Result<Vec<_>>>()?));
    Ok(format!(
        "## Healing\n\n{NODES} nodes with {} keys are cut from each other, all from all; each then writes \
         a third of the keys that come to differ, {PASSES} times. From the moment when connections \
         are possible again: seconds until all links stand, and until all nodes have the same; bytes \
         between them until then, both ways; keys that one had to ask for. After each, all digests \
         were equal. A node that joins is timed from its start. {} times each: the median \
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

/// Cuts all nodes from each other, has them written to until the keys that differ should have
/// `value`, and heals them.
fn heal(group: &Group, request: &Request, keys: usize, value: usize) -> io::Result<Heal> {
    group.proxies.iter().for_each(Proxy::cut);
    for _ in 0..PASSES {
        for (nth, server) in group.servers.iter().enumerate() {
            let numbers = Numbers::Every { first: nth * ONE_IN, step: NODES * ONE_IN };
            let requests = (keys / ONE_IN - nth).div_ceil(NODES);
            Load { request, numbers, pipeline: 64, requests }.run(&[server.address()])?;
        }
        sleep(Duration::from_millis(20));
    }
    sleep(TRIMMED);
    let (bytes, pulled) = (bytes(group), group.sum_of("keys_pulled")?);
    let mut clients = group.clients()?;
    let differing: Vec<usize> = (0..keys).step_by(ONE_IN).collect();
    let start = Instant::now();
    group.proxies.iter().for_each(Proxy::heal);
    group.wait_for_links()?;
    let linked_s = start.elapsed().as_secs_f64();
    for client in &mut clients {
        until(PATIENCE, Duration::from_millis(5), || have(client, &differing, value))?;
    }
    let equal_s = start.elapsed().as_secs_f64();
    let mebibytes = self::mebibytes(group, bytes);
    expect_equal_digests(group)?;
    let pulled = (group.sum_of("keys_pulled")? - pulled) as f64;
    Ok(Heal { linked_s, equal_s, mebibytes, pulled })
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

/// Whether the keys of these numbers all have the value.
fn have(client: &mut Client, numbers: &[usize], value: usize) -> io::Result<bool> {
    let expected = value.to_string();
    for numbers in numbers.chunks(1_000) {
        let keys = numbers.iter().map(|number| format!("key:{number:012}"));
        let words: Vec<String> = ["MGET".to_owned()].into_iter().chain(keys).collect();
        let Reply::Array(values) = client.call(&words)? else { return Ok(false) };
        let is_it =
            |reply: &Reply| matches!(reply, Reply::Bulk(text) if text == expected.as_bytes());
        if !values.iter().all(is_it) {
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
