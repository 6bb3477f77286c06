//! LPOS.

use crate::base::number::parse_i64;
use crate::command::{Args, Call, CommandError};
use crate::store::ListView;

const BAD_RANK: CommandError = CommandError::fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use \
     negative to start from the end of the list",
);
const RANK_OUT_OF_RANGE: CommandError = CommandError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
const BAD_COUNT: CommandError = CommandError::fixed("ERR COUNT can't be negative");
const BAD_MAXLEN: CommandError = CommandError::fixed("ERR MAXLEN can't be negative");

/// What LPOS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    /// Whether the search goes from the right.
    backwards: bool,
    /// How many matches are passed over.
    skipped: u64,
    /// How many are answered; 0: all of them. `None`: one, and not as an array.
    count: Option<usize>,
    /// How many elements are looked at; 0: all of them.
    looked_at: usize,
}

pub(super) fn lpos(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let wanted = parse(call.args.from(3))?;
    let list = call.keys.list(call.key(1))?;
    let found = list.map(|list| wanted.places(&list, &call.args[2])).unwrap_or_default();
    let number = |place: &usize| i64::try_from(*place).unwrap_or(i64::MAX);
    match wanted.count {
        Some(_) => {
            call.reply.array(found.len());
            found.iter().for_each(|place| call.reply.integer(number(place)));
        }
        None => match found.first() {
            Some(place) => call.reply.integer(number(place)),
            None => call.reply.null(),
        },
    }
    Ok(())
}

fn parse(options: Args<'_>) -> Result<Wanted, CommandError> {
    let mut wanted = Wanted { backwards: false, skipped: 0, count: None, looked_at: 0 };
    let size = |text: &[u8]| parse_i64(text).and_then(|number| usize::try_from(number).ok());
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = options.next().ok_or(CommandError::SYNTAX)?;
        match option.to_ascii_lowercase().as_slice() {
            b"rank" => {
                let rank = parse_i64(value).filter(|rank| *rank != i64::MIN);
                let rank = rank.ok_or_else(|| match parse_i64(value) {
                    Some(_) => RANK_OUT_OF_RANGE,
                    None => CommandError::NOT_INTEGER,
                })?;
                wanted.backwards = rank < 0;
                wanted.skipped = rank.unsigned_abs().checked_sub(1).ok_or(BAD_RANK)?;
            }
            b"count" => wanted.count = Some(size(value).ok_or(BAD_COUNT)?),
            b"maxlen" => wanted.looked_at = size(value).ok_or(BAD_MAXLEN)?,
            _ => return Err(CommandError::SYNTAX),
        }
    }
    Ok(wanted)
}

impl Wanted {
    fn places(&self, list: &ListView<'_>, text: &[u8]) -> Vec<usize> {
        match self.backwards {
            false => self.matches(list.iter().enumerate(), text),
            true => self.matches(list.iter().enumerate().rev(), text),
        }
    }

    fn matches<'l>(
        &self,
        elements: impl Iterator<Item = (usize, &'l [u8])>,
        text: &[u8],
    ) -> Vec<usize> {
        let all_if_0 = |count: usize| if count == 0 { usize::MAX } else { count };
        let looked_at = elements.take(all_if_0(self.looked_at));
        let places = looked_at.filter(|(_, known)| *known == text).map(|(place, _)| place);
        let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX);
        places.skip(skipped).take(self.count.map_or(1, all_if_0)).collect()
    }
}
