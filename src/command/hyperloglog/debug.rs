//! A look inside: PFDEBUG, PFSELFTEST.

use crate::base::hll::{self, Form};
use crate::command::{Call, CommandError};

const NO_KEY: CommandError = CommandError::fixed("ERR The specified key does not exist");
const NOT_SPARSE: CommandError = CommandError::fixed("ERR HLL encoding is not sparse");
/// So many elements are added by PFSELFTEST.
const TRIED: u32 = 10_000;

pub(super) fn pfdebug(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(2);
    let text = call.keys.text(key)?.ok_or(NO_KEY)?.to_vec();
    let form = hll::form(&text)?;
    match call.args[1].to_ascii_lowercase().as_slice() {
        b"getreg" => {
            let ranks = hll::ranks(&text)?;
            make_dense(call, form)?;
            call.reply.array(ranks.len());
            ranks.iter().for_each(|rank| call.reply.integer((*rank).into()));
        }
        b"decode" if form == Form::Dense => return Err(NOT_SPARSE),
        b"decode" => call.reply.bulk(hll::decode_sparse(&text)?.as_bytes()),
        b"encoding" => {
            call.reply.simple(if form == Form::Dense { "dense" } else { "sparse" });
        }
        b"todense" => {
            make_dense(call, form)?;
            call.reply.integer((form == Form::Sparse).into());
        }
        _ => {
            let name = String::from_utf8_lossy(&call.args[1]);
            return Err(CommandError::text(format!("ERR Unknown PFDEBUG subcommand '{name}'")));
        }
    }
    Ok(())
}

fn make_dense(call: &mut Call<'_, '_>, form: Form) -> Result<(), CommandError> {
    if form == Form::Sparse {
        call.keys.make_dense(call.key(2))??;
    }
    Ok(())
}

/// Both forms of one say the same, and it is about right.
pub(super) fn pfselftest(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (mut sparse, mut dense) = (hll::empty(), hll::empty());
    hll::to_dense(&mut dense)?;
    for element in 0..TRIED {
        let element = element.to_le_bytes();
        hll::add(&mut sparse, &element, usize::MAX)?;
        hll::add(&mut dense, &element, 0)?;
    }
    let (ranks, same) = (hll::ranks(&dense)?, hll::ranks(&sparse)?);
    let error = hll::estimate(&ranks).abs_diff(u64::from(TRIED));
    if ranks != same || error > u64::from(TRIED) / 20 {
        return Err(CommandError::fixed("ERR TESTFAILED the forms of a HyperLogLog differ"));
    }
    call.reply.ok();
    Ok(())
}
