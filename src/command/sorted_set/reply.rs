//! How members and scores are replied.

use crate::command::Call;
use crate::resp::{Protocol, ReplyWriter};

pub(super) fn reply_count(call: &mut Call<'_, '_>, count: usize) {
    call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
}

/// An array of members; with scores in pairs, which RESP2 has in a row.
pub(super) fn reply_members<M: AsRef<[u8]>>(
    reply: &mut ReplyWriter<'_>,
    members: impl ExactSizeIterator<Item = (M, f64)>,
    with_scores: bool,
) {
    let in_pairs = with_scores && reply.protocol() == Protocol::Resp3;
    let per_member = if with_scores && !in_pairs { 2 } else { 1 };
    reply.array(members.len() * per_member);
    for (member, score) in members {
        if in_pairs {
            reply.array(2);
        }
        reply.bulk(member.as_ref());
        if with_scores {
            reply.double(score);
        }
    }
}
