//! Sessions with several nodes: those that the document's shell commands start.

use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use headcount::client::Client;

use crate::read;
use crate::session::{self, PORT, Session};
use crate::support::{PATIENCE, Server, free_port, print, words};

/// Nodes by the ports that the document gives them. They listen on others, which are free.
fn start(nodes: &[Vec<String>]) -> Option<BTreeMap<u16, Server>> {
    let mut ports: BTreeMap<String, String> = BTreeMap::new();
    let mut servers = BTreeMap::new();
    for flags in nodes {
        let value = |name| {
            let at = flags.iter().position(|flag| flag == name).expect("a node has both ports");
            flags[at + 1].clone()
        };
        let shown = value("--port").parse().expect("a port");
        ports.insert(value("--cluster-port"), free_port().to_string());
        let mut flags = flags.join(" ");
        for (shown, port) in &ports {
            flags = flags.replace(shown, port);
        }
        let mut flags: Vec<&str> = flags.split(' ').collect();
        flags.extend(["--appendonly", "yes"]);
        servers.insert(shown, Server::try_headcount(&flags)?);
    }
    Some(servers)
}

#[test]
fn sessions_of_several_nodes_run_as_printed() {
    let text = read("README.md");
    let mut sessions = session::sessions(&text);
    sessions.retain(|session| session.steps.iter().any(|step| step.port != PORT));
    assert!(!sessions.is_empty());
    let nodes = session::nodes(&text);
    let servers = (0..5).find_map(|_| start(&nodes)).expect("nodes that start");
    let mut clients: BTreeMap<u16, Client> =
        servers.iter().map(|(port, server)| (*port, server.connect())).collect();
    for Session { line, continues_after, steps } in sessions {
        thread::sleep(continues_after.unwrap_or_default());
        for step in steps {
            let client = clients.get_mut(&step.port).expect("a node at this port");
            let printed = ask(client, &step.command, &step.expected);
            assert_eq!(printed, step.expected, "line {line}: {}", step.command);
        }
    }
}

/// What redis-cli would print. Looking again may take a while to show what is expected.
fn ask(client: &mut Client, command: &str, expected: &str) -> String {
    let begun = Instant::now();
    loop {
        let printed = print::redis_cli(&client.call(&words::split(command)).expect("a reply"));
        let is_read = ["GET ", "SMEMBERS "].iter().any(|read| command.starts_with(read));
        if printed == expected || !is_read || begun.elapsed() > PATIENCE {
            return printed;
        }
        thread::sleep(std::time::Duration::from_millis(20));
    }
}
