//! A run as data: what is done when. Made from a seed, cut down when it fails.

use super::places::Place;
use headcount::crdt::Deadline;
use std::fmt;

/// A node, by its place among the run's nodes.
pub type NodeIndex = usize;

/// Everything that decides a run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub setting: Setting,
    pub steps: Vec<Step>,
}

/// What stays as it is throughout a run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Nodes that are there at the start; others join.
    pub nodes: usize,
    /// How far each node's wall clock is off, in milliseconds.
    pub skew_ms: Vec<i64>,
    pub delay_ms: (u64, u64),
    /// Bytes that a connection takes before its sender has to wait.
    pub buffer_bytes: usize,
    /// Whether nodes have a disk, and confirm only what is on it.
    pub durable: bool,
    pub tick_ms: u64,
    pub window_bytes: usize,
    pub notes_max: usize,
    pub sync_interval_ms: u64,
    pub forget_after_ms: u64,
    pub max_stamp_ahead_ms: u64,
    pub node_timeout_ms: u64,
    /// By so long after the last command every deadline within reach has passed everywhere.
    pub settle_ms: u64,
}

/// One thing that is done.
#[derive(Clone, Debug)]
pub struct Step {
    /// Milliseconds of virtual time from the start.
    pub at_ms: u64,
    pub what: Do,
}

#[derive(Clone, Debug)]
pub enum Do {
    Command(NodeIndex, Command),
    Fault(Fault),
}

/// A client's command. Times count from when it runs.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    Count {
        place: Place,
        down: bool,
    },
    CountFloat {
        place: Place,
        down: bool,
    },
    CountZero {
        place: Place,
    },
    Set {
        place: Place,
        text: &'static str,
        ends: Deadline,
    },
    Append {
        place: Place,
    },
    /// SADD, SADDEX of the members in the mask.
    Insert {
        place: Place,
        members: u8,
        ends: Ends,
    },
    Remove {
        place: Place,
        member: u8,
    },
    /// SPOP of the member at this place among those that are in.
    Pop {
        place: Place,
        pick: u8,
    },
    MemberEnds {
        place: Place,
        member: u8,
        in_ms: Option<u64>,
    },
    /// EXPIRE, PERSIST.
    Expire {
        place: Place,
        in_ms: Option<u64>,
    },
    Delete {
        place: Place,
    },
    Copy {
        from: Place,
        to: Place,
    },
    Rename {
        from: Place,
        to: Place,
    },
    /// …STORE of the members in the mask.
    Store {
        place: Place,
        members: u8,
    },
    Flush {
        db: u16,
    },
    FlushAll,
    Swap,
    /// MSET, two increments and DEL of the pair.
    SetPair {
        number: u32,
    },
    CountPair,
    DeletePair,
}

/// What SADD and its like do with the members' ends.
#[derive(Clone, Copy, Debug)]
pub enum Ends {
    Keep,
    In(Option<u64>),
    IfNew(u64),
}

/// What goes wrong, and what an operator does.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Nothing gets from one node to the other any more.
    Cut { from: NodeIndex, to: NodeIndex },
    /// Nothing gets from the nodes in the mask to the others, nor back.
    Split { side: u8 },
    /// All cuts end.
    Heal,
    /// The connections between two nodes break.
    Reset { a: NodeIndex, b: NodeIndex },
    /// So many bytes a millisecond, one way; `None`: as many as there are.
    Slow { from: NodeIndex, to: NodeIndex, bytes_per_ms: Option<u64> },
    /// Of a thousand frames so many are lost and sent again, or break their connection.
    Loss { permille: u32 },
    /// Of a thousand frames so many arrive twice or before their predecessor.
    Mangle { permille: u32 },
    /// The process ends and its memory with it.
    Crash { node: NodeIndex },
    /// The process ends; what it starts with again is what it last wrote down.
    Halt { node: NodeIndex },
    /// The disk is put aside as it is, to be put in its place later.
    Copy { node: NodeIndex },
    /// The process ends; what it starts with again is what was put aside.
    GoBack { node: NodeIndex },
    /// The machine is gone, for good.
    Abandon { node: NodeIndex },
    /// A node that is down, or is new, starts.
    Start { node: NodeIndex },
    /// Everything is written down.
    Persist { node: NodeIndex },
    /// A snapshot is begun.
    Save { node: NodeIndex },
    /// A node says good-bye and ends.
    Leave { node: NodeIndex },
    /// CLUSTER FORGET on one node of another.
    Forget { on: NodeIndex, node: NodeIndex },
    /// A wall clock jumps.
    Jump { node: NodeIndex, by_ms: i64 },
}

impl Plan {
    /// One line a step.
    pub fn show(&self) -> String {
        let steps = self.steps.iter().map(|step| format!("  {step}\n"));
        format!("{:?}\n{}", self.setting, steps.collect::<String>())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Do::Command(node, command) => {
                write!(f, "{:>6} ms, node {node}: {command:?}", self.at_ms)
            }
            Do::Fault(fault) => write!(f, "{:>6} ms: {fault:?}", self.at_ms),
        }
    }
}
