//! The library `struct`: values as bytes, after a format.

use super::outcome::{Outcome, bad_argument, function, number, text};
use mlua::{Lua, MultiValue, Result, Table, Value};

/// The largest integer, in bytes.
const INTEGER_MAX_BYTES: usize = 32;
const ALIGNMENT_DEFAULT: usize = 8;
/// What a format may ask for in all.
const SIZE_MAX: usize = i32::MAX as usize;

const TOO_SHORT: &str = "data string too short";

/// The table of its functions.
pub fn library(lua: &Lua) -> Result<Table> {
    let library = lua.create_table()?;
    library.raw_set("pack", function(lua, |lua, args| Ok(pack(lua, &args)))?)?;
    library.raw_set("unpack", function(lua, |lua, args| unpack(lua, &args))?)?;
    library.raw_set("size", function(lua, |lua, args| Ok(size(lua, &args)))?)?;
    Ok(library)
}

/// One thing that a format asks for.
#[derive(Clone, Copy)]
struct Item {
    letter: u8,
    size: usize,
    is_big: bool,
    align: usize,
}

impl Item {
    /// Bytes to be left out behind the first `len`.
    fn padding(&self, len: usize) -> usize {
        if self.size == 0 || self.letter == b'c' {
            return 0;
        }
        let to = self.size.min(self.align);
        (to - (len & (to - 1))) & (to - 1)
    }
}

/// A format, read item by item.
struct Format<'a> {
    rest: &'a [u8],
    is_big: bool,
    align: usize,
    /// The function that it was given to.
    of: &'static str,
}

impl<'a> Format<'a> {
    fn new(rest: &'a [u8], of: &'static str) -> Format<'a> {
        Format { rest, is_big: cfg!(target_endian = "big"), align: 1, of }
    }

    fn number(&mut self, default: usize) -> std::result::Result<usize, String> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let (digits, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let read = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        read.filter(|size| *size <= SIZE_MAX).ok_or_else(|| "integral size overflow".to_owned())
    }

    /// `None`: the end.
    fn next(&mut self) -> std::result::Result<Option<Item>, String> {
        while let Some((letter, rest)) = self.rest.split_first() {
            self.rest = rest;
            let size = match letter {
                b'b' | b'B' | b'x' => 1,
                b'h' | b'H' => 2,
                b'l' | b'L' | b'T' | b'd' => 8,
                b'f' => 4,
                b's' => 0,
                b'c' => self.number(1)?,
                b'i' | b'I' => self.integer_size()?,
                other => {
                    self.control(*other)?;
                    continue;
                }
            };
            let (letter, is_big, align) = (*letter, self.is_big, self.align);
            return Ok(Some(Item { letter, size, is_big, align }));
        }
        Ok(None)
    }

    fn integer_size(&mut self) -> std::result::Result<usize, String> {
        match self.number(4)? {
            size if size > INTEGER_MAX_BYTES => {
                Err(format!("integral size {size} is larger than limit of {INTEGER_MAX_BYTES}"))
            }
            size => Ok(size),
        }
    }

    fn control(&mut self, letter: u8) -> std::result::Result<(), String> {
        match letter {
            b' ' => {}
            b'>' => self.is_big = true,
            b'<' => self.is_big = false,
            b'!' => {
                self.align = self.number(ALIGNMENT_DEFAULT)?;
                if !self.align.is_power_of_two() {
                    return Err(format!("alignment {} is not a power of 2", self.align));
                }
            }
            // As in Redis, which does not look here.
            letter if self.of == "size" && letter.is_ascii_alphanumeric() => {}
            letter => {
                let (of, letter) = (self.of, letter as char);
                return Err(format!(
                    "bad argument #1 to '{of}' (invalid format option '{letter}')"
                ));
            }
        }
        Ok(())
    }
}

fn bytes_of(
    lua: &Lua,
    args: &MultiValue,
    at: usize,
    name: &str,
) -> std::result::Result<Vec<u8>, String> {
    let value = args.get(at);
    let wrong = || bad_argument(at + 1, name, "string", value);
    let text = value.and_then(|value| text(lua, value)).ok_or_else(wrong)?;
    Ok(text.as_bytes().to_vec())
}

fn number_of(lua: &Lua, args: &MultiValue, at: usize) -> std::result::Result<f64, String> {
    let value = args.get(at);
    // What is missing is nil to it.
    let wrong = || bad_argument(at + 1, "pack", "number", Some(value.unwrap_or(&Value::Nil)));
    value.and_then(|value| number(lua, value)).ok_or_else(wrong)
}

fn pack(lua: &Lua, args: &MultiValue) -> Outcome {
    let format = bytes_of(lua, args, 0, "pack")?;
    let (mut format, mut out, mut at) = (Format::new(&format, "pack"), Vec::new(), 1);
    while let Some(item) = format.next()? {
        if out.len() + item.size > SIZE_MAX {
            return Err("not enough memory".to_owned());
        }
        out.resize(out.len() + item.padding(out.len()), 0);
        match item.letter {
            b'x' => out.push(0),
            b'f' | b'd' => {
                let value = number_of(lua, args, at)?;
                let little = match item.letter {
                    b'f' => (value as f32).to_le_bytes().to_vec(),
                    _ => value.to_le_bytes().to_vec(),
                };
                put(&mut out, little, item.is_big);
                at += 1;
            }
            b'c' | b's' => {
                let text = bytes_of(lua, args, at, "pack")?;
                let size = if item.size == 0 { text.len() } else { item.size };
                at += 1;
                let Some(text) = text.get(..size) else {
                    return Err(format!("bad argument #{} to 'pack' (string too short)", at + 1));
                };
                out.extend_from_slice(text);
                if item.letter == b's' {
                    out.push(0);
                }
            }
            _ => {
                let value = number_of(lua, args, at)?;
                let bits = if value < 0.0 { value as i64 as u64 } else { value as u64 };
                let mut little = bits.to_le_bytes().to_vec();
                little.resize(item.size, 0);
                put(&mut out, little, item.is_big);
                at += 1;
            }
        }
    }
    let packed = lua.create_string(out).map_err(|error| error.to_string())?;
    Ok(std::iter::once(Value::String(packed)).collect())
}

fn put(out: &mut Vec<u8>, mut little: Vec<u8>, is_big: bool) {
    if is_big {
        little.reverse();
    }
    out.append(&mut little);
}

fn size(lua: &Lua, args: &MultiValue) -> Outcome {
    let format = bytes_of(lua, args, 0, "size")?;
    let (mut format, mut len) = (Format::new(&format, "size"), 0usize);
    while let Some(item) = format.next()? {
        match (item.letter, item.size) {
            (b's', _) => {
                return Err("bad argument #1 to 'size' (option 's' has no fixed size)".to_owned());
            }
            (b'c', 0) => {
                return Err("bad argument #1 to 'size' (option 'c0' has no fixed size)".to_owned());
            }
            _ => len = len.saturating_add(item.padding(len)).saturating_add(item.size),
        }
    }
    Ok(std::iter::once(Value::Integer(len as i64)).collect())
}

fn unpack(lua: &Lua, args: &MultiValue) -> Result<Outcome> {
    let read = || -> std::result::Result<_, String> {
        let first = match args.get(2) {
            None | Some(Value::Nil) => 1.0,
            value => {
                let wrong = || bad_argument(3, "unpack", "number", value);
                value.and_then(|value| number(lua, value)).ok_or_else(wrong)?
            }
        };
        Ok((bytes_of(lua, args, 0, "unpack")?, bytes_of(lua, args, 1, "unpack")?, first))
    };
    let (format, data, first) = match read() {
        Ok(read) => read,
        Err(why) => return Ok(Err(why)),
    };
    if first < 1.0 {
        let why = "bad argument #3 to 'unpack' (offset must be 1 or greater)";
        return Ok(Err(why.to_owned()));
    }
    Unpacking { lua, data: &data, at: first as usize - 1, values: MultiValue::new() }
        .run(Format::new(&format, "unpack"))
}

struct Unpacking<'a> {
    lua: &'a Lua,
    data: &'a [u8],
    at: usize,
    values: MultiValue,
}

impl Unpacking<'_> {
    fn run(mut self, mut format: Format<'_>) -> Result<Outcome> {
        loop {
            match format.next() {
                Err(why) => return Ok(Err(why)),
                Ok(None) => break,
                Ok(Some(item)) => {
                    if let Err(why) = self.item(item)? {
                        return Ok(Err(why));
                    }
                }
            }
        }
        self.values.push_back(Value::Integer(self.at as i64 + 1));
        Ok(Ok(self.values))
    }

    fn item(&mut self, item: Item) -> Result<std::result::Result<(), String>> {
        let too_short = || Ok(Err(format!("bad argument #2 to 'unpack' ({TOO_SHORT})")));
        self.at = self.at.saturating_add(item.padding(self.at));
        let Some(data) = self.data.get(self.at..).filter(|data| data.len() >= item.size) else {
            return too_short();
        };
        let (mut size, field) = (item.size, &data[..item.size]);
        match item.letter {
            b'x' => {}
            b'f' | b'd' => self.values.push_back(Value::Number(float(field, item.is_big))),
            b'c' => {
                if size == 0 {
                    let Some(len) = self.values.pop_back().and_then(|len| len.as_f64()) else {
                        return Ok(Err("format 'c0' needs a previous size".to_owned()));
                    };
                    size = len as usize;
                }
                let Some(text) = data.get(..size) else { return too_short() };
                self.values.push_back(Value::String(self.lua.create_string(text)?));
            }
            b's' => {
                let Some(end) = memchr::memchr(0, data) else {
                    return Ok(Err("unfinished string in data".to_owned()));
                };
                self.values.push_back(Value::String(self.lua.create_string(&data[..end])?));
                size = end + 1;
            }
            letter => {
                let number = integer(field, item.is_big, letter.is_ascii_lowercase());
                self.values.push_back(Value::Number(number));
            }
        }
        self.at += size;
        Ok(Ok(()))
    }
}

fn float(field: &[u8], is_big: bool) -> f64 {
    let mut little = field.to_vec();
    if is_big {
        little.reverse();
    }
    match (<[u8; 4]>::try_from(&little[..]), <[u8; 8]>::try_from(&little[..])) {
        (Ok(bytes), _) => f64::from(f32::from_le_bytes(bytes)),
        (_, Ok(bytes)) => f64::from_le_bytes(bytes),
        _ => 0.0,
    }
}

/// Of more than eight bytes the lowest count, as in C.
fn integer(field: &[u8], is_big: bool, is_signed: bool) -> f64 {
    let add = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
    let bits = match is_big {
        true => field.iter().fold(0, add),
        false => field.iter().rev().fold(0, add),
    };
    if !is_signed {
        return bits as f64;
    }
    let unused = 64 - (field.len() * 8).min(64) as u32;
    match field.is_empty() {
        true => 0.0,
        false => ((bits << unused) as i64 >> unused) as f64,
    }
}
