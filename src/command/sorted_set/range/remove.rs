//! ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.

use super::bounds::{Bounds, By};
use crate::command::sorted_set::events;
use crate::command::sorted_set::reply::reply_count;
use crate::command::{Call, CommandError};
use crate::store::{Missing, SortedEdit};

pub(super) fn zremrangebyrank(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    remove(call, By::Rank, "zremrangebyrank")
}

pub(super) fn zremrangebyscore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    remove(call, By::Score, "zremrangebyscore")
}

pub(super) fn zremrangebylex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    remove(call, By::Name, "zremrangebylex")
}

fn remove(call: &mut Call<'_, '_>, by: By, event: &'static str) -> Result<(), CommandError> {
    let bounds = Bounds::parse(by, &call.args[2], &call.args[3])?;
    let key = call.key(1);
    let removed = call.keys.edit_sorted(key, Missing::Skip, |set| take_out(set, &bounds))?;
    if removed.is_some_and(|removed| removed > 0) {
        events::removed(call.keys, event, key)?;
    }
    reply_count(call, removed.unwrap_or(0));
    Ok(())
}

fn take_out(set: &mut SortedEdit<'_>, bounds: &Bounds<'_>) -> usize {
    let members: Vec<Vec<u8>> = {
        let view = set.view();
        let members = view.range(bounds.of(&view, false));
        members.map(|(member, _)| member.to_vec()).collect()
    };
    members.iter().filter(|member| set.remove(member)).count()
}
