//! The thread, from the start's load to the last write.

use super::files::Files;
use super::load::load;
use super::work::Work;
use crate::log::{Identity, Settings, Writer};
use crate::node::clock::unix_ms;
use crate::node::{Disk, Node, ShutdownRequest};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// How the log is written.
const SETTINGS: Settings = Settings { segment_bytes: 256 << 20, held_bytes_max: 128 << 20 };

/// The thread that reads the files at the start and writes them from then on.
pub struct Keeper {
    disk: Arc<Disk>,
    /// Returns whether all that was acknowledged is on disk.
    thread: JoinHandle<bool>,
}

impl Keeper {
    /// Begins to load; `None` for a node that keeps its data in memory only.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(node: &Arc<Node>, files: Option<Files>) -> io::Result<Option<Keeper>> {
        let (Some(files), Some(disk)) = (files, node.disk.clone()) else { return Ok(None) };
        let (node, shared) = (node.clone(), disk.clone());
        let work = move || {
            let live = AssertUnwindSafe(|| live(&node, &shared, &files));
            catch_unwind(live).unwrap_or_else(|_| {
                tracing::error!("The disk's thread panicked; nothing is written any more");
                shared.set_failure(Some("internal error".to_owned()));
                node.shutdown.request(ShutdownRequest {
                    now: true,
                    force: true,
                    ..ShutdownRequest::default()
                });
                false
            })
        };
        let thread = std::thread::Builder::new().name("disk".to_owned()).spawn(work)?;
        Ok(Some(Keeper { disk, thread }))
    }

    /// Writes what is left, and returns whether all is on disk; what went wrong is in the log. Nothing is
    /// served any more.
    #[must_use]
    pub fn stop(self) -> bool {
        self.disk.end();
        self.thread.join().unwrap_or(false)
    }
}

fn live(node: &Arc<Node>, disk: &Arc<Disk>, files: &Files) -> bool {
    match begin(node, disk, files) {
        Ok(mut work) => {
            disk.end_loading(Ok(()));
            work.run();
            let finished = work.finish();
            if let Err(fault) = &finished {
                tracing::error!("What was written last is not on disk: {fault}");
            }
            finished.is_ok()
        }
        Err(why) => {
            disk.end_loading(Err(why));
            node.shutdown.request(ShutdownRequest {
                now: true,
                force: true,
                ..ShutdownRequest::default()
            });
            false
        }
    }
}

/// Reads everything, and makes durable what was read: only then anybody may be told of it.
fn begin(node: &Arc<Node>, disk: &Arc<Disk>, files: &Files) -> Result<Work, String> {
    let loaded = load(node, files)?;
    let (cluster, keyspace) = (&disk.cluster, &node.keyspace);
    let written_by = {
        let mut engine = cluster.engine.lock();
        if let Some(memory) = loaded.memory {
            engine.recall(memory, cluster.now()).map_err(|error| error.to_string())?;
        }
        // Mostly it was read as who it is.
        keyspace.rewrite_as(engine.writes_as(), unix_ms());
        let settings = engine.settings();
        Identity { node: settings.node, incarnation: settings.incarnation }
    };
    let (storage, seed) = (files.directory.clone(), rand::random());
    let identity = files.header().unwrap_or(written_by);
    let mut writer = Writer::open(storage, SETTINGS, identity, seed, &loaded.recovered)
        .map_err(|error| error.to_string())?;
    writer.commit().map_err(|fault| fault.to_string())?;
    let mut work = Work::new(node.clone(), disk.clone(), files.directory.clone(), writer);
    work.first()?;
    Ok(work)
}
