//! A Lua state in which scripts run, one at a time.

use super::host_calls::HostCalls;
use super::json::{self, JsonSettings};
use super::outcome::{Raised, function, raise, text};
use super::random::Random;
use super::to_reply::{ToReply, failure_of};
use super::{Digest, Failure, Host, Script, bits, msgpack, packing};
use crate::resp::Protocol;
use hashbrown::HashMap;
use mlua::chunk::ChunkMode;
use mlua::debug::HookTriggers;
use mlua::{Function, Lua, LuaOptions, MultiValue, Result, StdLib, Table, Value, VmState};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

const PRELUDE: &str = include_str!("prelude.lua");
/// How often a script that runs is looked after, in instructions of its machine.
const LOOK_INSTRUCTIONS: u32 = 100_000;
/// Compiled scripts that a state keeps; they are compiled again when they are called again.
const COMPILED_MAX: usize = 1024;
const KILLED: &str = "ERR Script killed by user with SCRIPT KILL...";
const NO_STATE: &str = "ERR no memory for Lua";

/// What a state is made with.
#[derive(Clone)]
pub struct Settings {
    /// As `redis.REDIS_VERSION` tells it.
    pub version: &'static str,
    /// Where the random numbers of `math.random` begin.
    pub seed: u64,
    /// What the state may take: a script that wants more fails, and not the server.
    pub memory_max_bytes: usize,
    /// Asked again and again while a script runs: whether it must end.
    pub must_end: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// A Lua state. Its functions are known to it alone, so there is one for each thread that runs scripts.
pub struct Engine {
    lua: Lua,
    run: Function,
    compiled: HashMap<Digest, Function, foldhash::fast::FixedState>,
    json: Rc<JsonSettings>,
    is_killed: Rc<Cell<bool>>,
    must_end: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Engine {
    /// # Errors
    /// There is no memory for it.
    pub fn new(settings: Settings) -> std::result::Result<Engine, Failure> {
        Engine::make(settings).map_err(|error| Failure::new(format!("{NO_STATE}: {error}")))
    }

    fn make(settings: Settings) -> Result<Engine> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        let json = Rc::new(JsonSettings::default());
        let (server, about) = (lua.create_table()?, lua.create_table()?);
        server.raw_set("bit", bits::library(&lua)?)?;
        server.raw_set("struct", packing::library(&lua)?)?;
        server.raw_set("cmsgpack", msgpack::library(&lua)?)?;
        server.raw_set("cjson", json::library(&lua, &json)?)?;
        add_functions(&lua, &server, settings.seed)?;
        about.raw_set("version", settings.version)?;
        about.raw_set("version_number", version_number(settings.version))?;
        let prelude = lua.load(PRELUDE).set_name("=headcount");
        let (globals, run): (Table, Function) = prelude.call((server, about))?;
        lua.set_globals(globals)?;
        lua.set_memory_limit(settings.memory_max_bytes)?;
        let (compiled, is_killed) = (HashMap::default(), Rc::default());
        let engine = Engine { lua, run, compiled, json, is_killed, must_end: settings.must_end };
        engine.look_after()?;
        Ok(engine)
    }

    /// Bytes of memory that the state takes.
    pub fn memory_bytes(&self) -> usize {
        self.lua.used_memory()
    }

    /// # Errors
    /// It is no Lua.
    pub fn compile(&mut self, script: &Script) -> std::result::Result<(), Failure> {
        self.function(script).map(drop)
    }

    fn function(&mut self, script: &Script) -> std::result::Result<Function, Failure> {
        if let Some(function) = self.compiled.get(&script.digest) {
            return Ok(function.clone());
        }
        if self.compiled.len() >= COMPILED_MAX {
            self.compiled.clear();
        }
        let chunk = self.lua.load(script.code()).set_name("@user_script").set_mode(ChunkMode::Text);
        let function = chunk.into_function().map_err(|error| {
            let why = match error {
                mlua::Error::SyntaxError { message, .. } => message,
                other => other.to_string(),
            };
            Failure::new(format!("ERR Error compiling script (new function): {why}"))
        })?;
        self.compiled.insert(script.digest, function.clone());
        Ok(function)
    }

    /// Forgets what was compiled (SCRIPT FLUSH).
    pub fn flush(&mut self) {
        self.compiled.clear();
    }

    /// Runs a script, and appends its reply to `out`, in its client's `protocol`.
    ///
    /// # Errors
    /// It failed; nothing is appended then.
    pub fn run(
        &mut self,
        script: &Script,
        (keys, arguments): (&[&[u8]], &[&[u8]]),
        host: &mut dyn Host,
        protocol: Protocol,
        out: &mut Vec<u8>,
    ) -> std::result::Result<Option<Failure>, Failure> {
        let function = self.function(script)?;
        let start = out.len();
        let ran = self.run_function(&function, (keys, arguments), host, protocol, out);
        self.json.reset();
        let was_killed = self.is_killed.replace(false);
        if was_killed {
            self.lua.remove_hook();
            let _ = self.look_after();
        }
        let failure = match ran {
            Ok(Ran::Replied(counted)) if !was_killed => return Ok(counted),
            _ if was_killed => Failure::new(killed(script)),
            Ok(Ran::Failed(failure)) => failure.explained(script),
            Ok(Ran::Replied(_)) => Failure::new(killed(script)),
            Err(error) => Failure::new(format!("ERR Error running script: {}", plain(&error))),
        };
        out.truncate(start);
        Err(failure)
    }

    fn run_function(
        &self,
        function: &Function,
        (keys, arguments): (&[&[u8]], &[&[u8]]),
        host: &mut dyn Host,
        protocol: Protocol,
        out: &mut Vec<u8>,
    ) -> Result<Ran> {
        let lua = &self.lua;
        let words = |words: &[&[u8]]| {
            let words = words.iter().map(|word| lua.create_string(word));
            lua.create_sequence_from(words.collect::<Result<Vec<_>>>()?)
        };
        let (keys, arguments) = (words(keys)?, words(arguments)?);
        let calls = RefCell::new(HostCalls::new(host));
        lua.scope(|scope| {
            let borrow = || calls.try_borrow_mut().map_err(mlua::Error::external);
            let call = scope.create_function(move |lua, args: MultiValue| {
                borrow()?.call(lua, args)?.map_err(|error| raise(lua, error))
            })?;
            let try_call = scope.create_function(move |lua, args: MultiValue| {
                borrow()?.call(lua, args).map(|reply| reply.unwrap_or_else(|error| error))
            })?;
            let may_call = scope.create_function(move |lua, args: MultiValue| {
                borrow()?.may_call(lua, args)?.map_err(|error| raise(lua, error))
            })?;
            let tell = scope.create_function(move |_, what| {
                borrow()?.tell(what);
                Ok(())
            })?;
            let what = (function, keys, arguments, call, try_call, may_call, tell);
            let (is_done, value): (bool, Value) = self.run.call(what)?;
            if !is_done {
                return Problem::of(&value).map(Ran::Failed);
            }
            let script = calls.borrow().protocol;
            ToReply { protocol, script, out }.write(&value).map(Ran::Replied)
        })
    }

    /// Looks at the script that runs from time to time. Whoever must end is stopped at every step from then on: an error
    /// once could be caught.
    fn look_after(&self) -> Result<()> {
        let (is_killed, must_end) = (self.is_killed.clone(), self.must_end.clone());
        let every = HookTriggers::new().every_nth_instruction(LOOK_INSTRUCTIONS);
        self.lua.set_global_hook(every, move |lua, _| {
            if !must_end() {
                return Ok(VmState::Continue);
            }
            is_killed.set(true);
            let each = HookTriggers::new().every_nth_instruction(1);
            lua.set_hook(each, |_, _| Err(mlua::Error::runtime(KILLED)))?;
            Err(mlua::Error::runtime(KILLED))
        })
    }
}

/// How a script ended.
enum Ran {
    /// With a reply, which may be an error that is to be counted.
    Replied(Option<Failure>),
    Failed(Problem),
}

/// What the error handler made of an error.
struct Problem {
    failure: Failure,
    /// Where it happened.
    place: Option<(String, i64)>,
}

impl Problem {
    fn of(value: &Value) -> Result<Problem> {
        let Value::Table(table) = value else {
            let failure = Failure::new("ERR execution failure");
            return Ok(Problem { failure, place: None });
        };
        let failure = failure_of(table)?.unwrap_or_else(|| Failure::new("ERR unknown error"));
        let source = match table.raw_get::<Value>("source")? {
            Value::String(source) => Some(source.to_string_lossy()),
            _ => None,
        };
        let line = table.raw_get::<Value>("line")?.as_i64();
        Ok(Problem { failure, place: source.zip(line) })
    }

    fn explained(self, script: &Script) -> Failure {
        let Problem { mut failure, place } = self;
        if let Some((source, line)) = place {
            let digest = String::from_utf8_lossy(&script.digest);
            let place = format!(" script: {digest}, on {source}:{line}.");
            failure.text.extend_from_slice(place.as_bytes());
        }
        failure
    }
}

fn killed(script: &Script) -> String {
    format!("{KILLED} script: {}", String::from_utf8_lossy(&script.digest))
}

/// An error without the trace that Rust's side adds.
fn plain(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } => plain(cause),
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => text.clone(),
        other => other.to_string(),
    }
}

fn version_number(version: &str) -> u32 {
    version.split('.').fold(0, |all, part| all << 8 | part.parse::<u32>().unwrap_or(0))
}

fn add_functions(lua: &Lua, server: &Table, seed: u64) -> Result<()> {
    let random = Rc::new(Random::new(seed));
    let again = random.clone();
    let between = move |lua: &Lua, args: MultiValue| Ok(random.between(lua, &args));
    server.raw_set("random", function(lua, between)?)?;
    let seeded = move |lua: &Lua, args: MultiValue| Ok(again.set_seed(lua, &args));
    server.raw_set("randomseed", function(lua, seeded)?)?;
    let sha1hex = |lua: &Lua, args: MultiValue| {
        let (Some(value), 1) = (args.front(), args.len()) else {
            let failure = lua.create_table()?;
            failure.raw_set("err", "ERR wrong number of arguments")?;
            return Err(raise(lua, Value::Table(failure)));
        };
        let bytes = text(lua, value).map(|text| text.as_bytes().to_vec());
        lua.create_string(super::text::digest_of(&bytes.unwrap_or_default()))
    };
    server.raw_set("sha1hex", lua.create_function(sha1hex)?)?;
    lua.set_app_data(Raised::default());
    server.raw_set("raised", lua.create_function(|lua, ()| Ok(Raised::take(lua)))?)?;
    server.raw_set("place", lua.create_function(|lua, ()| Ok(place(lua)))?)
}

/// Where the script is: the source, the line, and the source as Lua shortens it.
fn place(lua: &Lua) -> (Option<String>, Option<usize>, Option<String>) {
    const LEVELS: usize = 32;
    for level in 1..LEVELS {
        let found = lua.inspect_stack(level, |frame| {
            let source = frame.source();
            let is_script = source.what != "C"
                && source.what != "tail"
                && source.source.as_deref() != Some("=headcount");
            is_script.then(|| {
                let short = source.short_src.as_deref().map(str::to_owned);
                (source.source.as_deref().map(str::to_owned), frame.current_line(), short)
            })
        });
        match found {
            None => break,
            Some(None) => {}
            Some(Some(place)) => return place,
        }
    }
    (None, None, None)
}
