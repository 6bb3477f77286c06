//! `cjson.decode`

use super::{DEPTH_MAX, JsonSettings};
use mlua::{LightUserData, Lua, Result, Value};

/// A value, or why there is none.
type Read = Result<std::result::Result<Value, String>>;

#[derive(Debug)]
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Text(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Wrong(&'static str),
}

impl Token {
    /// As the library names it.
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Text(_) => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Wrong(why) => why,
        }
    }
}

pub struct Decoder<'a> {
    lua: &'a Lua,
    settings: &'a JsonSettings,
    text: &'a [u8],
    at: usize,
    /// Where the last token began, or was found to be wrong.
    token_at: usize,
    depth: u32,
}

/// Reads on, or returns what is wrong.
macro_rules! attempt {
    ($read:expr) => {
        match $read? {
            Ok(value) => value,
            Err(why) => return Ok(Err(why)),
        }
    };
}

impl<'a> Decoder<'a> {
    pub fn new(lua: &'a Lua, settings: &'a JsonSettings, text: &'a [u8]) -> Decoder<'a> {
        Decoder { lua, settings, text, at: 0, token_at: 0, depth: 0 }
    }

    pub fn decode(mut self) -> Read {
        if let [first, second, ..] = self.text
            && (*first == 0 || *second == 0)
        {
            return Ok(Err("JSON parser does not support UTF-16 or UTF-32".to_owned()));
        }
        let first = self.token();
        let value = attempt!(self.value(first));
        match self.token() {
            Token::End => Ok(Ok(value)),
            other => Ok(Err(self.unexpected("the end", &other))),
        }
    }

    fn unexpected(&self, wanted: &str, found: &Token) -> String {
        let (found, at) = (found.name(), self.token_at + 1);
        format!("Expected {wanted} but found {found} at character {at}")
    }

    fn value(&mut self, token: Token) -> Read {
        Ok(Ok(match token {
            Token::Text(text) => Value::String(self.lua.create_string(text)?),
            Token::Number(number) => Value::Number(number),
            Token::Boolean(value) => Value::Boolean(value),
            Token::Null => Value::LightUserData(LightUserData(std::ptr::null_mut())),
            Token::ObjectBegin => return self.object(),
            Token::ArrayBegin => return self.array(),
            other => return Ok(Err(self.unexpected("value", &other))),
        }))
    }

    fn descend(&mut self) -> std::result::Result<(), String> {
        self.depth += 1;
        if self.depth > self.settings.decode_depth.get().min(DEPTH_MAX) {
            let (depth, at) = (self.depth, self.at);
            return Err(format!(
                "Found too many nested data structures ({depth}) at character {at}"
            ));
        }
        Ok(())
    }

    fn object(&mut self) -> Read {
        if let Err(why) = self.descend() {
            return Ok(Err(why));
        }
        let object = self.lua.create_table()?;
        let mut token = self.token();
        if !matches!(token, Token::ObjectEnd) {
            loop {
                let Token::Text(name) = token else {
                    return Ok(Err(self.unexpected("object key string", &token)));
                };
                match self.token() {
                    Token::Colon => {}
                    other => return Ok(Err(self.unexpected("colon", &other))),
                }
                let next = self.token();
                let value = attempt!(self.value(next));
                object.raw_set(self.lua.create_string(name)?, value)?;
                match self.token() {
                    Token::ObjectEnd => break,
                    Token::Comma => token = self.token(),
                    other => return Ok(Err(self.unexpected("comma or object end", &other))),
                }
            }
        }
        self.depth -= 1;
        Ok(Ok(Value::Table(object)))
    }

    fn array(&mut self) -> Read {
        if let Err(why) = self.descend() {
            return Ok(Err(why));
        }
        let array = self.lua.create_table()?;
        let mut token = self.token();
        if !matches!(token, Token::ArrayEnd) {
            for at in 1.. {
                array.raw_set(at, attempt!(self.value(token)))?;
                match self.token() {
                    Token::ArrayEnd => break,
                    Token::Comma => token = self.token(),
                    other => return Ok(Err(self.unexpected("comma or array end", &other))),
                }
            }
        }
        self.depth -= 1;
        Ok(Ok(Value::Table(array)))
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn token(&mut self) -> Token {
        while matches!(self.peek(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.token_at = self.at;
        let mark = match self.peek(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            0 => return Token::End,
            _ => return self.word(),
        };
        self.at += 1;
        mark
    }

    fn wrong(&mut self, why: &'static str) -> Token {
        self.token_at = self.at;
        Token::Wrong(why)
    }

    fn word(&mut self) -> Token {
        let rest = &self.text[self.at..];
        for (word, token) in [
            (&b"true"[..], Token::Boolean(true)),
            (b"false", Token::Boolean(false)),
            (b"null", Token::Null),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return token;
            }
        }
        match self.peek(0) {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => {
                match !self.settings.decodes_invalid.get() && is_invalid_number(rest) {
                    true => self.wrong("invalid number"),
                    false => self.number(),
                }
            }
            _ if self.settings.decodes_invalid.get() && is_invalid_number(rest) => self.number(),
            _ => self.wrong("invalid token"),
        }
    }

    fn number(&mut self) -> Token {
        match number_prefix(&self.text[self.at..]) {
            Some((number, len)) => {
                self.at += len;
                Token::Number(number)
            }
            None => self.wrong("invalid number"),
        }
    }

    fn string(&mut self) -> Token {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.peek(0) {
                b'"' => break,
                0 => return self.wrong("unexpected end of string"),
                b'\\' => match self.peek(1) {
                    b'u' => match self.code_point() {
                        Some((letter, len)) => {
                            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                            self.at += len;
                        }
                        None => return self.wrong("invalid unicode escape code"),
                    },
                    letter => {
                        let Some(byte) = unescaped(letter) else {
                            return self.wrong("invalid escape code");
                        };
                        text.push(byte);
                        self.at += 2;
                    }
                },
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Token::Text(text)
    }

    fn hexadecimal(&self, ahead: usize) -> Option<u32> {
        let digits = self.text.get(self.at + ahead..self.at + ahead + 4)?;
        let is_plain = digits.iter().all(u8::is_ascii_hexdigit);
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok().filter(|_| is_plain)
    }

    /// `\uXXXX`, or two of them, and how long that is.
    fn code_point(&self) -> Option<(char, usize)> {
        let first = self.hexadecimal(2)?;
        if first & 0xF800 != 0xD800 {
            return Some((char::from_u32(first)?, 6));
        }
        if first & 0x400 != 0 || self.peek(6) != b'\\' || self.peek(7) != b'u' {
            return None;
        }
        let second = self.hexadecimal(8)?;
        if second & 0xFC00 != 0xDC00 {
            return None;
        }
        let both = (first & 0x3FF) << 10 | (second & 0x3FF);
        Some((char::from_u32(both + 0x1_0000)?, 12))
    }
}

fn unescaped(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' | b'\\' | b'/' => letter,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'f' => 0x0c,
        b'r' => b'\r',
        _ => return None,
    })
}

/// Whether C would read a number that JSON does not know.
fn is_invalid_number(text: &[u8]) -> bool {
    if text.first() == Some(&b'+') {
        return true;
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    match text {
        [b'0', next, ..] => matches!(next, b'x' | b'X' | b'0'..=b'9'),
        [b'0'..=b'9', ..] => false,
        _ => starts_with(text, b"inf") || starts_with(text, b"nan"),
    }
}

fn starts_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// What C's `strtod` reads at the beginning of a text, and how much of it that is.
fn number_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let signs = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let sign = if text.first() == Some(&b'-') { -1.0 } else { 1.0 };
    let body = &text[signs..];
    for (word, value) in
        [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)]
    {
        if starts_with(body, word) {
            return Some((sign * value, signs + word.len()));
        }
    }
    if starts_with(body, b"0x") {
        let digits = body[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let of = |byte: &u8| f64::from((*byte as char).to_digit(16).unwrap_or(0));
        if digits > 0 {
            let value = body[2..2 + digits].iter().fold(0.0, |all, byte| all * 16.0 + of(byte));
            return Some((sign * value, signs + 2 + digits));
        }
    }
    let digits = |from: usize| body[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    let mut some = end;
    if body.get(end) == Some(&b'.') {
        let decimals = digits(end + 1);
        some += decimals;
        end += 1 + decimals;
    }
    if some == 0 {
        return None;
    }
    if matches!(body.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(body.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits(body.len().min(end + 1 + sign));
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    let value: f64 = std::str::from_utf8(&body[..end]).ok()?.parse().ok()?;
    Some((sign * value, signs + end))
}
