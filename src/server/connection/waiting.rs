//! A command that waits, such as WAIT. Its connection waits, and no other; what the client sends meanwhile is
//! kept, so that one that goes away is noticed.

use super::{Connection, End, add};
use crate::command::{AwaitConfirmed, ReplyMode};
use crate::config::AppendFsync;
use crate::node::clients::flag;
use crate::node::{Disk, Unblock};
use crate::resp::ReplyWriter;
use crate::store::{Keyspace, Waiter};
use std::future::{pending, poll_fn};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

const UNBLOCKED: &str = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

impl Connection<'_> {
    /// Waits as WAIT and WAITAOF ask to, and answers who has confirmed what the connection wrote.
    pub(super) async fn await_confirmed(&mut self, wait: AwaitConfirmed) -> Result<(), End> {
        let (client, node) = (self.session.client.clone(), &self.shared.node);
        let wrote = self.session.wrote;
        client.begin_waiting();
        let unblocked = tokio::select! {
            () = node.confirmed(wait.what, wrote) => Ok(Unblock::TimeOut),
            () = elapsed(wait.timeout_ms) => Ok(Unblock::TimeOut),
            unblocked = self.listen() => unblocked,
        };
        client.end_waiting();
        let unblocked = unblocked?;
        if !wait.silent {
            let replies = &mut self.shared.scratch.borrow_mut().replies.bytes;
            let mut reply = ReplyWriter::new(replies, self.session.protocol);
            match unblocked {
                Unblock::TimeOut => wait.answer(node, wrote, &mut reply),
                Unblock::Error => {
                    node.stats.error(UNBLOCKED);
                    reply.error(UNBLOCKED);
                }
            }
        }
        self.send().await
    }

    /// Has a script run by the thread of scripts, and sends what that answers. Once one runs for too long, those that have
    /// not begun are told so.
    pub(super) async fn await_script(&mut self) -> Result<(), End> {
        let Some(request) = self.session.script.take() else { return Ok(()) };
        let client = self.session.client.clone();
        client.set_flag(flag::BLOCKED, true);
        let ran = tokio::select! {
            ran = self.shared.scripts.run(*request, &self.shared.node) => Ok(ran),
            end = self.stay() => Err(end),
        };
        client.set_flag(flag::BLOCKED, false);
        let done = ran?;
        self.session.wrote = self.session.wrote.max(done.wrote);
        let mode = self.session.reply_mode;
        if mode == ReplyMode::On {
            self.shared.scratch.borrow_mut().replies.bytes.extend_from_slice(&done.reply);
        }
        if mode == ReplyMode::SkipNext {
            self.session.reply_mode = ReplyMode::On;
        }
        self.await_disk().await?;
        self.send().await?;
        if done.closes { Err(self.close().await) } else { Ok(()) }
    }

    /// Waits as BLPOP and its like do, until somebody has served this client.
    pub(super) async fn await_keys(&mut self, timeout_ms: u64, silent: bool) -> Result<(), End> {
        let Some(waiter) = self.session.waiter.take() else { return Ok(()) };
        let (client, node) = (self.session.client.clone(), &self.shared.node);
        let waiting = Waiting { keyspace: &node.keyspace, waiter: &waiter };
        client.begin_waiting();
        let unblocked = tokio::select! {
            () = poll_fn(|context| waiter.poll_served(context)) => Ok(Unblock::TimeOut),
            () = elapsed(timeout_ms) => Ok(Unblock::TimeOut),
            unblocked = self.listen() => unblocked,
        };
        client.end_waiting();
        let served = waiter.leave();
        drop(waiting);
        let unblocked = unblocked?;
        if let Some(served) = &served {
            self.session.wrote = served.wrote.max(self.session.wrote);
        }
        if !silent {
            let replies = &mut self.shared.scratch.borrow_mut().replies.bytes;
            let mut reply = ReplyWriter::new(replies, self.session.protocol);
            match (served, unblocked) {
                (Some(served), _) => reply.written(&served.reply),
                (None, Unblock::TimeOut) => reply.null_array(),
                (None, Unblock::Error) => {
                    node.stats.error(UNBLOCKED);
                    reply.error(UNBLOCKED);
                }
            }
        }
        self.await_disk().await?;
        self.send().await
    }

    /// Answers SAVE when the snapshot of that number has ended.
    pub(super) async fn await_snapshot(&mut self, number: u64) -> Result<(), End> {
        let Some(disk) = &self.shared.node.disk else { return Ok(()) };
        let is_there = tokio::select! {
            is_there = disk.snapshots.done(number) => is_there,
            end = self.stay() => return Err(end),
        };
        if self.session.reply_mode == ReplyMode::On {
            let replies = &mut self.shared.scratch.borrow_mut().replies.bytes;
            let mut reply = ReplyWriter::new(replies, self.session.protocol);
            match is_there {
                true => reply.simple("OK"),
                false => reply.error("ERR the snapshot failed; see the server's log"),
            }
        }
        self.send().await
    }

    /// With `appendfsync always`, what was done or seen so far is on disk when its reply leaves. All that
    /// wait share one fsync. While the disk fails, only those wait who have written: reads go on. With `everysec`
    /// only those who have written wait, and only where the disk is far behind. What DUMP tells is always on disk.
    pub(super) async fn await_disk(&mut self) -> Result<(), End> {
        let Some(disk) = &self.shared.node.disk else { return Ok(()) };
        if self.shared.scratch.borrow().replies.bytes.is_empty() {
            return Ok(());
        }
        let (wrote, dumped) = (self.session.wrote, self.session.dumped);
        let awaited = match self.shared.config().appendfsync {
            _ if disk.cluster.progress.durable() < dumped => Awaited::Kept(dumped.max(wrote)),
            AppendFsync::Always => {
                let drain = disk.holds_back(&self.shared.node.keyspace, wrote);
                let Some(drain) = drain else { return Ok(()) };
                Awaited::Written(drain)
            }
            AppendFsync::EverySec if disk.is_behind(wrote, Instant::now) => Awaited::CaughtUp,
            AppendFsync::EverySec | AppendFsync::No => return Ok(()),
        };
        let held = std::mem::take(&mut self.shared.scratch.borrow_mut().replies.bytes);
        tokio::select! {
            () = awaited.wait(disk, wrote) => {}
            end = self.stay() => return Err(end),
        }
        self.shared.scratch.borrow_mut().replies.bytes = held;
        Ok(())
    }

    /// Keeps what arrives, until CLIENT UNBLOCK ends the waiting.
    async fn listen(&mut self) -> Result<Unblock, End> {
        loop {
            if self.attention.must_end() {
                return Err(End::Ended);
            }
            if let Some(unblocked) = self.session.client.unblocked() {
                return Ok(unblocked);
            }
            self.pass_on_messages().await?;
            match poll_fn(|context| self.poll_read(context)).await? {
                None => {}
                Some(0) => return Err(self.close().await),
                Some(count) => {
                    self.keep(count);
                    self.check_input()?;
                }
            }
        }
    }

    /// Puts the first `count` bytes of the thread's input buffer behind what waits already.
    fn keep(&mut self, count: usize) {
        add(&self.session.client.activity.read_bytes, count);
        self.shared.recorder.read(count);
        let input = &self.shared.scratch.borrow().input;
        self.input.extend_from_slice(input.get(..count).unwrap_or_default());
    }
}

/// A client among those that wait, as long as this lives.
struct Waiting<'w> {
    keyspace: &'w Keyspace,
    waiter: &'w Waiter,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Its connection may end while it waits.
        let _ = self.waiter.leave();
        self.keyspace.stop_waiting(self.waiter);
    }
}

/// What replies wait for.
enum Awaited {
    /// That this drain is on disk.
    Written(u64),
    /// That this drain is, now.
    Kept(u64),
    /// That the disk is not far behind.
    CaughtUp,
}

impl Awaited {
    async fn wait(self, disk: &Disk, wrote: u64) {
        match self {
            Awaited::Written(drain) => disk.written(drain, wrote).await,
            Awaited::Kept(drain) => disk.kept(drain).await,
            Awaited::CaughtUp => {
                disk.figures.delayed.fetch_add(1, Relaxed);
                disk.caught_up(wrote).await;
            }
        }
    }
}

/// Returns after so long; 0: never.
async fn elapsed(timeout_ms: u64) {
    match timeout_ms {
        0 => pending().await,
        timeout_ms => tokio::time::sleep(Duration::from_millis(timeout_ms)).await,
    }
}
