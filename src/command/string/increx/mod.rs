//! INCREX (Redis 8.8): adds within bounds and sets the deadline in one step.

mod amount;
mod bounded;
mod options;

use crate::base::long_double::LongDouble;
use crate::command::key_deadline::end_at;
use crate::command::{Call, CommandError};
use crate::store::{Deadline, EventClasses};
use amount::Amount;
use bounded::{Step, add_within};
use options::{Kind, Options};

pub(super) fn increx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = Options::parse(call.args.from(2))?;
    match options.kind {
        Kind::Integer => run::<i64>(call, &options),
        Kind::Float => run::<LongDouble>(call, &options),
    }
}

/// Out of bounds and not told to saturate, nothing happens at all: neither to the value nor to the
/// deadline, and a missing key stays missing.
fn run<A: Amount>(call: &mut Call<'_, '_>, options: &Options<'_>) -> Result<(), CommandError> {
    let by: A = options.increment()?;
    let bounds = options.bounds()?;
    let deadline = options.expiry.deadline("increx", call.now_ms())?;
    let current = current(call)?;
    let step = add_within(current, by, bounds, options.saturate).ok_or(A::APPLIED_OVERFLOW)?;
    match step {
        Step::To { value, applied } => {
            A::store(call.keys, call.key(1), value, applied)?;
            call.keys.notify(EventClasses::STRING, A::EVENT, call.key(1));
            apply_deadline(call, deadline, options.only_without_deadline)?;
            reply(call, value, applied);
        }
        Step::Refused => reply(call, current, A::from_integer(0)),
    }
    Ok(())
}

fn current<A: Amount>(call: &Call<'_, '_>) -> Result<A, CommandError> {
    match call.keys.text(call.key(1))? {
        Some(text) => amount::parse_stored(&text),
        None => Ok(A::from_integer(0)),
    }
}

fn apply_deadline(
    call: &mut Call<'_, '_>,
    deadline: Deadline,
    only_without_deadline: bool,
) -> Result<(), CommandError> {
    let key = call.key(1);
    let at_ms = match deadline {
        Deadline::Keep => return Ok(()),
        Deadline::Clear => None,
        Deadline::At(at_ms) => Some(at_ms),
    };
    let has_deadline = || call.keys.deadline(key).map(|found| found.flatten().is_some());
    if !(only_without_deadline && has_deadline()?) {
        end_at(call.keys, key, at_ms);
    }
    Ok(())
}

fn reply<A: Amount>(call: &mut Call<'_, '_>, value: A, applied: A) {
    call.reply.array(2);
    value.reply(&mut call.reply);
    applied.reply(&mut call.reply);
}
