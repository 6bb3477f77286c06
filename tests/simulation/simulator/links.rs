//! Connections in a world: dialling, the handshake, frames, and their end.

use super::network::{End, GIVE_UP_MS, Sent, Side};
use super::node::index_of;
use super::plan::NodeIndex;
use super::world::{Event, World};
use headcount::replication::{Frame, LinkId};

/// A dial that gets nowhere is given up after so long.
const DIAL_MS: u64 = 2_000;
/// TCP tries again about so often.
const RETRY_MS: u64 = 100;
/// All keys that runs write, with all that is dead in them, are no larger.
const FRAME_BYTES_MAX: usize = 12_000;
/// The kind of frames that carry no data.
const CONTROL: u8 = 1;

impl World<'_> {
    pub fn dial(&mut self, index: NodeIndex, address: &str) {
        let now = self.now(index);
        let is_leaving = self.nodes[index].is_gone;
        let Some(process) = self.nodes[index].process.as_mut().filter(|_| !is_leaving) else {
            return;
        };
        let Some(acceptor) = index_of(address).filter(|acceptor| *acceptor != index) else {
            process.engine.refused(&process.keyspace, address, None, now);
            return;
        };
        let (greeting, number) = (process.engine.greeting(), process.number);
        let dialler = (index, number);
        let link = self.network.dial(dialler, acceptor, address, greeting, self.now_ms);
        let delay_ms = self.network.delay_ms();
        self.at(self.now_ms + delay_ms, Event::Knock(link));
    }

    /// A dial has come to the other node.
    pub fn knock(&mut self, link: LinkId) {
        let Some(connection) = self.network.connections.get(&link) else { return };
        let (from, to) = (connection.dialler, connection.acceptor);
        if connection.dialler_end == End::Closed {
            return self.forget_link(link);
        }
        if self.network.is_cut(from, to) || self.network.is_cut(to, from) {
            return self.wait(link, connection.dialled_ms, Event::Knock(link));
        }
        let greeting = connection.greeting.clone();
        let (now, now_ms) = (self.now(to), self.now_ms);
        let delay_ms = self.network.delay_ms();
        // Nobody is let in by who leaves.
        let is_leaving = self.nodes[to].is_gone;
        let Some(process) = self.nodes[to].process.as_mut().filter(|_| !is_leaving) else {
            return self.fail_dial(link);
        };
        let mine = process.engine.greeting();
        let answer = process.engine.accept(link, greeting, now).map(|resume| (mine, resume));
        let number = process.number;
        self.note(|| format!("node {to} answers {from} on link {link}: {answer:?}"));
        if let Some(connection) = self.network.connections.get_mut(&link) {
            connection.acceptor_process = Some(number);
            connection.acceptor_end = if answer.is_ok() { End::Open } else { End::Closed };
            connection.answer = Some(answer);
        }
        self.at(now_ms + delay_ms, Event::Answer(link));
        self.follow_up(to);
    }

    /// The acceptor's answer has come to the dialler.
    pub fn answer(&mut self, link: LinkId) {
        let Some(connection) = self.network.connections.get(&link) else { return };
        let (from, to) = (connection.dialler, connection.acceptor);
        if connection.dialler_end == End::Closed {
            return;
        }
        if self.network.is_cut(to, from) {
            return self.wait(link, connection.dialled_ms, Event::Answer(link));
        }
        let (address, answer) = (connection.address.clone(), connection.answer.clone());
        let (now, number) = (self.now(from), connection.dialler_process);
        let Some(process) = &mut self.nodes[from].process else { return };
        if process.number != number {
            return;
        }
        let opened = match answer {
            Some(Ok((peer, resume))) => process.engine.opened(link, &address, peer, resume, now),
            refusal => {
                let refusal = refusal.and_then(Result::err);
                process.engine.refused(&process.keyspace, &address, refusal, now);
                self.forget_link(link);
                return self.follow_up(from);
            }
        };
        if let Some(connection) = self.network.connections.get_mut(&link) {
            connection.dialler_end = End::Open;
        }
        if opened.is_err() {
            self.close(link, Side::Dialler);
        }
        self.follow_up(from);
    }

    /// The next frame of a connection may be there.
    pub fn arrive(&mut self, link: LinkId) -> Result<(), String> {
        let Some(connection) = self.network.connections.get(&link) else { return Ok(()) };
        let (from, to) = (connection.dialler, connection.acceptor);
        let process = connection.acceptor_process;
        let is_due = connection.flights.front().is_some_and(|f| f.arrives_ms <= self.now_ms);
        if connection.acceptor_end != End::Open || !is_due {
            return Ok(());
        }
        let Some(bytes) = self.network.arrive(link, self.now_ms) else {
            self.stay_stuck(link);
            return Ok(());
        };
        self.trail.update(&self.now_ms.to_le_bytes());
        self.trail.update(&link.to_le_bytes());
        self.trail.update(&bytes);
        if self.nodes[to].process.as_ref().map(|process| process.number) != process {
            return Ok(());
        }
        self.read(link, to, &bytes);
        self.follow_up(to);
        // The dialler's socket has room again.
        self.follow_up(from);
        self.check_pair(to)
    }

    fn read(&mut self, link: LinkId, to: NodeIndex, bytes: &[u8]) {
        let Some(connection) = self.network.connections.get_mut(&link) else { return };
        connection.reader.push(bytes);
        loop {
            let Some(connection) = self.network.connections.get_mut(&link) else { return };
            let error = match connection.reader.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => self.receive(link, to, &frame).err(),
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = error {
                self.note(|| format!("node {to} closes link {link}: {error}"));
                return self.close(link, Side::Acceptor);
            }
        }
    }

    fn receive(&mut self, link: LinkId, to: NodeIndex, frame: &Frame) -> Result<(), String> {
        let now = self.now(to);
        let Some(process) = &mut self.nodes[to].process else { return Ok(()) };
        let (engine, keyspace) = (&mut process.engine, &process.keyspace);
        let received = engine.receive(keyspace, link, frame.kind, &frame.payload, now);
        let (kind, len) = (frame.kind, frame.payload.len());
        if len > FRAME_BYTES_MAX {
            // Nothing that runs write takes that much, so something piles up.
            self.broken.get_or_insert_with(|| format!("node {to} is sent a frame of {len} bytes"));
        }
        // Other messages come all the time.
        if kind != CONTROL {
            self.note(|| format!("node {to} receives kind {kind}, {len} bytes, on link {link}"));
        }
        received.map_err(|fault| fault.to_string())
    }

    /// What an engine wants after anything was told it: connections closed, frames sent.
    pub fn follow_up(&mut self, index: NodeIndex) {
        let Some(process) = &mut self.nodes[index].process else { return };
        if process.engine.wants_sync() {
            self.persist(index);
        }
        let Some(process) = &mut self.nodes[index].process else { return };
        let (number, closings) = (process.number, process.engine.take_closings());
        let incarnation = process.engine.settings().incarnation;
        if std::mem::replace(&mut process.incarnation, incarnation) != incarnation {
            // It was forgotten, and has given up all but its own part.
            self.survival.lost(index, self.now_ms);
            self.come_back(number);
            self.note(|| format!("node {index} comes back as memory {incarnation}"));
        }
        for (link, reason) in closings {
            let side = match self.network.connections.get(&link) {
                Some(connection) if connection.dialler == index => Side::Dialler,
                _ => Side::Acceptor,
            };
            self.note(|| format!("node {index} closes link {link}: {reason}"));
            self.close(link, side);
        }
        for link in self.network.open_from(number) {
            self.send_all(index, link);
        }
    }

    fn send_all(&mut self, index: NodeIndex, link: LinkId) {
        while self.network.has_room(link) {
            let Some(process) = &mut self.nodes[index].process else { return };
            let Some(frame) = process.engine.next_frame(link) else { return };
            match self.network.send(link, &frame, self.now_ms) {
                Sent::ArrivesAt(at_ms) => self.at(at_ms, Event::Arrive(link)),
                Sent::Reset => return self.reset(link),
            }
        }
    }

    /// Both sides lose a connection, each when it learns of it.
    pub fn reset(&mut self, link: LinkId) {
        for side in [Side::Dialler, Side::Acceptor] {
            let delay_ms = self.network.delay_ms();
            self.at(self.now_ms + delay_ms, Event::HangUp(link, side));
        }
    }

    /// One side closes a connection; the other learns of it after what is on its way to it.
    pub fn close(&mut self, link: LinkId, side: Side) {
        let now_ms = self.now_ms;
        let Some(connection) = self.network.connections.get_mut(&link) else { return };
        let was = std::mem::replace(connection.end(side), End::Closed);
        if was == End::Closed {
            return;
        }
        let (node, process) = (connection.node(side), connection.process(side));
        let address = connection.address.clone();
        let last_ms = connection.last_arrival_ms().max(now_ms);
        let at_ms = match side {
            Side::Dialler => last_ms,
            Side::Acceptor => now_ms,
        };
        let delay_ms = self.network.delay_ms();
        self.at(at_ms + delay_ms, Event::HangUp(link, side.other()));
        let now = self.now(node);
        if let Some(running) = &mut self.nodes[node].process
            && Some(running.number) == process
        {
            match (was, side) {
                (End::Open, _) => running.engine.closed(link, now),
                // A dial that came to nothing.
                (_, Side::Dialler) => {
                    running.engine.refused(&running.keyspace, &address, None, now);
                }
                _ => {}
            }
        }
        self.network.tidy(link);
    }

    /// One side learns that a connection is gone.
    pub fn hang_up(&mut self, link: LinkId, side: Side) {
        let Some(connection) = self.network.connections.get_mut(&link) else { return };
        if *connection.end(side) == End::Closed {
            return self.network.tidy(link);
        }
        let (node, other) = (connection.node(side), connection.node(side.other()));
        if self.network.is_cut(other, node) {
            return self.at(self.now_ms + RETRY_MS, Event::HangUp(link, side));
        }
        self.close(link, side);
        self.follow_up(node);
    }

    /// A frame that does not get through is tried again, until the sender gives up.
    fn stay_stuck(&mut self, link: LinkId) {
        let Some(connection) = self.network.connections.get(&link) else { return };
        let (node, since_ms) = (connection.dialler, connection.stuck_since_ms);
        if since_ms.is_some_and(|since_ms| self.now_ms >= since_ms + GIVE_UP_MS) {
            self.close(link, Side::Dialler);
            return self.follow_up(node);
        }
        self.at(self.now_ms + RETRY_MS, Event::Arrive(link));
    }

    /// A handshake that does not get through is tried again, until the dialler gives up.
    fn wait(&mut self, link: LinkId, dialled_ms: u64, event: Event) {
        if self.now_ms >= dialled_ms + DIAL_MS {
            return self.fail_dial(link);
        }
        self.at(self.now_ms + RETRY_MS, event);
    }

    fn fail_dial(&mut self, link: LinkId) {
        let Some(connection) = self.network.connections.get_mut(&link) else { return };
        let (node, address) = (connection.dialler, connection.address.clone());
        let number = connection.dialler_process;
        connection.dialler_end = End::Closed;
        if connection.acceptor_end == End::Open {
            self.at(self.now_ms + RETRY_MS, Event::HangUp(link, Side::Acceptor));
        } else {
            self.forget_link(link);
        }
        let now = self.now(node);
        if let Some(process) = &mut self.nodes[node].process
            && process.number == number
        {
            process.engine.refused(&process.keyspace, &address, None, now);
        }
        self.follow_up(node);
    }

    fn forget_link(&mut self, link: LinkId) {
        self.network.connections.remove(&link);
    }
}
