//! Commands that wait until there is something in a key: how they begin to, and how they are served.

use super::popping::{Popped, move_element, reply_popped, take};
use super::sorted_set::pop;
use super::{After, Call, CommandError, ReplyMode};
use crate::base::double::parse_f64;
use crate::node::{Node, clock};
use crate::resp::{Protocol, ReplyWriter};
use crate::store::{BesideScripts, KeyRef, Keys, Kind, Mode, Served, Stage, Waiter, Wish};

const NOT_FLOAT: CommandError = CommandError::fixed("ERR timeout is not a float or out of range");
const NEGATIVE: CommandError = CommandError::fixed("ERR timeout is negative");
const TOO_LATE: CommandError = CommandError::fixed("ERR timeout is out of range");

/// A timeout in seconds, as milliseconds; 0: for ever.
pub fn timeout_ms(text: &[u8], now_ms: u64) -> Result<u64, CommandError> {
    let seconds = parse_f64(text).ok_or(NOT_FLOAT)?;
    let timeout_ms = (seconds * 1000.0).ceil();
    if timeout_ms > i64::MAX as f64 {
        return Err(TOO_LATE);
    }
    if timeout_ms < 0.0 {
        return Err(NEGATIVE);
    }
    let timeout_ms = timeout_ms as i64;
    timeout_ms.checked_add_unsigned(now_ms).map(|_| timeout_ms.unsigned_abs()).ok_or(TOO_LATE)
}

/// Has the connection wait until its wish can be granted on one of these keys, which are all held; within a
/// transaction it is answered at once that there is nothing.
pub fn wait<'n>(
    call: &mut Call<'_, '_>,
    names: impl Iterator<Item = &'n [u8]>,
    wish: Wish,
    timeout_ms: u64,
) {
    if call.session.in_exec {
        return reply_nothing(&wish, &mut call.reply);
    }
    let (db, protocol) = (call.session.db, call.reply.protocol());
    call.session.waiter = Some(call.keys.wait(db, names, wish, protocol));
    let silent = call.session.reply_mode != ReplyMode::On;
    call.session.after = After::AwaitKeys { timeout_ms, silent };
}

/// The reply where nothing waits. (When the time is up, all are answered with an array.)
fn reply_nothing(wish: &Wish, reply: &mut ReplyWriter<'_>) {
    match wish {
        Wish::Move { .. } => reply.null(),
        _ => reply.null_array(),
    }
}

/// Serves those who wait for keys in which something has changed, in the order in which they came. The caller
/// holds no key. While a script runs nobody is served: its keys are held until it ends, and then whoever runs it comes
/// here.
pub fn serve(node: &Node) {
    let bell = node.keyspace.bell();
    while bell.is_rung() {
        let Some(beside) = node.keyspace.keep_scripts_out_now() else { return };
        for (db, name) in bell.take() {
            serve_key(node, &beside, KeyRef::new(db, &name));
        }
    }
}

fn serve_key(node: &Node, beside: &BesideScripts<'_>, key: KeyRef<'_>) {
    let mut last = None;
    while let Some(waiter) = node.keyspace.next_waiter(key, last.as_deref()) {
        match try_to_serve(node, beside, key, &waiter) {
            Try::Missing => return,
            Try::Unfit => last = Some(waiter),
            Try::Done => {}
        }
    }
}

/// What came of a try to serve a client.
enum Try {
    /// There is nothing in the key.
    Missing,
    /// Something else than it waits for.
    Unfit,
    /// It waits for the key no more.
    Done,
}

fn try_to_serve(node: &Node, beside: &BesideScripts<'_>, key: KeyRef<'_>, waiter: &Waiter) -> Try {
    let destination = match &waiter.wish {
        Wish::Move { destination, .. } => Some(KeyRef::new(key.db, destination)),
        _ => None,
    };
    let named = std::iter::once(key).chain(destination);
    let mut keys = node.keyspace.open_beside(beside, named, Mode::Exclusive, clock::unix_ms());
    let mut stage = waiter.stage();
    let Stage::Waits(waker) = &mut *stage else {
        keys.stop_waiting(key, waiter);
        return Try::Done;
    };
    match keys.kind(key) {
        Ok(Some(kind)) if kind == wanted(&waiter.wish) => {}
        Ok(Some(_)) => return Try::Unfit,
        Ok(None) | Err(_) => return Try::Missing,
    }
    let waker = waker.take();
    let mut reply = Vec::new();
    if let Err(error) = grant(&mut keys, key, waiter, &mut reply) {
        reply.clear();
        write_error(node, error, waiter.protocol, &mut reply);
    }
    keys.stop_waiting(key, waiter);
    drop(keys);
    let wrote = node.progress().map_or(0, |progress| progress.ticket());
    *stage = Stage::Served(Served { reply, wrote });
    drop(stage);
    waker.into_iter().for_each(|waker| waker.wake());
    Try::Done
}

fn write_error(node: &Node, error: CommandError, protocol: Protocol, reply: &mut Vec<u8>) {
    let text = match error {
        CommandError::Reply(text) => text,
        CommandError::NeedsExclusive | CommandError::Script(_) => {
            "ERR internal error: keys are not held".into()
        }
    };
    node.stats.error(&text);
    ReplyWriter::new(reply, protocol).error(&text);
}

/// What a key has to be that a wish can be granted on.
fn wanted(wish: &Wish) -> Kind {
    match wish {
        Wish::Pop { .. } | Wish::PopMany { .. } | Wish::Move { .. } => Kind::List,
        Wish::PopScored { .. } | Wish::PopManyScored { .. } => Kind::SortedSet,
    }
}

/// Does on a key that is there what a client waits to do.
fn grant(
    keys: &mut Keys<'_>,
    key: KeyRef<'_>,
    waiter: &Waiter,
    out: &mut Vec<u8>,
) -> Result<(), CommandError> {
    let mut reply = ReplyWriter::new(out, waiter.protocol);
    match &waiter.wish {
        Wish::Pop { end } => {
            let texts = take(keys, key, *end, 1)?;
            reply_popped(&mut reply, key.name, &texts, Popped::One);
        }
        Wish::PopMany { end, count } => {
            let texts = take(keys, key, *end, *count)?;
            reply_popped(&mut reply, key.name, &texts, Popped::Many);
        }
        Wish::Move { from, to, destination } => {
            let destination = KeyRef::new(key.db, destination);
            match move_element(keys, (key, *from), (destination, *to))? {
                Some(text) => reply.bulk(&text),
                None => reply.null(),
            }
        }
        Wish::PopScored { edge } => {
            let popped = pop::pop(keys, key, *edge, 1)?.unwrap_or_default();
            pop::reply_one_popped(&mut reply, key.name, &popped);
        }
        Wish::PopManyScored { edge, count } => {
            let popped = pop::pop(keys, key, *edge, *count)?.unwrap_or_default();
            pop::reply_popped(&mut reply, key.name, &popped);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors are those of Redis 7.0.15.
    #[test]
    fn timeouts_are_seconds_with_fractions() {
        assert_eq!(timeout_ms(b"0", 1), Ok(0));
        assert_eq!(timeout_ms(b"0.0001", 1), Ok(1));
        assert_eq!(timeout_ms(b"1.5", 1), Ok(1500));
        assert_eq!(timeout_ms(b"1e3", 1), Ok(1_000_000));
        assert_eq!(timeout_ms(b"-1", 1), Err(NEGATIVE));
        assert_eq!(timeout_ms(b"inf", 1), Err(TOO_LATE));
        assert_eq!(timeout_ms(b"1e16", 1), Err(TOO_LATE));
        assert_eq!(timeout_ms(b"9223372036854775", 1 << 41), Err(TOO_LATE));
        assert_eq!(timeout_ms(b"", 1), Err(NOT_FLOAT));
        assert_eq!(timeout_ms(b"nan", 1), Err(NOT_FLOAT));
    }
}
