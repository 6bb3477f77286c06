//! HSETEX, HGETEX, HGETDEL: values together with their fields' deadlines.

use super::expire::deadline_of;
use super::{GROW, INSERTS, READ, fields, notify, notify_removed, reply_count};
use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags, KeySpec};
use crate::command::time_unit::TimeUnit;
use crate::command::{Args, Call, CommandError};
use crate::store::{HashEdit, KeyRef, MemberDeadline, Missing};

pub const HSETEX: Command = Command {
    name: "hsetex",
    arity: -6,
    keys: INSERTS,
    since: "8.0.0",
    summary: "Set the value of one or more fields of a given hash key, and optionally set their \
        expiration.",
    complexity: "O(N) where N is the number of fields being set.",
    syntax: "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
        unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
    run: hsetex,
    ..GROW
};

pub const HGETEX: Command = Command {
    name: "hgetex",
    arity: -5,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: &[KeySpec::first(&["RW", "access", "update"])],
    since: "8.0.0",
    summary: "Get the value of one or more fields of a given hash key, and optionally set their \
        expiration.",
    complexity: "O(N) where N is the number of specified fields",
    syntax: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
        unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
    run: hgetex,
    ..READ
};

pub const HGETDEL: Command = Command {
    name: "hgetdel",
    arity: -5,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: &[KeySpec::first(&["RW", "access", "delete"])],
    since: "8.0.0",
    summary: "Returns the value of a field and deletes it from the hash.",
    complexity: "O(N) where N is the number of specified fields",
    syntax: "key FIELDS numfields field [field ...]",
    run: hgetdel,
    ..READ
};

const MANY_TIMES: CommandError =
    CommandError::fixed("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
const MANY_CONDITIONS: CommandError =
    CommandError::fixed("ERR Only one of FXX or FNX arguments can be specified");
const NO_TIME: CommandError = CommandError::fixed("ERR missing expire time");
const NO_FIELDS: CommandError = CommandError::fixed("ERR invalid number of fields");

/// A word that a time follows: its unit, and whether it counts from now.
fn time_of(word: &[u8]) -> Option<(TimeUnit, bool)> {
    match word.to_ascii_lowercase().as_slice() {
        b"ex" => Some((TimeUnit::Seconds, true)),
        b"px" => Some((TimeUnit::Milliseconds, true)),
        b"exat" => Some((TimeUnit::Seconds, false)),
        b"pxat" => Some((TimeUnit::Milliseconds, false)),
        _ => None,
    }
}

fn time_at(
    number: &[u8],
    (unit, from_now): (TimeUnit, bool),
    command: &str,
    now_ms: u64,
) -> Result<u64, CommandError> {
    let amount = parse_i64(number).ok_or(CommandError::NOT_INTEGER)?;
    deadline_of(amount, command, unit, if from_now { now_ms } else { 0 })
}

/// The options of HSETEX.
struct SetOptions<'a> {
    /// Which fields are to be in before: FXX all of them, FNX none.
    must_be_in: Option<bool>,
    deadline: MemberDeadline,
    /// Fields and their values.
    pairs: Args<'a>,
}

impl<'a> SetOptions<'a> {
    fn parse(args: Args<'a>, now_ms: u64) -> Result<SetOptions<'a>, CommandError> {
        let (mut must_be_in, mut deadline) = (None, None);
        let mut at = 2;
        while let Some(word) = args.get(at) {
            at += 1;
            if word.eq_ignore_ascii_case(b"fields") {
                let pairs = pairs_of(args, at)?;
                let deadline = deadline.unwrap_or(MemberDeadline::Set(None));
                return Ok(SetOptions { must_be_in, deadline, pairs });
            } else if let Some(time) = time_of(word) {
                if deadline.is_some() {
                    return Err(MANY_TIMES);
                }
                let number = args.get(at).ok_or(NO_TIME)?;
                at += 1;
                let at_ms = time_at(number, time, HSETEX.name, now_ms)?;
                deadline = Some(MemberDeadline::Set(Some(at_ms)));
            } else if word.eq_ignore_ascii_case(b"keepttl") {
                if deadline.replace(MemberDeadline::Keep).is_some() {
                    return Err(MANY_TIMES);
                }
            } else if word.eq_ignore_ascii_case(b"fnx") || word.eq_ignore_ascii_case(b"fxx") {
                if must_be_in.replace(word.eq_ignore_ascii_case(b"fxx")).is_some() {
                    return Err(MANY_CONDITIONS);
                }
            } else {
                let word = String::from_utf8_lossy(word);
                return Err(CommandError::text(format!("ERR unknown argument: {word}")));
            }
        }
        Err(CommandError::arity(HSETEX.name))
    }
}

/// The fields and values behind the number at `at`.
fn pairs_of(args: Args<'_>, at: usize) -> Result<Args<'_>, CommandError> {
    let pairs = args.from(at + 1);
    if pairs.len() < 2 {
        return Err(CommandError::arity(HSETEX.name));
    }
    let count = args.get(at).and_then(parse_i64).ok_or(NO_FIELDS)?;
    let count = i32::try_from(count).ok().filter(|count| *count >= 1).ok_or(NO_FIELDS)?;
    match usize::try_from(count).is_ok_and(|count| 2 * count == pairs.len()) {
        true => Ok(pairs),
        false => Err(CommandError::arity(HSETEX.name)),
    }
}

/// Sets all fields, or none of them if one is not as it is to be.
fn hsetex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, now_ms) = (call.key(1), call.now_ms());
    let options = SetOptions::parse(call.args, now_ms)?;
    let missing = if options.must_be_in == Some(true) { Missing::Skip } else { Missing::Create };
    let done = call.keys.edit_hash(key, missing, |hash| set_all(hash, &options, now_ms))?;
    if done == Some(true) {
        notify_set(call, key, options.deadline, now_ms)?;
    }
    reply_count(call, usize::from(done == Some(true)));
    Ok(())
}

/// What was set and had ended by then was removed again.
fn notify_set(
    call: &Call<'_, '_>,
    key: KeyRef<'_>,
    deadline: MemberDeadline,
    now_ms: u64,
) -> Result<(), CommandError> {
    notify(call, "hset", key);
    match deadline {
        MemberDeadline::Set(Some(at_ms)) if at_ms <= now_ms => notify_removed(call, key)?,
        MemberDeadline::Set(Some(_)) => notify(call, "hexpire", key),
        _ => {}
    }
    Ok(())
}

fn set_all(hash: &mut HashEdit<'_>, options: &SetOptions<'_>, now_ms: u64) -> bool {
    if let Some(must_be_in) = options.must_be_in {
        let view = hash.view();
        let mut names = options.pairs.iter().step_by(2);
        if names.any(|name| view.contains(name) != must_be_in) {
            return false;
        }
    }
    let is_past = matches!(options.deadline, MemberDeadline::Set(Some(at_ms)) if at_ms <= now_ms);
    let mut words = options.pairs.iter();
    while let (Some(name), Some(text)) = (words.next(), words.next()) {
        if is_past {
            hash.remove(name);
        } else {
            hash.set(name, text, options.deadline);
        }
    }
    true
}

/// What HGETEX does with the deadlines: nothing, or sets them, or takes them away.
type Change = Option<Option<u64>>;

fn hgetex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    // The type comes before all else.
    call.keys.hash(key)?;
    let now_ms = call.now_ms();
    let (change, at): (Change, usize) = match call.args.get(2) {
        Some(word) if word.eq_ignore_ascii_case(b"persist") => (Some(None), 3),
        Some(word) => match time_of(word) {
            Some(time) => {
                let number = call.args.get(3).ok_or(CommandError::SYNTAX)?;
                (Some(Some(time_at(number, time, HGETEX.name, now_ms)?)), 4)
            }
            None => (None, 2),
        },
        None => (None, 2),
    };
    let names = fields::named(call.args, at, fields::NOT_POSITIVE)?;
    let changed = take(call, names, |hash, name| match change {
        Some(None) if matches!(hash.view().deadline(name), Some(None)) => false,
        Some(at_ms) => hash.set_deadline(name, at_ms),
        None => false,
    })?;
    match change {
        Some(_) if !changed => {}
        Some(Some(at_ms)) if at_ms <= now_ms => notify_removed(call, key)?,
        Some(Some(_)) => notify(call, "hexpire", key),
        Some(None) => notify(call, "hpersist", key),
        None => {}
    }
    Ok(())
}

fn hgetdel(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.keys.hash(call.key(1))?;
    let names = fields::named(call.args, 2, fields::NOT_POSITIVE)?;
    if take(call, names, |hash, name| hash.remove(name))? {
        notify_removed(call, call.key(1))?;
    }
    Ok(())
}

/// Replies the values of fields, and changes each field that is in; whether any was.
fn take(
    call: &mut Call<'_, '_>,
    names: Args<'_>,
    change: impl Fn(&mut HashEdit<'_>, &[u8]) -> bool,
) -> Result<bool, CommandError> {
    let key = call.key(1);
    let mut changed = false;
    let texts = call.keys.edit_hash(key, Missing::Skip, |hash| {
        let take = |name: &[u8]| {
            let text = hash.view().get(name).map(|text| text.to_vec());
            text.inspect(|_| changed |= change(hash, name))
        };
        names.iter().map(take).collect::<Vec<_>>()
    })?;
    let texts = texts.unwrap_or_else(|| vec![None; names.len()]);
    call.reply.array(texts.len());
    for text in texts {
        match text {
            Some(text) => call.reply.bulk(&text),
            None => call.reply.null(),
        }
    }
    Ok(changed)
}
