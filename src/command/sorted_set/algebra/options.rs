//! Keys, weights and options of unions and their like.

use crate::base::double::parse_f64;
use crate::base::number::parse_i64;
use crate::command::{Args, CommandError};

const BAD_WEIGHT: CommandError = CommandError::fixed("ERR weight value is not a float");
const BAD_LIMIT: CommandError = CommandError::fixed("ERR LIMIT can't be negative");

/// What becomes of a member's scores in several sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Aggregate {
    #[default]
    Sum,
    Min,
    Max,
}

/// Which options a command takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Takes {
    /// WEIGHTS and AGGREGATE.
    pub weights: bool,
    /// WITHSCORES.
    pub scores: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    /// One for each source, or none.
    pub weights: Vec<f64>,
    pub aggregate: Aggregate,
    pub with_scores: bool,
}

/// The names of the sources; `args` begin with how many they are.
pub(super) fn names<'a>(args: Args<'a>, command: &str) -> Result<Args<'a>, CommandError> {
    let numkeys = args.get(0).and_then(parse_i64).ok_or(CommandError::NOT_INTEGER)?;
    if numkeys < 1 {
        let text = format!("ERR at least 1 input key is needed for '{command}' command");
        return Err(CommandError::text(text));
    }
    let (names, numkeys) = (args.from(1), usize::try_from(numkeys).unwrap_or(usize::MAX));
    if numkeys > names.len() {
        return Err(CommandError::SYNTAX);
    }
    Ok(names.first(numkeys))
}

impl Query {
    pub fn parse(args: Args<'_>, sources: usize, takes: Takes) -> Result<Query, CommandError> {
        let (mut query, mut at) = (Query::default(), 0);
        while let Some(word) = args.get(at) {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            let values = args.from(at + 1);
            if takes.weights && values.len() >= sources && is(b"weights") {
                let weights = values.first(sources);
                let weights = weights.iter().map(|text| parse_f64(text).ok_or(BAD_WEIGHT));
                query.weights = weights.collect::<Result<_, _>>()?;
                at += 1 + sources;
            } else if let (true, true, Some(value)) =
                (takes.weights, is(b"aggregate"), values.get(0))
            {
                query.aggregate = Aggregate::parse(value).ok_or(CommandError::SYNTAX)?;
                at += 2;
            } else if takes.scores && is(b"withscores") {
                query.with_scores = true;
                at += 1;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(query)
    }

    pub fn weight(&self, source: usize) -> f64 {
        self.weights.get(source).copied().unwrap_or(1.0)
    }
}

impl Aggregate {
    fn parse(word: &[u8]) -> Option<Aggregate> {
        let names: [(&[u8], Aggregate); 3] =
            [(b"sum", Aggregate::Sum), (b"min", Aggregate::Min), (b"max", Aggregate::Max)];
        let found = names.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        found.map(|(_, aggregate)| aggregate)
    }

    /// inf and -inf make 0, as in Redis.
    pub fn of(self, score: f64, other: f64) -> f64 {
        match self {
            Aggregate::Sum => number_or_zero(score + other),
            Aggregate::Min => {
                if other < score {
                    other
                } else {
                    score
                }
            }
            Aggregate::Max => {
                if other > score {
                    other
                } else {
                    score
                }
            }
        }
    }
}

/// 0 times infinity is 0 to Redis.
pub(super) fn number_or_zero(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

/// LIMIT may come more than once, the last one counts; 0 is no limit.
pub(super) fn limit(args: Args<'_>) -> Result<usize, CommandError> {
    let mut limit = 0;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(CommandError::SYNTAX)?;
        if !word.eq_ignore_ascii_case(b"limit") {
            return Err(CommandError::SYNTAX);
        }
        let number = parse_i64(value).ok_or(BAD_LIMIT)?;
        limit = usize::try_from(number).map_err(|_| BAD_LIMIT)?;
    }
    Ok(if limit == 0 { usize::MAX } else { limit })
}
