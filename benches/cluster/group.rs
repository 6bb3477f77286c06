//! Servers that hold the same data.

use super::poll::{PATIENCE, until};
use super::proxy::Proxy;
use super::tools::load::Load;
use super::tools::server::{Server, free_port};
use headcount::client::{Client, Reply};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How often servers are asked whether they have settled.
const STEP: Duration = Duration::from_millis(5);

/// How the servers are kept the same.
enum Kind {
    /// Nodes, of which all take writes.
    Nodes,
    /// A redis-server that takes the writes, and its replicas.
    Replicas,
}

/// The servers, and for nodes that can be cut the proxies before their cluster-ports.
pub struct Group {
    kind: Kind,
    pub servers: Vec<Server>,
    pub proxies: Vec<Proxy>,
}

impl Group {
    /// A redis-server and its replicas.
    ///
    /// # Errors
    /// A server does not start.
    pub fn redis(replicas: usize) -> io::Result<Group> {
        // As Headcount does: no waiting for more replicas to come.
        let master = Server::redis_with(&["--repl-diskless-sync-delay", "0"])?;
        let port = master.address().port().to_string();
        let mut servers = vec![master];
        for _ in 0..replicas {
            servers.push(Server::redis_with(&["--replicaof", "127.0.0.1", &port])?);
        }
        let group = Group { kind: Kind::Replicas, servers, proxies: Vec::new() };
        until(PATIENCE, STEP, || {
            let master = group.servers[0].report("replication")?;
            Ok(master.matches("state=online").count() == replicas)
        })?;
        // From the first write on the offsets tell when a replica has it.
        group.servers[0].call(&["SET", "there", "1"])?;
        group.settle()?;
        Ok(group)
    }

    /// One node that knows of no other: without a cluster-port nothing can know of it either.
    ///
    /// # Errors
    /// The node does not start.
    pub fn alone(with_cluster_port: bool) -> io::Result<Group> {
        let port = free_port()?.to_string();
        let flags = ["--cluster-port", &port];
        let flags = if with_cluster_port { &flags[..] } else { &[] };
        let servers = vec![Server::headcount_with(flags)?];
        Ok(Group { kind: Kind::Nodes, servers, proxies: Vec::new() })
    }

    /// Nodes that reach each other directly.
    ///
    /// # Errors
    /// A node does not start, or they do not meet.
    pub fn nodes(count: usize, flags: &[&str]) -> io::Result<Group> {
        let mut group = Group { kind: Kind::Nodes, servers: Vec::new(), proxies: Vec::new() };
        let mut first = None;
        for _ in 0..count {
            let port = free_port()?;
            let seed = *first.get_or_insert(port);
            let seeds = if seed == port { vec![] } else { vec![seed] };
            group.servers.push(start_node(port, port, &seeds, flags)?);
        }
        group.wait_for_links()?;
        group.wait_for_data()?;
        Ok(group)
    }

    /// Nodes that reach each other through a proxy before each.
    ///
    /// # Errors
    /// As [`Group::nodes`].
    pub fn nodes_behind_proxies(count: usize, flags: &[&str]) -> io::Result<Group> {
        let mut group = Group { kind: Kind::Nodes, servers: Vec::new(), proxies: Vec::new() };
        for _ in 0..count {
            group.join_behind_proxy(flags)?;
        }
        group.wait_for_links()?;
        group.wait_for_data()?;
        Ok(group)
    }

    /// One node more; returns when it is up.
    ///
    /// # Errors
    /// The node does not start.
    pub fn join_behind_proxy(&mut self, flags: &[&str]) -> io::Result<()> {
        let port = free_port()?;
        let proxy = Proxy::start(port)?;
        let seeds: Vec<u16> = self.proxies.iter().take(1).map(Proxy::port).collect();
        self.servers.push(start_node(port, proxy.port(), &seeds, flags)?);
        self.proxies.push(proxy);
        Ok(())
    }

    /// Those that take writes.
    pub fn writers(&self) -> Vec<SocketAddr> {
        let count = match self.kind {
            Kind::Nodes => self.servers.len(),
            Kind::Replicas => 1,
        };
        self.servers.iter().take(count).map(Server::address).collect()
    }

    /// Runs a load, and returns when all servers have all of it.
    ///
    /// # Errors
    /// A server ended or answered an error.
    pub fn take(&self, load: &Load<'_>) -> io::Result<()> {
        load.run(&self.writers())?;
        self.settle()
    }

    /// Returns when all servers have everything.
    ///
    /// # Errors
    /// A server ended, or it takes too long.
    pub fn settle(&self) -> io::Result<()> {
        until(PATIENCE, STEP, || match self.kind {
            Kind::Nodes => Ok(self.reports()?.iter().all(|report| has_all_confirmed(report))),
            Kind::Replicas => self.replicas_have_all(),
        })
    }

    fn replicas_have_all(&self) -> io::Result<bool> {
        let reports = self.reports()?;
        let written = field(&reports[0], "master_repl_offset");
        Ok(reports[1..].iter().all(|report| field(report, "slave_repl_offset") == written))
    }

    /// Returns when every node is connected with every other.
    ///
    /// # Errors
    /// As [`Group::settle`].
    pub fn wait_for_links(&self) -> io::Result<()> {
        let others = self.servers.len() - 1;
        let linked = |report: &String| report.matches("link=up").count() == others;
        until(PATIENCE, Duration::from_millis(2), || Ok(self.reports()?.iter().all(linked)))
    }

    /// Returns when all have fetched the data, and answer clients.
    fn wait_for_data(&self) -> io::Result<()> {
        let loading = || self.servers.iter().map(|server| server.info("loading"));
        until(PATIENCE, STEP, || {
            Ok(loading().collect::<io::Result<Vec<_>>>()?.iter().all(|it| it == "0"))
        })
    }

    fn reports(&self) -> io::Result<Vec<String>> {
        self.servers.iter().map(|server| server.report("replication")).collect()
    }

    /// Sends a command to every server.
    ///
    /// # Errors
    /// A server does not answer, or answers an error.
    pub fn call_all(&self, words: &[&str]) -> io::Result<()> {
        for server in &self.servers {
            if let Reply::Error(text) = server.call(words)? {
                return Err(io::Error::other(String::from_utf8_lossy(&text).into_owned()));
            }
        }
        Ok(())
    }

    /// A connection to each.
    ///
    /// # Errors
    /// A server cannot be reached.
    pub fn clients(&self) -> io::Result<Vec<Client>> {
        self.servers.iter().map(|server| Client::connect(server.address())).collect()
    }

    /// Nanoseconds of processor time that all servers have used so far.
    ///
    /// # Errors
    /// A server ended.
    pub fn cpu_ns(&self) -> io::Result<u64> {
        self.servers.iter().map(Server::cpu_ns).sum()
    }

    /// Bytes that the servers have sent each other, by their own count.
    ///
    /// # Errors
    /// A server does not answer.
    pub fn wire_bytes(&self) -> io::Result<u64> {
        match self.kind {
            Kind::Replicas => {
                let sent = self.servers[0].info("total_net_repl_output_bytes")?;
                sent.parse().map_err(io::Error::other)
            }
            Kind::Nodes => self.sum_of_peers("bytes_out"),
        }
    }

    /// The sum of a number that INFO has of every peer, over all nodes.
    ///
    /// # Errors
    /// A node does not answer.
    pub fn sum_of_peers(&self, part: &str) -> io::Result<u64> {
        Ok(self.reports()?.iter().flat_map(|report| of_peers(report, part)).sum())
    }

    /// The sum of a number that INFO has, over all nodes.
    ///
    /// # Errors
    /// A node does not answer.
    pub fn sum_of(&self, name: &str) -> io::Result<u64> {
        let reports = self.reports()?;
        Ok(reports.iter().filter_map(|report| field(report, name)?.parse::<u64>().ok()).sum())
    }
}

fn start_node(port: u16, announced: u16, seeds: &[u16], flags: &[&str]) -> io::Result<Server> {
    let address = |port: u16| format!("127.0.0.1:{port}");
    let mut words = vec!["--cluster-port".to_owned(), port.to_string()];
    words.extend(["--cluster-announce".to_owned(), address(announced)]);
    words.extend(["--enable-debug-command".to_owned(), "local".to_owned()]);
    for seed in seeds {
        words.extend(["--cluster-peer".to_owned(), address(*seed)]);
    }
    words.extend(flags.iter().map(|flag| (*flag).to_owned()));
    Server::headcount_with(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn has_all_confirmed(report: &str) -> bool {
    // A node alone has no such field.
    field(report, "keys_waiting").is_none_or(|waiting| waiting == "0")
        && of_peers(report, "unconfirmed_batches").all(|batches| batches == 0)
}

fn field<'r>(report: &'r str, name: &str) -> Option<&'r str> {
    report.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// A number of every peer's line.
fn of_peers<'r>(report: &'r str, part: &'r str) -> impl Iterator<Item = u64> + 'r {
    let peers = report.lines().filter(|line| line.contains(":node="));
    peers.filter_map(move |line| {
        let parts = line.split(',');
        let value = parts.filter_map(|text| text.strip_prefix(part)?.strip_prefix('=')).next();
        value?.parse().ok()
    })
}
