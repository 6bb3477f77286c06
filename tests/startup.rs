//! The command line and the configuration files that it names. The error texts are those of
//! redis-server 7.0.15, with Headcount's name.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use headcount::cli::{self, CliError, Invocation, Target};
use headcount::config::Config;
use tempfile::TempDir;

fn parse_with_stdin(arguments: &[&str], stdin: &str) -> Result<Invocation, CliError> {
    cli::parse(arguments.iter().map(OsString::from), stdin.as_bytes())
}

fn parse(arguments: &[&str]) -> Result<Invocation, CliError> {
    parse_with_stdin(arguments, "")
}

fn served(invocation: Result<Invocation, CliError>) -> Config {
    match invocation {
        Ok(Invocation::Serve(config, _)) => *config,
        other => panic!("not a server: {other:?}"),
    }
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        let text = text.replace("DIR", &folder.path().display().to_string());
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// The error text for a configuration file, behind its first two lines.
fn refusal(text: &str) -> String {
    let folder = folder(&[("a.conf", text)]);
    let error = parse(&[&path(&folder, "a.conf")]).expect_err("must be refused").to_string();
    let head =
        format!("\n*** FATAL CONFIG FILE ERROR (Headcount {}) ***\n", env!("CARGO_PKG_VERSION"));
    let error = error.strip_prefix(&head).expect("Redis's headline");
    error.strip_prefix("Reading the configuration file, ").expect("the place").to_owned()
}

#[test]
fn a_bad_line_is_named_with_its_number_and_the_reason() {
    let range = "argument must be between 0 and 65535 inclusive";
    for (text, expected) in [
        (
            "# x\n  foo bar  \n",
            "at line 2\n>>> 'foo bar'\nBad directive or wrong number of arguments".to_owned(),
        ),
        ("port 99999\n\n", format!("at line 1\n>>> 'port 99999'\n{range}")),
        ("\"port\" 99999", format!("at line 1\n>>> '\"port\" 99999'\n{range}")),
        (
            "port 1\nmaxclients 1 2",
            "at line 2\n>>> 'maxclients 1 2'\nwrong number of arguments".to_owned(),
        ),
        ("port", "at line 1\n>>> 'port'\nwrong number of arguments".to_owned()),
        (
            "dir \"a\"b",
            "at line 1\n>>> 'dir \"a\"b'\nUnbalanced quotes in configuration line".to_owned(),
        ),
        (
            // Redis shows it.
            "requirepass \"a\"b",
            "at line 1\n>>> 'requirepass (redacted)'\nUnbalanced quotes in configuration line"
                .to_owned(),
        ),
        (
            "unixsocketperm 999",
            "at line 1\n>>> 'unixsocketperm 999'\nargument couldn't be parsed as an octal number"
                .to_owned(),
        ),
        (
            "unixsocketperm 1000",
            "at line 1\n>>> 'unixsocketperm 1000'\nargument must be between 0 and 777 inclusive"
                .to_owned(),
        ),
        (
            "include",
            "at line 1\n>>> 'include'\nBad directive or wrong number of arguments".to_owned(),
        ),
        ("\"\"", "at line 1\n>>> '\"\"'\nBad directive or wrong number of arguments".to_owned()),
        ("save 60", "at line 1\n>>> 'save 60'\nInvalid save parameters".to_owned()),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn a_bad_flag_is_named() {
    let error = parse(&["--bind", "127.0.0.1", "--port", "abc"]).expect_err("must be refused");
    let expected = "Reading the command line\n>>> 'port \"abc\"'\n\
        argument couldn't be parsed into an integer";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder(&[("a.conf", "port 1\ninclude DIR/none.conf\n")]);
    let missing = path(&folder, "none.conf");
    let reason = format!("can't open config file '{missing}': No such file or directory");
    let error = parse(&[&missing]).expect_err("must be refused").to_string();
    assert!(error.starts_with(&format!("Fatal error, {reason}")), "{error}");
    let error = parse(&[&path(&folder, "a.conf")]).expect_err("must be refused").to_string();
    assert!(error.contains("at line 2\n") && error.contains(&reason), "{error}");
}

#[test]
fn the_file_then_standard_input_then_the_flags() {
    let folder = folder(&[("a.conf", "port 1\ntimeout 1\nhz 1\nmaxclients 9")]);
    let file = path(&folder, "a.conf");
    let arguments = [file.as_str(), "--hz", "3", "--MaxClients", "8", "--maxclients", "7", "-"];
    let config = served(parse_with_stdin(&arguments, "timeout 2\nhz 2\n"));
    let expected = Config { port: 1, timeout_s: 2, hz: 3, maxclients: 7, ..Config::default() };
    assert_eq!(config, expected);
}

#[test]
fn the_path_is_kept_for_rewriting() {
    let Ok(Invocation::Serve(config, None)) = parse(&[]) else { panic!("no file was named") };
    assert_eq!(*config, Config::default());
    let folder = folder(&[("a.conf", "")]);
    let Ok(Invocation::Serve(_, path)) = parse(&[&path(&folder, "a.conf")]) else {
        panic!("a file was named");
    };
    assert_eq!(path.as_deref(), Some(folder.path().join("a.conf").as_path()));
    assert!(path.is_some_and(|path: std::path::PathBuf| Path::is_absolute(&path)));
}

#[test]
fn includes_are_read_where_they_stand() {
    let folder = folder(&[
        ("a.conf", "port 1\ninclude \"DIR/b.conf\"\nhz 3\n"),
        ("b.conf", "port 2\nhz 2\nINCLUDE DIR/c*.conf\ninclude DIR/none*.conf\n"),
        ("c2.conf", "timeout 2\n"),
        ("c1.conf", "timeout 1\nmaxclients 1\n"),
    ]);
    let config = served(parse(&[&path(&folder, "a.conf")]));
    let expected = Config { port: 2, hz: 3, timeout_s: 2, maxclients: 1, ..Config::default() };
    assert_eq!(config, expected);
}

#[test]
fn a_bad_line_of_an_included_file_names_that_file() {
    let folder = folder(&[("a.conf", "include DIR/b.conf"), ("b.conf", "\nport x")]);
    let error = parse(&[&path(&folder, "a.conf")]).expect_err("must be refused").to_string();
    let place = format!("the included file '{}', at line 2\n", path(&folder, "b.conf"));
    assert!(error.contains(&place), "{error}");
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let folder = folder(&[("a.conf", "include DIR/a.conf\ninclude DIR/a.conf\n")]);
    let error = parse(&[&path(&folder, "a.conf")]).expect_err("must be refused").to_string();
    assert!(error.ends_with("includes are nested more than 16 deep"), "{error}");
}

#[test]
fn subcommands() {
    for flag in ["--help", "-h"] {
        assert_eq!(parse(&[flag]).expect(flag), Invocation::Help);
    }
    for flag in ["--version", "-v"] {
        assert_eq!(parse(&[flag, "x"]).expect(flag), Invocation::Version);
    }
    let target = Target::Tcp { host: "127.0.0.1".to_owned(), port: 7001 };
    assert_eq!(parse(&["ping", "--port", "7001"]).expect("ping"), Invocation::Ping(target));
    let error = parse(&["ping", "--what", "1"]).expect_err("must be refused").to_string();
    assert!(error.starts_with("unknown option '--what'\nUsage: headcount ping"), "{error}");
}

#[test]
fn help_lists_every_flag() {
    let help = cli::help();
    for directive in headcount::config::table::SECTIONS.iter().flat_map(|it| it.directives) {
        assert!(help.contains(&format!("\n  --{} ", directive.name)), "{}", directive.name);
    }
}
