//! Users: their files, and what becomes of connections whose user is changed. Every script runs against
//! Headcount and, where both say the same, against redis-server.

mod support;

use headcount::client::{Client, Reply};
use std::fs;
use support::{CONFIG_FILE, Kind, Server, against_both, eventually, print};

fn call(client: &mut Client, words: &[&str]) -> String {
    let reply = client.call(words).expect("a reply");
    match &reply {
        Reply::Simple(_) | Reply::Bulk(_) | Reply::Error(_) => print::text(&reply),
        other => print::redis_cli(other),
    }
}

fn ok(client: &mut Client, words: &[&str]) {
    assert_eq!(call(client, words), "OK", "{words:?}");
}

/// A new connection of this user.
fn connect_as(server: &Server, user: &str, password: &str) -> Client {
    let mut client = server.connect();
    ok(&mut client, &["AUTH", user, password]);
    client
}

#[test]
fn users_of_the_configuration_file_are_there_and_rewritten() {
    let text = "user default on nopass ~* &* +@all -flushdb\nuser ann on >secret ~a* (+get ~b)\n";
    let servers = [Some(Server::headcount_with_file(text)), Server::redis_with_file(text)];
    for server in servers.into_iter().flatten() {
        let mut client = server.connect();
        assert!(call(&mut client, &["FLUSHDB"]).starts_with("NOPERM "));
        let mut ann = connect_as(&server, "ann", "secret");
        assert!(call(&mut ann, &["SET", "a", "1"]).starts_with("NOPERM "));
        ok(&mut client, &["ACL", "SETUSER", "ann", "+set"]);
        ok(&mut ann, &["SET", "a", "1"]);
        let users = call(&mut client, &["ACL", "LIST"]);
        ok(&mut client, &["CONFIG", "REWRITE"]);
        let written = fs::read_to_string(server.path(CONFIG_FILE)).expect("the file");
        let lines = written.lines().filter(|line| line.starts_with("user "));
        assert_eq!(lines.count(), 2, "{written}");
        let again = match server.kind {
            Kind::Headcount => Server::headcount_with_file(&written),
            Kind::Redis => Server::redis_with_file(&written).expect("it is installed"),
        };
        assert_eq!(call(&mut again.connect(), &["ACL", "LIST"]), users);
    }
}

#[test]
fn a_rewritten_file_without_users_has_none() {
    let server = Server::headcount_with_file("requirepass secret\n");
    let mut client = server.connect();
    ok(&mut client, &["AUTH", "secret"]);
    ok(&mut client, &["CONFIG", "REWRITE"]);
    let written = fs::read_to_string(server.path(CONFIG_FILE)).expect("the file");
    assert!(!written.contains("user"), "{written}");
}

#[test]
fn an_acl_file_is_loaded_and_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("users.acl");
    let text = "user ann on nopass ~* &* +@all\nuser bob on nopass +@all\n";
    let path_text = path.to_str().expect("text").to_owned();
    against_both_with_file(&path, text, &["--aclfile", &path_text], |server| {
        let mut ann = connect_as(server, "ann", "");
        let mut default = server.connect();
        ok(&mut default, &["ACL", "SETUSER", "eve", "on", "nopass", "+get", "~*"]);
        ok(&mut default, &["ACL", "SAVE"]);
        let users = call(&mut default, &["ACL", "LIST"]);
        let saved = fs::read_to_string(&path).expect("the file");
        assert_eq!(saved.lines().count(), 4, "{saved}");
        // Who is not the default user is closed, whoever says it after the reply.
        let mut bob = connect_as(server, "bob", "");
        ok(&mut bob, &["ACL", "LOAD"]);
        assert!(bob.call(&["PING"]).is_err() && ann.call(&["PING"]).is_err());
        assert_eq!(call(&mut default, &["ACL", "LIST"]), users);
        // What is wrong changes nothing.
        fs::write(&path, "user ann on +@all\nuser ann off\nuser bob +nosuch\n").expect("written");
        let error = call(&mut default, &["ACL", "LOAD"]);
        let duplicate = "ERR WARNING: Duplicate user 'ann' found on line 2. ";
        assert!(error.starts_with(duplicate), "{error}");
        assert!(error.contains(":3: Error in applying operation '+nosuch': Unknown"), "{error}");
        assert!(error.ends_with("no change to the previously active ACL rules was performed"));
        assert_eq!(call(&mut default, &["ACL", "LIST"]), users);
        fs::remove_file(&path).expect("it is there");
        let error = call(&mut default, &["ACL", "LOAD"]);
        assert!(error.ends_with(": No such file or directory"), "{error}");
    });
}

fn against_both_with_file(
    path: &std::path::Path,
    text: &str,
    flags: &[&str],
    script: impl Fn(&Server),
) {
    let write = || fs::write(path, text).expect("the file is written");
    write();
    let first = Server::headcount(flags);
    script(&first);
    write();
    if let Some(redis) = Server::redis(flags) {
        script(&redis);
    }
}

#[test]
fn connections_of_users_that_go_are_closed() {
    against_both(&[], |server| {
        let mut client = server.connect();
        ok(&mut client, &["ACL", "SETUSER", "ann", "on", "nopass", "+@all", "~*", "&*"]);
        let (mut one, mut other) = (connect_as(server, "ann", ""), connect_as(server, "ann", ""));
        assert!(call(&mut client, &["CLIENT", "LIST"]).contains(" user=ann "));
        // Another of the rules shows at once.
        ok(&mut client, &["ACL", "SETUSER", "ann", "-ping"]);
        assert!(call(&mut one, &["PING"]).starts_with("NOPERM "));
        assert_eq!(call(&mut client, &["CLIENT", "KILL", "USER", "ann"]), "(integer) 2");
        assert!(one.call(&["PING"]).is_err() && other.call(&["PING"]).is_err());
        let mut one = connect_as(server, "ann", "");
        assert_eq!(call(&mut client, &["ACL", "DELUSER", "ann"]), "(integer) 1");
        assert!(one.call(&["GET", "a"]).is_err());
        eventually("ann is gone", || {
            !call(&mut client, &["CLIENT", "LIST"]).contains(" user=ann ")
        });
        ok(&mut client, &["PING", "OK"]);
    });
}

#[test]
fn a_default_user_that_is_off_lets_nobody_in() {
    against_both(&[], |server| {
        let mut client = server.connect();
        ok(&mut client, &["ACL", "SETUSER", "ann", "on", ">secret", "+@all", "~*", "&*"]);
        ok(&mut client, &["ACL", "SETUSER", "default", "off"]);
        let mut new = server.connect();
        assert_eq!(call(&mut new, &["GET", "a"]), "NOAUTH Authentication required.");
        ok(&mut new, &["AUTH", "ann", "secret"]);
        assert_eq!(call(&mut new, &["ACL", "WHOAMI"]), "ann");
        assert_eq!(call(&mut new, &["RESET"]), "RESET");
        assert_eq!(call(&mut new, &["GET", "a"]), "NOAUTH Authentication required.");
        assert_eq!(call(&mut client, &["ACL", "WHOAMI"]), "default", "who is in stays");
        ok(&mut client, &["CONFIG", "SET", "requirepass", "other"]);
        ok(&mut client, &["ACL", "SETUSER", "default", "on"]);
        ok(&mut new, &["AUTH", "other"]);
    });
}

#[test]
fn refusals_are_logged_with_all_there_is_to_know() {
    let server = Server::headcount(&["--acllog-max-len", "3"]);
    let mut client = server.connect();
    ok(&mut client, &["ACL", "SETUSER", "ann", "on", ">secret", "+set", "+multi", "~a*"]);
    let mut ann = server.connect();
    for request in [
        &["AUTH", "ann", "wrong"][..],
        &["AUTH", "ann", "secret"],
        &["GET", "a"],
        &["SET", "b", "1"],
        &["SET", "b", "1"],
        &["MULTI"],
        &["SET", "c", "1"],
    ] {
        let _ = call(&mut ann, request);
    }
    let log = call(&mut client, &["ACL", "LOG"]);
    let fields = [
        "count",
        "reason",
        "context",
        "object",
        "username",
        "age-seconds",
        "client-info",
        "entry-id",
        "timestamp-created",
        "timestamp-last-updated",
    ];
    fields.iter().for_each(|field| assert_eq!(log.matches(&format!("\"{field}\"")).count(), 3));
    for part in
        ["\"multi\"", "\"key\"", "\"c\"", "(integer) 2", "\"command\"", "\"get\"", "user=ann "]
    {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(!log.contains("\"auth\""), "only three are kept: {log}");
    let info = call(&mut client, &["INFO", "stats"]);
    for count in ["auth:1", "cmd:1", "key:3", "channel:0"] {
        assert!(info.contains(&format!("acl_access_denied_{count}\r\n")), "{count}: {info}");
    }
}

#[test]
fn what_is_wrong_with_users_ends_the_start() {
    let refused = |flags: &[&str], why: &str| {
        let output = std::process::Command::new(support::program())
            .args(["--port", "0", "--appendonly", "no", "--dir", "."])
            .args(flags)
            .output()
            .expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(why), "{error}");
    };
    let duplicate = "Duplicate user found. A user can only be defined once in config files";
    refused(&["--user", "ann", "--user", "ann"], duplicate);
    refused(
        &["--user", "ann", "+nosuch"],
        "Error loading ACL rule '+nosuch' for the user named 'ann': Unknown command or category",
    );
    refused(&["--user", "ann", "--aclfile", "x"], "please define either an ACL file or");
    refused(&["--aclfile", "/nosuch"], "opening file '/nosuch': No such file or directory");
}

#[test]
fn who_may_not_hear_a_channel_any_more_is_closed() {
    against_both(&[], |server| {
        let mut client = server.connect();
        ok(&mut client, &["ACL", "SETUSER", "ann", "on", "nopass", "+@all", "&a", "&b*", "&c"]);
        let subscribe = |words: &[&str]| {
            let mut subscriber = connect_as(server, "ann", "");
            assert!(call(&mut subscriber, words).contains(words[1]), "{words:?}");
            subscriber
        };
        let mut channel = subscribe(&["SUBSCRIBE", "a"]);
        let mut pattern = subscribe(&["PSUBSCRIBE", "b*"]);
        let mut shard = subscribe(&["SSUBSCRIBE", "c"]);
        let mut refused = connect_as(server, "ann", "");
        for words in [["SUBSCRIBE", "d"], ["PSUBSCRIBE", "b"], ["SSUBSCRIBE", "d"]] {
            assert!(call(&mut refused, &words).starts_with("NOPERM "), "{words:?}");
        }
        assert!(call(&mut refused, &["PUBLISH", "d", "x"]).starts_with("NOPERM "));
        assert_eq!(call(&mut refused, &["PUBLISH", "b1", "x"]), "(integer) 1");
        // More than before closes nobody.
        ok(&mut client, &["ACL", "SETUSER", "ann", "&e"]);
        assert!(call(&mut client, &["CLIENT", "LIST"]).contains(" sub=1 "));
        ok(&mut client, &["ACL", "SETUSER", "ann", "resetchannels", "&b*"]);
        let list = call(&mut client, &["CLIENT", "LIST"]);
        assert!(!list.contains(" sub=1 ") && !list.contains(" ssub=1 "), "{list}");
        assert!(list.contains(" psub=1 "), "{list}");
        assert!(channel.call(&["PING"]).is_err() && shard.call(&["PING"]).is_err());
        assert!(pattern.call(&["PING"]).is_ok());
    });
}
