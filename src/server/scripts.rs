//! The thread that runs scripts which may take long, one after the other.

use crate::command::{Batch, CommandError, ScriptDone, ScriptRequest};
use crate::node::clock::unix_ms;
use crate::node::{CachedConfig, Node};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::AcqRel, Ordering::Acquire};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Scripts that may wait for their turn; beyond that their connections wait.
const WAITING: usize = 1024;
/// How often it is looked whether the last script has ended.
const ENDING: Duration = Duration::from_millis(10);
/// Lua and its libraries recurse on it.
const STACK_BYTES: usize = 64 << 20;

/// The way to the thread.
#[derive(Clone)]
pub struct Scripts {
    inbox: mpsc::Sender<Job>,
}

struct Job {
    request: ScriptRequest,
    turn: Arc<Turn>,
    done: oneshot::Sender<ScriptDone>,
}

/// Whether a script has begun, or will not any more.
#[derive(Default)]
struct Turn(AtomicU8);

impl Turn {
    const BEGUN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn begin(&self) -> bool {
        self.0.compare_exchange(0, Turn::BEGUN, AcqRel, Acquire).is_ok()
    }

    fn give_up(&self) -> bool {
        self.0.compare_exchange(0, Turn::GIVEN_UP, AcqRel, Acquire).is_ok()
    }
}

/// The thread itself.
pub struct ScriptThread(JoinHandle<()>);

impl ScriptThread {
    /// Starts it; it ends when the last [`Scripts`] is gone.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(node: &Arc<Node>) -> io::Result<(ScriptThread, Scripts)> {
        let (inbox, jobs) = mpsc::channel(WAITING);
        let node = node.clone();
        let builder = std::thread::Builder::new().name("scripts".to_owned());
        let thread = builder.stack_size(STACK_BYTES).spawn(move || work(&node, jobs))?;
        Ok((ScriptThread(thread), Scripts { inbox }))
    }

    /// Waits for its end, and that of the script that it runs, which is killed if it has not written. One that has
    /// written and is to be given up takes the process with it: nobody may be told half of what it does.
    pub fn stop(self, node: &Node) {
        // None runs, or it goes on.
        let _ = node.scripts.running.kill();
        let abandons = node.shutdown.requested().is_some_and(|asked| asked.abandons_script);
        while abandons && !self.0.is_finished() {
            if node.scripts.running.has_written() {
                tracing::warn!("A script was still running: what it has written is given up");
                std::process::exit(0);
            }
            std::thread::sleep(ENDING);
        }
        if self.0.join().is_err() {
            tracing::error!("The thread of scripts panicked");
        }
    }
}

impl Scripts {
    /// Has a script run, and waits for it; while another has run for too long, it is not even tried.
    pub async fn run(&self, request: ScriptRequest, node: &Node) -> ScriptDone {
        let protocol = request.protocol();
        let (done, mut answer) = oneshot::channel();
        let turn = Arc::new(Turn::default());
        let job = Job { request, turn: turn.clone(), done };
        let mut became_slow = std::pin::pin!(node.scripts.running.became_slow.notified());
        became_slow.as_mut().enable();
        let sent = tokio::select! {
            sent = self.inbox.send(job) => sent.is_ok(),
            () = became_slow.as_mut() => false,
        };
        if !sent {
            return busy(node, protocol);
        }
        tokio::select! {
            biased;
            done = &mut answer => return done.unwrap_or_else(|_| busy(node, protocol)),
            () = became_slow => {}
        }
        if turn.give_up() {
            return busy(node, protocol);
        }
        answer.await.unwrap_or_else(|_| busy(node, protocol))
    }
}

fn busy(node: &Node, protocol: crate::resp::Protocol) -> ScriptDone {
    let mut reply = Vec::new();
    if let CommandError::Reply(text) = CommandError::BUSY {
        node.stats.error(&text);
        crate::resp::ReplyWriter::new(&mut reply, protocol).error(&text);
    }
    ScriptDone { reply, wrote: 0, closes: false }
}

fn work(node: &Node, mut jobs: mpsc::Receiver<Job>) {
    let recorder = node.stats.recorder();
    let mut config = CachedConfig::default();
    while let Some(Job { request, turn, done }) = jobs.blocking_recv() {
        if !turn.begin() {
            continue;
        }
        let mut batch = Batch::new(node, &recorder, &mut config, unix_ms());
        let ran = batch.execute_handed_over(request);
        batch.finish();
        // Who asked may be gone.
        let _ = done.send(ran);
    }
}
