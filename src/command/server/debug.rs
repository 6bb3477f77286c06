//! DEBUG: for tests and for looking inside. It is one command to Redis, whose words are no subcommands.

use super::config::is_local;
use super::{ADMINISTRATION, BASE};
use crate::base::double::parse_f64;
use crate::base::number::parse_i64;
use crate::command::encoding::encoding;
use crate::command::table::{Command, Reach};
use crate::command::{After, Call, CommandError, reply_help, subcommand_refused};
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

pub const DEBUG: Command = Command {
    name: "debug",
    flags: ADMINISTRATION,
    // DIGEST sees all keys, and the others do not take long: SLEEP is done by the connection.
    reach: Reach::Whole,
    since: "1.0.0",
    summary: "A container for debugging commands.",
    complexity: "Depends on subcommand.",
    syntax: "<DIGEST | DIGEST-VALUE key [key ...] | ERROR text | LOADAOF | LOG text | OBJECT key | \
             PANIC | PROTOCOL type | RELOAD [MERGE | NOFLUSH | NOSAVE] | SET-ACTIVE-EXPIRE <0 | 1> | \
             SLEEP seconds | HELP>",
    run: debug,
    ..BASE
};

/// What Redis answers, which is not meant for π.
#[expect(clippy::approx_constant)]
const PROTOCOL_DOUBLE: f64 = 3.141;

const NOT_ALLOWED: CommandError = CommandError::fixed(
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you \
     can run it from a local connection, otherwise you need to set this option in the \
     configuration file, and then restart the server.",
);

fn debug(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let local = is_local(&call.session.client);
    if !call.node.config().enable_debug_command.allows(local) {
        return Err(NOT_ALLOWED);
    }
    match (call.args[1].to_ascii_lowercase().as_slice(), call.args.len()) {
        (b"help", 2) => help(call),
        (b"digest", 2) => digest(call)?,
        (b"digest-value", 2..) => digest_value(call)?,
        (b"error", 3) => return Err(error(&call.args[2])),
        (b"log", 3) => log(call),
        (b"object", 3..) => object(call)?,
        (b"panic", 2) => panic!("DEBUG PANIC was said"),
        (b"protocol", 3) => protocol(call)?,
        (b"set-active-expire", 3) => set_active_expire(call),
        (b"reload", 2..) => reload(call)?,
        (b"loadaof", 2) => reload(call)?,
        (b"sleep", 3) => sleep(call),
        _ => return Err(subcommand_refused("DEBUG", &call.args[1])),
    }
    Ok(())
}

/// A digest is of what is visible, and to take out of sight what has expired needs exclusive access.
fn need_exclusive(call: &Call<'_, '_>) -> Result<(), CommandError> {
    if call.keys.all_exclusive() { Ok(()) } else { Err(CommandError::NeedsExclusive) }
}

fn digest(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    need_exclusive(call)?;
    let digest = hexadecimal(call.keys.digest());
    call.reply.simple(&digest);
    Ok(())
}

/// A key that is not there has a digest of zeros.
fn digest_value(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    need_exclusive(call)?;
    call.reply.array(call.args.len() - 2);
    for at in 2..call.args.len() {
        let digest = call.keys.digest_value(call.key(at));
        call.reply.simple(&hexadecimal(digest));
    }
    Ok(())
}

fn hexadecimal(digest: [u8; 20]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text is the whole error, its code included; an error is one line.
fn error(text: &[u8]) -> CommandError {
    CommandError::text(String::from_utf8_lossy(text).replace(['\r', '\n'], " "))
}

fn log(call: &mut Call<'_, '_>) {
    tracing::warn!("DEBUG LOG: {}", String::from_utf8_lossy(&call.args[2]));
    call.reply.ok();
}

/// There is no address and no LRU clock to show; the other fields are those of Redis.
fn object(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(2);
    let config = call.node.config();
    let encoding = call.keys.without_touching(|keys| encoding(keys, key, &config))?;
    let encoding = encoding.ok_or(CommandError::NO_SUCH_KEY)?;
    let idle_seconds = call.keys.idle_ms(key)?.unwrap_or_default() / 1000;
    let bytes = call.keys.memory_bytes(key)?.unwrap_or_default();
    call.reply.simple(&format!(
        "Value at:0x0 refcount:1 encoding:{encoding} serializedlength:{bytes} lru:0 \
         lru_seconds_idle:{idle_seconds}"
    ));
    Ok(())
}

fn set_active_expire(call: &mut Call<'_, '_>) {
    // As C's atoi reads it: what is no number is 0.
    let on = parse_i64(&call.args[2]).is_some_and(|number| number != 0);
    call.node.active_expiry.store(on, Relaxed);
    call.reply.ok();
}

/// In Redis: saves the keys and loads them. Here no key leaves memory for it, as others may be counting on
/// them: each is written as it would be and read back, and what differs is an error.
fn reload(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    need_exclusive(call)?;
    const OPTIONS: [&[u8]; 3] = [b"merge", b"noflush", b"nosave"];
    let is_option = |word: &[u8]| OPTIONS.iter().any(|option| word.eq_ignore_ascii_case(option));
    if !call.args.from(2).iter().all(is_option) {
        return Err(CommandError::fixed(
            "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
        ));
    }
    call.keys.reload().map_err(|name| {
        let name = String::from_utf8_lossy(&name).replace(['\r', '\n'], " ");
        CommandError::text(format!(
            "ERR Error trying to load the RDB dump: '{name}' came back as another"
        ))
    })?;
    call.reply.ok();
    Ok(())
}

/// In Redis the whole server sleeps; here this connection does.
fn sleep(call: &mut Call<'_, '_>) {
    let seconds = parse_f64(&call.args[2]).unwrap_or(0.0);
    // A conversion of floats saturates: what is negative does not sleep.
    call.session.after = After::SleepMs((seconds * 1000.0) as u64);
    call.reply.ok();
}

/// A reply of each type, for the tests of clients, as in Redis.
fn protocol(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let reply = &mut call.reply;
    match call.args[2].to_ascii_lowercase().as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.integer(12345),
        b"double" => reply.double(PROTOCOL_DOUBLE),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        b"attrib" => {
            if reply.protocol() == crate::resp::Protocol::Resp3 {
                reply.attribute(1);
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.integer(90);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if reply.protocol() == crate::resp::Protocol::Resp3 => {
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.integer(42);
            reply.bulk(b"Some real reply following the push reply");
        }
        b"push" => return Err(CommandError::fixed("ERR RESP2 is not supported by this command")),
        _ => {
            return Err(CommandError::fixed(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

fn help(call: &mut Call<'_, '_>) {
    reply_help(
        call,
        "DEBUG",
        &[
            "DIGEST",
            "    Output a hex signature representing the current DB content.",
            "DIGEST-VALUE <key> [<key> ...]",
            "    Output a hex signature of the values of all the specified keys.",
            "ERROR <string>",
            "    Return a Redis protocol error with <string> as message. Useful for clients",
            "    unit tests to simulate Redis errors.",
            "LOADAOF",
            "    As RELOAD.",
            "LOG <message>",
            "    Write <message> to the server log.",
            "OBJECT <key>",
            "    Show low level info about `key` and associated value.",
            "PANIC",
            "    Panic inside this request: its connection is closed, the server goes on.",
            "PROTOCOL <type>",
            "    Reply with a test value of the specified type. <type> can be: string,",
            "    integer, double, bignum, null, array, set, map, attrib, push, verbatim, true, false.",
            "RELOAD [option ...]",
            "    Write every key as the disk and peers have it, and read it back. The options MERGE,",
            "    NOFLUSH and NOSAVE of Redis make no difference.",
            "SET-ACTIVE-EXPIRE <0|1>",
            "    Setting it to 0 disables expiring keys in background when they are not",
            "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
            "    default.",
            "SLEEP <seconds>",
            "    Stop this connection for <seconds>. Decimals allowed.",
        ],
    );
}
