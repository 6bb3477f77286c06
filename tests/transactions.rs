//! MULTI and EXEC with other clients around: nobody sees half of a transaction, and none waits for ever.

mod support;

use headcount::client::{Client, Reply};
use support::Server;

const ACCOUNTS: usize = 7;
const CLIENTS: usize = 4;
const TRANSFERS: usize = 400;
const BALANCE: i64 = 1_000;

fn account(number: usize) -> String {
    format!("account:{}", number % ACCOUNTS)
}

fn call(client: &mut Client, line: &str) -> Reply {
    client.call(&line.split(' ').collect::<Vec<_>>()).expect("a reply")
}

/// The replies of a transaction.
fn exec(client: &mut Client, lines: &[String]) -> Vec<Reply> {
    assert_eq!(call(client, "MULTI"), Reply::Simple(b"OK".to_vec()));
    for line in lines {
        assert_eq!(call(client, line), Reply::Simple(b"QUEUED".to_vec()), "{line}");
    }
    match call(client, "EXEC") {
        Reply::Array(replies) => replies,
        reply => panic!("EXEC answered {reply:?}"),
    }
}

fn number(reply: &Reply) -> i64 {
    let text = match reply {
        Reply::Integer(number) => return *number,
        Reply::Bulk(text) => String::from_utf8_lossy(text),
        reply => panic!("{reply:?} is no number"),
    };
    text.parse().expect("a number")
}

/// What all accounts hold together, read by one command, or by one transaction.
fn sum(client: &mut Client, by_transaction: bool) -> i64 {
    let names: Vec<String> = (0..ACCOUNTS).map(account).collect();
    let balances = if by_transaction {
        exec(client, &names.iter().map(|name| format!("GET {name}")).collect::<Vec<_>>())
    } else {
        match call(client, &format!("MGET {}", names.join(" "))) {
            Reply::Array(balances) => balances,
            reply => panic!("MGET answered {reply:?}"),
        }
    };
    balances.iter().map(number).sum()
}

/// Between accounts in any order, in databases of their own, and sometimes with everything locked.
fn transfer(turn: usize) -> Vec<String> {
    let (from, to) = (account(turn * 3), account(turn * 5 + 1));
    let mut lines = vec![format!("DECRBY {from} {turn}"), format!("INCRBY {to} {turn}")];
    match turn % 8 {
        0 => lines.push("DBSIZE".to_owned()),
        1 => lines.extend(["SELECT 1".to_owned(), "INCR side".to_owned(), "SELECT 0".to_owned()]),
        2 => lines.push(format!("RENAME {to} {to}")),
        3 => lines.insert(0, "SCAN 0".to_owned()),
        _ => {}
    }
    lines
}

fn nobody_sees_half_of_a_transfer(flags: &[&str]) {
    let server = Server::headcount(flags);
    let mut client = server.connect();
    for number in 0..ACCOUNTS {
        call(&mut client, &format!("SET {} {BALANCE}", account(number)));
    }
    let total = BALANCE * ACCOUNTS as i64;
    std::thread::scope(|scope| {
        for thread in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                let mut client = server.connect();
                for turn in 0..TRANSFERS {
                    exec(&mut client, &transfer(turn + thread * 97));
                    assert_eq!(sum(&mut client, turn % 2 == 0), total);
                }
            });
        }
    });
    assert_eq!(sum(&mut client, true), total);
    let side = exec(&mut client, &["SELECT 1".to_owned(), "GET side".to_owned()]);
    let with_side = (0..CLIENTS).flat_map(|thread| (0..TRANSFERS).map(move |t| t + thread * 97));
    assert_eq!(number(&side[1]), with_side.filter(|turn| turn % 8 == 1).count() as i64);
}

#[test]
fn nobody_sees_half_of_a_transfer_in_memory() {
    nobody_sees_half_of_a_transfer(&["--io-threads", "3"]);
}

#[test]
fn nobody_sees_half_of_a_transfer_with_a_log() {
    nobody_sees_half_of_a_transfer(&["--io-threads", "3", "--appendonly", "yes"]);
}

/// A whole transaction in one write, more of them than a batch takes, and one that comes in pieces.
#[test]
fn transactions_fit_into_pipelines_and_batches() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let lines: Vec<String> = (0..3_000).map(|_| "INCR n".to_owned()).collect();
    let replies = exec(&mut client, &lines);
    assert!(replies.iter().map(number).eq(1..=3_000));
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for _ in 0..400 {
        commands.extend([vec!["MULTI"], vec!["INCR", "n"], vec!["INCR", "n"], vec!["EXEC"]]);
    }
    let all: Vec<&[&str]> = commands.iter().map(Vec::as_slice).collect();
    client.send(&all).expect("sent");
    let replies: Vec<Reply> =
        commands.iter().map(|_| client.receive().expect("a reply")).skip(3).step_by(4).collect();
    for (at, reply) in (0..).zip(replies) {
        let first = 3_001 + 2 * at;
        assert_eq!(reply, Reply::Array(vec![Reply::Integer(first), Reply::Integer(first + 1)]));
    }
}

/// What waits for EXEC is input that is not done with: it has the same bound.
#[test]
fn who_collects_too_much_is_closed() {
    let server = Server::headcount(&["--client-query-buffer-limit", "1mb"]);
    let mut client = server.connect();
    call(&mut client, "MULTI");
    let long = "x".repeat(100_000);
    let said = (0..100).take_while(|_| client.call(&["ECHO", &long]).is_ok()).count();
    assert!((9..12).contains(&said), "{said} times");
    let mut other = server.connect();
    assert_eq!(call(&mut other, "MULTI"), Reply::Simple(b"OK".to_vec()));
    // Without an end, and closed: nothing of it is left.
    call(&mut other, "INCR never");
    drop(other);
    assert_eq!(call(&mut server.connect(), "EXISTS never"), Reply::Integer(0));
}

/// Counting by WATCH, GET and SET, as clients without INCR do: what is executed counts, and nothing else.
#[test]
fn who_watches_loses_no_update() {
    let server = Server::headcount(&["--io-threads", "3"]);
    const EACH: usize = 300;
    let turns: usize = std::thread::scope(|scope| {
        let count = || {
            let mut client = server.connect();
            let (mut done, mut turns) = (0, 0);
            while done < EACH {
                turns += 1;
                call(&mut client, "WATCH n");
                let value = match call(&mut client, "GET n") {
                    Reply::Null => 0,
                    reply => number(&reply),
                };
                call(&mut client, "MULTI");
                call(&mut client, &format!("SET n {}", value + 1));
                done += usize::from(call(&mut client, "EXEC") != Reply::NullArray);
            }
            turns
        };
        let threads: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    let value = number(&call(&mut server.connect(), "GET n"));
    assert_eq!(value, (EACH * CLIENTS) as i64, "in {turns} turns");
}
