//! BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH: as the commands without the B, but they wait where there is nothing.

use super::end;
use super::pop::{ManyPopped, pop_first};
use crate::base::Name;
use crate::command::blocking::{timeout_ms, wait};
use crate::command::popping::{Popped, move_element, reply_popped, take};
use crate::command::{Call, CommandError};
use crate::store::{End, KeyRef, Wish};

pub(super) fn blpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop(call, End::Left)
}

pub(super) fn brpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop(call, End::Right)
}

fn pop(call: &mut Call<'_, '_>, end: End) -> Result<(), CommandError> {
    let args = call.args;
    let (last, db) = (args.len() - 1, call.session.db);
    let timeout_ms = timeout_ms(&args[last], call.now_ms())?;
    let names = args.first(last).from(1);
    for name in names.iter() {
        let texts = take(call.keys, KeyRef::new(db, name), end, 1)?;
        if !texts.is_empty() {
            reply_popped(&mut call.reply, name, &texts, Popped::One);
            return Ok(());
        }
    }
    wait(call, names.iter(), Wish::Pop { end }, timeout_ms);
    Ok(())
}

pub(super) fn blmpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let timeout_ms = timeout_ms(&call.args[1], call.now_ms())?;
    let wanted = ManyPopped::parse(call.args.from(2))?;
    if !pop_first(call, &wanted)? {
        let wish = Wish::PopMany { end: wanted.end, count: wanted.count };
        wait(call, wanted.names.iter(), wish, timeout_ms);
    }
    Ok(())
}

pub(super) fn blmove(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (from, to) = (end(&call.args[3])?, end(&call.args[4])?);
    transfer(call, from, to)
}

pub(super) fn brpoplpush(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    transfer(call, End::Right, End::Left)
}

fn transfer(call: &mut Call<'_, '_>, from: End, to: End) -> Result<(), CommandError> {
    let args = call.args;
    let timeout_ms = timeout_ms(&args[args.len() - 1], call.now_ms())?;
    let (source, destination) = (call.key(1), call.key(2));
    match move_element(call.keys, (source, from), (destination, to))? {
        Some(text) => call.reply.bulk(&text),
        None => {
            let destination = Name::from_slice(destination.name);
            let wish = Wish::Move { from, to, destination };
            wait(call, std::iter::once(source.name), wish, timeout_ms);
        }
    }
    Ok(())
}
