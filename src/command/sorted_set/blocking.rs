//! BZPOPMIN, BZPOPMAX, BZMPOP: as the commands without the B, but they wait where there is nothing.

use super::pop::{parse_zmpop, pop, pop_first, reply_one_popped};
use crate::command::blocking::{timeout_ms, wait};
use crate::command::{Call, CommandError};
use crate::store::{Edge, KeyRef, Wish};

pub(super) fn bzpopmin(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop_one(call, Edge::Min)
}

pub(super) fn bzpopmax(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop_one(call, Edge::Max)
}

fn pop_one(call: &mut Call<'_, '_>, edge: Edge) -> Result<(), CommandError> {
    let args = call.args;
    let (last, db) = (args.len() - 1, call.session.db);
    let timeout_ms = timeout_ms(&args[last], call.now_ms())?;
    let names = args.first(last).from(1);
    for name in names.iter() {
        if let Some(popped) = pop(call.keys, KeyRef::new(db, name), edge, 1)? {
            reply_one_popped(&mut call.reply, name, &popped);
            return Ok(());
        }
    }
    wait(call, names.iter(), Wish::PopScored { edge }, timeout_ms);
    Ok(())
}

/// BZMPOP timeout numkeys key… MIN|MAX [COUNT count]
pub(super) fn bzmpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let timeout_ms = timeout_ms(&call.args[1], call.now_ms())?;
    let (names, edge, count) = parse_zmpop(call.args.from(1))?;
    if !pop_first(call, names, edge, count)? {
        wait(call, names.iter(), Wish::PopManyScored { edge, count }, timeout_ms);
    }
    Ok(())
}
