//! ZRANGESTORE.

use super::options::{Preset, Query};
use crate::command::sorted_set::events;
use crate::command::sorted_set::reply::reply_count;
use crate::command::{Call, CommandError};

/// The destination may be the source and may hold any type: it is replaced once the range is known.
pub(super) fn zrangestore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let query = Query::parse(call.args.from(3), Preset { stores: true, ..Preset::default() })?;
    let set = call.keys.sorted(call.key(2))?;
    let members: Vec<(Vec<u8>, f64)> = set.map_or_else(Vec::new, |set| {
        let members = set.range(query.ranks(&set));
        members.map(|(member, score)| (member.to_vec(), score)).collect()
    });
    let destination = call.key(1);
    events::store(call.keys, "zrangestore", destination, &members);
    reply_count(call, members.len());
    Ok(())
}
