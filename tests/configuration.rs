//! The configuration as users meet it. Texts and values in the expectations are what redis-server
//! 7.0.15 answers (7.2's where the two differ), except where a comment says why not.

#[path = "configuration/any.rs"]
mod any;

use any::{any_config, any_line};
use headcount::config::table::{self, Change, Kind, SECTIONS};
use headcount::config::{self, Config, LogLevel, Permission, SetError, lines};
use proptest::prelude::*;

/// A glob good enough for the patterns below: one `*` at the end.
fn starts_with(pattern: &[u8], name: &[u8]) -> bool {
    let prefix = pattern.strip_suffix(b"*").expect("these tests end patterns with *");
    name.to_ascii_lowercase().starts_with(&prefix.to_ascii_lowercase())
}

fn get(config: &Config, names: &[&str]) -> Vec<(String, String)> {
    let patterns: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let found = config.get(&patterns, starts_with);
    found.iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn value(config: &Config, name: &str) -> String {
    let [(_, value)] = &get(config, &[name])[..] else { panic!("no directive {name}") };
    value.clone()
}

/// Reads a configuration file that must be right.
fn parse(text: &[u8]) -> Config {
    let mut config = Config::default();
    for line in lines(text) {
        let words = line.words.expect("quotes");
        let (name, arguments) = words.split_first().expect("a name");
        let applied = config.apply(name, arguments);
        assert_eq!(applied, Ok(()), "{}", String::from_utf8_lossy(line.text));
    }
    config
}

fn set_error(config: &Config, pairs: &[(&str, &str)]) -> String {
    config.set(pairs, true).expect_err("must be refused").to_string()
}

#[test]
fn names_are_unique_lower_case_and_in_order() {
    for section in SECTIONS {
        let names = section.directives.iter().map(|directive| directive.name);
        assert!(names.is_sorted(), "the names of {} are not in order", section.title);
    }
    let mut names: Vec<_> = table::directives().map(|directive| directive.name).collect();
    assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn defaults_are_redis_s() {
    // CONFIG GET of a redis-server with its own redis.conf, of the directives that mean the same.
    let redis = [
        ("active-expire-effort", "1"),
        ("always-show-logo", "no"),
        ("appendfsync", "everysec"),
        ("bind", "127.0.0.1 -::1"),
        ("client-query-buffer-limit", "1073741824"),
        ("daemonize", "no"),
        ("databases", "16"),
        ("dbfilename", "dump.rdb"),
        ("enable-debug-command", "no"),
        ("enable-protected-configs", "no"),
        ("hz", "10"),
        ("latency-monitor-threshold", "0"),
        ("lazyfree-lazy-user-del", "no"),
        ("logfile", ""),
        ("loglevel", "notice"),
        ("maxclients", "10000"),
        ("maxmemory", "0"),
        ("maxmemory-policy", "noeviction"),
        ("maxmemory-samples", "5"),
        ("port", "6379"),
        ("proto-max-bulk-len", "536870912"),
        ("protected-mode", "yes"),
        ("requirepass", ""),
        ("set-max-intset-entries", "512"),
        ("set-max-listpack-entries", "128"),
        ("set-max-listpack-value", "64"),
        ("slowlog-log-slower-than", "10000"),
        ("slowlog-max-len", "128"),
        ("supervised", "no"),
        ("tcp-backlog", "511"),
        ("tcp-keepalive", "300"),
        ("timeout", "0"),
        ("unixsocket", ""),
        ("unixsocketperm", "0"),
    ];
    for (name, default) in redis {
        assert_eq!(value(&Config::default(), name), default, "{name}");
    }
    // Ours: there is a log, so snapshots need not be asked for, and normal clients are bounded.
    assert_eq!(value(&Config::default(), "appendonly"), "yes");
    assert_eq!(value(&Config::default(), "dir"), "./data");
    assert_eq!(value(&Config::default(), "save"), "");
    assert_eq!(
        value(&Config::default(), "client-output-buffer-limit"),
        "normal 1073741824 268435456 60 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
    );
}

/// Lines of a file add up; CONFIG SET says all; `""` takes back what was said before.
#[test]
fn save_points_add_up_in_a_file() {
    let config = parse(b"save 900 1\nsave 300 10 60 10000");
    assert_eq!(value(&config, "save"), "900 1 300 10 60 10000");
    let changed = config.set(&[("save", "7 1")], true).expect("a value");
    assert_eq!(value(&changed, "save"), "7 1");
    assert_eq!(value(&parse(b"save 900 1\nsave \"\"\nsave 5 1"), "save"), "5 1");
    let kept = config::rewrite(b"save 900 1\nsave 5 5\nport 6379", &config);
    assert_eq!(parse(&kept), config, "{}", String::from_utf8_lossy(&kept));
}

#[test]
fn config_get_answers_names_as_asked_and_each_once() {
    let config = Config::default();
    let names = |patterns: &[&str]| -> Vec<String> {
        get(&config, patterns).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&["SAVE", "sav*"]), ["SAVE"]);
    assert_eq!(
        names(&["SLOW*", "slowlog-max-len"]),
        ["slowlog-log-slower-than", "slowlog-max-len"]
    );
    assert_eq!(names(&["nonsense", "nonsense*"]), [""; 0]);
    let shown = table::directives().filter(|directive| !directive.hidden);
    assert_eq!(names(&["*"]).len(), shown.count());
}

#[test]
fn config_set_changes_all_or_nothing() {
    let config = Config::default();
    let changed = config.set(&[("MaxClients", "20"), ("loglevel", "DEBUG")], true);
    let changed = changed.expect("both are fine");
    assert_eq!((changed.maxclients, value(&changed, "loglevel")), (20, "debug".to_owned()));
    let expected = Config { maxclients: 20, loglevel: LogLevel::Debug, ..config };
    assert_eq!(changed, expected);
    assert_eq!(
        set_error(&Config::default(), &[("maxclients", "20"), ("timeout", "abc"), ("hz", "1")]),
        "ERR CONFIG SET failed (possibly related to argument 'timeout') - \
         argument couldn't be parsed into an integer"
    );
}

#[test]
fn config_set_takes_what_redis_takes() {
    for (name, given, shown) in [
        ("hz", "0", "1"),
        ("hz", "1000", "500"),
        ("maxmemory", "1B", "1"),
        ("maxmemory", "2kb", "2048"),
        ("maxmemory", "9223372036854775808", "9223372036854775808"),
        ("client-query-buffer-limit", "1mb", "1048576"),
        ("slowlog-log-slower-than", "-1", "-1"),
        ("lazyfree-lazy-expire", "YES", "yes"),
        ("requirepass", "a b", "a b"),
        ("bind", "", ""),
        ("bind", "10.0.0.1 -::1", "10.0.0.1 -::1"),
        ("save", "", ""),
        ("save", "3600 1 60 10000", "3600 1 60 10000"),
        ("no-appendfsync-on-rewrite", "yes", "yes"),
        (
            "client-output-buffer-limit",
            "normal 1kb 2k 3 pubsub 1 2 3",
            "normal 1024 2000 3 slave 268435456 67108864 60 pubsub 1 2 3",
        ),
        (
            "client-output-buffer-limit",
            "REPLICA 0 0 0 normal 0 0 0 normal 1 1 1",
            "normal 1 1 1 slave 0 0 0 pubsub 33554432 8388608 60",
        ),
    ] {
        let config = Config::default().set(&[(name, given)], true).expect(name);
        assert_eq!(value(&config, name), shown, "{name} {given}");
    }
}

#[test]
fn config_set_refuses_in_redis_s_words() {
    let integer = "argument couldn't be parsed into an integer";
    let memory = "argument must be a memory value";
    for (name, given, reason) in [
        ("maxclients", "0", "argument must be between 1 and 4294967295 inclusive"),
        ("maxclients", "-1", "argument must be between 1 and 4294967295 inclusive"),
        ("maxclients", "4294967296", "argument must be between 1 and 4294967295 inclusive"),
        ("maxclients", "99999999999999999999999", integer),
        ("maxclients", "100kb", integer),
        ("maxclients", "", integer),
        ("port", "99999", "argument must be between 0 and 65535 inclusive"),
        ("timeout", "-1", "argument must be between 0 and 2147483647 inclusive"),
        ("timeout", "+5", integer),
        ("active-expire-effort", "11", "argument must be between 1 and 10 inclusive"),
        ("maxmemory-samples", "0", "argument must be between 1 and 2147483647 inclusive"),
        (
            "slowlog-log-slower-than",
            "-2",
            "argument must be between -1 and 9223372036854775807 inclusive",
        ),
        (
            "proto-max-bulk-len",
            "1",
            "argument must be between 1048576 and 9223372036854775807 inclusive",
        ),
        ("maxmemory", "10zz", memory),
        ("maxmemory", "-5", memory),
        ("maxmemory", "1.5gb", memory),
        ("protected-mode", "maybe", "argument must be 'yes' or 'no'"),
        ("lazyfree-lazy-expire", "1", "argument must be 'yes' or 'no'"),
        // Redis 7.2 knows "nothing", 7.0 does not.
        (
            "loglevel",
            "hey",
            "argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
        ),
        ("bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "Too many bind addresses specified."),
        ("save", "10 20 30", "Invalid save parameters"),
        ("save", "10 a", "Invalid save parameters"),
        ("save", "0 20", "Invalid save parameters"),
        ("save", "10 -1", "Invalid save parameters"),
        (
            "client-output-buffer-limit",
            "normal 1 2",
            "Wrong number of arguments in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "master 1 2 3",
            "Invalid client class specified in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "normal 1kb 2k -3",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        ("tcp-backlog", "3", "can't set immutable config"),
        ("daemonize", "yes", "can't set immutable config"),
        // In Redis it can be switched on at run time.
        ("appendonly", "yes", "can't set immutable config"),
    ] {
        assert_eq!(
            set_error(&Config::default(), &[(name, given)]),
            format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"),
            "{name} {given}"
        );
    }
}

#[test]
fn config_set_refuses_what_this_version_does_not_do() {
    for (name, given, reason) in [
        ("min-replicas-to-write", "1", "this version does not do that"),
        ("maxmemory-policy", "allkeys-lfu", "choose an lru, random or ttl policy"),
    ] {
        let error = set_error(&Config::default(), &[(name, given)]);
        assert!(error.ends_with(reason), "{error}");
    }
    for (name, given) in [("daemonize", "yes"), ("supervised", "systemd"), ("supervised", "auto")] {
        let error = Config::default().apply(name, &[given]).expect_err(name).to_string();
        assert!(error.contains("service manager"), "{error}");
    }
}

#[test]
fn config_set_checks_every_name_before_any_value() {
    let config = Config::default();
    assert_eq!(
        set_error(&config, &[("timeout", "abc"), ("foo", "1"), ("tcp-backlog", "3")]),
        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"
    );
    assert_eq!(
        set_error(&config, &[("tcp-backlog", "3"), ("foo", "1")]),
        "ERR CONFIG SET failed (possibly related to argument 'tcp-backlog') - \
         can't set immutable config"
    );
    assert_eq!(
        set_error(&config, &[("maxclients", "abc"), ("MaxClients", "1")]),
        "ERR CONFIG SET failed (possibly related to argument 'MaxClients') - duplicate parameter"
    );
    assert_eq!(
        set_error(&config, &[("include", "foo")]),
        "ERR Unknown option or number of arguments for CONFIG SET - 'include'"
    );
}

#[test]
fn protected_directives_need_permission() {
    let with = |permission: &str| {
        let mut config = Config::default();
        config.apply("enable-protected-configs", &[permission]).expect("a permission");
        config
    };
    let set = |permission: &str, client_is_local| {
        with(permission)
            .set(&[("dir", "/tmp")], client_is_local)
            .map(|config| value(&config, "dir"))
    };
    let refused = Err(SetError::Failed {
        name: "dir".to_owned(),
        reason: "can't set protected config".to_owned(),
    });
    assert_eq!(set("no", true), refused);
    assert_eq!(set("local", false), refused);
    assert_eq!(set("local", true), Ok("/tmp".to_owned()));
    assert_eq!(set("yes", false), Ok("/tmp".to_owned()));
    assert_eq!(
        set_error(&with("yes"), &[("dbfilename", "a/b")]),
        "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - \
         dbfilename can't be a path, just a filename"
    );
}

#[test]
fn both_ends_of_every_range_fit_their_field() {
    for directive in table::directives() {
        let Kind::Number { unit, range, .. } = &directive.kind else { continue };
        for (end, beyond) in [(range.start(), range.start() - 1), (range.end(), range.end() + 1)] {
            let mut config = Config::default();
            let set = config.apply(directive.name, &[unit.show(*end)]);
            assert_eq!(set, Ok(()), "{} {end}", directive.name);
            if directive.name != "hz" {
                assert_eq!(directive.show(&config), unit.show(*end).into_bytes());
            }
            let set = config.apply(directive.name, &[unit.show(beyond)]);
            assert!(set.is_err(), "{} {beyond}", directive.name);
        }
    }
}

#[test]
fn the_example_is_the_default() {
    assert_eq!(parse(config::example().as_bytes()), Config::default());
    for directive in table::directives() {
        for line in directive.lines(&Config::default()) {
            assert_eq!(parse(line.as_bytes()), Config::default(), "{line}");
        }
    }
}

/// `UPDATE_EXPECT=1 cargo test --test configuration` writes the files anew.
#[test]
fn generated_files_are_up_to_date() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, text) in
        [("redis.conf.example", config::example()), ("docs/configuration.md", config::reference())]
    {
        let path = root.join(name);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &text).expect("the file can be written");
        }
        let file = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(file == text, "{name} is not what the table says: run with UPDATE_EXPECT=1");
    }
}

/// What redis-server 7.0.15 makes of this file after these changes, without the lines of
/// directives that Headcount does not have or that Redis writes always.
#[test]
fn rewrite_keeps_comments_and_places() {
    let old = "port 7390\n# comment\n\n\nmaxclients 50\nloglevel notice\n  timeout 10\ntimeout 5\n  # tail\n\
        maxmemory 100mb\nnonsense 1\nbind 127.0.0.1\nhz 20\n";
    let mut config = parse(old.replace("nonsense 1\n", "").as_bytes());
    let changes = [
        ("maxclients", "60"),
        ("loglevel", "debug"),
        ("maxmemory", "3000000"),
        ("requirepass", "a \"b"),
    ];
    config = config.set(&changes, true).expect("all are fine");
    let expected = "port 7390\n# comment\n\nmaxclients 60\nloglevel debug\ntimeout 5\n\n# tail\n\
        maxmemory 3000000\n# ??? nonsense 1\nbind 127.0.0.1\nhz 20\n\n# Generated by CONFIG REWRITE\n\
        requirepass \"a \\\"b\"\n";
    let rewritten = config::rewrite(old.as_bytes(), &config);
    assert_eq!(String::from_utf8_lossy(&rewritten), expected);

    let config = config.set(&[("slowlog-max-len", "99"), ("hz", "10")], true).expect("fine");
    let expected = expected.replace("hz 20", "hz 10") + "slowlog-max-len 99\n";
    let rewritten = config::rewrite(&rewritten, &config);
    assert_eq!(String::from_utf8_lossy(&rewritten), expected, "one signature is enough");
}

#[test]
fn rewrite_keeps_includes() {
    let old = b"include /etc/more.conf\nport 1\n";
    assert_eq!(config::rewrite(old, &parse(b"port 2")), b"include /etc/more.conf\nport 2\n");
}

proptest! {
    #[test]
    fn a_rewritten_file_reads_back(
        old in proptest::collection::vec(any_line(), 0..20),
        config in any_config(),
    ) {
        let rewritten = config::rewrite(&old.join(&b'\n'), &config);
        prop_assert_eq!(&parse(&rewritten), &config);
        let again = config::rewrite(&rewritten, &config);
        prop_assert_eq!(again, rewritten, "a second rewrite changes nothing");
    }

    #[test]
    fn what_config_get_shows_config_set_takes(config in any_config()) {
        let open = |config| Config { enable_protected_configs: Permission::Yes, ..config };
        let mut settable = Config::default();
        for directive in table::directives().filter(|directive| !directive.hidden) {
            let shown = directive.show(&config);
            match directive.change {
                Change::AtStart => directive.set(&mut settable, &[&shown]).expect(directive.name),
                Change::AtRunTime | Change::Protected => {
                    let pair = (directive.name.as_bytes(), shown.as_slice());
                    settable = open(settable).set(&[pair], false).expect(directive.name);
                }
            }
        }
        settable.enable_protected_configs = config.enable_protected_configs;
        settable.users.lines.clone_from(&config.users.lines);
        prop_assert_eq!(settable, config);
    }
}
