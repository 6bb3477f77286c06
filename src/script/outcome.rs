//! What functions of the libraries come to, and how they raise errors.

use mlua::{FromLuaMulti, Lua, MultiValue, Result, Value};
use std::cell::RefCell;

/// Results, or the text of an error.
pub type Outcome = std::result::Result<MultiValue, String>;

/// What was raised last: an error from Rust is an opaque object to Lua, so the prelude asks for its value.
#[derive(Default)]
pub struct Raised(RefCell<Option<Value>>);

impl Raised {
    pub fn take(lua: &Lua) -> Value {
        let raised = lua.app_data_ref::<Raised>().and_then(|raised| raised.0.take());
        raised.unwrap_or(Value::Nil)
    }
}

/// An error with this value.
pub fn raise(lua: &Lua, value: Value) -> mlua::Error {
    if let Some(raised) = lua.app_data_ref::<Raised>() {
        raised.0.replace(Some(value));
    }
    mlua::Error::runtime("raised")
}

/// An error with this text, behind the place from where the running function was called.
pub fn raise_text(lua: &Lua, text: &str) -> mlua::Error {
    let place = lua.inspect_stack(1, |frame| {
        let line = frame.current_line()?;
        Some(format!("{}:{line}: ", frame.source().short_src.unwrap_or_default()))
    });
    let place = place.flatten().unwrap_or_default();
    match lua.create_string(format!("{place}{text}")) {
        Ok(text) => raise(lua, Value::String(text)),
        Err(error) => error,
    }
}

/// One result.
pub fn one(value: Value) -> MultiValue {
    std::iter::once(value).collect()
}

/// A Lua function that does so.
pub fn function<A: FromLuaMulti>(
    lua: &Lua,
    f: impl Fn(&Lua, A) -> Result<Outcome> + 'static,
) -> Result<mlua::Function> {
    lua.create_function(move |lua, args: A| f(lua, args)?.map_err(|text| raise_text(lua, &text)))
}

/// A number, also one that is written as a text, as `luaL_checknumber` takes it.
pub fn number(lua: &Lua, value: &Value) -> Option<f64> {
    match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Number(value) => Some(*value),
        Value::String(_) => lua.coerce_number(value.clone()).ok().flatten(),
        _ => None,
    }
}

/// A text, also of a number, as `luaL_checklstring` takes it.
pub fn text(lua: &Lua, value: &Value) -> Option<mlua::LuaString> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(_) | Value::Number(_) => lua.coerce_string(value.clone()).ok().flatten(),
        _ => None,
    }
}

/// `bad argument #1 to 'band' (number expected, got nil)`
pub fn bad_argument(at: usize, name: &str, wanted: &str, got: Option<&Value>) -> String {
    let got = got.map_or("no value", type_name);
    format!("bad argument #{at} to '{name}' ({wanted} expected, got {got})")
}

/// As Lua names types.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Boolean(_) => "boolean",
        Value::LightUserData(_) | Value::UserData(_) | Value::Error(_) => "userdata",
        Value::Integer(_) | Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Table(_) => "table",
        Value::Function(_) => "function",
        Value::Thread(_) => "thread",
        _ => "userdata",
    }
}
