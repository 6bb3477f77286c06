//! CLIENT KILL and CLIENT UNBLOCK.

use super::OTHERS;
use super::describe::Class;
use super::list::class;
use crate::base::number::parse_i64;
use crate::command::connection::BASE;
use crate::command::table::Command;
use crate::command::{After, Args, Call, CommandError};
use crate::node::{ClientHandle, Unblock, clock};

pub const KILL: Command = Command {
    name: "kill",
    arity: -3,
    flags: OTHERS,
    since: "2.4.0",
    summary: "Terminates open connections.",
    complexity: "O(N) where N is the number of client connections",
    syntax: "<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | \
             [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | \
             [MAXAGE maxage]> ...>",
    run: kill,
    ..BASE
};

pub const UNBLOCK: Command = Command {
    name: "unblock",
    arity: -3,
    flags: OTHERS,
    since: "5.0.0",
    summary: "Unblocks a client blocked by a blocking command from a different connection.",
    complexity: "O(log N) where N is the number of client connections",
    syntax: "client-id [TIMEOUT | ERROR]",
    run: unblock,
    ..BASE
};

/// Which clients are killed: those that pass all filters.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filters<'a> {
    id: Option<u64>,
    class: Option<Class>,
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
    spare_self: bool,
    /// Connected for at least so long.
    age_ms: Option<u64>,
}

impl Filters<'_> {
    fn pass(&self, client: &ClientHandle, own_id: u64, now_ms: u64) -> bool {
        let age_ms = now_ms.saturating_sub(client.created_ms);
        self.id.is_none_or(|id| client.id == id)
            && self.class.is_none_or(|class| class == Class::of(client))
            && self.addr.is_none_or(|addr| client.addr.as_bytes() == addr)
            && self.laddr.is_none_or(|laddr| client.laddr.as_bytes() == laddr)
            && self.user.is_none_or(|user| client.names().user() == user)
            && self.age_ms.is_none_or(|least_ms| age_ms >= least_ms)
            && !(self.spare_self && client.id == own_id)
    }
}

fn kill(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    // The old form, with an address alone, can kill oneself.
    let by_address = call.args.len() == 3;
    let filters = if by_address {
        Filters { addr: call.args.get(2), ..Filters::default() }
    } else {
        parse(call.args, |user| call.node.access.get(user).is_some())?
    };
    let (own_id, now_ms) = (call.session.client.id, clock::unix_ms());
    let mut killed = 0;
    for client in call.node.clients.all() {
        if !filters.pass(&client, own_id, now_ms) {
            continue;
        }
        killed += 1;
        if client.id == own_id {
            call.session.after = After::Close;
        } else {
            client.kill();
        }
    }
    match (by_address, killed) {
        (true, 0) => return Err(CommandError::fixed("ERR No such client")),
        (true, _) => call.reply.ok(),
        (false, _) => call.reply.integer(killed),
    }
    Ok(())
}

fn parse(args: Args<'_>, is_user: impl Fn(&[u8]) -> bool) -> Result<Filters<'_>, CommandError> {
    let mut filters = Filters { spare_self: true, ..Filters::default() };
    let mut at = 2;
    while let Some(option) = args.get(at) {
        let value = args.get(at + 1).ok_or(CommandError::SYNTAX)?;
        match option.to_ascii_lowercase().as_slice() {
            b"id" => filters.id = Some(client_id(value)?),
            b"type" => filters.class = Some(class(value)?),
            b"maxage" => filters.age_ms = Some(max_age_ms(value)?),
            b"addr" => filters.addr = Some(value),
            b"laddr" => filters.laddr = Some(value),
            b"user" if is_user(value) => filters.user = Some(value),
            b"user" => return Err(no_such_user(value)),
            b"skipme" if value.eq_ignore_ascii_case(b"yes") => filters.spare_self = true,
            b"skipme" if value.eq_ignore_ascii_case(b"no") => filters.spare_self = false,
            _ => return Err(CommandError::SYNTAX),
        }
        at += 2;
    }
    Ok(filters)
}

fn client_id(text: &[u8]) -> Result<u64, CommandError> {
    let id = parse_i64(text).and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0);
    id.ok_or(CommandError::fixed("ERR client-id should be greater than 0"))
}

/// As Redis 7.4 reads it: in seconds.
fn max_age_ms(text: &[u8]) -> Result<u64, CommandError> {
    let not_integer = CommandError::fixed("ERR maxage is not an integer or out of range");
    let seconds = parse_i64(text).ok_or(not_integer)?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or(CommandError::fixed("ERR maxage should be greater than 0"))?;
    Ok(seconds.saturating_mul(1000))
}

fn no_such_user(name: &[u8]) -> CommandError {
    let name = String::from_utf8_lossy(name);
    CommandError::text(format!("ERR No such user '{name}'"))
}

/// Ends a command's waiting; a client that a pause holds is not meant.
fn unblock(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let reason = call.args.get(3).filter(|_| call.args.len() == 4);
    let how = match reason.map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"timeout") => Unblock::TimeOut,
        Some(b"error") => Unblock::Error,
        Some(_) => {
            let text = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
            return Err(CommandError::fixed(text));
        }
    };
    let id = call.integer(2)?;
    let client = u64::try_from(id).ok().and_then(|id| call.node.clients.get(id));
    let unblocked = client.is_some_and(|client| client.unblock(how));
    call.reply.integer(unblocked.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::{refusal, with_words};
    use crate::node::NewClient;

    fn error(request: &str) -> String {
        refusal(request, |args| parse(args, |user| user == b"default").map(|_| ()))
    }

    // The texts are those of redis-server 7.0.15.
    #[test]
    fn the_first_error_is_that_of_redis() {
        assert_eq!(error("client kill id 0 x"), "ERR client-id should be greater than 0");
        assert_eq!(error("client kill type foo"), "ERR Unknown client type 'foo'");
        assert_eq!(error("client kill user foo x"), "ERR No such user 'foo'");
        assert_eq!(error("client kill maxage 0"), "ERR maxage should be greater than 0");
        assert_eq!(error("client kill skipme foo"), "ERR syntax error");
        assert_eq!(error("client kill id 1 addr"), "ERR syntax error");
        assert_eq!(error("client kill foo bar"), "ERR syntax error");
    }

    #[test]
    fn a_client_must_pass_all_filters() {
        let (addr, laddr) = ("1.2.3.4:5".to_owned(), "127.0.0.1:6379".to_owned());
        let new = NewClient { addr, laddr, unix_socket: false, created_ms: 0 };
        let client = ClientHandle::new(7, new);
        let pass = |request, own_id| {
            with_words(request, |args| {
                parse(args, |_| true).is_ok_and(|filters| filters.pass(&client, own_id, 5_000))
            })
        };
        assert!(pass("client kill id 7 addr 1.2.3.4:5 laddr 127.0.0.1:6379 type normal", 1));
        assert!(!pass("client kill id 7 addr 1.2.3.4:6", 1));
        assert!(!pass("client kill type pubsub", 1));
        assert!(pass("client kill maxage 5", 1) && !pass("client kill maxage 6", 1));
        assert!(!pass("client kill user default", 7));
        assert!(!pass("client kill user ann", 1));
        assert!(pass("client kill user default skipme no", 7));
    }
}
