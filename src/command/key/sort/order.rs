//! Elements in the order that SORT asks for.

use super::lookup::lookup;
use crate::base::double::parse_f64;
use crate::command::sort_options::{By, Options};
use crate::command::{Call, CommandError};
use std::cmp::Ordering;

/// The weight of an element.
#[derive(Clone, Debug, PartialEq)]
enum Weight {
    /// None: there is no such key.
    Text(Option<Vec<u8>>),
    Number(f64),
}

const NOT_NUMBERS: CommandError =
    CommandError::fixed("ERR One or more scores can't be converted into double");

pub fn sorted(
    call: &mut Call<'_, '_>,
    elements: Vec<Vec<u8>>,
    options: &Options<'_>,
) -> Result<Vec<Vec<u8>>, CommandError> {
    let mut weighed = Vec::with_capacity(elements.len());
    for element in elements {
        weighed.push((weight(call, &element, options)?, element));
    }
    weighed.sort_by(|left, right| {
        let order = compare(left, right);
        if options.descending { order.reverse() } else { order }
    });
    Ok(weighed.into_iter().map(|(_, element)| element).collect())
}

fn weight(
    call: &mut Call<'_, '_>,
    element: &[u8],
    options: &Options<'_>,
) -> Result<Weight, CommandError> {
    let found = match options.by {
        By::Pattern(pattern) => lookup(call.keys, call.session.db, pattern, element)?,
        By::Element | By::Nothing => Some(element.to_vec()),
    };
    match (options.alpha, found) {
        (true, found) => Ok(Weight::Text(found)),
        // What is missing weighs nothing.
        (false, None) => Ok(Weight::Number(0.0)),
        (false, Some(text)) => number(&text).map(Weight::Number).ok_or(NOT_NUMBERS),
    }
}

/// An empty text is 0, as to `strtod`, which also takes blanks in front.
fn number(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii_start();
    if text.is_empty() { Some(0.0) } else { parse_f64(text) }
}

/// Elements of one number stand in the order of their texts; of one text, as they stood.
fn compare(left: &(Weight, Vec<u8>), right: &(Weight, Vec<u8>)) -> Ordering {
    match (&left.0, &right.0) {
        (Weight::Number(low), Weight::Number(high)) => {
            low.partial_cmp(high).unwrap_or(Ordering::Equal).then_with(|| left.1.cmp(&right.1))
        }
        (Weight::Text(low), Weight::Text(high)) => low.cmp(high),
        _ => Ordering::Equal,
    }
}
