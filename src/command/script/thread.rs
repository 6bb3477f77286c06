//! The Lua state of a thread.

use crate::node::scripts::Running;
use crate::node::{Node, REDIS_VERSION};
use crate::script::{Engine, Failure, Settings};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

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
        must_end: Arc::new(move || asked.must_end()),
    })?;
    Ok(Held { running, engine, bytes: 0 })
}
