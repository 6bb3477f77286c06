//! Sessions as redis-cli would show them, replayed against Headcount and against the original.
//!
//! `tests/transcripts/README.md` describes the format. `TRANSCRIPT=strings/set` runs the files whose
//! path contains that; `UPDATE_EXPECT=redis` writes what redis-server answers into the files.

#[path = "transcripts/file.rs"]
mod file;
#[path = "transcripts/matching.rs"]
mod matching;
mod support;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use file::{Block, Rules, Step};
use headcount::client::{Client, Reply};
use headcount::command::registry;
use support::{Kind, PATIENCE, Server, print, show, words};

#[test]
fn headcount_answers_as_the_transcripts_say() {
    replay_all(&Server::headcount(&[]), &[], false);
}

/// Some files show what is kept of a key that was deleted, until that is on disk, or the form of a HyperLogLog,
/// which follows from its registers there.
#[test]
fn with_a_log_it_answers_the_same() {
    let of_memory =
        ["hyperloglog/pfdebug.txt", "keys/scan.txt", "server/debug.txt", "server/memory.txt"];
    replay_all(&Server::headcount(&["--appendonly", "yes"]), &of_memory, false);
}

#[test]
fn redis_answers_as_the_transcripts_say() {
    let update = std::env::var("UPDATE_EXPECT").is_ok_and(|server| server == "redis");
    if let Some(redis) = Server::redis(&[]) {
        replay_all(&redis, &[], update);
    }
}

/// Each command and subcommand is said in one of the files.
#[test]
fn every_command_has_a_transcript() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let texts = transcripts(&root).into_iter().map(|path| fs::read_to_string(path).expect("it"));
    let said: BTreeSet<String> = texts
        .flat_map(|text| file::parse(&text))
        .flat_map(|block| block.steps)
        .map(|step| step.command.to_ascii_lowercase())
        .collect();
    let is_said = |name: &str| {
        let first = name.replace('|', " ");
        let from = said.range(first.clone()..).take_while(|line| line.starts_with(&first));
        from.into_iter()
            .any(|line| line.len() == first.len() || line[first.len()..].starts_with(' '))
    };
    let rows =
        registry::commands().flat_map(|entry| std::iter::once(entry).chain(entry.subcommands()));
    let silent: Vec<_> =
        rows.map(|entry| entry.full_name.as_str()).filter(|name| !is_said(name)).collect();
    assert!(silent.is_empty(), "no transcript says {silent:?}");
}

fn replay_all(server: &Server, without: &[&str], update: bool) {
    let wanted = std::env::var("TRANSCRIPT").unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let (mut replayed, mut failures) = (0, Vec::new());
    for path in transcripts(&root) {
        let name = path.strip_prefix(&root).expect("below").display().to_string();
        if !name.contains(&wanted) || without.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a transcript");
        let mut blocks = file::parse(&text);
        let mut replay = Replay::new(server, &name, update);
        replay.run(&mut blocks);
        replayed += replay.steps;
        failures.append(&mut replay.failures);
        if update {
            fs::write(&path, file::print(&blocks)).expect("a transcript to write");
        }
    }
    println!("{replayed} commands replayed against {:?}", server.kind);
    assert!(replayed > 0, "no transcript has {wanted:?} in its path");
    assert!(failures.is_empty(), "{} differ:\n\n{}", failures.len(), failures.join("\n\n"));
}

fn transcripts(root: &Path) -> Vec<PathBuf> {
    let folders =
        fs::read_dir(root).expect("tests/transcripts").map(|entry| entry.expect("entry").path());
    let files = folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).expect("a family"));
    let mut paths: Vec<_> = files.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    paths
}

/// One file's run: its connections by name, what was counted, what differed.
struct Replay<'a> {
    server: &'a Server,
    name: &'a str,
    update: bool,
    version: (u32, u32),
    connections: HashMap<String, Client>,
    steps: usize,
    failures: Vec<String>,
}

impl<'a> Replay<'a> {
    fn new(server: &'a Server, name: &'a str, update: bool) -> Replay<'a> {
        server.connect().call(&["FLUSHALL"]).expect("FLUSHALL");
        // Headcount is asked everything, whatever version it claims to be.
        let version = if server.kind == Kind::Redis { server.version() } else { (0, 0) };
        let connections = HashMap::new();
        Replay { server, name, update, version, connections, steps: 0, failures: Vec::new() }
    }

    fn run(&mut self, blocks: &mut [Block]) {
        let (kind, version) = (self.server.kind, self.version);
        for block in blocks.iter_mut().filter(|block| applies(block, kind, version)) {
            for step in &mut block.steps {
                self.step(step, &block.rules);
            }
        }
        if kind == Kind::Headcount {
            self.reload();
        }
    }

    /// What a file leaves behind is the same when it was written and read back.
    fn reload(&mut self) {
        let Ok(reply) = self.server.connect().call(&["DEBUG", "RELOAD"]) else { return };
        if matches!(&reply, Reply::Error(text) if text.starts_with(b"ERR Error trying to load")) {
            self.failures.push(format!("{}: {}", self.name, print::redis_cli(&reply)));
        }
    }

    fn step(&mut self, step: &mut Step, rules: &Rules) {
        self.steps += 1;
        let actual = self.until_it_fits(step, rules);
        if matching::fits(&step.expected, &actual, rules) {
            return;
        }
        if self.update {
            step.expected = actual;
            return;
        }
        let Step { line, command, expected, .. } = step;
        let place = format!("{}:{line}", self.name);
        self.failures
            .push(format!("{place} {command}\n--- expected\n{expected}\n--- answered\n{actual}"));
    }

    fn until_it_fits(&mut self, step: &Step, rules: &Rules) -> String {
        let start = Instant::now();
        loop {
            let actual = self.perform(step, rules);
            let late = start.elapsed() > PATIENCE;
            if !rules.until || late || matching::fits(&step.expected, &actual, rules) {
                return actual;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn perform(&mut self, step: &Step, rules: &Rules) -> String {
        if !self.connections.contains_key(&step.connection) {
            let client = connect(self.server, &step.connection);
            self.connections.insert(step.connection.clone(), client);
        }
        let client = self.connections.get_mut(&step.connection).expect("just connected");
        let words = words::split(&step.command);
        if step.expected == "(no reply)" {
            client.send(&[&words]).expect("a command to send");
            return step.expected.clone();
        }
        let reply = match step.command.as_str() {
            "(next)" => client.take_push().map_or_else(|| client.receive(), Ok),
            _ => exchange(client, &words, rules.push),
        };
        if reply.is_err() {
            self.connections.remove(&step.connection);
        }
        show(&reply.map(|reply| if rules.unordered { sorted(reply) } else { reply }))
    }
}

/// A connection whose name starts with 3 speaks RESP3.
fn connect(server: &Server, name: &str) -> Client {
    let mut client = server.connect();
    if name.starts_with('3') {
        client.hello3().expect("HELLO 3");
    }
    client
}

fn exchange(client: &mut Client, words: &[Vec<u8>], push: bool) -> io::Result<Reply> {
    if push {
        client.send(&[words])?;
        return client.receive();
    }
    client.call(words)
}

fn applies(block: &Block, kind: Kind, version: (u32, u32)) -> bool {
    kind == Kind::Headcount || (!block.rules.headcount && block.rules.since <= version)
}

/// Puts every list of strings in it in order; lists of anything else keep theirs.
fn sorted(reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) => Reply::Array(sorted_items(items)),
        Reply::Set(items) => Reply::Set(sorted_items(items)),
        other => other,
    }
}

fn sorted_items(items: Vec<Reply>) -> Vec<Reply> {
    let mut items: Vec<_> = items.into_iter().map(sorted).collect();
    if items.iter().all(|item| matches!(item, Reply::Bulk(_) | Reply::Simple(_))) {
        items.sort_by_key(print::redis_cli);
    }
    items
}
