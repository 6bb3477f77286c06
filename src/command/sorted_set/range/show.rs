//! ZRANGE and the older commands that it replaces.

use super::bounds::By;
use super::options::{Preset, Query};
use crate::command::sorted_set::reply::reply_members;
use crate::command::{Call, CommandError};

pub(super) fn zrange(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, Preset::default())
}

pub(super) fn zrevrange(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, named(By::Rank, true))
}

pub(super) fn zrangebyscore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, named(By::Score, false))
}

pub(super) fn zrevrangebyscore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, named(By::Score, true))
}

pub(super) fn zrangebylex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, named(By::Name, false))
}

pub(super) fn zrevrangebylex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, named(By::Name, true))
}

fn named(by: By, reverse: bool) -> Preset {
    Preset { by: Some(by), reverse: Some(reverse), stores: false }
}

fn show(call: &mut Call<'_, '_>, preset: Preset) -> Result<(), CommandError> {
    let query = Query::parse(call.args.from(2), preset)?;
    let Some(set) = call.keys.sorted(call.key(1))? else {
        call.reply.empty_array();
        return Ok(());
    };
    let members = set.range(query.ranks(&set));
    if query.reverse {
        reply_members(&mut call.reply, members.rev(), query.with_scores);
    } else {
        reply_members(&mut call.reply, members, query.with_scores);
    }
    Ok(())
}
