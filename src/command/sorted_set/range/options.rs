//! What ZRANGE and its relatives are asked for.

use super::bounds::{Bounds, By};
use crate::base::number::parse_i64;
use crate::command::{Args, CommandError};
use crate::store::SortedView;
use std::ops::Range;

const LIMIT_OF_RANKS: CommandError = CommandError::fixed(
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
);
const SCORES_OF_NAMES: CommandError =
    CommandError::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

/// What a command's name says already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Preset {
    pub by: Option<By>,
    pub reverse: Option<bool>,
    /// It stores: scores come along anyway.
    pub stores: bool,
}

/// A range as it was asked for.
pub(super) struct Query<'a> {
    bounds: Bounds<'a>,
    pub reverse: bool,
    pub with_scores: bool,
    offset: i64,
    /// Negative: all.
    count: i64,
}

struct Options {
    by: Option<By>,
    reverse: Option<bool>,
    with_scores: bool,
    offset: i64,
    count: i64,
}

impl<'a> Query<'a> {
    /// `args` begin with the bounds.
    pub fn parse(args: Args<'a>, preset: Preset) -> Result<Query<'a>, CommandError> {
        let options = Options::parse(args.from(2), preset)?;
        let by = options.by.unwrap_or(By::Rank);
        if options.count != -1 && by == By::Rank {
            return Err(LIMIT_OF_RANKS);
        }
        if options.with_scores && by == By::Name {
            return Err(SCORES_OF_NAMES);
        }
        let reverse = options.reverse.unwrap_or(false);
        // Whoever goes backwards names the maximum first.
        let (min, max) = if reverse && by != By::Rank { (1, 0) } else { (0, 1) };
        let text = |at| args.get(at).unwrap_or_default();
        let bounds = Bounds::parse(by, text(min), text(max))?;
        let Options { with_scores, offset, count, .. } = options;
        Ok(Query { bounds, reverse, with_scores, offset, count })
    }

    /// The ranks that are meant; a reverse query takes them from the last.
    pub fn ranks(&self, set: &SortedView<'_>) -> Range<usize> {
        let ranks = self.bounds.of(set, self.reverse);
        let Ok(offset) = usize::try_from(self.offset) else { return 0..0 };
        let len = ranks.len().saturating_sub(offset);
        let len = usize::try_from(self.count).map_or(len, |count| count.min(len));
        let skipped = offset.min(ranks.len());
        match self.reverse {
            true => ranks.end - skipped - len..ranks.end - skipped,
            false => ranks.start + skipped..ranks.start + skipped + len,
        }
    }
}

impl Options {
    fn parse(args: Args<'_>, preset: Preset) -> Result<Options, CommandError> {
        let mut options = Options {
            by: preset.by,
            reverse: preset.reverse,
            with_scores: false,
            offset: 0,
            count: -1,
        };
        let mut at = 0;
        while let Some(word) = args.get(at) {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            at += 1;
            if !preset.stores && is(b"withscores") {
                options.with_scores = true;
            } else if let (true, Some(offset), Some(count)) =
                (is(b"limit"), args.get(at), args.get(at + 1))
            {
                options.offset = parse_i64(offset).ok_or(CommandError::NOT_INTEGER)?;
                options.count = parse_i64(count).ok_or(CommandError::NOT_INTEGER)?;
                at += 2;
            } else if options.reverse.is_none() && is(b"rev") {
                options.reverse = Some(true);
            } else if options.by.is_none() && is(b"bylex") {
                options.by = Some(By::Name);
            } else if options.by.is_none() && is(b"byscore") {
                options.by = Some(By::Score);
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(options)
    }
}
