//! What goes wrong in a world, and what operators do.

use super::disk::{Disk, Log};
use super::faulty_storage::Faults;
use super::network::Side;
use super::node::address_of;
use super::plan::{Fault, NodeIndex};
use super::snapshot::{Snapshot, Stage};
use super::world::{Event, MemoryFate, NODES_MAX, Run, World};

/// A leaving node has so long to hand over what it has.
const LEAVE_MS: u64 = 500;
/// Writing everything down takes so long.
const WRITE_MS: u64 = 120;
/// What could not be written is tried again.
const RETRY_MS: u64 = 300;
/// A snapshot goes on so often.
const SAVE_MS: u64 = 40;

impl World<'_> {
    pub fn fault(&mut self, fault: Fault) -> Result<(), String> {
        self.note(|| format!("{fault:?}"));
        match fault {
            Fault::Cut { from, to } => self.network.cut(from, to),
            Fault::Split { side } => self.split(side),
            Fault::Heal => self.network.heal(),
            Fault::Reset { a, b } => {
                for link in self.network.links_between(a, b) {
                    self.reset(link);
                }
            }
            Fault::Slow { from, to, bytes_per_ms } => self.network.slow(from, to, bytes_per_ms),
            Fault::Loss { permille } => self.network.loss_permille = permille,
            Fault::Mangle { permille } => self.network.mangle_permille = permille,
            Fault::Crash { node } => return self.end(node, false),
            Fault::Halt { node } => return self.end(node, true),
            Fault::Copy { node } => {
                let node = &mut self.nodes[node];
                node.copy = node.disk.as_ref().map(Disk::copy);
            }
            Fault::GoBack { node } => return self.go_back(node),
            Fault::Abandon { node } => {
                self.nodes[node].is_gone = true;
                return self.end(node, false);
            }
            Fault::Start { node } => self.start(node),
            Fault::Persist { node } => self.persist(node),
            Fault::Save { node } => self.save(node),
            Fault::Leave { node } => self.leave(node),
            Fault::Forget { on, node } => self.forget(on, node),
            Fault::Jump { node, by_ms } => self.nodes[node].offset_ms += by_ms,
        }
        Ok(())
    }

    fn split(&mut self, side: u8) {
        let is_in = |node: NodeIndex| side & (1 << node) != 0;
        for a in 0..NODES_MAX {
            for b in (0..NODES_MAX).filter(|b| is_in(a) != is_in(*b)) {
                self.network.cut(a, b);
            }
        }
    }

    /// Starts a node that is not running, with what its disk holds.
    pub fn start(&mut self, index: NodeIndex) {
        let number = self.runs.len();
        let node = &mut self.nodes[index];
        if node.process.is_some() || node.is_gone {
            return;
        }
        let is_new = node.disk.is_none();
        node.start(self.plan.seed, &self.plan.setting, number, self.now_ms);
        if is_new {
            self.memories.push(MemoryFate::default());
            node.memory = self.memories.len();
        }
        let Some(process) = &node.process else { return };
        let progress = process.engine.progress();
        let first_event = self.history.len();
        self.runs.push(Run {
            node: index,
            memory: node.memory,
            progress,
            first_event,
            kept_drain: None,
        });
        self.note(|| format!("node {index} starts as process {number}"));
        self.at(self.now_ms, Event::Wake(index));
    }

    /// Ends a process. What is on its way still arrives.
    pub fn end(&mut self, index: NodeIndex, keeps: bool) -> Result<(), String> {
        if self.nodes[index].process.is_none() {
            return Ok(());
        }
        self.look_for_witnesses(index)?;
        let node = &mut self.nodes[index];
        let Some(process) = node.process.take() else { return Ok(()) };
        let number = process.number;
        match (&node.disk, process.log) {
            (Some(disk), Some(log)) if keeps => log.end(disk),
            _ => node.disk = None,
        }
        // What the run had written down of its own drains.
        let kept = node.disk.as_ref().filter(|disk| disk.process == number);
        self.runs[number].kept_drain = Some(kept.map_or(0, |disk| disk.drain));
        if node.disk.is_none() {
            self.memories[node.memory - 1].is_lost = true;
            self.survival.lost(index, self.now_ms);
        }
        for link in self.network.links_of(number) {
            let Some(connection) = self.network.connections.get_mut(&link) else { continue };
            let is_dialler = connection.dialler_process == number;
            self.close(link, if is_dialler { Side::Dialler } else { Side::Acceptor });
        }
        Ok(())
    }

    /// The node's disk holds again what it held when a copy was taken of it. So what came later is lost.
    fn go_back(&mut self, index: NodeIndex) -> Result<(), String> {
        if self.nodes[index].copy.is_none() {
            return Ok(());
        }
        self.look_for_witnesses(index)?;
        self.end(index, true)?;
        self.memories[self.nodes[index].memory - 1].is_lost = true;
        self.survival.lost(index, self.now_ms);
        let node = &mut self.nodes[index];
        node.disk = node.copy.as_ref().map(Disk::copy);
        self.memories.push(MemoryFate::default());
        node.memory = self.memories.len();
        Ok(())
    }

    /// Begins to write everything down: at the next moment when there is nothing to drain.
    pub fn persist(&mut self, index: NodeIndex) {
        let now = self.now(index);
        let Some(process) = &mut self.nodes[index].process else { return };
        if process.log.as_ref().is_none_or(Log::is_writing) {
            return;
        }
        process.engine.tick(&process.keyspace, now);
        process.take(now);
        self.go_on_writing(index, WRITE_MS);
        self.follow_up(index);
    }

    /// Later, if there is anything to write.
    fn go_on_writing(&mut self, index: NodeIndex, in_ms: u64) {
        let Some(process) = &self.nodes[index].process else { return };
        if process.log.as_ref().is_some_and(Log::is_writing) {
            self.at(self.now_ms + in_ms, Event::Written(process.number));
        }
    }

    pub fn written(&mut self, process: usize) {
        let index = self.runs[process].node;
        if self.runs_as(index, process) && !self.nodes[index].commit() {
            self.go_on_writing(index, RETRY_MS);
        }
    }

    /// Whether that is the node's process now.
    fn runs_as(&self, index: NodeIndex, process: usize) -> bool {
        self.nodes[index].process.as_ref().is_some_and(|running| running.number == process)
    }

    /// Begins a snapshot of all that was written so far, as the server does it.
    fn save(&mut self, index: NodeIndex) {
        let now = self.now(index);
        let Some(process) = &mut self.nodes[index].process else { return };
        let is_busy = |log: &Log| log.is_writing() || log.snapshot.is_some();
        if process.log.as_ref().is_none_or(is_busy) {
            return;
        }
        process.engine.tick(&process.keyspace, now);
        process.engine.flush(&process.keyspace, now);
        process.take(now);
        process.engine.hold_drops(true);
        let memory = process.engine.remember();
        let is_durable = self.nodes[index].commit();
        self.go_on_writing(index, RETRY_MS);
        self.follow_up(index);
        let Some(process) = &mut self.nodes[index].process else { return };
        let (Some(log), keyspace) = (&mut process.log, &process.keyspace) else { return };
        if is_durable
            && log.writer.rotate().is_ok()
            && let Some(header) = log.writer.snapshot_header()
        {
            log.snapshot = Snapshot::begin(&log.storage, header, memory, keyspace);
        }
        process.engine.hold_drops(log.snapshot.is_some());
        let number = process.number;
        self.at(self.now_ms + SAVE_MS, Event::Save(number));
    }

    /// Goes on with a snapshot.
    pub fn go_on_saving(&mut self, number: usize) {
        let index = self.runs[number].node;
        let Some(process) = &mut self.nodes[index].process else { return };
        let Some(log) = process.log.as_mut().filter(|_| process.number == number) else { return };
        let Some(snapshot) = &mut log.snapshot else { return };
        let stage = snapshot.step(&process.keyspace, &process.engine.progress());
        if stage == Stage::Over {
            if let Some(snapshot) = log.snapshot.take().filter(Snapshot::is_whole) {
                snapshot.finish(&log.storage);
            }
            process.engine.hold_drops(false);
            return;
        }
        if stage == Stage::Waiting {
            self.persist(index);
        }
        self.at(self.now_ms + SAVE_MS, Event::Save(number));
    }

    fn leave(&mut self, index: NodeIndex) {
        let now = self.now(index);
        let Some(process) = &mut self.nodes[index].process else { return };
        process.engine.leave(&process.keyspace, now);
        self.nodes[index].is_gone = true;
        self.follow_up(index);
        self.at(self.now_ms + LEAVE_MS, Event::Left(index));
    }

    pub fn left(&mut self, index: NodeIndex) -> Result<(), String> {
        self.end(index, false)
    }

    fn forget(&mut self, on: NodeIndex, node: NodeIndex) {
        let id = self.nodes[node].id();
        let Some(process) = &mut self.nodes[on].process else { return };
        process.engine.forget(id);
        self.follow_up(on);
    }

    /// Everything works again; who is not gone for good is back, and clocks agree.
    pub fn heal(&mut self) {
        self.note(|| "heal".to_owned());
        self.network.repair();
        for index in 0..NODES_MAX {
            let node = &mut self.nodes[index];
            node.offset_ms = self.plan.setting.skew_ms[index];
            if node.memory != 0 {
                self.start(index);
            }
            if let Some(disk) = &self.nodes[index].disk {
                disk.storage.set_faults(Faults::default());
            }
        }
    }

    /// An operator tells the cluster not to wait for who does not come back, and introduces who knows
    /// nobody that is left.
    pub fn tidy_members(&mut self) {
        let running = self.nodes.iter().filter(|node| node.process.is_some());
        let running: Vec<NodeIndex> = running.map(|node| node.index).collect();
        let Some(on) = running.first().copied() else { return };
        let gone: Vec<NodeIndex> = (0..NODES_MAX).filter(|n| self.nodes[*n].is_gone).collect();
        for index in gone {
            // They may not hear of it from one another: one of them may have been forgotten, too.
            running.iter().for_each(|on| self.forget(*on, index));
        }
        for index in running {
            if let Some(process) = &mut self.nodes[index].process {
                process.engine.meet(address_of(on));
            }
        }
    }
}
