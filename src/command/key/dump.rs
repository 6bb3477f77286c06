//! DUMP: a key as bytes.

use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Call, CommandError};
use crate::replication::Payload;
use crate::store::{EventClasses, Mode};

pub const DUMP: Command = Command {
    name: "dump",
    arity: 2,
    flags: Flags::READONLY,
    keys: &[KeySpec::first(&["RO", "access"])],
    reach: Reach::Engine,
    group: Group::Generic,
    since: "2.6.0",
    summary: "Returns a serialized representation of the value stored at a key.",
    complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of objects composing the value and M their average size.",
    syntax: "key",
    subcommands: &[],
    run: dump,
};

/// The form is Headcount's own: Redis's has no place for what each node has counted.
///
/// The engine is asked while no key is held: its lock comes first. Its reply leaves when this node would have
/// it after a crash: else the node would count up to what the payload has of it once more, and both would be one.
fn dump(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (keyspace, key, now_ms) = (&call.node.keyspace, call.key(1), call.now_ms());
    let read = || {
        let keys = keyspace.open_one(key, Mode::Exclusive, now_ms);
        if keys.exists(key).unwrap_or(false) { keys.told(key) } else { None }
    };
    if let Some(failure) = call.node.disk.as_ref().and_then(|disk| disk.failure()) {
        return Err(CommandError::text(format!(
            "MISCONF Errors writing to the AOF file: {failure}"
        )));
    }
    let payload = match call.node.engine() {
        Some(cluster) => {
            let mut engine = cluster.engine.lock();
            let payload = engine.dump(keyspace, cluster.now(), read);
            call.session.dumped = cluster.progress.begun();
            payload
        }
        None => read().map(|state| Payload { read_ms: now_ms, state, ..Payload::default() }),
    };
    match payload {
        Some(payload) => call.reply.bulk(&payload.seal()),
        None => {
            call.keys.notify(EventClasses::KEY_MISS, "keymiss", key);
            call.reply.null();
        }
    }
    Ok(())
}
