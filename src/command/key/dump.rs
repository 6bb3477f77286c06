//! DUMP: a key as bytes.

use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Call, CommandError};
use crate::replication::Payload;
use crate::store::Mode;

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
/// The engine is asked while no key is held: its lock comes first.
fn dump(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (keyspace, key, now_ms) = (&call.node.keyspace, call.key(1), call.now_ms());
    let read = || {
        let keys = keyspace.open_one(key, Mode::Exclusive, now_ms);
        if keys.exists(key).unwrap_or(false) { keys.told(key) } else { None }
    };
    let payload = match call.node.engine() {
        Some(cluster) => cluster.engine.lock().dump(keyspace, cluster.now(), read),
        None => read().map(|state| Payload { read_ms: now_ms, state, ..Payload::default() }),
    };
    match payload {
        Some(payload) => call.reply.bulk(&payload.seal()),
        None => call.reply.null(),
    }
    Ok(())
}
