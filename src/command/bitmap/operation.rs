//! BITOP.

use crate::command::{Call, CommandError};
use crate::store::EventClasses;
use std::ops::ControlFlow;

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
    let mut result = Vec::new();
    for index in 3..call.args.len() {
        let is_first = index == 3;
        let operation = if is_first { Operation::Or } else { operation };
        let mut end = 0;
        call.keys.read_pieces(
            call.key(index),
            |len| 0..len,
            |offset, piece| {
                end = offset + piece.len();
                result.resize(end.max(result.len()), 0);
                combine(operation, &mut result[offset..end], piece);
                ControlFlow::Continue(())
            },
        )?;
        if operation == Operation::And {
            // The shorter string is taken to end in zeros.
            result[end..].fill(0);
        }
    }
    if operation == Operation::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
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

fn combine(operation: Operation, result: &mut [u8], text: &[u8]) {
    let pairs = result.iter_mut().zip(text);
    match operation {
        Operation::And => pairs.for_each(|(byte, other)| *byte &= other),
        Operation::Or => pairs.for_each(|(byte, other)| *byte |= other),
        Operation::Xor => pairs.for_each(|(byte, other)| *byte ^= other),
        Operation::Not => {}
    }
}
