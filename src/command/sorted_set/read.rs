//! ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK.

use super::reply::reply_count;
use crate::command::{Call, CommandError};

pub(super) fn zcard(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let len = call.keys.sorted(call.key(1))?.map_or(0, |set| set.len());
    reply_count(call, len);
    Ok(())
}

pub(super) fn zscore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let set = call.keys.sorted(call.key(1))?;
    let score = set.and_then(|set| set.score(&call.args[2]));
    reply_score(call, score);
    Ok(())
}

pub(super) fn zmscore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let set = call.keys.sorted(call.key(1))?;
    let members = call.args.from(2);
    let scores = members.iter().map(|member| set.as_ref().and_then(|set| set.score(member)));
    let scores: Vec<_> = scores.collect();
    call.reply.array(scores.len());
    for score in scores {
        reply_score(call, score);
    }
    Ok(())
}

fn reply_score(call: &mut Call<'_, '_>, score: Option<f64>) {
    match score {
        Some(score) => call.reply.double(score),
        None => call.reply.null(),
    }
}

pub(super) fn zrank(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    rank(call, |rank, _| rank)
}

pub(super) fn zrevrank(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    rank(call, |rank, len| len - 1 - rank)
}

fn rank(call: &mut Call<'_, '_>, count: fn(usize, usize) -> usize) -> Result<(), CommandError> {
    let with_score = match call.args.get(3) {
        None => false,
        Some(_) if call.args.len() > 4 => {
            let name = if call.args[0].len() == b"zrank".len() { "zrank" } else { "zrevrank" };
            return Err(CommandError::arity(name));
        }
        Some(word) if word.eq_ignore_ascii_case(b"withscore") => true,
        Some(_) => return Err(CommandError::SYNTAX),
    };
    let set = call.keys.sorted(call.key(1))?;
    let found = set.and_then(|set| {
        let (rank, score) = set.rank(&call.args[2])?;
        Some((count(rank, set.len()), score))
    });
    match found {
        None if with_score => call.reply.null_array(),
        None => call.reply.null(),
        Some((rank, score)) => {
            if with_score {
                call.reply.array(2);
            }
            reply_count(call, rank);
            if with_score {
                call.reply.double(score);
            }
        }
    }
    Ok(())
}
