//! Nodes that know one another, with a network between them that a test can cut.

use std::fmt::Write;
use std::time::Instant;

use redis::Connection;
use rustix::process::Signal;

use crate::agreement::{agree_after_heal, agree_by};
use crate::clients::{ask, connect};
use crate::proxy::{NODES, Network, Way, source};
use crate::support::{PATIENCE, Server, eventually, free_port};

/// Nodes by their numbers, each of which runs or does not.
pub struct Cluster {
    pub network: Network,
    flags: Vec<String>,
    nodes: [Option<Server>; NODES],
}

impl Cluster {
    /// So many nodes that hear each other.
    pub fn start(count: usize) -> Cluster {
        Cluster::with(count, &[])
    }

    /// The same with these further flags.
    pub fn with(count: usize, flags: &[&str]) -> Cluster {
        let mut cluster = Cluster::planned(flags);
        (0..count).for_each(|node| cluster.run(node));
        cluster.hear_each_other();
        cluster
    }

    /// Nobody runs yet.
    pub fn planned(flags: &[&str]) -> Cluster {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Cluster { network: Network::new(), flags, nodes: [const { None }; NODES] }
    }

    /// Starts a node, which is told of node 0.
    pub fn run(&mut self, node: usize) {
        let first = self.network.address(0).to_string();
        self.run_with(node, &["--cluster-peer", &first]);
    }

    /// Starts a node with these flags instead.
    pub fn run_with(&mut self, node: usize, more: &[&str]) {
        let announced = self.network.address(node).to_string();
        let (id, source) = (format!("{:x}", node + 1), source(node).to_string());
        let mut flags = vec!["--cluster-announce", &announced, "--cluster-node-id", &id];
        flags.extend(["--bind-source-addr", &source, "--logfile", "log"]);
        flags.extend(self.flags.iter().map(String::as_str));
        flags.extend(more);
        let start = || {
            let port = free_port();
            let text = port.to_string();
            let all = [&["--cluster-port", &text], &flags[..]].concat();
            Some((port, Server::try_headcount(&all)?))
        };
        let (port, server) = (0..5).find_map(|_| start()).expect("a node that starts");
        self.network.lead_to(node, port);
        self.nodes[node] = Some(server);
    }

    /// Ends a node without a word.
    pub fn kill(&mut self, node: usize) {
        self.end(node, Signal::KILL);
    }

    /// Ends a node in good order.
    pub fn stop(&mut self, node: usize) {
        self.end(node, Signal::TERM);
    }

    fn end(&mut self, node: usize, signal: Signal) {
        self.nodes[node].take().expect("a node that runs").signal(signal);
        self.network.lead_to(node, 0);
    }

    pub fn server(&self, node: usize) -> &Server {
        self.nodes[node].as_ref().expect("a node that runs")
    }

    pub fn connect(&self, node: usize) -> Connection {
        connect(self.server(node))
    }

    /// Those that run.
    pub fn running(&self) -> impl Iterator<Item = usize> {
        (0..NODES).filter(|node| self.nodes[*node].is_some())
    }

    /// What a node logged.
    pub fn log(&self, node: usize) -> String {
        std::fs::read_to_string(self.server(node).path("log")).expect("a log")
    }

    /// Does this to both directions between these nodes and those.
    pub fn between(&self, these: &[usize], those: &[usize], way: Way) {
        for (this, that) in these.iter().flat_map(|this| those.iter().map(move |that| (this, that)))
        {
            self.network.set(*this, *that, way);
            self.network.set(*that, *this, way);
        }
    }

    /// Opens all ways.
    pub fn heal(&self) -> Heal<'_> {
        self.network.open();
        Heal { cluster: self, since: Instant::now() }
    }

    /// Waits until all that run have links to all others, both ways.
    pub fn hear_each_other(&self) {
        let others = self.running().count() - 1;
        for node in self.running() {
            eventually("the nodes hear each other", || {
                self.peers(node).iter().filter(|peer| peer.contains(",link=up,")).count() == others
            });
        }
    }

    /// What a node says of its peers.
    pub fn peers(&self, node: usize) -> Vec<String> {
        let info: String = ask(&mut self.connect(node), "INFO replication");
        let is_peer = |line: &&str| line.starts_with("peer") && line.contains(":node=");
        info.lines().filter(is_peer).map(str::to_owned).collect()
    }

    /// What a node says of one of its peers.
    pub fn peer(&self, node: usize, of: usize) -> String {
        let id = format!(":node={:08x},", of + 1);
        let mut peers = self.peers(node).into_iter();
        peers.find(|peer| peer.contains(&id)).unwrap_or_default()
    }

    /// Waits, without hurry, until all hold the same.
    pub fn converge(&self) {
        agree_by(&mut self.clients(), Instant::now() + PATIENCE, || self.portrait());
    }

    /// A client of each node that runs.
    fn clients(&self) -> Vec<Connection> {
        self.running().map(|node| self.connect(node)).collect()
    }

    /// All that helps to understand a failure.
    fn portrait(&self) -> String {
        let mut portrait = String::new();
        for node in self.running() {
            let info: String = ask(&mut self.connect(node), "INFO replication");
            writeln!(portrait, "node {node}\n{info}{}", self.log(node)).expect("a String");
        }
        portrait
    }
}

/// The time after a heal.
pub struct Heal<'c> {
    cluster: &'c Cluster,
    since: Instant,
}

impl Heal<'_> {
    /// Waits until all nodes are the same, which they have to be in time.
    pub fn converge(&self) {
        let portrait = || self.cluster.portrait();
        agree_after_heal(&mut self.cluster.clients(), self.since, portrait);
    }
}
