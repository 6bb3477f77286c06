//! `headcount import`, from files of redis-server and forged ones.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use headcount::client::{Client, Reply};

use crate::fixtures;
use crate::originals::{Original, holds, run, texts};
use crate::properties::{Value, contents, forged, length, text};
use crate::support::{Server, print, program};

/// Runs the program; the flags are words of one text.
fn import(file: &Path, server: &Server, flags: &str) -> Output {
    Command::new(program())
        .arg("import")
        .arg(file)
        .args(["--port", &server.port.to_string()])
        .args(flags.split_whitespace())
        .env_remove("REDISCLI_AUTH")
        .output()
        .expect("the program to run")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs it and expects that all went well.
fn imported(file: &Path, server: &Server, flags: &str) -> String {
    let output = import(file, server, flags);
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

/// The number behind a name in the summary.
fn told(summary: &str, name: &str) -> Option<usize> {
    let row = summary.lines().find_map(|line| line.strip_prefix("  ")?.strip_prefix(name))?;
    let number = row.strip_prefix("  ")?.split_whitespace().next()?;
    number.replace(',', "").parse().ok()
}

/// A file of these entries, in a folder of the server's.
fn file_at(server: &Server, entries: &[(u8, Vec<u8>)]) -> std::path::PathBuf {
    let path = server.path("forged.rdb");
    fs::write(&path, forged(10, entries)).expect("a file");
    path
}

fn string(key: &str, value: &str) -> (u8, Vec<u8>) {
    (0, [text(key.as_bytes()), text(value.as_bytes())].concat())
}

fn set(key: &str, members: &[&str]) -> (u8, Vec<u8>) {
    let count = length(members.len() as u64);
    let members: Vec<u8> = members.iter().flat_map(|member| text(member.as_bytes())).collect();
    (2, [text(key.as_bytes()), count, members].concat())
}

fn deadline(deadline_ms: i64) -> (u8, Vec<u8>) {
    (252, deadline_ms.to_le_bytes().to_vec())
}

fn members(client: &mut Client, key: &str) -> Vec<String> {
    let mut members: Vec<String> = texts(run(client, &["SMEMBERS", key]))
        .into_iter()
        .map(|member| String::from_utf8_lossy(&member).into_owned())
        .collect();
    members.sort();
    members
}

fn show(client: &mut Client, command: &[&str]) -> String {
    print::redis_cli(&run(client, command))
}

const LATE_MS: i64 = 4_000_000_000_000;

#[test]
fn what_is_of_every_encoding_arrives() {
    let Some(original) = Original::with_every_encoding(&[]) else { return };
    let read = contents(&fs::read(&original.file).expect("a file")).expect("a good file");
    let server = Server::headcount(&[]);
    let is_taken = |value: &Value| *value != Value::Nothing;
    // Twice is as good as once.
    for _ in 0..2 {
        let summary = imported(&original.file, &server, "");
        let compared = holds(&server, &read, is_taken);
        let strings = told(&summary, "string").expect("strings");
        let told_of = ["set", "hash", "sorted set", "list"].map(|kind| told(&summary, kind));
        let expected = [Some(6), Some(3), Some(3), Some(4)];
        assert_eq!((strings + 16, told_of), (compared, expected), "{summary}");
        for (what, count) in [("stream", 1), ("function library", 1)] {
            assert_eq!(told(&summary, what), Some(count), "{what}\n{summary}");
        }
        let mut client = server.connect();
        assert_eq!(run(&mut client, &["DBSIZE"]), Reply::Integer(compared as i64 - 1));
    }
}

#[test]
fn hashes_and_sorted_sets_arrive_where_they_can() {
    let Some(original) = Original::with_every_encoding(&[]) else { return };
    let Some(other) = Server::redis(&[]) else { return };
    let read = contents(&fs::read(&original.file).expect("a file")).expect("a good file");
    imported(&original.file, &other, "");
    let compared = holds(&other, &read, |value| *value != Value::Nothing);
    assert_eq!(compared, read.keys.len() - 1);
}

#[test]
fn what_the_server_has_is_replaced_or_kept() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let file = file_at(
        &server,
        &[
            string("text", "new"),
            deadline(LATE_MS),
            string("timed", "new"),
            set("set", &["a", "b"]),
            set("other", &["c"]),
            deadline(LATE_MS),
            set("timed set", &["d"]),
        ],
    );
    run(&mut client, &["SET", "text", "old", "EX", "100"]);
    run(&mut client, &["SET", "set", "a text"]);
    run(&mut client, &["SADD", "other", "x", "c"]);
    run(&mut client, &["EXPIRE", "other", "100"]);
    let kept = imported(&file, &server, "--keep-existing");
    assert_eq!(told(&kept, "keys"), Some(3), "{kept}");
    assert_eq!((told(&kept, "string"), told(&kept, "set")), (Some(1), Some(1)), "{kept}");
    assert_eq!(show(&mut client, &["MGET", "text", "set"]), "1) \"old\"\n2) \"a text\"");
    assert_eq!(members(&mut client, "other"), ["c", "x"]);
    assert_eq!(members(&mut client, "timed set"), ["d"]);
    for key in ["timed", "timed set"] {
        assert_eq!(run(&mut client, &["PEXPIRETIME", key]), Reply::Integer(LATE_MS));
    }

    let replaced = imported(&file, &server, "");
    assert_eq!((told(&replaced, "string"), told(&replaced, "set")), (Some(2), Some(3)));
    assert_eq!(show(&mut client, &["GET", "text"]), "\"new\"");
    assert_eq!(members(&mut client, "set"), ["a", "b"]);
    assert_eq!(members(&mut client, "other"), ["c"]);
    for key in ["text", "set", "other"] {
        assert_eq!(run(&mut client, &["PEXPIRETIME", key]), Reply::Integer(-1), "{key}");
    }
}

/// More than a batch of them, so that the rest of a set that is kept is left out of the next ones too.
#[test]
fn large_sets_are_kept_or_come_in_pieces() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let names: Vec<String> = (0..60_000).map(|number| format!("member {number}")).collect();
    let members: Vec<u8> = names.iter().flat_map(|name| text(name.as_bytes())).collect();
    let large = |key: &str| (2, [text(key.as_bytes()), length(60_000), members.clone()].concat());
    let file =
        file_at(&server, &[large("had"), deadline(LATE_MS), large("new"), string("z", "end")]);
    run(&mut client, &["SADD", "had", "one"]);
    let summary = imported(&file, &server, "--keep-existing");
    assert_eq!((told(&summary, "keys"), told(&summary, "set")), (Some(1), Some(1)), "{summary}");
    assert!(summary.contains("1  60,000 members\n"), "{summary}");
    assert_eq!(run(&mut client, &["SCARD", "had"]), Reply::Integer(1));
    assert_eq!(run(&mut client, &["SCARD", "new"]), Reply::Integer(60_000));
    assert_eq!(run(&mut client, &["PEXPIRETIME", "new"]), Reply::Integer(LATE_MS));
    assert_eq!(show(&mut client, &["GET", "z"]), "\"end\"");
}

/// A set has its deadline before most of its members, and no command is large.
#[test]
fn deadlines_come_early() {
    let server = Server::headcount(&[]);
    let mut monitor = server.connect();
    run(&mut monitor, &["MONITOR"]);
    let members: Vec<u8> =
        (10_000..12_000).flat_map(|it: u32| text(it.to_string().as_bytes())).collect();
    let large = (2, [text(b"large"), length(2_000), members].concat());
    let file = file_at(&server, &[deadline(LATE_MS), large, deadline(LATE_MS), string("s", "v")]);
    imported(&file, &server, "");
    let mut seen = Vec::new();
    while seen.last().is_none_or(|line: &String| !line.contains("\"SET\"")) {
        let Reply::Simple(line) = monitor.receive().expect("a line") else { panic!("no line") };
        seen.push(String::from_utf8_lossy(&line).into_owned());
    }
    let words = |line: &String| line.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let commands: Vec<Vec<String>> = seen.iter().map(words).collect();
    let written: Vec<&str> = commands
        .iter()
        .filter(|words| words.len() > 1 && words[1] == "large")
        .map(|words| words[0].as_str())
        .collect();
    assert_eq!(written, ["UNLINK", "SADD", "PEXPIREAT", "SADD", "SADD", "SADD"]);
    assert!(commands.iter().all(|words| words.len() <= 514));
    let set = commands.last().expect("a SET");
    assert_eq!(set.join(" "), format!("SET s v PXAT {LATE_MS}"));
}

#[test]
fn what_is_past_does_not_come() {
    let server = Server::headcount(&[]);
    let past =
        [deadline(1_000), string("a", "v"), deadline(-5), set("b", &["x"]), string("c", "v")];
    let summary = imported(&file_at(&server, &past), &server, "");
    assert_eq!((told(&summary, "keys"), told(&summary, "string")), (Some(2), Some(1)), "{summary}");
    assert_eq!(run(&mut server.connect(), &["DBSIZE"]), Reply::Integer(1));
}

#[test]
fn databases_are_mapped_and_missing_ones_told() {
    let server = Server::headcount(&["--databases", "4"]);
    let in_three = [
        string("in 0", "v"),
        (254, length(2)),
        string("in 2", "v"),
        (254, length(9)),
        string("in 9", "v"),
    ];
    let file = file_at(&server, &in_three);
    let output = import(&file, &server, "--db-map 0:3");
    assert!(!output.status.success());
    assert!(stdout(&output).contains("'in 9': the server has no such database\n"));
    assert_eq!(stderr(&output), "1 keys were not imported; see above\n");
    imported(&file, &server, "--db-map 0:3 --db-map 9:0");
    let mut client = server.connect();
    for (database, key) in [("3", "in 0"), ("2", "in 2"), ("0", "in 9")] {
        run(&mut client, &["SELECT", database]);
        assert_eq!(run(&mut client, &["DBSIZE"]), Reply::Integer(1));
        assert_eq!(show(&mut client, &["GET", key]), "\"v\"");
    }
}

#[test]
fn a_damaged_file_is_imported_up_to_the_damage() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let entries: Vec<_> = (0..2_000).map(|it| string(&format!("key:{it:04}"), "v")).collect();
    let file = file_at(&server, &entries);
    let whole = fs::read(&file).expect("the file");
    // Each takes a byte of type, nine of name and two of value.
    let cut = 9 + 1_500 * 12 + 5;
    fs::write(&file, &whole[..cut]).expect("a shorter file");
    let output = import(&file, &server, "");
    let name = file.display();
    let expected = format!(
        "{name}, byte {cut}: the file ends in the middle\n1500 keys had been imported before that. \
         Importing again does no harm.\n"
    );
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), expected));
    assert_eq!(told(&stdout(&output), "string"), Some(1_500));
    assert_eq!(run(&mut client, &["DBSIZE"]), Reply::Integer(1_500));

    let mut wrong = whole;
    *wrong.last_mut().expect("a checksum") ^= 1;
    fs::write(&file, &wrong).expect("a wrong file");
    let output = import(&file, &server, "");
    assert!(!output.status.success() && stderr(&output).contains(": the file's checksum is "));
    assert_eq!(run(&mut client, &["DBSIZE"]), Reply::Integer(2_000));
}

#[test]
fn the_key_that_is_damaged_is_named() {
    let server = Server::headcount(&[]);
    let (opcode, mut bytes) = set("half", &["a", "b"]);
    *bytes.last_mut().expect("a member") = b'?';
    let at = bytes.len() - 2;
    bytes[at] = 0xc4;
    let file = file_at(&server, &[string("whole", "v"), (opcode, bytes)]);
    let output = import(&file, &server, "");
    assert!(!output.status.success());
    assert!(stdout(&output).ends_with("  'half': the file is damaged within it\n"));
    assert!(stderr(&output).contains(": no encoding of a string\n1 keys had been imported"));
}

#[test]
fn what_is_too_long_for_the_server_is_left_out() {
    let server = Server::headcount(&["--proto-max-bulk-len", "1mb"]);
    let long = "x".repeat((1 << 20) + 1);
    let just = "y".repeat(1 << 20);
    let entries = [
        string("long", &long),
        string(&long, "v"),
        set("set", &["a", &long, &just]),
        (2, [text(b"nothing"), length(0)].concat()),
        string("just", &just),
    ];
    let output = import(&file_at(&server, &entries), &server, "");
    assert!(!output.status.success());
    let summary = stdout(&output);
    assert_eq!((told(&summary, "string"), told(&summary, "set")), (Some(1), Some(1)), "{summary}");
    assert_eq!((told(&summary, "keys"), told(&summary, "empty set")), (Some(3), Some(1)));
    assert!(summary.contains("  'long': the server's proto-max-bulk-len "), "{summary}");
    let mut client = server.connect();
    assert_eq!(members(&mut client, "set"), ["a", &just]);
    assert_eq!(run(&mut client, &["DBSIZE"]), Reply::Integer(2));
}

#[test]
fn a_full_server_ends_it() {
    let server = Server::headcount(&["--maxmemory", "1mb"]);
    let entries: Vec<_> = (0..20_000).map(|it| string(&format!("key:{it}"), "v")).collect();
    let output = import(&file_at(&server, &entries), &server, "");
    assert!(!output.status.success());
    assert!(stderr(&output).contains(" and all that follows was refused: OOM "), "{output:?}");
}

#[test]
fn refused_keys_are_named_and_the_rest_arrives() {
    let Some(server) = Server::redis(&[]) else { return };
    let rule = ["ACL", "SETUSER", "ann", "on", ">secret", "~mine:*", "+@all"];
    run(&mut server.connect(), &rule);
    let file = file_at(
        &server,
        &[
            string("mine:1", "v"),
            string("yours", "v"),
            set("theirs", &["a"]),
            set("mine:2", &["a"]),
        ],
    );
    let output = import(&file, &server, "--user ann --pass secret");
    assert!(!output.status.success());
    let summary = stdout(&output);
    assert!(summary.contains("  'yours': NOPERM ") && summary.contains("  'theirs': NOPERM "));
    assert_eq!((told(&summary, "string"), told(&summary, "keys")), (Some(1), Some(2)), "{summary}");
    assert_eq!(members(&mut server.connect(), "mine:2"), ["a"]);
}

#[test]
fn a_password_comes_by_flag_or_environment() {
    let server = Server::headcount(&["--requirepass", "secret"]);
    let file = fixtures::path("redis-7.4.rdb");
    let refused = import(&file, &server, "");
    assert!(!refused.status.success());
    assert!(stderr(&refused).starts_with("The server says: NOAUTH "), "{refused:?}");
    assert!(stdout(&refused).is_empty());
    let summary = imported(&file, &server, "--pass secret");
    assert_eq!(told(&summary, "hash with field TTLs"), Some(2), "{summary}");
    let output = Command::new(program())
        .args(["import", file.to_str().expect("a path"), "--port", &server.port.to_string()])
        .env("REDISCLI_AUTH", "secret")
        .output()
        .expect("the program to run");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_cannot_be_opened_or_reached_is_named() {
    let server = Server::headcount(&[]);
    let missing = import(Path::new("/nonexistent.rdb"), &server, "");
    assert_eq!(stderr(&missing), "/nonexistent.rdb: No such file or directory (os error 2)\n");
    let file = fixtures::path("redis-7.4.rdb");
    let nobody = import(&file, &server, "--host 127.0.0.1 --port 1");
    assert!(stderr(&nobody).starts_with("Cannot connect: "), "{nobody:?}");
    let readme = import(&fixtures::path("README.md"), &server, "");
    assert!(stderr(&readme).ends_with("README.md, byte 0: this is not an RDB file\n"));
}
