//! CLUSTER KEYSLOT.

use super::{BASE, cluster};
use crate::base::key_slot;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};

pub const KEYSLOT: Command = Command {
    name: "keyslot",
    arity: 3,
    flags: Flags::STALE,
    summary: "Returns the hash slot for a key.",
    complexity: "O(N) where N is the number of bytes in the key",
    syntax: "key",
    run: keyslot,
    ..BASE
};

fn keyslot(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    cluster(call)?;
    call.reply.integer(key_slot(&call.args[2]).into());
    Ok(())
}
