//! The library `cmsgpack`, as version 0.4.0 of it behaves in Redis.

use super::outcome::{Outcome, bad_argument, function, number, one, text};
use mlua::{Lua, MultiValue, Result, Table, Value};

/// Tables deeper than this are packed as nil.
const PACKED_DEPTH_MAX: usize = 16;
/// What is read may be nested so deep.
const READ_DEPTH_MAX: usize = 1000;

const MISSING: &str = "Missing bytes in input.";
const BAD: &str = "Bad data format in input.";

/// The table of its functions.
pub fn library(lua: &Lua) -> Result<Table> {
    let cmsgpack = lua.create_table()?;
    cmsgpack.raw_set("pack", function(lua, pack)?)?;
    cmsgpack.raw_set("unpack", function(lua, |lua, args| unpack(lua, &args, "unpack", 0, 0))?)?;
    let unpack_one =
        |lua: &Lua, args: MultiValue| match integer(lua, &args, 1, "unpack_one", Some(0)) {
            Ok(offset) => unpack(lua, &args, "unpack_one", 1, offset),
            Err(why) => Ok(Err(why)),
        };
    cmsgpack.raw_set("unpack_one", function(lua, unpack_one)?)?;
    let unpack_limit = |lua: &Lua, args: MultiValue| {
        let limit = integer(lua, &args, 1, "unpack_limit", None);
        let offset = integer(lua, &args, 2, "unpack_limit", Some(0));
        match (limit, offset) {
            (Ok(limit), Ok(offset)) => unpack(lua, &args, "unpack_limit", limit, offset),
            (Err(why), _) | (_, Err(why)) => Ok(Err(why)),
        }
    };
    cmsgpack.raw_set("unpack_limit", function(lua, unpack_limit)?)?;
    Ok(cmsgpack)
}

fn integer(
    lua: &Lua,
    args: &MultiValue,
    at: usize,
    name: &str,
    default: Option<i64>,
) -> std::result::Result<i64, String> {
    match (args.get(at), default) {
        (None | Some(Value::Nil), Some(default)) => Ok(default),
        (value, _) => {
            let wrong = || bad_argument(at + 1, name, "number", value);
            value.and_then(|value| number(lua, value)).map(|it| it as i64).ok_or_else(wrong)
        }
    }
}

fn pack(lua: &Lua, args: MultiValue) -> Result<Outcome> {
    if args.is_empty() {
        return Ok(Err("bad argument #0 to 'pack' (MessagePack pack needs input.)".to_owned()));
    }
    let mut out = Vec::new();
    for value in &args {
        put(&mut out, value, 0)?;
    }
    Ok(Ok(one(Value::String(lua.create_string(out)?))))
}

fn put(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<()> {
    match value {
        Value::String(text) => put_text(out, &text.as_bytes()),
        Value::Boolean(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Integer(number) => put_integer(out, *number),
        Value::Number(number) => put_number(out, *number),
        Value::Table(table) if depth < PACKED_DEPTH_MAX => return put_table(out, table, depth + 1),
        _ => out.push(0xc0),
    }
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        len @ 0..32 => out.push(0xa0 | len as u8),
        len @ 32..0x100 => out.extend_from_slice(&[0xd9, len as u8]),
        len => put_len(out, len, 0xda, 0xdb),
    }
    out.extend_from_slice(text);
}

/// A length in two bytes, or in four.
fn put_len(out: &mut Vec<u8>, len: usize, short: u8, long: u8) {
    if let Ok(len) = u16::try_from(len) {
        out.push(short);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(long);
        out.extend_from_slice(&(len as u32).to_be_bytes());
    }
}

fn put_integer(out: &mut Vec<u8>, number: i64) {
    match number {
        0..=127 => out.push(number as u8),
        128..=0xff => out.extend_from_slice(&[0xcc, number as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend_from_slice(&(number as u32).to_be_bytes());
        }
        0x1_0000_0000.. => {
            out.push(0xcf);
            out.extend_from_slice(&number.to_be_bytes());
        }
        -32..0 => out.push(number as u8),
        -128..-32 => out.extend_from_slice(&[0xd0, number as u8]),
        -0x8000..-128 => {
            out.push(0xd1);
            out.extend_from_slice(&(number as i16).to_be_bytes());
        }
        -0x8000_0000..-0x8000 => {
            out.push(0xd2);
            out.extend_from_slice(&(number as i32).to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn put_number(out: &mut Vec<u8>, number: f64) {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && (-END..END).contains(&number) {
        put_integer(out, number as i64);
    } else if f64::from(number as f32) == number {
        out.push(0xca);
        out.extend_from_slice(&(number as f32).to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn put_table(out: &mut Vec<u8>, table: &Table, depth: usize) -> Result<()> {
    let pairs = table.pairs::<Value, Value>().collect::<Result<Vec<_>>>()?;
    let indexes = pairs.iter().map(|(key, _)| key.as_integer().filter(|index| *index > 0));
    let max = indexes.clone().map(|index| index.unwrap_or(i64::MAX)).max().unwrap_or(0);
    let is_array = max == pairs.len() as i64;
    match pairs.len() {
        len @ 0..16 => out.push(if is_array { 0x90 } else { 0x80 } | len as u8),
        len if is_array => put_len(out, len, 0xdc, 0xdd),
        len => put_len(out, len, 0xde, 0xdf),
    }
    if is_array {
        return (1..=max).try_for_each(|at| put(out, &table.raw_get(at)?, depth));
    }
    for (key, value) in &pairs {
        put(out, key, depth)?;
        put(out, value, depth)?;
    }
    Ok(())
}

/// `limit` 0 and `offset` 0: everything, and no offset is answered.
fn unpack(lua: &Lua, args: &MultiValue, name: &str, limit: i64, offset: i64) -> Result<Outcome> {
    let Some(text) = args.front().and_then(|value| text(lua, value)) else {
        return Ok(Err(bad_argument(1, name, "string", args.front())));
    };
    let bytes = text.as_bytes();
    let len = bytes.len();
    if limit < 0 || offset < 0 {
        return Ok(Err(format!(
            "Invalid request to unpack with offset of {offset} and limit of {len}."
        )));
    }
    let Some(rest) = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)) else {
        return Ok(Err(format!("Start offset {offset} greater than input length {len}.")));
    };
    let is_all = limit == 0 && offset == 0;
    let mut reader = Reader { lua, rest };
    let mut values = MultiValue::new();
    let mut left = if is_all { i64::MAX } else { limit };
    while left > 0 && !reader.rest.is_empty() {
        match reader.value(0)? {
            Ok(value) => values.push_back(value),
            Err(why) => return Ok(Err(why.to_owned())),
        }
        left -= 1;
    }
    if !is_all {
        let next = if reader.rest.is_empty() { -1 } else { (len - reader.rest.len()) as i64 };
        values.push_front(Value::Integer(next));
    }
    Ok(Ok(values))
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

type Read = Result<std::result::Result<Value, &'static str>>;

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> std::result::Result<[u8; N], &'static str> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(MISSING)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A big-endian number of so many bytes.
    fn unsigned(&mut self, size: usize) -> std::result::Result<u64, &'static str> {
        let bytes = self.rest.get(..size).ok_or(MISSING)?;
        self.rest = &self.rest[size..];
        Ok(bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }

    fn value(&mut self, depth: usize) -> Read {
        let [kind] = match self.take::<1>() {
            Ok(kind) => kind,
            Err(why) => return Ok(Err(why)),
        };
        let number = |number: f64| Ok(Ok(Value::Number(number)));
        macro_rules! read {
            ($read:expr) => {
                match $read {
                    Ok(read) => read,
                    Err(why) => return Ok(Err(why)),
                }
            };
        }
        match kind {
            0..=0x7f => number(f64::from(kind)),
            0xe0.. => number(f64::from(kind as i8)),
            0x80..=0x8f => self.map(usize::from(kind & 15), depth + 1),
            0x90..=0x9f => self.array(usize::from(kind & 15), depth + 1),
            0xa0..=0xbf => self.text(usize::from(kind & 31)),
            0xc0 => Ok(Ok(Value::Nil)),
            0xc2 | 0xc3 => Ok(Ok(Value::Boolean(kind == 0xc3))),
            0xca => number(f64::from(f32::from_be_bytes(read!(self.take())))),
            0xcb => number(f64::from_be_bytes(read!(self.take()))),
            0xcc..=0xcf => number(read!(self.unsigned(1 << (kind - 0xcc))) as f64),
            0xd0 => number(f64::from(read!(self.unsigned(1)) as i8)),
            0xd1 => number(f64::from(read!(self.unsigned(2)) as i16)),
            0xd2 => number(f64::from(read!(self.unsigned(4)) as i32)),
            0xd3 => number(read!(self.unsigned(8)) as i64 as f64),
            0xd9 => {
                let len = read!(self.unsigned(1));
                self.text(len as usize)
            }
            0xda => {
                let len = read!(self.unsigned(2));
                self.text(len as usize)
            }
            0xdb => {
                let len = read!(self.unsigned(4));
                self.text(len as usize)
            }
            0xdc | 0xdd => {
                let len = read!(self.unsigned(if kind == 0xdc { 2 } else { 4 }));
                self.array(len as usize, depth + 1)
            }
            0xde | 0xdf => {
                let len = read!(self.unsigned(if kind == 0xde { 2 } else { 4 }));
                self.map(len as usize, depth + 1)
            }
            _ => Ok(Err(BAD)),
        }
    }

    fn text(&mut self, len: usize) -> Read {
        let Some(text) = self.rest.get(..len) else { return Ok(Err(MISSING)) };
        self.rest = &self.rest[len..];
        Ok(Ok(Value::String(self.lua.create_string(text)?)))
    }

    fn array(&mut self, len: usize, depth: usize) -> Read {
        if depth > READ_DEPTH_MAX {
            return Ok(Err(BAD));
        }
        let array = self.lua.create_table()?;
        for at in 1..=len {
            match self.value(depth)? {
                Ok(value) => array.raw_set(at, value)?,
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(Value::Table(array)))
    }

    fn map(&mut self, len: usize, depth: usize) -> Read {
        if depth > READ_DEPTH_MAX {
            return Ok(Err(BAD));
        }
        let map = self.lua.create_table()?;
        for _ in 0..len {
            let (name, value) = match (self.value(depth)?, self.value(depth)?) {
                (Ok(name), Ok(value)) => (name, value),
                (Err(why), _) | (_, Err(why)) => return Ok(Err(why)),
            };
            let is_key = !name.is_nil() && name.as_f64().is_none_or(|number| !number.is_nan());
            if !is_key {
                return Ok(Err(BAD));
            }
            map.raw_set(name, value)?;
        }
        Ok(Ok(Value::Table(map)))
    }
}
