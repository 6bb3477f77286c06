//! SET and its older forms: SETNX, SETEX, PSETEX.

use super::expiry_options::{ExpiryOptions, Time};
use super::value::reply_text;
use crate::command::time_unit::TimeUnit;
use crate::command::{Args, Call, CommandError};
use crate::store::{AccessError, Deadline, EventClasses, KeyRef, Keys};

/// When SET writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Always,
    /// NX
    IfMissing,
    /// XX
    IfPresent,
}

impl Condition {
    fn holds(self, keys: &Keys<'_>, key: KeyRef) -> Result<bool, AccessError> {
        match self {
            Condition::Always => Ok(true),
            Condition::IfMissing => keys.exists(key).map(|exists| !exists),
            Condition::IfPresent => keys.exists(key),
        }
    }
}

/// What follows the value.
#[derive(Debug)]
struct Options<'a> {
    condition: Condition,
    /// GET: the reply is the old value.
    get: bool,
    expiry: ExpiryOptions<'a>,
}

impl<'a> Options<'a> {
    fn parse(words: Args<'a>) -> Result<Options<'a>, CommandError> {
        let mut options =
            Options { condition: Condition::Always, get: false, expiry: ExpiryOptions::of_set() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word.eq_ignore_ascii_case(b"NX") {
                options.restrict(Condition::IfMissing)?;
            } else if word.eq_ignore_ascii_case(b"XX") {
                options.restrict(Condition::IfPresent)?;
            } else if word.eq_ignore_ascii_case(b"GET") {
                options.get = true;
            } else {
                options.expiry.take(word, &mut words)?;
            }
        }
        Ok(options)
    }

    fn restrict(&mut self, to: Condition) -> Result<(), CommandError> {
        if self.condition != Condition::Always && self.condition != to {
            return Err(CommandError::SYNTAX);
        }
        self.condition = to;
        Ok(())
    }
}

pub(super) fn set(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = Options::parse(call.args.from(3))?;
    let deadline = options.expiry.deadline("set", call.now_ms())?;
    let key = call.key(1);
    if options.get {
        reply_text(call, key)?;
        call.keys.notify_missed(true);
    }
    let holds = options.condition.holds(call.keys, key)?;
    if holds {
        write(call.keys, key, &call.args[2], deadline);
    }
    match (options.get, holds) {
        (true, _) => {}
        (false, true) => call.reply.ok(),
        (false, false) => call.reply.null(),
    }
    Ok(())
}

/// With its events. What is past already has expired at once.
fn write(keys: &mut Keys<'_>, key: KeyRef, value: &[u8], deadline: Deadline) {
    let is_past = matches!(deadline, Deadline::At(at_ms) if at_ms <= keys.now_ms());
    if is_past && keys.tells_events() && keys.exists(key) == Ok(false) {
        keys.notify(EventClasses::NEW, "new", key);
    }
    keys.set_text(key, value, deadline);
    keys.notify(EventClasses::STRING, "set", key);
    if let Deadline::At(_) = deadline {
        keys.notify(EventClasses::GENERIC, "expire", key);
        if is_past {
            keys.notify(EventClasses::EXPIRED, "expired", key);
        }
    }
}

pub(super) fn setnx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let holds = Condition::IfMissing.holds(call.keys, key)?;
    if holds {
        write(call.keys, key, &call.args[2], Deadline::Clear);
    }
    call.reply.integer(holds.into());
    Ok(())
}

pub(super) fn setex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_expiring(call, TimeUnit::Seconds, "setex")
}

pub(super) fn psetex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_expiring(call, TimeUnit::Milliseconds, "psetex")
}

fn set_expiring(call: &mut Call<'_, '_>, unit: TimeUnit, name: &str) -> Result<(), CommandError> {
    let at_ms = Time::after(unit).deadline_ms(&call.args[2], name, call.now_ms())?;
    let key = call.key(1);
    write(call.keys, key, &call.args[3], Deadline::At(at_ms));
    call.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    /// The condition, GET, and the deadline of a request made at 1000 ms.
    fn parse(words: &str) -> Result<(Condition, bool, Deadline), CommandError> {
        with_words(words, |words| {
            let options = Options::parse(words)?;
            Ok((options.condition, options.get, options.expiry.deadline("set", 1000)?))
        })
    }

    #[test]
    fn options_in_any_order_and_case() {
        use Condition::{Always, IfMissing, IfPresent};
        assert_eq!(parse(""), Ok((Always, false, Deadline::Clear)));
        assert_eq!(parse("get nx"), Ok((IfMissing, true, Deadline::Clear)));
        assert_eq!(parse("KEEPTTL XX GET"), Ok((IfPresent, true, Deadline::Keep)));
        assert_eq!(parse("px 5 Get Nx"), Ok((IfMissing, true, Deadline::At(1005))));
        assert_eq!(parse("XX XX GET GET"), Ok((IfPresent, true, Deadline::Clear)));
    }

    #[test]
    fn contradictions_and_unknown_words() {
        for words in ["NX XX", "xx nx", "N", "NXX", "PERSIST", "EX 1 KEEPTTL", "GET EX", "-1"] {
            assert_eq!(parse(words), Err(CommandError::SYNTAX), "SET k v {words}");
        }
    }
}
