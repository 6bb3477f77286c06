//! A key's value, one element at a time.

use std::result;

use super::error::{Damage, Problem, ReadError};
use super::input::{Input, Result, Source};
use super::packed::{Format, Packed};
use super::walk::StreamForm;
use crate::base::number::parse_i64;

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element<'a> {
    /// All of a string.
    Text(&'a [u8]),
    /// Of a set, or of a list, from left to right.
    Member(&'a [u8]),
    /// Of a hash, with its deadline in milliseconds since 1970, if it has one.
    Field { name: &'a [u8], value: &'a [u8], deadline_ms: Option<i64> },
    /// Of a sorted set; the score is a number or infinite.
    Scored { member: &'a [u8], score: f64 },
}

/// What an element is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Member,
    Field,
    /// A field, its value, its deadline.
    TimedField,
    Scored,
}

/// How scores are written where they are not packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreForm {
    Decimal,
    Binary,
}

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Text,
    Members,
    Fields,
    /// Whether the deadlines count from one that stands in front.
    TimedFields {
        relative: bool,
    },
    Scores(ScoreForm),
    /// Whether a deadline that is the soonest stands in front.
    Packed {
        format: Format,
        shape: Shape,
        timed: bool,
    },
    /// A list in pieces; whether each says what it is.
    Nodes {
        told: bool,
    },
    Stream(StreamForm),
    Module,
}

/// What is still to be read of the value of the key that was read last.
#[derive(Debug)]
enum Rest {
    Nothing,
    Whole(Encoding),
    Members {
        left: u64,
    },
    Fields {
        left: u64,
    },
    /// Deadlines count from one millisecond before this.
    TimedFields {
        left: u64,
        from: u64,
    },
    Scores {
        left: u64,
        form: ScoreForm,
    },
    Packed {
        items: Packed,
        shape: Shape,
        offset: u64,
    },
    Nodes {
        left: u64,
        told: bool,
        /// The one that is being read.
        node: Option<(Packed, u64)>,
    },
}

/// Reads a value.
#[derive(Debug)]
pub struct Value {
    rest: Rest,
    first: Vec<u8>,
    second: Vec<u8>,
    third: Vec<u8>,
    /// For what is packed.
    blob: Vec<u8>,
}

impl Value {
    pub fn new() -> Value {
        let rest = Rest::Nothing;
        Value { rest, first: Vec::new(), second: Vec::new(), third: Vec::new(), blob: Vec::new() }
    }

    pub fn begin(&mut self, encoding: Encoding) {
        self.rest = Rest::Whole(encoding);
    }

    /// The next element, `None` behind the last one, and of values that are passed over.
    pub fn next<S: Source>(&mut self, input: &mut Input<S>) -> Result<Option<Element<'_>>, S> {
        if let Rest::Whole(encoding) = self.rest {
            self.rest = Rest::Nothing;
            if encoding == Encoding::Text {
                input.text(&mut self.first)?;
                return Ok(Some(Element::Text(&self.first)));
            }
            self.open(encoding, input)?;
        }
        match &mut self.rest {
            Rest::Nothing | Rest::Whole(_) => Ok(None),
            Rest::Packed { .. } => self.next_packed(),
            Rest::Nodes { .. } => self.next_of_nodes(input),
            Rest::Members { left: 0 }
            | Rest::Fields { left: 0 }
            | Rest::TimedFields { left: 0, .. }
            | Rest::Scores { left: 0, .. } => {
                self.rest = Rest::Nothing;
                Ok(None)
            }
            Rest::Members { left } => {
                *left -= 1;
                input.text(&mut self.first)?;
                Ok(Some(Element::Member(&self.first)))
            }
            Rest::Fields { left } => {
                *left -= 1;
                self.field(None, input)
            }
            Rest::TimedFields { left, from } => {
                *left -= 1;
                let deadline_ms = field_deadline(*from, input)?;
                self.field(deadline_ms, input)
            }
            Rest::Scores { left, form } => {
                *left -= 1;
                let form = *form;
                input.text(&mut self.first)?;
                let score = score(form, input)?;
                Ok(Some(Element::Scored { member: &self.first, score }))
            }
        }
    }

    fn field<S: Source>(
        &mut self,
        deadline_ms: Option<i64>,
        input: &mut Input<S>,
    ) -> Result<Option<Element<'_>>, S> {
        input.text(&mut self.first)?;
        input.text(&mut self.second)?;
        Ok(Some(Element::Field { name: &self.first, value: &self.second, deadline_ms }))
    }

    /// Reads what stands in front of the elements, or passes over a value that has none for us.
    fn open<S: Source>(&mut self, encoding: Encoding, input: &mut Input<S>) -> Result<(), S> {
        self.rest = match encoding {
            Encoding::Members => Rest::Members { left: input.length()? },
            Encoding::Fields => Rest::Fields { left: input.length()? },
            Encoding::TimedFields { relative } => {
                // One less, for one more is written: 0 is no deadline.
                let soonest = if relative { u64::from_le_bytes(input.array()?) } else { 1 };
                let from = soonest.wrapping_sub(1);
                Rest::TimedFields { left: input.length()?, from }
            }
            Encoding::Scores(form) => Rest::Scores { left: input.length()?, form },
            Encoding::Packed { format, shape, timed } => {
                if timed {
                    input.skip(8)?;
                }
                let (items, offset) = packed(&mut self.blob, format, input)?;
                Rest::Packed { items, shape, offset }
            }
            Encoding::Nodes { told } => Rest::Nodes { left: input.length()?, told, node: None },
            Encoding::Text => return input.skip_text(),
            Encoding::Stream(form) => return input.skip_stream(form),
            Encoding::Module => return input.skip_module(),
        };
        Ok(())
    }

    /// The next element of a list that is stored in pieces.
    fn next_of_nodes<S: Source>(&mut self, input: &mut Input<S>) -> Result<Option<Element<'_>>, S> {
        /// An element that is too large to be packed with others.
        const PLAIN: u64 = 1;
        const PACKED: u64 = 2;
        let Rest::Nodes { left, told, node } = &mut self.rest else { return Ok(None) };
        loop {
            if let Some((items, offset)) = node {
                let next = items.next(&mut self.first);
                if next.map_err(|problem| Damage { offset: *offset, problem })? {
                    return Ok(Some(Element::Member(&self.first)));
                }
            }
            if let Some((items, _)) = node.take() {
                self.blob = items.into_bytes();
            }
            let Some(fewer) = left.checked_sub(1) else {
                self.rest = Rest::Nothing;
                return Ok(None);
            };
            *left = fewer;
            let (offset, format) =
                (input.offset(), if *told { Format::Listpack } else { Format::Ziplist });
            match if *told { input.length()? } else { PACKED } {
                PLAIN => {
                    input.text(&mut self.first)?;
                    return Ok(Some(Element::Member(&self.first)));
                }
                PACKED => *node = Some(packed(&mut self.blob, format, input)?),
                kind => return Err(Damage { offset, problem: Problem::ListPart(kind) }.into()),
            }
        }
    }

    fn next_packed<E>(&mut self) -> result::Result<Option<Element<'_>>, ReadError<E>> {
        let Rest::Packed { items, shape, offset } = &mut self.rest else { return Ok(None) };
        let damage = |problem| Damage { offset: *offset, problem };
        if !items.next(&mut self.first).map_err(damage)? {
            if let Rest::Packed { items, .. } = std::mem::replace(&mut self.rest, Rest::Nothing) {
                self.blob = items.into_bytes();
            }
            return Ok(None);
        }
        let odd = Problem::Odd(items.format().name());
        let mut also = |into: &mut Vec<u8>| match items.next(into) {
            Ok(true) => Ok(()),
            Ok(false) => Err(damage(odd)),
            Err(problem) => Err(damage(problem)),
        };
        if *shape != Shape::Member {
            also(&mut self.second)?;
        }
        if *shape == Shape::TimedField {
            also(&mut self.third)?;
        }
        let (first, second) = (self.first.as_slice(), self.second.as_slice());
        Ok(Some(match shape {
            Shape::Member => Element::Member(first),
            Shape::Field => Element::Field { name: first, value: second, deadline_ms: None },
            Shape::TimedField => {
                let deadline_ms = parse_i64(&self.third).filter(|time| *time >= 0);
                let deadline_ms = deadline_ms.ok_or(damage(Problem::FieldDeadline))?;
                let deadline_ms = Some(deadline_ms).filter(|time| *time != 0);
                Element::Field { name: first, value: second, deadline_ms }
            }
            Shape::Scored => {
                let score = parse_score(second).ok_or(damage(Problem::Score))?;
                Element::Scored { member: first, score }
            }
        }))
    }
}

/// A packed aggregate and where it stands. `blob` is room that is used again.
fn packed<S: Source>(
    blob: &mut Vec<u8>,
    format: Format,
    input: &mut Input<S>,
) -> Result<(Packed, u64), S> {
    let offset = input.offset();
    let mut bytes = std::mem::take(blob);
    input.text(&mut bytes)?;
    let items = Packed::open(format, bytes).map_err(|problem| Damage { offset, problem })?;
    Ok((items, offset))
}

fn field_deadline<S: Source>(from: u64, input: &mut Input<S>) -> Result<Option<i64>, S> {
    let offset = input.offset();
    let told = input.length()?;
    if told == 0 {
        return Ok(None);
    }
    let deadline_ms = from.checked_add(told).and_then(|time| i64::try_from(time).ok());
    Ok(Some(deadline_ms.ok_or(Damage { offset, problem: Problem::FieldDeadline })?))
}

fn score<S: Source>(form: ScoreForm, input: &mut Input<S>) -> Result<f64, S> {
    /// In the place of a length.
    const NEGATIVE_INFINITY: u8 = 255;
    const INFINITY: u8 = 254;
    const NAN: u8 = 253;
    let offset = input.offset();
    let score = match form {
        ScoreForm::Binary => Some(f64::from_le_bytes(input.array()?)).filter(|it| !it.is_nan()),
        ScoreForm::Decimal => match input.byte()? {
            NEGATIVE_INFINITY => Some(f64::NEG_INFINITY),
            INFINITY => Some(f64::INFINITY),
            NAN => None,
            len => {
                let mut digits = Vec::new();
                input.append(len.into(), &mut digits)?;
                parse_score(&digits)
            }
        },
    };
    Ok(score.ok_or(Damage { offset, problem: Problem::Score })?)
}

fn parse_score(text: &[u8]) -> Option<f64> {
    let score: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!score.is_nan()).then_some(score)
}
