//! HELLO: the handshake that chooses the protocol.

use super::auth::authenticate;
use super::client::{INVALID_NAME, set_name, valid_attribute};
use super::{BASE, GREETING};
use crate::base::number::parse_i64;
use crate::command::table::Command;
use crate::command::{Args, Call, CommandError};
use crate::node::REDIS_VERSION;
use crate::resp::Protocol;

pub const HELLO: Command = Command {
    name: "hello",
    arity: -1,
    flags: GREETING,
    since: "6.0.0",
    summary: "Handshakes with the Redis server.",
    syntax: "[protover [AUTH username password] [SETNAME clientname]]",
    run: hello,
    ..BASE
};

const NO_AUTH: CommandError = CommandError::fixed(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH \
     <user> <pass> option can be used to authenticate the client and select the RESP protocol \
     version at the same time",
);

/// What HELLO asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wishes<'a> {
    protocol: Option<Protocol>,
    credentials: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

fn hello(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let wishes = parse(call.args)?;
    if let Some((user, password)) = wishes.credentials {
        authenticate(call, user, password)?;
    }
    if !call.session.authenticated {
        return Err(NO_AUTH);
    }
    if let Some(name) = wishes.name {
        set_name(call, name);
    }
    if let Some(protocol) = wishes.protocol {
        call.session.set_protocol(protocol);
        call.reply.set_protocol(protocol);
    }
    describe(call);
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Wishes<'_>, CommandError> {
    let mut wishes = Wishes::default();
    let Some(version) = args.get(1) else { return Ok(wishes) };
    wishes.protocol = Some(match parse_i64(version) {
        Some(2) => Protocol::Resp2,
        Some(3) => Protocol::Resp3,
        Some(_) => return Err(CommandError::fixed("NOPROTO unsupported protocol version")),
        None => {
            let text = "ERR Protocol version is not an integer or out of range";
            return Err(CommandError::fixed(text));
        }
    });
    let mut at = 2;
    while let Some(option) = args.get(at) {
        match (args.get(at + 1), args.get(at + 2)) {
            (Some(user), Some(password)) if option.eq_ignore_ascii_case(b"auth") => {
                wishes.credentials = Some((user, password));
                at += 3;
            }
            (Some(name), _) if option.eq_ignore_ascii_case(b"setname") => {
                if !valid_attribute(name) {
                    return Err(INVALID_NAME);
                }
                wishes.name = Some(name);
                at += 2;
            }
            _ => {
                let option = String::from_utf8_lossy(option);
                return Err(CommandError::text(format!(
                    "ERR Syntax error in HELLO option '{option}'"
                )));
            }
        }
    }
    Ok(wishes)
}

fn describe(call: &mut Call<'_, '_>) {
    let version = if call.session.protocol == Protocol::Resp3 { 3 } else { 2 };
    let reply = &mut call.reply;
    reply.map(7);
    // Clients look for these: this is Redis to them.
    for (field, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
        reply.bulk(field.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"proto");
    reply.integer(version);
    reply.bulk(b"id");
    reply.integer(call.session.client.id.cast_signed());
    for (field, value) in [("mode", "standalone"), ("role", "master")] {
        reply.bulk(field.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"modules");
    reply.array(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::{refusal, with_words};

    fn error(request: &str) -> String {
        refusal(request, |args| parse(args).map(|_| ()))
    }

    // The texts are those of redis-server 7.0.15.
    #[test]
    fn the_first_error_is_that_of_redis() {
        let version = "ERR Protocol version is not an integer or out of range";
        assert_eq!(error("hello x auth"), version);
        assert_eq!(error("hello 4 foo"), "NOPROTO unsupported protocol version");
        assert_eq!(error("hello 3 foo"), "ERR Syntax error in HELLO option 'foo'");
        assert_eq!(error("hello 3 setname a auth b"), "ERR Syntax error in HELLO option 'auth'");
        assert_eq!(error("hello 2 setname"), "ERR Syntax error in HELLO option 'setname'");
        assert_eq!(
            error("hello 3 setname \u{e9} foo"),
            "ERR Client names cannot contain spaces, newlines or special characters."
        );
    }

    #[test]
    fn options_stand_in_any_order() {
        let request = "HELLO 3 SetName n AUTH u p";
        with_words(request, |args| {
            let wishes = Wishes {
                protocol: Some(Protocol::Resp3),
                credentials: Some((b"u", b"p")),
                name: Some(b"n"),
            };
            assert_eq!(parse(args), Ok(wishes));
        });
        with_words("hello", |args| assert_eq!(parse(args), Ok(Wishes::default())));
    }
}
