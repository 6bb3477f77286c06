//! `headcount dump`, `headcount restore` and `headcount check` of a backup, on real servers.

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headcount::client::{Client, Reply};
use support::{Server, eventually, print, program};
use tempfile::TempDir;

/// A server that remembers what is deleted, and is ready.
fn durable() -> Server {
    let server = Server::headcount(&["--appendonly", "yes"]);
    eventually("it has loaded", || ask(&mut server.connect(), "PING") == "PONG");
    server
}

fn ask(client: &mut Client, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    print::redis_cli(&client.call(&words).expect("a reply"))
}

fn headcount(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).args(["--port", &server.port.to_string()]).env_remove("REDISCLI_AUTH");
    command
}

/// What it says, on both outputs.
fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

fn dump(server: &Server, path: &Path) {
    let out = File::create(path).expect("a file");
    let output = headcount(server, &["dump"]).stdout(out).output().expect("the program to run");
    assert!(output.status.success(), "{}", said(&output));
}

fn restore(server: &Server, path: &Path, flags: &[&str]) -> Output {
    let mut command = headcount(server, &[&["restore"], flags].concat());
    command.stdin(File::open(path).expect("a file")).output().expect("the program to run")
}

fn restored(server: &Server, path: &Path, flags: &[&str]) -> String {
    let output = restore(server, path, flags);
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

/// What a user sees of all databases.
fn digest(server: &Server) -> String {
    ask(&mut server.connect(), "DEBUG DIGEST")
}

fn backup(folder: &TempDir) -> PathBuf {
    folder.path().join("backup")
}

/// Some keys of every kind, in two databases.
fn fill(server: &Server) {
    let mut client = server.connect();
    for number in 0..3_000 {
        ask(&mut client, &format!("INCRBY count:{number} {}", number + 1));
    }
    for command in [
        "SET text hello",
        "SET gone soon PX 1",
        "INCRBYFLOAT float 1.25",
        "SADD set a b c",
        "SREM set b",
        "SADDEX online 10000 ann bob",
        "EXPIREAT online 4102444800",
        "SELECT 3",
        "SET count:1 other",
        "INCR only",
    ] {
        ask(&mut client, command);
    }
}

#[test]
fn what_is_dumped_is_restored_into_an_empty_server_once_or_twice() {
    let (server, folder) = (durable(), TempDir::new().expect("a folder"));
    let path = backup(&folder);
    fill(&server);
    dump(&server, &path);
    let checked = Command::new(program()).arg("check").arg(&path).output().expect("a check");
    assert!(checked.status.success() && said(&checked).contains("a backup of 3,006 keys"));
    let again = durable();
    for _ in 0..2 {
        let said = restored(&again, &path, &[]);
        assert!(said.starts_with("Restored 3,006 keys from "), "{said}");
        assert_eq!(digest(&again), digest(&server));
    }
    ask(&mut again.connect(), "INCR count:7");
    restored(&again, &path, &[]);
    assert_eq!(ask(&mut again.connect(), "GET count:7"), "\"9\"", "it counts on");
}

#[test]
fn a_server_that_keeps_nothing_takes_new_writes_only() {
    let (server, folder) = (durable(), TempDir::new().expect("a folder"));
    let path = backup(&folder);
    fill(&server);
    dump(&server, &path);
    let forgetful = Server::headcount(&[]);
    let refused = restore(&forgetful, &path, &[]);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("Not restored: 3,006 keys: ERR MERGE needs"),
        "{}",
        said(&refused)
    );
    ask(&mut forgetful.connect(), "SET text overwritten");
    for _ in 0..2 {
        restored(&forgetful, &path, &["--new"]);
        assert_eq!(digest(&forgetful), digest(&server));
    }
    let few = Server::headcount(&["--databases", "2"]);
    let refused = restore(&few, &path, &["--new"]);
    let text = said(&refused);
    assert!(text.contains("Not restored: 2 keys: the server has no such database"), "{text}");
    assert!(!refused.status.success() && text.starts_with("Restored 3,004 keys"), "{text}");
}

#[test]
fn what_was_deleted_for_good_since_is_refused_and_told() {
    let (server, folder) = (durable(), TempDir::new().expect("a folder"));
    let path = backup(&folder);
    fill(&server);
    dump(&server, &path);
    let mut client = server.connect();
    ask(&mut client, "DEL count:5");
    ask(&mut client, "INCR count:6");
    // While a backup is merged nothing is collected, so who looks too soon has to wait for longer.
    let tries = [3, 12, 12, 24].into_iter().map(|seconds| {
        std::thread::sleep(Duration::from_secs(seconds));
        restore(&server, &path, &[])
    });
    let refused = tries.into_iter().find(|output| !output.status.success());
    let refused = refused.expect("it is collected");
    let text = said(&refused);
    assert!(text.starts_with("Restored 3,005 keys"), "what is there is no news: {text}");
    assert!(text.contains("Not restored: 1 keys: STALE "), "{text}");
    assert!(text.contains("\n  'count:5'\n"), "{text}");
    assert_eq!(ask(&mut client, "EXISTS count:5"), "(integer) 0");
    restored(&server, &path, &["--new"]);
    assert_eq!(ask(&mut client, "GET count:5"), "\"6\"");
    assert_eq!(ask(&mut client, "GET count:6"), "\"7\"", "what was counted since is gone");
}

#[test]
fn it_counts_while_it_is_restored() {
    let (server, folder) = (durable(), TempDir::new().expect("a folder"));
    let path = backup(&folder);
    fill(&server);
    dump(&server, &path);
    let (again, is_over) = (durable(), AtomicBool::new(false));
    let counted = std::thread::scope(|scope| {
        let counting = scope.spawn(|| {
            let (mut client, mut times) = (again.connect(), 0);
            while !is_over.load(Ordering::Relaxed) || times < 3_000 {
                ask(&mut client, &format!("INCR count:{}", times % 3_000));
                times += 1;
            }
            times
        });
        for _ in 0..2 {
            restored(&again, &path, &[]);
        }
        is_over.store(true, Ordering::Relaxed);
        counting.join().expect("no panic")
    });
    let mut client = again.connect();
    let sum: i64 = (0..3_000)
        .map(|number| {
            let value = ask(&mut client, &format!("GET count:{number}"));
            value.trim_matches('"').parse::<i64>().expect("a number")
        })
        .sum();
    assert_eq!(sum, (1..=3_000).sum::<i64>() + counted);
}

#[test]
fn what_is_no_whole_backup_is_refused_before_anything_is_restored() {
    let (server, folder) = (durable(), TempDir::new().expect("a folder"));
    let path = backup(&folder);
    fill(&server);
    dump(&server, &path);
    let whole = fs::read(&path).expect("a backup");
    let again = durable();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let damaged = [
        (&whole[..whole.len() - 1], "it is cut short"),
        (&whole[..100], "it is cut short"),
        (&flipped[..], "does not match its checksum"),
        (
            &b"REDIS0011 and so on, with more than a header has"[..],
            "this is not a file of Headcount's",
        ),
    ];
    for (bytes, problem) in damaged {
        fs::write(&path, bytes).expect("a file");
        let refused = restore(&again, &path, &[]);
        let text = said(&refused);
        assert!(!refused.status.success() && text.contains(problem), "{text}");
        let checked = Command::new(program()).arg("check").arg(&path).output().expect("a check");
        assert!(
            !checked.status.success() && said(&checked).contains(problem),
            "{}",
            said(&checked)
        );
    }
    assert_eq!(ask(&mut again.connect(), "DBSIZE"), "(integer) 0");
    // A pipe cannot be read twice: what it has brought before it ends is restored, and said to be.
    let mut piped = headcount(&again, &["restore"]);
    piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program to run");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(&whole[..whole.len() - 1]).expect("a pipe");
    drop(input);
    let output = child.wait_with_output().expect("its end");
    let text = said(&output);
    assert!(!output.status.success() && text.contains("it is cut short"), "{text}");
    assert!(text.contains("3006 keys had been restored before that"), "{text}");
    assert_eq!(digest(&again), digest(&server));
}

#[test]
fn who_may_not_is_told_so() {
    let server = Server::headcount(&["--requirepass", "secret"]);
    let output = headcount(&server, &["dump"]).output().expect("the program to run");
    assert!(!output.status.success() && said(&output).contains("NOAUTH"), "{}", said(&output));
    assert!(output.stdout.is_empty(), "no backup is begun");
    let output = headcount(&server, &["dump", "--pass", "secret"]).output().expect("the program");
    assert!(output.status.success(), "{}", said(&output));
    let mut client = server.connect();
    client.call(&["AUTH", "secret"]).expect("a reply");
    let refused = client.call(&["RESTORE", "k", "0", "x", "MERGE"]).expect("a reply");
    assert!(matches!(refused, Reply::Error(_)));
}
