//! RDB files made by the format's description, and what holds for any bytes in their place. The tests and
//! the fuzz target share it.

use headcount::rdb::{Element, Entry, Key, Kind, ReadError, Reader};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// A value that has been read whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(Vec<u8>),
    Set(Vec<Vec<u8>>),
    List(Vec<Vec<u8>>),
    Hash(Vec<(Vec<u8>, Vec<u8>, Option<i64>)>),
    SortedSet(Vec<(Vec<u8>, f64)>),
    /// Passed over.
    Nothing,
}

/// All keys of a file, by database and name, and what else it holds.
#[derive(Debug, Default)]
pub struct Contents {
    pub keys: BTreeMap<(u64, Vec<u8>), (Key, Value)>,
    pub others: Vec<Entry>,
}

/// Reads a file whole.
///
/// # Errors
/// As the reader.
pub fn contents(file: &[u8]) -> Result<Contents, ReadError<Infallible>> {
    let mut reader = Reader::open(file)?;
    let mut contents = Contents::default();
    let mut database = 0;
    while let Some(entry) = reader.next_entry()? {
        match entry {
            Entry::Database(index) => database = index,
            Entry::Key(key) => {
                let value = value(&mut reader, key.kind)?;
                contents.keys.insert((database, key.name.clone()), (key, value));
            }
            other => contents.others.push(other),
        }
    }
    Ok(contents)
}

fn value(reader: &mut Reader<&[u8]>, kind: Kind) -> Result<Value, ReadError<Infallible>> {
    let mut value = Value::Nothing;
    while let Some(element) = reader.next_element()? {
        match (&mut value, element) {
            (Value::Nothing, Element::Text(text)) => value = Value::Text(text.to_vec()),
            (Value::Nothing, Element::Member(member)) => {
                let members = vec![member.to_vec()];
                value = if kind == Kind::List { Value::List(members) } else { Value::Set(members) };
            }
            (Value::Set(members) | Value::List(members), Element::Member(member)) => {
                members.push(member.to_vec());
            }
            (Value::Hash(fields), Element::Field { name, value, deadline_ms }) => {
                fields.push((name.to_vec(), value.to_vec(), deadline_ms));
            }
            (Value::Nothing, Element::Field { name, value: text, deadline_ms }) => {
                value = Value::Hash(vec![(name.to_vec(), text.to_vec(), deadline_ms)]);
            }
            (Value::SortedSet(members), Element::Scored { member, score }) => {
                members.push((member.to_vec(), score));
            }
            (Value::Nothing, Element::Scored { member, score }) => {
                value = Value::SortedSet(vec![(member.to_vec(), score)]);
            }
            (value, element) => panic!("{element:?} behind {value:?}"),
        }
    }
    Ok(value)
}

/// Holds for any bytes: they are read or refused at a place that there is, and passing over values comes
/// to the same as reading them.
///
/// # Panics
///
/// If not.
pub fn is_read_or_refused(bytes: &[u8]) {
    let read = contents(bytes);
    let walked = walk(bytes);
    match (read, walked) {
        (Ok(_), Ok(())) => {}
        (Err(ReadError::Damaged(read)), Err(ReadError::Damaged(walked))) => {
            assert_eq!(read, walked);
            assert!(read.offset <= bytes.len() as u64, "{read} of {}", bytes.len());
        }
        (read, walked) => panic!("read: {read:?}, walked over: {walked:?}"),
    }
}

fn walk(file: &[u8]) -> Result<(), ReadError<Infallible>> {
    let mut reader = Reader::open(file)?;
    while reader.next_entry()?.is_some() {}
    Ok(())
}

/// A file of these types and opcodes, each with what stands behind it; every checksum right.
#[must_use]
pub fn forged(version: u32, entries: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = format!("REDIS{version:04}").into_bytes();
    for (opcode, behind) in entries {
        bytes.push(*opcode);
        bytes.extend(behind);
    }
    bytes.push(255);
    let checksum = crc64(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// As the description has it, bit by bit.
#[must_use]
pub fn crc64(bytes: &[u8]) -> u64 {
    let polynomial = 0xad93_d235_94c9_35a9_u64.reverse_bits();
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 }
        })
    })
}

/// A length in the shortest of its forms.
#[must_use]
pub fn length(value: u64) -> Vec<u8> {
    match value {
        0..64 => vec![value as u8],
        64..16_384 => vec![0x40 | (value >> 8) as u8, value as u8],
        _ if value <= u64::from(u32::MAX) => [&[0x80], &(value as u32).to_be_bytes()[..]].concat(),
        _ => [&[0x81], &value.to_be_bytes()[..]].concat(),
    }
}

#[must_use]
pub fn text(bytes: &[u8]) -> Vec<u8> {
    [&length(bytes.len() as u64), bytes].concat()
}
