//! `cjson.encode`

use super::{DEPTH_MAX, Invalid, JsonSettings};
use crate::script::format::general;
use crate::script::outcome::type_name;
use mlua::{Result, Table, Value};

/// What is written, or why it cannot be.
type Written = Result<std::result::Result<(), String>>;

pub struct Encoder<'a> {
    settings: &'a JsonSettings,
    out: Vec<u8>,
}

/// Writes on, or returns what is wrong.
macro_rules! attempt {
    ($written:expr) => {
        if let Err(why) = $written? {
            return Ok(Err(why));
        }
    };
}

impl<'a> Encoder<'a> {
    pub fn new(settings: &'a JsonSettings) -> Encoder<'a> {
        Encoder { settings, out: Vec::new() }
    }

    pub fn encode(mut self, value: &Value) -> Result<std::result::Result<Vec<u8>, String>> {
        Ok(self.value(value, 0)?.map(|()| self.out))
    }

    fn value(&mut self, value: &Value, depth: u32) -> Written {
        match value {
            Value::String(text) => self.text(&text.as_bytes()),
            Value::Integer(number) => return Ok(self.number(*number as f64)),
            Value::Number(number) => return Ok(self.number(*number)),
            Value::Boolean(true) => self.out.extend_from_slice(b"true"),
            Value::Boolean(false) => self.out.extend_from_slice(b"false"),
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => {
                self.out.extend_from_slice(b"null");
            }
            Value::Table(table) => return self.table(table, depth + 1),
            other => return Ok(Err(refused(other, "type not supported"))),
        }
        Ok(Ok(()))
    }

    fn table(&mut self, table: &Table, depth: u32) -> Written {
        if depth > self.settings.encode_depth.get().min(DEPTH_MAX) {
            return Ok(Err(format!("Cannot serialise, excessive nesting ({depth})")));
        }
        match self.array_len(table)? {
            Err(why) => Ok(Err(why)),
            Ok(Some(len)) if len > 0 => self.array(table, len, depth),
            Ok(_) => self.object(table, depth),
        }
    }

    /// The largest index, if all keys are indexes, and not too few of them.
    fn array_len(&self, table: &Table) -> Result<std::result::Result<Option<i64>, String>> {
        let (mut max, mut items) = (0i64, 0i64);
        for pair in table.pairs::<Value, Value>() {
            match pair?.0 {
                Value::Integer(index) if index >= 1 => {
                    max = max.max(index);
                    items += 1;
                }
                _ => return Ok(Ok(None)),
            }
        }
        let settings = self.settings;
        let (ratio, safe) = (settings.sparse_ratio.get(), settings.sparse_safe.get());
        let is_sparse = ratio > 0 && max > items * i64::from(ratio) && max > i64::from(safe);
        Ok(match is_sparse {
            false => Ok(Some(max)),
            true if settings.converts_sparse.get() => Ok(None),
            true => Err("Cannot serialise table: excessively sparse array".to_owned()),
        })
    }

    fn array(&mut self, table: &Table, len: i64, depth: u32) -> Written {
        self.out.push(b'[');
        for at in 1..=len {
            if at > 1 {
                self.out.push(b',');
            }
            attempt!(self.value(&table.raw_get(at)?, depth));
        }
        self.out.push(b']');
        Ok(Ok(()))
    }

    fn object(&mut self, table: &Table, depth: u32) -> Written {
        self.out.push(b'{');
        let mut is_first = true;
        for pair in table.pairs::<Value, Value>() {
            let (name, value) = pair?;
            if !std::mem::take(&mut is_first) {
                self.out.push(b',');
            }
            match &name {
                Value::String(name) => self.text(&name.as_bytes()),
                Value::Integer(_) | Value::Number(_) => {
                    self.out.push(b'"');
                    if let Err(why) = self.number(float(&name)) {
                        return Ok(Err(why));
                    }
                    self.out.push(b'"');
                }
                _ => return Ok(Err(refused(&value, "table key must be a number or string"))),
            }
            self.out.push(b':');
            attempt!(self.value(&value, depth));
        }
        self.out.push(b'}');
        Ok(Ok(()))
    }

    fn number(&mut self, number: f64) -> std::result::Result<(), String> {
        if number.is_finite() {
            let precision = self.settings.precision.get() as usize;
            self.out.extend_from_slice(general(number, precision).as_bytes());
            return Ok(());
        }
        let text: &[u8] = match self.settings.encodes_invalid.get() {
            Invalid::Refused => {
                return Err("Cannot serialise number: must not be NaN or Inf".to_owned());
            }
            Invalid::Null => b"null",
            Invalid::Written if number.is_nan() => b"nan",
            Invalid::Written if number < 0.0 => b"-inf",
            Invalid::Written => b"inf",
        };
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn text(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for byte in text {
            match byte {
                b'"' | b'\\' | b'/' => self.out.extend_from_slice(&[b'\\', *byte]),
                0x08 => self.out.extend_from_slice(b"\\b"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                0x0c => self.out.extend_from_slice(b"\\f"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                0..0x20 | 0x7f => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => self.out.push(*byte),
            }
        }
        self.out.push(b'"');
    }
}

fn float(number: &Value) -> f64 {
    match number {
        Value::Integer(number) => *number as f64,
        other => other.as_f64().unwrap_or(0.0),
    }
}

fn refused(value: &Value, why: &str) -> String {
    format!("Cannot serialise {}: {why}", type_name(value))
}
