//! Elements in the order that SORT asks for.

use super::lookup::lookup;
use crate::base::double::parse_f64;
use crate::command::Call;
use crate::command::sort_options::{By, Options};
use std::cmp::Ordering;

/// The weight of an element.
#[derive(Clone, Debug, PartialEq)]
enum Weight {
    /// None: there is no such key.
    Text(Option<Vec<u8>>),
    Number(f64),
}

/// `None`: what they are sorted by is not a number.
pub fn sorted(
    call: &Call<'_, '_>,
    elements: Vec<Vec<u8>>,
    options: &Options<'_>,
) -> Option<Vec<Vec<u8>>> {
    let weighed = elements.into_iter().map(|element| {
        let weight = weight(call, &element, options)?;
        Some((weight, element))
    });
    let mut weighed: Vec<_> = weighed.collect::<Option<_>>()?;
    weighed.sort_by(|left, right| {
        let order = compare(left, right);
        if options.descending { order.reverse() } else { order }
    });
    Some(weighed.into_iter().map(|(_, element)| element).collect())
}

fn weight(call: &Call<'_, '_>, element: &[u8], options: &Options<'_>) -> Option<Weight> {
    let found = match options.by {
        By::Pattern(pattern) => lookup(call.keys, call.session.db, pattern, element),
        By::Element | By::Nothing => Some(element.to_vec()),
    };
    match (options.alpha, found) {
        (true, found) => Some(Weight::Text(found)),
        // What is missing weighs nothing.
        (false, None) => Some(Weight::Number(0.0)),
        (false, Some(text)) => number(&text).map(Weight::Number),
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
