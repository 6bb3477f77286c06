//! The library `bit`: operations on the low 32 bits of numbers.

use super::outcome::{bad_argument, function, number, one};
use mlua::{Lua, MultiValue, Result, Table, Value};

/// Adding this to a number leaves its integer part in the low bits, rounded as the library rounds.
const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// The table of its functions.
pub fn library(lua: &Lua) -> Result<Table> {
    let bit = lua.create_table()?;
    unary(lua, &bit, "tobit", |value| value)?;
    unary(lua, &bit, "bnot", |value| !value)?;
    unary(lua, &bit, "bswap", u32::swap_bytes)?;
    fold(lua, &bit, "band", |left, right| left & right)?;
    fold(lua, &bit, "bor", |left, right| left | right)?;
    fold(lua, &bit, "bxor", |left, right| left ^ right)?;
    shift(lua, &bit, "lshift", |value, by| value << by)?;
    shift(lua, &bit, "rshift", |value, by| value >> by)?;
    shift(lua, &bit, "arshift", |value, by| ((value as i32) >> by) as u32)?;
    shift(lua, &bit, "rol", u32::rotate_left)?;
    shift(lua, &bit, "ror", u32::rotate_right)?;
    bit.raw_set("tohex", function(lua, tohex)?)?;
    Ok(bit)
}

fn bits(lua: &Lua, args: &MultiValue, at: usize, name: &str) -> std::result::Result<u32, String> {
    let value = args.get(at);
    let wrong = || bad_argument(at + 1, name, "number", value);
    let value = value.and_then(|value| number(lua, value)).ok_or_else(wrong)?;
    Ok((value + ROUNDING).to_bits() as u32)
}

fn signed(value: u32) -> MultiValue {
    one(Value::Number(f64::from(value as i32)))
}

fn unary(lua: &Lua, bit: &Table, name: &'static str, f: fn(u32) -> u32) -> Result<()> {
    let run = move |lua: &Lua, args: MultiValue| {
        Ok(bits(lua, &args, 0, name).map(|value| signed(f(value))))
    };
    bit.raw_set(name, function(lua, run)?)
}

fn fold(lua: &Lua, bit: &Table, name: &'static str, f: fn(u32, u32) -> u32) -> Result<()> {
    let run = move |lua: &Lua, args: MultiValue| {
        let first = bits(lua, &args, 0, name);
        let folded = (1..args.len())
            .try_fold(first, |all, at| Ok::<_, String>(Ok(f(all?, bits(lua, &args, at, name)?))));
        Ok(folded.and_then(|all| all).map(signed))
    };
    bit.raw_set(name, function(lua, run)?)
}

fn shift(lua: &Lua, bit: &Table, name: &'static str, f: fn(u32, u32) -> u32) -> Result<()> {
    let run = move |lua: &Lua, args: MultiValue| {
        let value = bits(lua, &args, 0, name);
        Ok(value.and_then(|value| Ok(signed(f(value, bits(lua, &args, 1, name)? & 31)))))
    };
    bit.raw_set(name, function(lua, run)?)
}

/// `tohex(x [, digits])`: negative digits ask for capitals.
fn tohex(lua: &Lua, args: MultiValue) -> Result<super::outcome::Outcome> {
    let value = match bits(lua, &args, 0, "tohex") {
        Ok(value) => value,
        Err(text) => return Ok(Err(text)),
    };
    let digits = match args.get(1) {
        None | Some(Value::Nil) => 8,
        Some(_) => match bits(lua, &args, 1, "tohex") {
            Ok(digits) => digits as i32,
            Err(text) => return Ok(Err(text)),
        },
    };
    let count = digits.unsigned_abs().min(8) as usize;
    let text = if digits < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    Ok(Ok(one(Value::String(lua.create_string(&text[8 - count..])?))))
}
