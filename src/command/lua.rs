//! The Lua state of a thread, and what is known of a script before it runs there.

use super::Args;
use super::registry::Entry;
use crate::node::scripts::Running;
use crate::node::{Node, REDIS_VERSION, Scripts};
use crate::script::{Digest, Engine, Failure, Script, Settings, digest_of};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Longer scripts are not hashed twice.
const BRIEF_MAX_BYTES: usize = 16 * 1024;
/// What the Lua state of one thread may take.
const MEMORY_MAX_BYTES: usize = 1 << 30;

/// A state, and the node that it was made for.
struct Held {
    running: Arc<Running>,
    engine: Engine,
    /// What the node counts of it.
    bytes: usize,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// Does something with this thread's state. One in which something panics is not used again.
///
/// # Errors
/// There is no memory for a state, or what `work` returns.
pub fn with_engine<R>(
    node: &Node,
    work: impl FnOnce(&mut Engine) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let held = HELD.take().filter(|held| Arc::ptr_eq(&held.running, &node.scripts.running));
    let mut held = match held {
        Some(held) => held,
        None => make(node)?,
    };
    let result = work(&mut held.engine);
    let bytes = held.engine.memory_bytes();
    node.scripts.lua_bytes.fetch_add(bytes.wrapping_sub(held.bytes), Relaxed);
    held.bytes = bytes;
    HELD.set(Some(held));
    result
}

fn make(node: &Node) -> Result<Held, Failure> {
    let running = node.scripts.running.clone();
    let asked = running.clone();
    let engine = Engine::new(Settings {
        version: REDIS_VERSION,
        seed: rand::random(),
        memory_max_bytes: MEMORY_MAX_BYTES,
        must_end: Arc::new(move || asked.must_end()),
    })?;
    Ok(Held { running, engine, bytes: 0 })
}

/// Whether the script that a request names is known, and cannot take long. What is not known has yet to be read.
pub fn is_brief(scripts: &Scripts, entry: &Entry, args: Args<'_>) -> bool {
    let Some(word) = args.get(1) else { return true };
    let digest = match entry.command.name {
        "evalsha" | "evalsha_ro" => digest(word),
        _ if word.len() > BRIEF_MAX_BYTES => return false,
        _ => Some(digest_of(word)),
    };
    match digest.and_then(|digest| scripts.find(&digest)) {
        Some(script) => script.is_brief,
        // There is nothing to run, or it is read for the first time.
        None => Script::new(word).is_ok_and(|script| script.is_brief),
    }
}

/// A digest as it is written, in any letter case.
pub fn digest(word: &[u8]) -> Option<Digest> {
    let mut digest = Digest::try_from(word).ok()?;
    digest.make_ascii_lowercase();
    Some(digest)
}
