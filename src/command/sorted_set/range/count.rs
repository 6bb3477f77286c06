//! ZCOUNT, ZLEXCOUNT.

use super::bounds::{Bounds, By};
use crate::command::sorted_set::reply::reply_count;
use crate::command::{Call, CommandError};

pub(super) fn zcount(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    count(call, By::Score)
}

pub(super) fn zlexcount(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    count(call, By::Name)
}

fn count(call: &mut Call<'_, '_>, by: By) -> Result<(), CommandError> {
    let bounds = Bounds::parse(by, &call.args[2], &call.args[3])?;
    let count = call.keys.sorted(call.key(1))?.map_or(0, |set| bounds.of(&set, false).len());
    reply_count(call, count);
    Ok(())
}
