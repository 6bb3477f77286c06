//! ONCE: a command that runs once, however often it is asked for.
//!
//! The record of a token is a text in a database of its own ([`TOKENS`]), written with the keys of the command
//! held: so it goes to peers and to disk together with what the command did, ends by its deadline,
//! and is told, compared and collected as all keys are.

mod record;
mod transcode;

use crate::command::refusal::{Refusal, resolve};
use crate::command::registry::Entry;
use crate::command::table::{Command, Flags, Group, KeySpec, Place, Reach};
use crate::command::{Args, Call, CommandError, permission};
use crate::resp::ReplyWriter;
use crate::store::{Deadline, KeyRef, TOKENS};
use record::Record;

pub const ONCE: Command = Command {
    name: "once",
    arity: -3,
    flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::NOSCRIPT).or(Flags::MOVABLEKEYS),
    keys: &[KeySpec { place: Place::Nested { at: 2 }, access: &["RW"] }],
    reach: Reach::Token,
    group: Group::Generic,
    since: "headcount 0.1",
    summary: "Runs a command that writes, unless it has run under this token already: then it answers as it \
        did then.",
    complexity: "That of the command, and O(1).",
    syntax: "token command [arg ...]",
    subcommands: &[],
    run: once,
};

const ANOTHER_COMMAND: CommandError =
    CommandError::fixed("ERR another command has run under this token");
const NO_ROOM: CommandError =
    CommandError::fixed("ERR as many tokens are kept as once-tokens-max allows; nothing was done");

fn once(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let args = call.args;
    let (token, request) = (KeyRef::new(TOKENS, &args[1]), args.from(2));
    let entry = command(request)?;
    permit(call, entry, request)?;
    let (hash, protocol) = (record::hash_of(call.session.db, request), call.reply.protocol());
    if let Some(text) = call.keys.text(token)? {
        let known = Record::read(&text).filter(|known| known.request == hash);
        let known = known.ok_or(ANOTHER_COMMAND)?;
        call.reply.written(&transcode::transcode(known.reply, known.protocol, protocol));
        return Ok(());
    }
    let config = call.node.config();
    if !call.node.tokens.has_room(config.once.tokens_max) {
        return Err(NO_ROOM);
    }
    let mut reply = Vec::new();
    run(call, entry, &mut reply)?;
    let record = Record { protocol, request: hash, reply: &reply };
    let ends_ms = call.now_ms().saturating_add(u64::from(config.once.retention_s) * 1000);
    call.keys.set_text(token, &record.to_bytes(), Deadline::At(ends_ms));
    call.node.tokens.note();
    call.reply.written(&reply);
    Ok(())
}

/// Whether the user may run the command by itself.
fn permit(call: &Call<'_, '_>, entry: &Entry, request: Args<'_>) -> Result<(), CommandError> {
    let (session, account) = (&*call.session, &call.session.account);
    let Err(denied) = permission::check(account, entry, request) else { return Ok(()) };
    let context = permission::context(session);
    permission::note(call.node, session, denied, context, (entry, request), call.now_ms());
    let text = permission::text(denied, &account.name, entry, request, false);
    Err(CommandError::text(format!("NOPERM {text}")))
}

/// Runs the command with the keys that are held for it. Whoever answers an error has changed nothing, and
/// leaves no record.
fn run(call: &mut Call<'_, '_>, entry: &Entry, out: &mut Vec<u8>) -> Result<(), CommandError> {
    let protocol = call.reply.protocol();
    // Nothing waits here: what is there is answered at once.
    let in_exec = std::mem::replace(&mut call.session.in_exec, true);
    let mut nested = Call {
        node: call.node,
        recorder: call.recorder,
        session: &mut *call.session,
        args: call.args.from(2),
        only_key: None,
        keys: &mut *call.keys,
        reply: ReplyWriter::new(out, protocol),
    };
    let result = (entry.command.run)(&mut nested);
    call.session.in_exec = in_exec;
    result
}

/// The command that is to run: one that writes the keys that it names, and no others.
fn command(request: Args<'_>) -> Result<&'static Entry, CommandError> {
    let entry = match resolve(request, None) {
        Ok(entry) => entry,
        Err((_, Refusal::Error(text))) => {
            return Err(CommandError::text(String::from_utf8_lossy(&text)));
        }
        Err((_, Refusal::Attack)) => return Err(CommandError::SYNTAX),
    };
    let command = entry.command;
    let names_its_keys = matches!(command.reach, Reach::Keys | Reach::Databases);
    if names_its_keys && command.flags.has(Flags::WRITE) && !command.keys.is_empty() {
        return Ok(entry);
    }
    Err(CommandError::text(format!(
        "ERR ONCE runs commands that write the keys they name; '{}' is none",
        entry.full_name
    )))
}
