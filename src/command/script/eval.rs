//! EVAL and its like.

use crate::base::number::parse_i64;
use crate::command::lua::{digest, with_engine};
use crate::command::script_refusals::NO_SCRIPT;
use crate::command::{Call, CommandError, run_script};
use crate::script::{Script, digest_of};
use smallvec::SmallVec;
use std::sync::Arc;

pub fn eval(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    run(call, false, by_body)
}

pub fn eval_ro(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    run(call, true, by_body)
}

pub fn evalsha(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    run(call, false, by_digest)
}

pub fn evalsha_ro(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    run(call, true, by_digest)
}

type Find = fn(&Call<'_, '_>) -> Result<Arc<Script>, CommandError>;

fn run(call: &mut Call<'_, '_>, is_read_only: bool, find: Find) -> Result<(), CommandError> {
    let args = call.args;
    let count = parse_i64(&args[2]).ok_or(CommandError::NOT_INTEGER)?;
    let given = args.len() - 3;
    let keys = match usize::try_from(count) {
        Ok(count) if count <= given => count,
        Ok(_) => {
            return Err(CommandError::fixed(
                "ERR Number of keys can't be greater than number of args",
            ));
        }
        Err(_) => return Err(CommandError::fixed("ERR Number of keys can't be negative")),
    };
    let script = find(call)?;
    let words: SmallVec<[&[u8]; 16]> = args.from(3).iter().collect();
    let (keys, arguments) = words.split_at(keys);
    run_script(call, &script, (keys, arguments), is_read_only)
}

fn by_digest(call: &Call<'_, '_>) -> Result<Arc<Script>, CommandError> {
    let digest = digest(&call.args[1]).ok_or(NO_SCRIPT)?;
    call.node.scripts.find(&digest).ok_or(NO_SCRIPT)
}

fn by_body(call: &Call<'_, '_>) -> Result<Arc<Script>, CommandError> {
    let body = &call.args[1];
    match call.node.scripts.find(&digest_of(body)) {
        Some(script) => Ok(script),
        None => load(call, body),
    }
}

/// Compiles a script, and knows it from now on.
pub fn load(call: &Call<'_, '_>, body: &[u8]) -> Result<Arc<Script>, CommandError> {
    let script = Script::new(body).map_err(|why| CommandError::text(format!("ERR {why}")))?;
    let script = Arc::new(script);
    with_engine(call.node, |engine| engine.compile(&script)).map_err(CommandError::Script)?;
    call.node.scripts.add(script.clone());
    Ok(script)
}
