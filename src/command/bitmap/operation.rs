//! BITOP.

use crate::command::{Call, CommandError};
use crate::store::EventClasses;

const ONE_SOURCE: CommandError =
    CommandError::fixed("ERR BITOP NOT must be called with a single source key.");

/// What is done with the bits of two strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

/// The destination becomes the result, as by SET; without a result it is deleted.
pub(super) fn bitop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let operation = match call.args[1].to_ascii_lowercase().as_slice() {
        b"and" => Operation::And,
        b"or" => Operation::Or,
        b"xor" => Operation::Xor,
        b"not" => Operation::Not,
        _ => return Err(CommandError::SYNTAX),
    };
    if operation == Operation::Not && call.args.len() != 4 {
        return Err(ONE_SOURCE);
    }
    let mut texts = Vec::with_capacity(call.args.len() - 3);
    for index in 3..call.args.len() {
        texts.push(call.keys.text(call.key(index))?);
    }
    let mut texts = texts.iter().map(|text| text.as_ref().map_or(&[][..], |text| text));
    let mut result = texts.next().unwrap_or_default().to_vec();
    if operation == Operation::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    texts.for_each(|text| combine(operation, &mut result, text));
    call.keys.notify_missed(true);
    let key = call.key(2);
    if result.is_empty() {
        let was_there = call.keys.delete(key);
        call.keys.notify_deleted(was_there, key);
    } else {
        call.keys.put_raw(key, &result);
        call.keys.notify(EventClasses::STRING, "set", key);
    }
    call.reply.integer(result.len() as i64);
    Ok(())
}

/// The shorter string is taken to end in zeros.
fn combine(operation: Operation, result: &mut Vec<u8>, text: &[u8]) {
    if result.len() < text.len() {
        result.resize(text.len(), 0);
    }
    let (both, rest) = result.split_at_mut(text.len());
    let pairs = both.iter_mut().zip(text);
    match operation {
        Operation::And => {
            pairs.for_each(|(byte, other)| *byte &= other);
            rest.fill(0);
        }
        Operation::Or => pairs.for_each(|(byte, other)| *byte |= other),
        Operation::Xor => pairs.for_each(|(byte, other)| *byte ^= other),
        Operation::Not => {}
    }
}
