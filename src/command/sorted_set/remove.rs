//! ZREM.

use super::events;
use super::reply::reply_count;
use crate::command::{Call, CommandError};
use crate::store::Missing;

pub(super) fn zrem(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, members) = (call.key(1), call.args.from(2));
    let removed = call.keys.edit_sorted(key, Missing::Skip, |set| {
        members.iter().filter(|member| set.remove(member)).count()
    })?;
    if removed.is_some_and(|removed| removed > 0) {
        events::removed(call.keys, "zrem", key)?;
    }
    reply_count(call, removed.unwrap_or(0));
    Ok(())
}
