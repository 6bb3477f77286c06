//! DUMP: a key as bytes.

use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Call, CommandError};
use crate::replication::Payload;

pub const DUMP: Command = Command {
    name: "dump",
    arity: 2,
    flags: Flags::READONLY,
    keys: &[KeySpec::first(&["RO", "access"])],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "2.6.0",
    summary: "Returns a serialized representation of the value stored at a key.",
    complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of objects composing the value and M their average size.",
    syntax: "key",
    subcommands: &[],
    run: dump,
};

/// The form is Headcount's own: Redis's has no place for what each node has counted.
fn dump(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let state = if call.keys.exists(key)? { call.keys.told(key) } else { None };
    match state {
        Some(state) => {
            // Asked while the key is held: what was merged before is in the state.
            let holds = call.node.engine().map(|engine| engine.collected.holds());
            let holds = holds.as_deref().cloned().unwrap_or_default();
            let payload = Payload { read_ms: call.now_ms(), holds, state };
            call.reply.bulk(&payload.seal());
        }
        None => call.reply.null(),
    }
    Ok(())
}
