//! BITFIELD, BITFIELD_RO.

use super::bit;
use super::field_type::{FieldType, Overflow};
use crate::command::{Call, CommandError};
use crate::store::{EventClasses, KeyRef};

const BAD_OVERFLOW: CommandError = CommandError::fixed("ERR Invalid OVERFLOW type specified");
const READS_ONLY: CommandError =
    CommandError::fixed("ERR BITFIELD_RO only supports the GET subcommand");
/// A field lies in so many bytes at most.
const FIELD_BYTES: usize = 9;

struct Step {
    field: FieldType,
    place: u32,
    action: Action,
}

enum Action {
    Get,
    Set(i64, Overflow),
    Add(i64, Overflow),
}

impl Step {
    /// The last bit that it writes.
    fn last_written(&self) -> Option<u64> {
        match self.action {
            Action::Get => None,
            _ => Some(u64::from(self.place) + u64::from(self.field.bits) - 1),
        }
    }
}

pub(super) fn bitfield(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let steps = parse(call)?;
    let last = steps.iter().filter_map(Step::last_written).max();
    run(call, &steps, last)
}

pub(super) fn bitfield_ro(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let steps = parse(call)?;
    if steps.iter().any(|step| step.last_written().is_some()) {
        return Err(READS_ONLY);
    }
    run(call, &steps, None)
}

fn parse(call: &Call<'_, '_>) -> Result<Vec<Step>, CommandError> {
    let (mut steps, mut overflow, mut at) = (Vec::new(), Overflow::Wrap, 2);
    while let Some(word) = call.args.get(at) {
        let left = call.args.len() - at - 1;
        let len = match word.to_ascii_lowercase().as_slice() {
            b"get" if left >= 2 => 3,
            b"set" | b"incrby" if left >= 3 => 4,
            b"overflow" if left >= 1 => {
                overflow = parse_overflow(&call.args[at + 1])?;
                at += 2;
                continue;
            }
            _ => return Err(CommandError::SYNTAX),
        };
        let field = FieldType::parse(&call.args[at + 1])?;
        let place = bit::offset(call, &call.args[at + 2], Some(field.bits))?;
        let action = match word.first().map(u8::to_ascii_lowercase) {
            Some(b's') => Action::Set(call.integer(at + 3)?, overflow),
            Some(b'i') => Action::Add(call.integer(at + 3)?, overflow),
            _ => Action::Get,
        };
        steps.push(Step { field, place, action });
        at += len;
    }
    Ok(steps)
}

fn parse_overflow(word: &[u8]) -> Result<Overflow, CommandError> {
    match word.to_ascii_lowercase().as_slice() {
        b"wrap" => Ok(Overflow::Wrap),
        b"sat" => Ok(Overflow::Saturate),
        b"fail" => Ok(Overflow::Fail),
        _ => Err(BAD_OVERFLOW),
    }
}

fn run(call: &mut Call<'_, '_>, steps: &[Step], last: Option<u64>) -> Result<(), CommandError> {
    let key = call.key(1);
    let len = call.keys.text_len(key)?.unwrap_or(0);
    let (mut is_grown, mut is_changed) = (false, false);
    // As in Redis the string is long enough for all that is to be written, whether it is or not.
    if let Some(last) = last
        && last / 8 >= len as u64
        && let Ok(last) = u32::try_from(last)
    {
        call.keys.put_bits(key, [(last, false)].into_iter())?;
        is_grown = true;
    }
    call.reply.array(steps.len());
    for step in steps {
        let before = read(call, key, step)?;
        match step.outcome(before) {
            Outcome::Read => call.reply.integer(before),
            Outcome::Refused => call.reply.null(),
            Outcome::Write { value, answer } => {
                write(call, key, step, value)?;
                is_changed |= is_grown || value != before;
                call.reply.integer(answer);
            }
        }
    }
    if is_changed {
        call.keys.notify(EventClasses::STRING, "setbit", key);
    }
    Ok(())
}

/// What a step comes to.
enum Outcome {
    Read,
    /// The value does not fit.
    Refused,
    Write {
        value: i64,
        answer: i64,
    },
}

impl Step {
    fn outcome(&self, before: i64) -> Outcome {
        let (value, overflow, answers_before) = match self.action {
            Action::Get => return Outcome::Read,
            // An unsigned field takes a negative number for a very large one.
            Action::Set(value, overflow) if !self.field.is_signed => {
                (i128::from(value as u64), overflow, true)
            }
            Action::Set(value, overflow) => (i128::from(value), overflow, true),
            Action::Add(by, overflow) => (i128::from(before) + i128::from(by), overflow, false),
        };
        match self.field.fit(value, overflow) {
            None => Outcome::Refused,
            Some(value) => {
                Outcome::Write { value, answer: if answers_before { before } else { value } }
            }
        }
    }
}

fn write(
    call: &mut Call<'_, '_>,
    key: KeyRef<'_>,
    step: &Step,
    value: i64,
) -> Result<(), CommandError> {
    let bits = step.field.bits;
    let places = (0..bits)
        .filter_map(|at| Some((step.place.checked_add(at)?, value >> (bits - 1 - at) & 1 != 0)));
    call.keys.put_bits(key, places)?;
    Ok(())
}

fn read(call: &Call<'_, '_>, key: KeyRef<'_>, step: &Step) -> Result<i64, CommandError> {
    let mut bytes = [0; 16];
    call.keys.read_at(key, step.place as usize / 8, &mut bytes[..FIELD_BYTES])?;
    let unused = 128 - step.place % 8 - step.field.bits;
    Ok(step.field.value((u128::from_be_bytes(bytes) >> unused) as u64))
}
