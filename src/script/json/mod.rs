//! The library `cjson`, as version 2.1.0 of it behaves in Redis.

mod decode;
mod encode;

use super::outcome::{Outcome, bad_argument, function, number, one, text};
use mlua::{LightUserData, Lua, MultiValue, Result, Table, Value};
use std::cell::Cell;
use std::rc::Rc;

/// Deeper values could exhaust the stack, whatever a script asks for.
const DEPTH_MAX: u32 = 2000;

/// What scripts can set. It lasts to the end of the script (in Redis: for all scripts from then on).
#[derive(Debug)]
pub struct JsonSettings {
    converts_sparse: Cell<bool>,
    sparse_ratio: Cell<u32>,
    sparse_safe: Cell<u32>,
    encode_depth: Cell<u32>,
    decode_depth: Cell<u32>,
    precision: Cell<u32>,
    keeps_buffer: Cell<bool>,
    encodes_invalid: Cell<Invalid>,
    decodes_invalid: Cell<bool>,
}

/// What becomes of infinity and NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refused,
    Written,
    Null,
}

impl Default for JsonSettings {
    fn default() -> JsonSettings {
        JsonSettings {
            converts_sparse: Cell::new(false),
            sparse_ratio: Cell::new(2),
            sparse_safe: Cell::new(10),
            encode_depth: Cell::new(1000),
            decode_depth: Cell::new(1000),
            precision: Cell::new(14),
            keeps_buffer: Cell::new(true),
            encodes_invalid: Cell::new(Invalid::Refused),
            decodes_invalid: Cell::new(true),
        }
    }
}

impl JsonSettings {
    /// As before any script.
    pub fn reset(&self) {
        let JsonSettings {
            converts_sparse,
            sparse_ratio,
            sparse_safe,
            encode_depth,
            decode_depth,
            precision,
            keeps_buffer,
            encodes_invalid,
            decodes_invalid,
        } = JsonSettings::default();
        self.converts_sparse.swap(&converts_sparse);
        self.sparse_ratio.swap(&sparse_ratio);
        self.sparse_safe.swap(&sparse_safe);
        self.encode_depth.swap(&encode_depth);
        self.decode_depth.swap(&decode_depth);
        self.precision.swap(&precision);
        self.keeps_buffer.swap(&keeps_buffer);
        self.encodes_invalid.swap(&encodes_invalid);
        self.decodes_invalid.swap(&decodes_invalid);
    }
}

/// The table of its functions.
pub fn library(lua: &Lua, settings: &Rc<JsonSettings>) -> Result<Table> {
    let json = lua.create_table()?;
    json.raw_set("null", Value::LightUserData(LightUserData(std::ptr::null_mut())))?;
    let with = |f: fn(&Lua, &JsonSettings, &MultiValue) -> Result<Outcome>| {
        let settings = settings.clone();
        function(lua, move |lua, args: MultiValue| f(lua, &settings, &args))
    };
    json.raw_set("encode", with(encode)?)?;
    json.raw_set("decode", with(decode)?)?;
    json.raw_set("encode_sparse_array", with(encode_sparse_array)?)?;
    json.raw_set(
        "encode_max_depth",
        with(|lua, settings, args| {
            integer(lua, &settings.encode_depth, args, "encode_max_depth", i32::MAX)
        })?,
    )?;
    json.raw_set(
        "decode_max_depth",
        with(|lua, settings, args| {
            integer(lua, &settings.decode_depth, args, "decode_max_depth", i32::MAX)
        })?,
    )?;
    json.raw_set(
        "encode_number_precision",
        with(|lua, settings, args| {
            integer(lua, &settings.precision, args, "encode_number_precision", 14)
        })?,
    )?;
    json.raw_set(
        "encode_keep_buffer",
        with(|_, settings, args| Ok(Ok(switch(&settings.keeps_buffer, args))))?,
    )?;
    json.raw_set(
        "decode_invalid_numbers",
        with(|_, settings, args| Ok(Ok(switch(&settings.decodes_invalid, args))))?,
    )?;
    json.raw_set("encode_invalid_numbers", with(encode_invalid_numbers)?)?;
    Ok(json)
}

fn encode(lua: &Lua, settings: &JsonSettings, args: &MultiValue) -> Result<Outcome> {
    let (Some(value), 1) = (args.front(), args.len()) else {
        return Ok(Err("bad argument #1 to 'encode' (expected 1 argument)".to_owned()));
    };
    Ok(match encode::Encoder::new(settings).encode(value)? {
        Ok(text) => Ok(one(Value::String(lua.create_string(text)?))),
        Err(why) => Err(why),
    })
}

fn decode(lua: &Lua, settings: &JsonSettings, args: &MultiValue) -> Result<Outcome> {
    let (Some(value), 1) = (args.front(), args.len()) else {
        return Ok(Err("bad argument #1 to 'decode' (expected 1 argument)".to_owned()));
    };
    let Some(text) = text(lua, value) else {
        return Ok(Err(bad_argument(1, "decode", "string", Some(value))));
    };
    let decoded = decode::Decoder::new(lua, settings, &text.as_bytes()).decode()?;
    Ok(decoded.map(one))
}

/// `name(value)`: sets a number, and answers what it is.
fn integer(
    lua: &Lua,
    cell: &Cell<u32>,
    args: &MultiValue,
    name: &str,
    max: i32,
) -> Result<Outcome> {
    if let Some(value) = args.front().filter(|value| !value.is_nil()) {
        let Some(wanted) = number(lua, value) else {
            return Ok(Err(bad_argument(1, name, "number", Some(value))));
        };
        if !(1.0..=f64::from(max)).contains(&wanted) {
            return Ok(Err(format!(
                "bad argument #1 to '{name}' (expected integer between 1 and {max})"
            )));
        }
        cell.set(wanted as u32);
    }
    Ok(Ok(one(Value::Integer(cell.get().into()))))
}

fn switch(cell: &Cell<bool>, args: &MultiValue) -> MultiValue {
    match args.front() {
        Some(Value::Boolean(on)) => cell.set(*on),
        Some(Value::String(word)) => cell.set(word.as_bytes() == b"on"),
        _ => {}
    }
    one(Value::Boolean(cell.get()))
}

fn encode_sparse_array(lua: &Lua, settings: &JsonSettings, args: &MultiValue) -> Result<Outcome> {
    switch(&settings.converts_sparse, args);
    for (at, cell) in [(1, &settings.sparse_ratio), (2, &settings.sparse_safe)] {
        if let Some(value) = args.get(at).filter(|value| !value.is_nil()) {
            let wanted =
                number(lua, value).filter(|wanted| (0.0..=f64::from(i32::MAX)).contains(wanted));
            let Some(wanted) = wanted else {
                return Ok(Err(format!(
                    "bad argument #{} to 'encode_sparse_array' (expected integer between 0 and {})",
                    at + 1,
                    i32::MAX
                )));
            };
            cell.set(wanted as u32);
        }
    }
    let (ratio, safe) = (settings.sparse_ratio.get(), settings.sparse_safe.get());
    let converts = Value::Boolean(settings.converts_sparse.get());
    let all = [converts, Value::Integer(ratio.into()), Value::Integer(safe.into())];
    Ok(Ok(all.into_iter().collect()))
}

fn encode_invalid_numbers(
    lua: &Lua,
    settings: &JsonSettings,
    args: &MultiValue,
) -> Result<Outcome> {
    let cell = &settings.encodes_invalid;
    match args.front() {
        Some(Value::Boolean(true)) => cell.set(Invalid::Written),
        Some(Value::Boolean(false)) => cell.set(Invalid::Refused),
        Some(Value::String(word)) => match &*word.as_bytes() {
            b"on" => cell.set(Invalid::Written),
            b"off" => cell.set(Invalid::Refused),
            b"null" => cell.set(Invalid::Null),
            word => {
                let word = String::from_utf8_lossy(word);
                return Ok(Err(format!(
                    "bad argument #1 to 'encode_invalid_numbers' (invalid option '{word}')"
                )));
            }
        },
        _ => {}
    }
    Ok(Ok(one(match cell.get() {
        Invalid::Refused => Value::Boolean(false),
        Invalid::Written => Value::Boolean(true),
        Invalid::Null => Value::String(lua.create_string("null")?),
    })))
}
