//! A network of the kernel's: a namespace for each node, joined by a bridge in one of its own. Nothing
//! of it can be seen from outside but the names.

use std::process::Command;

/// What the names begin with; then come the process that made them and who it is for.
const PREFIX: &str = "headcount-test-";
/// Of this process, for each one that it makes.
static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// The namespaces; they go with the value.
pub struct Lan {
    prefix: String,
    nodes: usize,
}

impl Lan {
    /// So many nodes, or why there can be none here.
    pub fn new(nodes: usize) -> Result<Lan, String> {
        remove_stale();
        let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let lan = Lan { prefix: format!("{PREFIX}{}-{number}-", std::process::id()), nodes };
        lan.make()?;
        Ok(lan)
    }

    fn make(&self) -> Result<(), String> {
        let hub = self.hub();
        ip(&format!("netns add {hub}"))?;
        ip(&format!("-n {hub} link add lan type bridge"))?;
        ip(&format!("-n {hub} link set lan up"))?;
        for node in 0..self.nodes {
            let name = self.node(node);
            ip(&format!("netns add {name}"))?;
            ip(&format!("-n {hub} link add port{node} type veth peer name eth0 netns {name}"))?;
            ip(&format!("-n {hub} link set port{node} master lan up"))?;
            ip(&format!("-n {name} address add {}/24 dev eth0", address(node)))?;
            ip(&format!("-n {name} link set eth0 up"))?;
            ip(&format!("-n {name} link set lo up"))?;
        }
        Ok(())
    }

    fn hub(&self) -> String {
        format!("{}hub", self.prefix)
    }

    fn node(&self, node: usize) -> String {
        format!("{}{node}", self.prefix)
    }

    /// What runs a program where the node is.
    pub fn command(&self, node: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.node(node), program]);
        command
    }

    /// Takes a node's link down, or up again.
    pub fn set_link(&self, node: usize, is_up: bool) {
        let state = if is_up { "up" } else { "down" };
        ip(&format!("-n {} link set port{node} {state}", self.hub())).expect("a link");
    }

    /// Has the bridge carry nothing between these nodes, or everything again.
    pub fn set_isolated(&self, nodes: &[usize], is_isolated: bool) {
        let state = if is_isolated { "on" } else { "off" };
        for node in nodes {
            let port = format!("port{node} type bridge_slave isolated {state}");
            ip(&format!("-n {} link set {port}", self.hub())).expect("a port of the bridge");
        }
    }

    /// Delays and loses what goes to each node, in the words of `tc netem`; or why it cannot.
    pub fn disturb(&self, netem: &str) -> Result<(), String> {
        for node in 0..self.nodes {
            let rule = format!("qdisc add dev port{node} root netem {netem}");
            run("tc", &format!("-n {} {rule}", self.hub()))?;
        }
        Ok(())
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        remove(&self.prefix);
    }
}

/// The address of a node in its namespace.
pub fn address(node: usize) -> String {
    format!("10.20.30.{}", node + 1)
}

/// Removes what test processes that were killed have left.
fn remove_stale() {
    for name in names() {
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        let is_gone = |id: &str| !std::path::Path::new("/proc").join(id).exists();
        if process.is_some_and(is_gone) {
            // Another test process may have been faster.
            let _ = ip(&format!("netns delete {name}"));
        }
    }
}

fn remove(prefix: &str) {
    for name in names().iter().filter(|name| name.starts_with(prefix)) {
        if let Err(error) = ip(&format!("netns delete {name}")) {
            println!("{error}");
        }
    }
}

fn names() -> Vec<String> {
    let listed = ip("netns list").unwrap_or_default();
    listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn ip(arguments: &str) -> Result<String, String> {
    run("ip", arguments)
}

fn run(program: &str, arguments: &str) -> Result<String, String> {
    let told = format!("{program} {arguments}");
    let output = Command::new(program).args(arguments.split(' ')).output();
    let output = output.map_err(|error| format!("{told}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{told}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
