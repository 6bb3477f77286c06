//! What a script returns, as its client's reply, by the rules of Redis.

use super::Failure;
use crate::resp::{Protocol, ReplyWriter};
use mlua::{Result, Table, Value};

/// How deep tables may stand in one another; Redis says so where its stack ends.
const DEPTH_MAX: usize = 256;
const TOO_DEEP: &str = "ERR reached lua stack limit";

/// Writes a reply.
pub struct ToReply<'a> {
    /// The client's.
    pub protocol: Protocol,
    /// The one that the script asked for: whether booleans are booleans.
    pub script: Protocol,
    pub out: &'a mut Vec<u8>,
}

impl ToReply<'_> {
    fn writer(&mut self) -> ReplyWriter<'_> {
        ReplyWriter::new(self.out, self.protocol)
    }

    /// Writes the reply; answers the error that it is, if it is one that the server has to count.
    pub fn write(&mut self, value: &Value) -> Result<Option<Failure>> {
        let Value::Table(table) = value else { return self.any(value, 0).map(|()| None) };
        let Some(failure) = failure_of(table)? else { return self.any(value, 0).map(|()| None) };
        self.line(b'-', &failure.text);
        Ok((!failure.is_counted).then_some(failure))
    }

    fn any(&mut self, value: &Value, depth: usize) -> Result<()> {
        match value {
            Value::String(text) => self.writer().bulk(&text.as_bytes()),
            Value::Integer(number) => self.writer().integer(*number),
            Value::Number(number) => self.writer().integer(cut(*number)),
            Value::Boolean(value) if self.script == Protocol::Resp3 => {
                self.writer().boolean(*value)
            }
            Value::Boolean(true) => self.writer().integer(1),
            Value::Table(_) if depth > DEPTH_MAX => self.writer().error(TOO_DEEP),
            Value::Table(table) => return self.table(table, depth),
            _ => self.writer().null(),
        }
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<()> {
        if let Some(failure) = failure_of(table)? {
            self.line(b'-', &failure.text);
            return Ok(());
        }
        if let Value::String(text) = table.raw_get::<Value>("ok")? {
            self.line(b'+', &text.as_bytes());
            return Ok(());
        }
        match table.raw_get::<Value>("double")? {
            Value::Integer(number) => return self.double(number as f64),
            Value::Number(number) => return self.double(number),
            _ => {}
        }
        if let Value::Table(map) = table.raw_get::<Value>("map")? {
            return self.map(&map, depth);
        }
        if let Value::Table(set) = table.raw_get::<Value>("set")? {
            return self.set(&set, depth);
        }
        if let Value::String(digits) = table.raw_get::<Value>("big_number")? {
            let digits = String::from_utf8_lossy(&digits.as_bytes()).replace(['\r', '\n'], " ");
            self.writer().big_number(&digits);
            return Ok(());
        }
        if let Value::Table(verbatim) = table.raw_get::<Value>("verbatim_string")?
            && let Value::String(format) = verbatim.raw_get::<Value>("format")?
            && let Value::String(text) = verbatim.raw_get::<Value>("string")?
        {
            let format = String::from_utf8_lossy(&format.as_bytes()).into_owned();
            self.writer().verbatim(&three(&format), &text.as_bytes());
            return Ok(());
        }
        self.array(table, depth)
    }

    fn double(&mut self, number: f64) -> Result<()> {
        self.writer().double(number);
        Ok(())
    }

    fn map(&mut self, map: &Table, depth: usize) -> Result<()> {
        let pairs = map.pairs::<Value, Value>().collect::<Result<Vec<_>>>()?;
        self.writer().map(pairs.len());
        for (name, value) in &pairs {
            self.any(name, depth + 1)?;
            self.any(value, depth + 1)?;
        }
        Ok(())
    }

    fn set(&mut self, set: &Table, depth: usize) -> Result<()> {
        let members = set.pairs::<Value, Value>().collect::<Result<Vec<_>>>()?;
        self.writer().set(members.len());
        members.iter().try_for_each(|(member, _)| self.any(member, depth + 1))
    }

    /// To the first nil.
    fn array(&mut self, table: &Table, depth: usize) -> Result<()> {
        let deferred = self.writer().begin_deferred_array();
        let mut len = 0;
        loop {
            let value: Value = table.raw_get(len + 1)?;
            if value.is_nil() {
                break;
            }
            self.any(&value, depth + 1)?;
            len += 1;
        }
        self.writer().end_deferred(deferred, len);
        Ok(())
    }

    /// A status or an error is one line.
    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.push(kind);
        let of_line = |byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte };
        self.out.extend(text.iter().map(of_line));
        self.out.extend_from_slice(b"\r\n");
    }
}

/// The error that a table is.
pub fn failure_of(table: &Table) -> Result<Option<Failure>> {
    let Value::String(text) = table.raw_get::<Value>("err")? else { return Ok(None) };
    let is_counted =
        matches!(table.raw_get::<Value>("ignore_error_stats_update")?, Value::Boolean(true));
    Ok(Some(Failure { text: text.as_bytes().to_vec(), is_counted }))
}

/// A number as C casts it to an integer on x86: what does not fit is the smallest.
fn cut(number: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&number) { number as i64 } else { i64::MIN }
}

/// A format has three letters.
fn three(format: &str) -> String {
    format.chars().chain("   ".chars()).take(3).collect()
}
