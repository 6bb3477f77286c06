//! The network between nodes: connections that carry frames in order, late, slowly, or not at all.

use super::plan::{NodeIndex, Setting};
use super::random::Random;
use headcount::replication::{FrameReader, Greeting, LinkId, Refusal, Resume, SealedFrame};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// TCP sends again after so long.
const RETRANSMISSION_MS: u64 = 200;
/// Somebody who gets nothing through for so long gives the connection up.
pub const GIVE_UP_MS: u64 = 9_000;
/// Of so many frames that are lost one takes its connection with it.
const LOSSES_TO_A_RESET: u64 = 6;
const FRAME_BYTES_MAX: usize = 64 << 20;

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Dialler,
    Acceptor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its handshake is not over.
    Waiting,
    Open,
    Closed,
}

/// A connection: only the dialler sends.
pub struct Connection {
    pub dialler: NodeIndex,
    pub acceptor: NodeIndex,
    pub address: String,
    /// The runs of processes at its ends.
    pub dialler_process: usize,
    pub acceptor_process: Option<usize>,
    pub dialler_end: End,
    pub acceptor_end: End,
    pub dialled_ms: u64,
    pub greeting: Greeting,
    pub answer: Option<Result<(Greeting, Resume), Refusal>>,
    /// What is on its way, first to arrive first.
    pub flights: VecDeque<Flight>,
    pub reader: FrameReader,
    frames: u32,
    buffered_bytes: usize,
    last_arrival_ms: u64,
    /// Since when the frame that comes next could not get through.
    pub stuck_since_ms: Option<u64>,
    random: Random,
}

/// A frame on its way.
pub struct Flight {
    pub bytes: Vec<u8>,
    pub arrives_ms: u64,
}

/// What becomes of the connection by sending on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    ArrivesAt(u64),
    /// It breaks.
    Reset,
}

/// Which ways are open and how good they are, and all connections.
pub struct Network {
    pub connections: BTreeMap<LinkId, Connection>,
    cuts: BTreeSet<(NodeIndex, NodeIndex)>,
    bytes_per_ms: BTreeMap<(NodeIndex, NodeIndex), u64>,
    pub loss_permille: u32,
    pub mangle_permille: u32,
    delay_ms: (u64, u64),
    buffer_bytes: usize,
    random: Random,
    seed: u64,
    last_link: LinkId,
}

impl Network {
    pub fn new(seed: u64, setting: &Setting) -> Network {
        Network {
            connections: BTreeMap::new(),
            cuts: BTreeSet::new(),
            bytes_per_ms: BTreeMap::new(),
            loss_permille: 0,
            mangle_permille: 0,
            delay_ms: setting.delay_ms,
            buffer_bytes: setting.buffer_bytes,
            random: Random::new(seed, 2),
            seed,
            last_link: 0,
        }
    }

    pub fn cut(&mut self, from: NodeIndex, to: NodeIndex) {
        self.cuts.insert((from, to));
    }

    pub fn is_cut(&self, from: NodeIndex, to: NodeIndex) -> bool {
        self.cuts.contains(&(from, to))
    }

    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    pub fn slow(&mut self, from: NodeIndex, to: NodeIndex, bytes_per_ms: Option<u64>) {
        match bytes_per_ms {
            Some(bytes) => drop(self.bytes_per_ms.insert((from, to), bytes)),
            None => drop(self.bytes_per_ms.remove(&(from, to))),
        }
    }

    /// Everything gets through again, at full speed.
    pub fn repair(&mut self) {
        self.cuts.clear();
        self.bytes_per_ms.clear();
        (self.loss_permille, self.mangle_permille) = (0, 0);
    }

    /// How long something small takes one way.
    pub fn delay_ms(&mut self) -> u64 {
        self.random.between(self.delay_ms.0, self.delay_ms.1)
    }

    /// Dials; the number of the connection that may come of it.
    pub fn dial(
        &mut self,
        (dialler, dialler_process): (NodeIndex, usize),
        acceptor: NodeIndex,
        address: &str,
        greeting: Greeting,
        now_ms: u64,
    ) -> LinkId {
        self.last_link += 1;
        let link = self.last_link;
        let connection = Connection {
            dialler,
            acceptor,
            address: address.to_owned(),
            dialler_process,
            acceptor_process: None,
            dialler_end: End::Waiting,
            acceptor_end: End::Waiting,
            dialled_ms: now_ms,
            greeting,
            answer: None,
            flights: VecDeque::new(),
            reader: FrameReader::new(FRAME_BYTES_MAX),
            frames: 0,
            buffered_bytes: 0,
            last_arrival_ms: now_ms,
            stuck_since_ms: None,
            random: Random::new(self.seed, 1_000 + link),
        };
        self.connections.insert(link, connection);
        link
    }

    /// Whether the dialler's socket takes another frame.
    pub fn has_room(&mut self, link: LinkId) -> bool {
        let Some(connection) = self.connections.get_mut(&link) else { return false };
        // Without the word that a frame has come, the sender keeps it.
        if !self.cuts.contains(&(connection.acceptor, connection.dialler)) {
            let flights = connection.flights.iter();
            connection.buffered_bytes = flights.map(|flight| flight.bytes.len()).sum();
        }
        connection.dialler_end == End::Open && connection.buffered_bytes < self.buffer_bytes
    }

    /// Puts a frame on its way.
    pub fn send(&mut self, link: LinkId, frame: &SealedFrame, now_ms: u64) -> Sent {
        let Some(connection) = self.connections.get_mut(&link) else { return Sent::Reset };
        let way = (connection.dialler, connection.acceptor);
        let bytes = frame.encode(connection.frames);
        connection.frames += 1;
        connection.buffered_bytes += bytes.len();
        let random = &mut connection.random;
        let mut delay_ms = random.between(self.delay_ms.0, self.delay_ms.1);
        if let Some(bytes_per_ms) = self.bytes_per_ms.get(&way) {
            delay_ms += bytes.len() as u64 / bytes_per_ms;
        }
        while random.chance(self.loss_permille) {
            delay_ms += RETRANSMISSION_MS;
            if random.below(LOSSES_TO_A_RESET) == 0 {
                return Sent::Reset;
            }
        }
        let arrives_ms = (now_ms + delay_ms).max(connection.last_arrival_ms);
        connection.last_arrival_ms = arrives_ms;
        connection.flights.push_back(Flight { bytes, arrives_ms });
        Sent::ArrivesAt(arrives_ms)
    }

    /// The next frame of a connection, if it arrives now: what comes out of the socket.
    pub fn arrive(&mut self, link: LinkId, now_ms: u64) -> Option<Vec<u8>> {
        let connection = self.connections.get_mut(&link)?;
        let (from, to) = (connection.dialler, connection.acceptor);
        if self.cuts.contains(&(from, to)) {
            connection.stuck_since_ms.get_or_insert(now_ms);
            return None;
        }
        connection.stuck_since_ms = None;
        if connection.flights.len() > 1 && connection.random.chance(self.mangle_permille) {
            connection.flights.swap(0, 1);
        }
        let flight = connection.flights.pop_front()?;
        let mut bytes = flight.bytes;
        if connection.random.chance(self.mangle_permille) {
            bytes.extend_from_within(..);
        }
        Some(bytes)
    }

    /// Connections with an end in this run of a process.
    pub fn links_of(&self, process: usize) -> Vec<LinkId> {
        let is_its = |connection: &Connection| {
            connection.dialler_process == process || connection.acceptor_process == Some(process)
        };
        self.connections.iter().filter(|(_, c)| is_its(c)).map(|(link, _)| *link).collect()
    }

    /// Connections on which a run of a process can send.
    pub fn open_from(&self, process: usize) -> Vec<LinkId> {
        let is_open = |c: &Connection| c.dialler_process == process && c.dialler_end == End::Open;
        self.connections.iter().filter(|(_, c)| is_open(c)).map(|(link, _)| *link).collect()
    }

    /// Connections between two nodes, either way.
    pub fn links_between(&self, a: NodeIndex, b: NodeIndex) -> Vec<LinkId> {
        let is_one =
            |c: &Connection| (c.dialler, c.acceptor) == (a, b) || (c.dialler, c.acceptor) == (b, a);
        self.connections.iter().filter(|(_, c)| is_one(c)).map(|(link, _)| *link).collect()
    }

    /// Forgets a connection that both ends have closed.
    pub fn tidy(&mut self, link: LinkId) {
        if self.connections.get(&link).is_some_and(Connection::is_over) {
            self.connections.remove(&link);
        }
    }
}

impl Connection {
    pub fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Dialler => &mut self.dialler_end,
            Side::Acceptor => &mut self.acceptor_end,
        }
    }

    pub fn node(&self, side: Side) -> NodeIndex {
        match side {
            Side::Dialler => self.dialler,
            Side::Acceptor => self.acceptor,
        }
    }

    pub fn process(&self, side: Side) -> Option<usize> {
        match side {
            Side::Dialler => Some(self.dialler_process),
            Side::Acceptor => self.acceptor_process,
        }
    }

    fn is_over(&self) -> bool {
        self.dialler_end == End::Closed && self.acceptor_end == End::Closed
    }

    /// When the last of what is on its way is there.
    pub fn last_arrival_ms(&self) -> u64 {
        self.last_arrival_ms
    }
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Dialler => Side::Acceptor,
            Side::Acceptor => Side::Dialler,
        }
    }
}
