//! Appending what the engine hands out, and making it durable.

use super::snapshot::{self, Plan};
use crate::config::{AppendFsync, SavePoint};
use crate::log::{Directory, Fault, RecordKind, Refused, Writer};
use crate::node::clock::unix_ms;
use crate::node::{CachedConfig, Disk, Node};
use crate::replication::{Group, Record};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// With `everysec`, and how often a failed write is tried again.
const SECOND: Duration = Duration::from_secs(1);
/// A log of so many bytes, and of no fewer than the last snapshot has, is cut short by another one; but not
/// so soon after it was tried the last time.
const LOG_BYTES_MIN: u64 = 64 << 20;
const SNAPSHOT_PAUSE: Duration = Duration::from_secs(30);
/// Between two that save points ask for, as Redis has it after one that failed.
const SAVE_PAUSE: Duration = Duration::from_secs(5);
/// With `no` a sync is still due when so much waits for one, or for so long: until then it is kept in
/// memory, and nobody is told that it is kept on disk.
const UNSYNCED_BYTES_MAX: usize = 32 << 20;
const UNSYNCED_MAX: Duration = Duration::from_secs(30);

/// A group that is in the log.
struct Appended {
    group: u64,
    /// The number of its last record.
    record: u64,
    taken_at: Instant,
}

/// A log that is being written.
pub struct Work {
    node: Arc<Node>,
    disk: Arc<Disk>,
    directory: Directory,
    writer: Writer<Directory>,
    /// The thread that takes a snapshot, or has taken the last.
    snapshot: Option<JoinHandle<()>>,
    /// No earlier one is begun that nobody has asked for.
    next_snapshot: Instant,
    /// When save points are looked at the next time.
    next_save: Instant,
    config: CachedConfig,
    /// Records of the last group that the writer had no room for.
    rest: VecDeque<Record>,
    /// Groups that are appended whole and not durable.
    groups: VecDeque<Appended>,
    /// The last group that was taken, and when.
    taken: u64,
    taken_at: Instant,
    ticked: Instant,
    synced: Instant,
    /// After a failure: when it is tried again.
    retry: Option<Instant>,
}

impl Work {
    pub fn new(
        node: Arc<Node>,
        disk: Arc<Disk>,
        directory: Directory,
        writer: Writer<Directory>,
    ) -> Work {
        let now = Instant::now();
        Work {
            node,
            disk,
            directory,
            writer,
            snapshot: None,
            next_snapshot: now,
            next_save: now,
            config: CachedConfig::default(),
            rest: VecDeque::new(),
            groups: VecDeque::new(),
            taken: 0,
            taken_at: now,
            ticked: now,
            synced: now,
            retry: None,
        }
    }

    /// Writes down who the node is now, before anybody hears of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn first(&mut self) -> Result<(), String> {
        self.take();
        let written = self.writer.commit().map(drop);
        let error = written.as_ref().err().map(Fault::to_string);
        self.settle(written, Instant::now());
        error.map_or(Ok(()), Err)
    }

    /// Works until the node ends.
    pub fn run(&mut self) {
        while !self.disk.is_ending() {
            let due = self.retry.unwrap_or(self.ticked.max(self.synced) + SECOND);
            self.disk.wait_until(due);
            self.turn();
        }
    }

    /// Writes what is left, ends the log, and says whether all is durable.
    ///
    /// # Errors
    /// Something was not written.
    pub fn finish(mut self) -> Result<(), Fault> {
        if let Some(snapshot) = self.snapshot.take() {
            // It was told to stop. What went wrong in it is in the log.
            let _ = snapshot.join();
        }
        self.retry = None;
        loop {
            self.commit_rest()?;
            // Where too much waits already, what was written since is not drained yet.
            let is_last = !self.disk.cluster.engine.lock().is_clogged();
            self.take();
            if is_last {
                break;
            }
        }
        self.commit_rest()?;
        self.writer.close()
    }

    /// Makes room for all that was taken, if the disk takes anything.
    fn commit_rest(&mut self) -> Result<(), Fault> {
        while !self.append() {
            self.writer.commit()?;
        }
        Ok(())
    }

    /// Takes, appends and writes what there is, as far as it is due.
    fn turn(&mut self) {
        let now = Instant::now();
        self.tick(now);
        if self.retry.is_some_and(|at| now < at) {
            return self.snapshot_if_wanted();
        }
        if self.retry.is_none() {
            self.take();
        }
        let written = self.write(now);
        self.settle(written, now);
        if !self.rest.is_empty() && self.retry.is_none() {
            // There is room now.
            self.disk.want();
        }
        self.snapshot_if_wanted();
    }

    /// Begins a snapshot of all that was appended so far, if one is asked for, or due.
    fn snapshot_if_wanted(&mut self) {
        self.want_if_due(Instant::now());
        if !self.rest.is_empty() && self.retry.is_none() {
            return;
        }
        if !self.disk.snapshots.begin(self.node.stats.changes()) {
            return;
        }
        let begun = match self.retry {
            None => self.begin_snapshot(),
            Some(_) => Err("the log cannot be written".to_owned()),
        };
        if let Err(why) = begun {
            tracing::error!("There is no snapshot: {why}");
            self.disk.cluster.engine.lock().hold_drops(false);
            self.disk.snapshots.end(None);
        }
    }

    /// Asks for a snapshot if the log has become longer than what there is, or a save point is reached.
    fn want_if_due(&mut self, now: Instant) {
        let last = self.disk.snapshots.get();
        let is_long = self.disk.figures.log_bytes.load(Relaxed) >= LOG_BYTES_MIN.max(last.bytes);
        if is_long && now >= self.next_snapshot && self.disk.snapshots.want().is_some() {
            self.next_snapshot = now + SNAPSHOT_PAUSE;
        }
        if now < self.next_save {
            return;
        }
        self.next_save = now + SECOND;
        let changes = self.node.stats.changes().saturating_sub(last.changes);
        let since_s = (unix_ms() / 1000).saturating_sub(last.saved_s);
        let save = &self.config.get(&self.node.config).save;
        let is_reached = |point: &&SavePoint| changes >= point.changes && since_s >= point.seconds;
        if let Some(point) = save.iter().find(is_reached)
            && self.disk.snapshots.want().is_some()
        {
            tracing::info!("{} changes in {} seconds. Saving...", point.changes, point.seconds);
            // One that fails is tried again, but not at once.
            self.next_save = now + SAVE_PAUSE;
        }
    }

    fn begin_snapshot(&mut self) -> Result<(), String> {
        let cluster = self.disk.cluster.clone();
        let (group, memory) = {
            let _beside_scripts = self.node.keyspace.keep_scripts_out();
            let mut engine = cluster.engine.lock();
            engine.flush(&self.node.keyspace, cluster.now());
            let group = engine.take_group(&self.node.keyspace, cluster.now());
            engine.hold_drops(true);
            (group, engine.remember())
        };
        self.accept(group);
        if !self.rest.is_empty() {
            return Err("too much waits to be written".to_owned());
        }
        let rotated = self.writer.rotate();
        let failure = rotated.as_ref().err().map(Fault::to_string);
        self.settle(rotated, Instant::now());
        if let Some(failure) = failure {
            return Err(failure);
        }
        let header = self.writer.snapshot_header().ok_or("nothing was written yet")?;
        let log_bytes = self.disk.figures.log_bytes.swap(0, Relaxed);
        let (node, disk) = (self.node.clone(), self.disk.clone());
        let (directory, plan) = (self.directory.clone(), Plan { header, memory, log_bytes });
        let work = move || snapshot::take(&node, &disk, &directory, plan);
        let thread = std::thread::Builder::new().name("snapshot".to_owned());
        self.snapshot = Some(thread.spawn(work).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn tell_pending(&self) {
        let unfinished = (!self.rest.is_empty()).then_some(self.taken_at);
        self.disk.set_pending(self.groups.front().map(|first| first.taken_at).or(unfinished));
    }

    /// A node that is alone has no other thread for this.
    fn tick(&mut self, now: Instant) {
        if now < self.ticked + SECOND {
            return;
        }
        self.ticked = now;
        if self.node.cluster.is_none() {
            let cluster = &self.disk.cluster;
            let _beside_scripts = self.node.keyspace.keep_scripts_out();
            cluster.engine.lock().tick(&self.node.keyspace, cluster.now());
        }
    }

    /// Takes from the engine what the writer has room for.
    fn take(&mut self) {
        if !self.append() {
            return;
        }
        let cluster = &self.disk.cluster;
        let (group, is_awaited) = {
            let _beside_scripts = self.node.keyspace.keep_scripts_out();
            let mut engine = cluster.engine.lock();
            engine.flush(&self.node.keyspace, cluster.now());
            let group = engine.take_group(&self.node.keyspace, cluster.now());
            (group, engine.wants_sync())
        };
        if is_awaited {
            self.disk.want_durable();
        }
        self.accept(group);
        if let Some(cluster) = &self.node.cluster {
            cluster.wake.notify_one();
        }
    }

    fn accept(&mut self, group: Option<Group>) {
        if let Some(Group { number, records }) = group {
            (self.taken, self.rest, self.taken_at) = (number, records.into(), Instant::now());
            self.tell_buffers();
            self.append();
            self.tell_pending();
        }
    }

    fn tell_buffers(&self) {
        let rest_bytes: usize = self.rest.iter().map(|record| record.payload.len()).sum();
        let bytes = (self.writer.room_bytes() + rest_bytes) as u64;
        self.disk.figures.buffer_bytes.store(bytes, Relaxed);
    }

    /// Appends the records of the last group; false: there is no room for all.
    fn append(&mut self) -> bool {
        while let Some(record) = self.rest.front() {
            let Some(kind) = RecordKind::new(record.kind) else { break };
            match self.writer.append(kind, &record.payload) {
                Ok(_) => {
                    let bytes = record.payload.len() as u64;
                    self.disk.figures.log_bytes.fetch_add(bytes, Relaxed);
                    self.rest.pop_front();
                }
                Err(Refused::Full { .. }) => return false,
                Err(error) => {
                    tracing::error!("A record cannot be written to the log: {error}");
                    self.rest.pop_front();
                }
            }
        }
        if self.groups.back().is_none_or(|last| last.group < self.taken) && self.taken > 0 {
            let (group, record) = (self.taken, self.writer.appended());
            self.groups.push_back(Appended { group, record, taken_at: self.taken_at });
        }
        true
    }

    /// As `appendfsync` says.
    fn write(&mut self, now: Instant) -> Result<(), Fault> {
        let unsynced = now.duration_since(self.synced);
        let is_due = self.disk.takes_sync()
            || match self.config.get(&self.node.config).appendfsync {
                AppendFsync::Always => true,
                AppendFsync::EverySec => unsynced >= SECOND,
                AppendFsync::No => {
                    self.writer.held_bytes() >= UNSYNCED_BYTES_MAX || unsynced >= UNSYNCED_MAX
                }
            };
        // What finds no room has to wait for a sync.
        if is_due || !self.rest.is_empty() || self.retry.is_some() {
            self.synced = now;
            if self.writer.held_bytes() > 0 || self.retry.is_some() {
                self.disk.figures.fsyncs.fetch_add(1, Relaxed);
                self.writer.commit()?;
            }
        } else {
            self.writer.write()?;
        }
        Ok(())
    }

    /// Tells the engine what is durable, and clients whether writes are taken.
    fn settle(&mut self, written: Result<(), Fault>, now: Instant) {
        match written {
            Ok(()) if self.retry.take().is_some() => {
                tracing::info!("The log can be written again");
                self.disk.set_failure(None);
                // For what has come in meanwhile.
                self.disk.want();
            }
            Ok(()) => {}
            Err(fault) => {
                if self.retry.is_none() {
                    tracing::error!("{fault}; writes are refused until this works again");
                }
                self.retry = Some(now + SECOND);
                self.disk.set_failure(Some(reason(&fault)));
            }
        }
        let durable = self.writer.durable();
        let mut kept = None;
        while self.groups.front().is_some_and(|first| first.record <= durable) {
            kept = self.groups.pop_front().map(|first| first.group);
        }
        self.tell_pending();
        if let Some(group) = kept {
            self.disk.cluster.engine.lock().kept(group);
            // Some of it may be said now.
            self.disk.cluster.wake.notify_one();
        }
        let figures = &self.disk.figures;
        figures.pending_bytes.store(self.writer.held_bytes() as u64, Relaxed);
        self.tell_buffers();
        self.disk.note_change();
    }
}

/// The system's words, as Redis has them.
fn reason(fault: &Fault) -> String {
    let text = fault.error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
