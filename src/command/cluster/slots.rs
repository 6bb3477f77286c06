//! CLUSTER KEYSLOT, COUNTKEYSINSLOT and GETKEYSINSLOT: keys by their slots.

use super::{BASE, cluster};
use crate::base::{KEY_SLOTS, key_slot};
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

pub const COUNTKEYSINSLOT: Command = Command {
    name: "countkeysinslot",
    arity: 3,
    flags: Flags::STALE,
    summary: "Returns the number of keys in a hash slot.",
    complexity: "O(N) where N is the number of keys in the database",
    syntax: "slot",
    run: countkeysinslot,
    ..BASE
};

pub const GETKEYSINSLOT: Command = Command {
    name: "getkeysinslot",
    arity: 4,
    flags: Flags::STALE,
    summary: "Returns the key names in a hash slot.",
    complexity: "O(N) where N is the number of keys in the database",
    syntax: "slot count",
    run: getkeysinslot,
    ..BASE
};

fn keyslot(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    cluster(call)?;
    call.reply.integer(key_slot(&call.args[2]).into());
    Ok(())
}

fn countkeysinslot(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    cluster(call)?;
    let slot = slot(call.integer(2)?).ok_or(CommandError::fixed("ERR Invalid slot"))?;
    let mut count = 0;
    call.keys.for_each_in_slot(call.session.db, slot, &mut |_| count += 1);
    call.reply.integer(count);
    Ok(())
}

fn getkeysinslot(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    cluster(call)?;
    let (slot, count) = (slot(call.integer(2)?), usize::try_from(call.integer(3)?).ok());
    let invalid = CommandError::fixed("ERR Invalid slot or number of keys");
    let (slot, count) = slot.zip(count).ok_or(invalid)?;
    let mut names = Vec::new();
    call.keys.for_each_in_slot(call.session.db, slot, &mut |name| {
        if names.len() < count {
            names.push(name.to_vec());
        }
    });
    call.reply.array(names.len());
    names.iter().for_each(|name| call.reply.bulk(name));
    Ok(())
}

fn slot(number: i64) -> Option<u16> {
    u16::try_from(number).ok().filter(|slot| usize::from(*slot) < KEY_SLOTS)
}
