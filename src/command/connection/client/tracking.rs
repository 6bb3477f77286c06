//! Client-side caches: CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR.

use super::OWN;
use crate::base::number::parse_i64;
use crate::command::connection::BASE;
use crate::command::table::Command;
use crate::command::{Args, Call, CommandError};
use crate::node::clients::flag;
use crate::node::{Clients, Remember, TrackingOptions};

pub const TRACKING: Command = Command {
    name: "tracking",
    arity: -3,
    flags: OWN,
    since: "6.0.0",
    summary: "Controls server-assisted client-side caching for the connection.",
    complexity: "O(1). Some options may introduce additional complexity.",
    syntax: "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] \
             [OPTOUT] [NOLOOP]",
    run: tracking,
    ..BASE
};

pub const TRACKINGINFO: Command = Command {
    name: "trackinginfo",
    arity: 2,
    flags: OWN,
    since: "6.2.0",
    summary: "Returns information about server-assisted client-side caching for the connection.",
    run: trackinginfo,
    ..BASE
};

pub const CACHING: Command = Command {
    name: "caching",
    arity: 3,
    flags: OWN,
    since: "6.0.0",
    summary: "Instructs the server whether to track the keys in the next request.",
    syntax: "<YES | NO>",
    run: caching,
    ..BASE
};

pub const GETREDIR: Command = Command {
    name: "getredir",
    arity: 2,
    flags: OWN,
    since: "6.0.0",
    summary: "Returns the client ID to which the connection's tracking notifications are \
              redirected.",
    run: getredir,
    ..BASE
};

const ONE_REDIRECT: CommandError =
    CommandError::fixed("ERR A client can only redirect to a single other client");
const NO_SUCH_CLIENT: CommandError =
    CommandError::fixed("ERR The client ID you want redirect to does not exist");
const PREFIX_WITHOUT_BCAST: CommandError =
    CommandError::fixed("ERR PREFIX option requires BCAST mode to be enabled");
const BCAST_STAYS: CommandError = CommandError::fixed(
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with \
     a different mode.",
);
const OPT_WITH_BCAST: CommandError =
    CommandError::fixed("ERR OPTIN and OPTOUT are not compatible with BCAST");
const OPT_BOTH: CommandError =
    CommandError::fixed("ERR You can't specify both OPTIN mode and OPTOUT mode");
const OPT_STAYS: CommandError = CommandError::fixed(
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with \
     a different mode.",
);
const NOT_TRACKING: CommandError = CommandError::fixed(
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
);
const NOT_OPTIN: CommandError = CommandError::fixed(
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
);
const NOT_OPTOUT: CommandError = CommandError::fixed(
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
);

/// The words behind ON or OFF.
#[derive(Debug, Default)]
struct Words<'a> {
    redirect: u64,
    prefixes: Vec<&'a [u8]>,
    bcast: bool,
    optin: bool,
    optout: bool,
    noloop: bool,
}

impl<'a> Words<'a> {
    fn parse(words: Args<'a>, clients: &Clients) -> Result<Words<'a>, CommandError> {
        let mut parsed = Words::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match word.to_ascii_lowercase().as_slice() {
                b"bcast" => parsed.bcast = true,
                b"optin" => parsed.optin = true,
                b"optout" => parsed.optout = true,
                b"noloop" => parsed.noloop = true,
                b"redirect" => {
                    let id = rest.next().ok_or(CommandError::SYNTAX)?;
                    if parsed.redirect != 0 {
                        return Err(ONE_REDIRECT);
                    }
                    let id = parse_i64(id).ok_or(CommandError::NOT_INTEGER)?;
                    let client = u64::try_from(id).ok().and_then(|id| clients.get(id));
                    parsed.redirect = client.ok_or(NO_SUCH_CLIENT)?.id;
                }
                b"prefix" => parsed.prefixes.push(rest.next().ok_or(CommandError::SYNTAX)?),
                _ => return Err(CommandError::SYNTAX),
            }
        }
        Ok(parsed)
    }

    /// The options, if they fit together and with those that hold already.
    fn options(self, known: Option<&TrackingOptions>) -> Result<TrackingOptions, CommandError> {
        if !self.bcast && !self.prefixes.is_empty() {
            return Err(PREFIX_WITHOUT_BCAST);
        }
        if known.is_some_and(|known| known.prefixes.is_some() != self.bcast) {
            return Err(BCAST_STAYS);
        }
        let remember = match (self.optin, self.optout) {
            (false, false) => Remember::Always,
            _ if self.bcast => return Err(OPT_WITH_BCAST),
            (true, true) => return Err(OPT_BOTH),
            (true, false) => Remember::IfAsked,
            (false, true) => Remember::UnlessAsked,
        };
        let before = known.map_or(Remember::Always, |known| known.remember);
        if remember != before && remember != Remember::Always && before != Remember::Always {
            return Err(OPT_STAYS);
        }
        let known = known.and_then(|known| known.prefixes.as_deref()).unwrap_or_default();
        check_prefixes(&self.prefixes, known)?;
        let prefixes = match self.prefixes.is_empty() {
            // All keys.
            true => vec![Box::default()],
            false => self.prefixes.into_iter().map(Into::into).collect(),
        };
        let Words { redirect, noloop: no_loop, .. } = self;
        Ok(TrackingOptions {
            redirect,
            prefixes: self.bcast.then_some(prefixes),
            remember,
            no_loop,
        })
    }
}

/// None may begin with another.
fn check_prefixes(given: &[&[u8]], known: &[Box<[u8]>]) -> Result<(), CommandError> {
    let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
    let refused = |one: &[u8], kind: &str, other: &[u8]| {
        let [one, other] = [one, other].map(String::from_utf8_lossy);
        CommandError::text(format!(
            "ERR Prefix '{one}' overlaps with {kind} prefix '{other}'. Prefixes for a single client must not overlap."
        ))
    };
    for (at, prefix) in given.iter().enumerate() {
        if let Some(known) = known.iter().find(|known| overlap(known, prefix)) {
            return Err(refused(prefix, "an existing", known));
        }
        if let Some(other) = given.iter().skip(at + 1).find(|other| overlap(other, prefix)) {
            return Err(refused(prefix, "another provided", other));
        }
    }
    Ok(())
}

fn tracking(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let words = Words::parse(call.args.from(3), &call.node.clients)?;
    let (node, client) = (call.node, call.session.client.clone());
    match call.args[2].to_ascii_lowercase().as_slice() {
        b"on" => {
            let options = words.options(client.tracking().as_ref())?;
            call.session.remember = options.prefixes.is_none().then_some(options.remember);
            node.tracking.begin(&client, options, |on| node.keyspace.tell_changes(on));
        }
        b"off" => {
            call.session.remember = None;
            node.stop_tracking(&client);
        }
        _ => return Err(CommandError::SYNTAX),
    }
    call.reply.ok();
    Ok(())
}

fn caching(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let is_yes = match call.args[2].to_ascii_lowercase().as_slice() {
        _ if !call.session.client.has(flag::TRACKING) => return Err(NOT_TRACKING),
        b"yes" => true,
        b"no" => false,
        _ => return Err(CommandError::SYNTAX),
    };
    match (is_yes, call.session.remember) {
        (true, Some(Remember::IfAsked)) | (false, Some(Remember::UnlessAsked)) => {}
        (true, _) => return Err(NOT_OPTIN),
        (false, _) => return Err(NOT_OPTOUT),
    }
    call.session.caching = true;
    call.reply.ok();
    Ok(())
}

fn trackinginfo(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = call.session.client.tracking();
    let flags = flags(call, options.as_ref());
    let reply = &mut call.reply;
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
    reply.bulk(b"redirect");
    reply.integer(redirect(options.as_ref()));
    reply.bulk(b"prefixes");
    let prefixes = options.and_then(|options| options.prefixes).unwrap_or_default();
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    Ok(())
}

fn flags(call: &Call<'_, '_>, options: Option<&TrackingOptions>) -> Vec<&'static str> {
    let Some(options) = options else { return vec!["off"] };
    let caching = call.session.caching;
    let (optin, optout) =
        (options.remember == Remember::IfAsked, options.remember == Remember::UnlessAsked);
    let is_broken = call.session.client.has(flag::TRACKING_BROKEN);
    let all = [
        (true, "on"),
        (options.prefixes.is_some(), "bcast"),
        (optin, "optin"),
        (optin && caching, "caching-yes"),
        (optout, "optout"),
        (optout && caching, "caching-no"),
        (options.no_loop, "noloop"),
        (is_broken, "broken_redirect"),
    ];
    all.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect()
}

/// 0: it is told itself; -1: it is told of nothing.
fn redirect(options: Option<&TrackingOptions>) -> i64 {
    options.map_or(-1, |options| options.redirect.cast_signed())
}

fn getredir(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.integer(redirect(call.session.client.tracking().as_ref()));
    Ok(())
}
