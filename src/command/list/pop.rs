//! LPOP, RPOP, LMPOP.

use super::end;
use crate::base::number::parse_i64;
use crate::command::popping::{Popped, reply_popped, take};
use crate::command::{Args, Call, CommandError};
use crate::store::{End, KeyRef};

const BAD_NUMKEYS: CommandError = CommandError::fixed("ERR numkeys should be greater than 0");
const BAD_COUNT: CommandError = CommandError::fixed("ERR count should be greater than 0");

pub(super) fn lpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop(call, "lpop", End::Left)
}

pub(super) fn rpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop(call, "rpop", End::Right)
}

fn pop(call: &mut Call<'_, '_>, name: &str, end: End) -> Result<(), CommandError> {
    let key = call.key(1);
    match call.args.len() {
        2 => {
            match take(call.keys, key, end, 1)?.first() {
                Some(text) => call.reply.bulk(text),
                None => call.reply.null(),
            }
            return Ok(());
        }
        3 => {}
        _ => return Err(CommandError::arity(name)),
    }
    let count = parse_i64(&call.args[2]).and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or(CommandError::OUT_OF_RANGE)?;
    if call.keys.list(key)?.is_none() {
        call.reply.null_array();
        return Ok(());
    }
    let texts = take(call.keys, key, end, count)?;
    call.reply.array(texts.len());
    texts.iter().for_each(|text| call.reply.bulk(text));
    Ok(())
}

/// What LMPOP is asked for.
pub struct ManyPopped<'a> {
    pub names: Args<'a>,
    pub end: End,
    pub count: usize,
}

impl<'a> ManyPopped<'a> {
    /// `numkeys key… LEFT|RIGHT [COUNT count]`
    pub fn parse(args: Args<'a>) -> Result<ManyPopped<'a>, CommandError> {
        let numkeys = args.get(0).and_then(parse_i64).filter(|count| *count > 0);
        let numkeys = usize::try_from(numkeys.ok_or(BAD_NUMKEYS)?).unwrap_or(usize::MAX);
        let rest = args.from(numkeys.saturating_add(1));
        let end = end(rest.get(0).ok_or(CommandError::SYNTAX)?)?;
        let names = args.from(1).first(numkeys);
        Ok(ManyPopped { names, end, count: count(rest.from(1))? })
    }
}

/// COUNT count, once; 1 without it.
fn count(options: Args<'_>) -> Result<usize, CommandError> {
    match (options.get(0), options.get(1), options.len()) {
        (None, _, _) => Ok(1),
        (Some(word), Some(count), len) if word.eq_ignore_ascii_case(b"count") => {
            let count = parse_i64(count).filter(|count| *count > 0).ok_or(BAD_COUNT)?;
            if len > 2 {
                return Err(CommandError::SYNTAX);
            }
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        }
        _ => Err(CommandError::SYNTAX),
    }
}

pub(super) fn lmpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let wanted = ManyPopped::parse(call.args.from(1))?;
    if !pop_first(call, &wanted)? {
        call.reply.null_array();
    }
    Ok(())
}

/// Takes from the first list that is there; false, and nothing is answered: there is none.
pub(super) fn pop_first(
    call: &mut Call<'_, '_>,
    wanted: &ManyPopped<'_>,
) -> Result<bool, CommandError> {
    for name in wanted.names.iter() {
        let key = KeyRef::new(call.session.db, name);
        let texts = take(call.keys, key, wanted.end, wanted.count)?;
        if !texts.is_empty() {
            reply_popped(&mut call.reply, name, &texts, Popped::Many);
            return Ok(true);
        }
    }
    Ok(false)
}
