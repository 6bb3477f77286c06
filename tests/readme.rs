//! What README.md, ARCHITECTURE.md and docs/ show is so: the redis-cli sessions run as printed, the
//! files that are named exist, and every command stands where docs/commands-by-file.md says.

#[path = "readme/cluster.rs"]
mod cluster;
#[path = "readme/session.rs"]
mod session;
mod support;

use headcount::client::Client;
use headcount::command::registry;
use session::Session;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Server, print, words};

/// The documents whose sessions run, from the package's root.
const WITH_SESSIONS: &[&str] = &["README.md", "docs/recipes.md", "docs/semantics.md"];

#[test]
fn sessions_run_as_printed() {
    let server = Server::headcount(&["--appendonly", "yes"]);
    let mut client = server.connect();
    for_each_session(&mut client, |client, command| {
        print::redis_cli(&client.call(&words::split(command)).expect("a reply"))
    });
}

#[test]
fn sessions_run_in_redis_cli_as_printed() {
    if Command::new("redis-cli").arg("--version").output().is_err() {
        return println!("skipped: no redis-cli in PATH");
    }
    let server = Server::headcount(&["--appendonly", "yes"]);
    for_each_session(&mut server.connect(), |_, command| {
        let output = Command::new("redis-cli")
            .args(["-p", &server.port.to_string()])
            .args(
                words::split(command).iter().map(|word| String::from_utf8_lossy(word).into_owned()),
            )
            // Makes it print as on a terminal.
            .env("FAKETTY", "1")
            .output();
        let printed = output.expect("redis-cli to run").stdout;
        String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned()
    });
}

/// Has `run` answer the commands of all sessions; each starts with empty databases.
fn for_each_session(client: &mut Client, mut run: impl FnMut(&mut Client, &str) -> String) {
    for document in WITH_SESSIONS {
        let mut sessions = session::sessions(&read(document));
        sessions.retain(|session| session.steps.iter().all(|step| step.port == session::PORT));
        assert!(!sessions.is_empty(), "{document} has no session");
        for Session { line, continues_after, steps } in sessions {
            match continues_after {
                Some(pause) => std::thread::sleep(pause),
                None => drop(client.call(&["FLUSHALL"]).expect("a reply")),
            }
            for step in steps {
                let printed = run(client, &step.command);
                let command = step.command;
                assert_eq!(printed, step.expected, "{document}, line {line}: {command}");
            }
        }
    }
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        let folder = document.parent().expect("its folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if !link.contains("://") && !path.is_empty() && !folder.join(path).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn architecture_md_names_files_that_exist() {
    let text = read("ARCHITECTURE.md");
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.starts_with("src/") || name.starts_with("tests/"))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !root().join(name).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}

#[test]
fn the_list_says_where_every_command_is() {
    let text = read("docs/commands-by-file.md");
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in text.lines().filter(|line| line.starts_with("| `src/command/")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for command in cells[2].split(' ') {
            places.entry(command.to_lowercase()).or_default().push(cells[1].trim_matches('`'));
        }
    }
    for entry in registry::commands() {
        let name = entry.command.name;
        let found = places.remove(name).unwrap_or_default();
        let [file] = &found[..] else { panic!("{name} stands in {found:?}") };
        let code = read(file);
        let is_there = code.contains(&format!("fn {name}("))
            || code.contains(&format!("name: \"{name}\""))
            || code.contains(&name.to_uppercase());
        assert!(is_there, "{name} is not in {file}");
    }
    assert!(places.is_empty(), "there are no such commands: {places:?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of the root, of docs/ and of the transcripts.
fn documents() -> Vec<PathBuf> {
    let folders = [root().to_owned(), root().join("docs"), root().join("tests/transcripts")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let paths = entries.map(|entry| entry.expect("its entries").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}
