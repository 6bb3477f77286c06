//! ZADD and ZINCRBY.

use super::reply::reply_count;
use crate::base::double::parse_f64;
use crate::command::{Args, Call, CommandError};
use crate::store::{EventClasses, Missing, SortedEdit};
use smallvec::SmallVec;

const NX_AND_XX: CommandError =
    CommandError::fixed("ERR XX and NX options at the same time are not compatible");
const GT_LT_AND_NX: CommandError =
    CommandError::fixed("ERR GT, LT, and/or NX options at the same time are not compatible");
const ONE_INCREMENT: CommandError =
    CommandError::fixed("ERR INCR option supports a single increment-element pair");
const NOT_A_NUMBER: CommandError = CommandError::fixed("ERR resulting score is not a number (NaN)");

#[derive(Clone, Copy, Debug, Default)]
struct Options {
    only_new: bool,
    only_known: bool,
    greater: bool,
    less: bool,
    count_changed: bool,
    increment: bool,
}

/// What came of one member.
struct Put {
    score: f64,
    is_new: bool,
    is_changed: bool,
}

pub(super) fn zadd(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    add(call, Options::default())
}

/// Takes the options of ZADD too, as in Redis; with its arity none fits.
pub(super) fn zincrby(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    add(call, Options { increment: true, ..Options::default() })
}

fn add(call: &mut Call<'_, '_>, preset: Options) -> Result<(), CommandError> {
    let (options, pairs) = Options::parse(call.args.from(2), preset)?;
    let scores = parse_scores(pairs)?;
    let missing = if options.only_known { Missing::Skip } else { Missing::Create };
    let key = call.key(1);
    let put = call.keys.edit_sorted(key, missing, |set| {
        let members = pairs.iter().skip(1).step_by(2);
        let pairs = members.zip(&scores);
        pairs
            .map(|(member, score)| put(set, member, *score, options))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let put = put.transpose()?.unwrap_or_default();
    let put = put.iter().flatten();
    if put.clone().any(|put| put.is_new || put.is_changed) {
        let event = if options.increment { "zincr" } else { "zadd" };
        call.keys.notify(EventClasses::SORTED_SET, event, key);
    }
    if options.increment {
        match put.last() {
            Some(put) => call.reply.double(put.score),
            None => call.reply.null(),
        }
    } else {
        let counts = |put: &&Put| put.is_new || (options.count_changed && put.is_changed);
        let count = put.filter(counts).count();
        reply_count(call, count);
    }
    Ok(())
}

/// `None`: an option forbids it.
fn put(
    set: &mut SortedEdit<'_>,
    member: &[u8],
    score: f64,
    options: Options,
) -> Result<Option<Put>, CommandError> {
    let before = set.score(member);
    let Some(before) = before else {
        if options.only_known {
            return Ok(None);
        }
        put_score(set, member, score, options);
        return Ok(Some(Put { score, is_new: true, is_changed: false }));
    };
    if options.only_new {
        return Ok(None);
    }
    let to = if options.increment { before + score } else { score };
    if to.is_nan() {
        return Err(NOT_A_NUMBER);
    }
    if (options.less && to >= before) || (options.greater && to <= before) {
        return Ok(None);
    }
    // What is equal stays as it is: 0 does not become -0.
    let is_changed = to != before;
    put_score(set, member, if is_changed { to } else { before }, options);
    Ok(Some(Put { score: to, is_new: false, is_changed }))
}

/// There is one zero, as in small sorted sets of Redis; in large ones -0 stays what it is.
fn put_score(set: &mut SortedEdit<'_>, member: &[u8], score: f64, options: Options) {
    let score = score + 0.0;
    if options.increment {
        set.count_to(member, score);
    } else {
        set.write(member, score);
    }
}

impl Options {
    /// The options, and the scores and members behind them.
    fn parse(args: Args<'_>, preset: Options) -> Result<(Options, Args<'_>), CommandError> {
        let mut options = preset;
        let known = args.iter().take_while(|word| options.set(word)).count();
        let pairs = args.from(known);
        if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
            return Err(CommandError::SYNTAX);
        }
        if options.only_new && options.only_known {
            return Err(NX_AND_XX);
        }
        if usize::from(options.greater) + usize::from(options.less) + usize::from(options.only_new)
            > 1
        {
            return Err(GT_LT_AND_NX);
        }
        if options.increment && pairs.len() > 2 {
            return Err(ONE_INCREMENT);
        }
        Ok((options, pairs))
    }

    /// False when it is no option.
    fn set(&mut self, word: &[u8]) -> bool {
        let options: [(&[u8], &mut bool); 6] = [
            (b"nx", &mut self.only_new),
            (b"xx", &mut self.only_known),
            (b"gt", &mut self.greater),
            (b"lt", &mut self.less),
            (b"ch", &mut self.count_changed),
            (b"incr", &mut self.increment),
        ];
        let option = options.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        option.map(|(_, option)| *option = true).is_some()
    }
}

fn parse_scores(pairs: Args<'_>) -> Result<SmallVec<[f64; 4]>, CommandError> {
    let scores = pairs.iter().step_by(2);
    scores.map(|text| parse_f64(text).ok_or(CommandError::NOT_FLOAT)).collect()
}
