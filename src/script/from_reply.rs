//! Replies of commands as Lua values, by the rules of Redis.

use mlua::{Lua, Result, Table, Value};

/// Reads one reply after the other.
pub struct Replies<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Replies<'a> {
    /// `bytes` are whole replies of this server.
    pub fn new(lua: &'a Lua, bytes: &'a [u8]) -> Replies<'a> {
        Replies { lua, rest: bytes }
    }

    /// The next one. What cannot be read is nil.
    pub fn next(&mut self) -> Result<Value> {
        let line = self.line();
        let Some((kind, text)) = line.split_first() else { return Ok(Value::Nil) };
        match kind {
            b':' => Ok(Value::Number(decimal(text) as f64)),
            b'$' => self.bulk(text),
            b'+' => self.field("ok", text),
            b'-' => self.field("err", text),
            b'*' | b'>' => self.array(text),
            b'%' => self.map(text),
            b'~' => self.set(text),
            b'#' => Ok(Value::Boolean(text == b"t")),
            b',' => self.double(text),
            b'(' => self.field("big_number", text),
            b'=' => self.verbatim(text),
            // RESP3's null is nil; RESP2's are false.
            _ => Ok(Value::Nil),
        }
    }

    fn line(&mut self) -> &'a [u8] {
        let end = memchr::memmem::find(self.rest, b"\r\n").unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 2..).unwrap_or_default();
        line
    }

    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let bytes = self.rest.get(..len).unwrap_or_default();
        self.rest = self.rest.get(len + 2..).unwrap_or_default();
        bytes
    }

    fn bulk(&mut self, len: &[u8]) -> Result<Value> {
        match usize::try_from(decimal(len)) {
            Ok(len) => {
                let bytes = self.bytes(len);
                self.lua.create_string(bytes).map(Value::String)
            }
            Err(_) => Ok(Value::Boolean(false)),
        }
    }

    fn field(&self, name: &str, text: &[u8]) -> Result<Value> {
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(name, self.lua.create_string(text)?)?;
        Ok(Value::Table(table))
    }

    fn array(&mut self, len: &[u8]) -> Result<Value> {
        let Ok(len) = usize::try_from(decimal(len)) else { return Ok(Value::Boolean(false)) };
        let table = self.lua.create_table_with_capacity(len, 0)?;
        for at in 1..=len {
            table.raw_set(at, self.next()?)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, len: &[u8]) -> Result<Value> {
        let map = self.lua.create_table()?;
        for _ in 0..decimal(len) {
            let (name, value) = (self.next()?, self.next()?);
            put(&map, name, value)?;
        }
        self.wrapped("map", map)
    }

    fn set(&mut self, len: &[u8]) -> Result<Value> {
        let set = self.lua.create_table()?;
        for _ in 0..decimal(len) {
            let member = self.next()?;
            put(&set, member, Value::Boolean(true))?;
        }
        self.wrapped("set", set)
    }

    fn double(&self, text: &[u8]) -> Result<Value> {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let double = self.lua.create_table_with_capacity(0, 1)?;
        double.raw_set("double", text.parse::<f64>().unwrap_or(f64::NAN))?;
        Ok(Value::Table(double))
    }

    fn verbatim(&mut self, len: &[u8]) -> Result<Value> {
        let bytes = self.bytes(usize::try_from(decimal(len)).unwrap_or(0));
        let (format, text) = bytes.split_at_checked(4).unwrap_or((b"txt:", bytes));
        let verbatim = self.lua.create_table_with_capacity(0, 2)?;
        verbatim.raw_set("string", self.lua.create_string(text)?)?;
        verbatim.raw_set("format", self.lua.create_string(&format[..3])?)?;
        self.wrapped("verbatim_string", verbatim)
    }

    fn wrapped(&self, name: &str, value: Table) -> Result<Value> {
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(name, value)?;
        Ok(Value::Table(table))
    }
}

/// Nil is no key in Lua.
fn put(table: &Table, key: Value, value: Value) -> Result<()> {
    if key.is_nil() { Ok(()) } else { table.raw_set(key, value) }
}

fn decimal(text: &[u8]) -> i64 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
