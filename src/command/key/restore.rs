//! RESTORE: a key from what DUMP made of it.

use crate::base::Replica;
use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Args, Call, CommandError};
use crate::replication::{NotAdmitted, Payload, PayloadError};
use crate::store::{EventClasses, NotMerged};

pub const RESTORE: Command = Command {
    name: "restore",
    arity: -4,
    flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::DANGEROUS),
    keys: &[KeySpec::first(&["OW", "update"])],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "2.6.0",
    summary: "Creates a key from the serialized representation of a value.",
    complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of objects composing the value and M their average size.",
    syntax: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] [MERGE]",
    subcommands: &[],
    run: restore,
};

const INVALID_IDLETIME: CommandError =
    CommandError::fixed("ERR Invalid IDLETIME value, must be >= 0");
const INVALID_FREQ: CommandError =
    CommandError::fixed("ERR Invalid FREQ value, must be >= 0 and <= 255");
const INVALID_TTL: CommandError = CommandError::fixed("ERR Invalid TTL value, must be >= 0");
const BUSY: CommandError = CommandError::fixed("BUSYKEY Target key name already exists.");
const NOT_A_PAYLOAD: CommandError =
    CommandError::fixed("ERR DUMP payload version or checksum are wrong");
const BAD_FORMAT: CommandError = CommandError::fixed("ERR Bad data format");

const MERGED_TTL: CommandError =
    CommandError::fixed("ERR MERGE takes the deadline that is in the payload: the TTL must be 0");
const FORGETFUL: CommandError = CommandError::fixed(
    "ERR MERGE needs a node that remembers what is deleted: see appendonly and cluster-port",
);
const STALE: CommandError = CommandError::fixed(
    "STALE the payload may bring back what was deleted for good since it was read; without MERGE it is \
     written anew",
);
const UNKNOWN: CommandError = CommandError::fixed(
    "TRYAGAIN this node has not heard yet what its peers have deleted for good",
);
const AHEAD_OF_SELF: CommandError = CommandError::fixed(
    "ERR the payload has more than this node of what the node itself counts, so its disk was lost or went \
     back",
);

/// What follows the payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_seconds: Option<u64>,
    /// Accesses are not counted: there is no LFU policy.
    has_frequency: bool,
    merge: bool,
}

impl Options {
    fn parse(options: Args<'_>) -> Result<Options, CommandError> {
        let mut parsed = Options::default();
        let mut rest = options.iter();
        while let Some(option) = rest.next() {
            let is = |word: &str| option.eq_ignore_ascii_case(word.as_bytes());
            if is("replace") {
                parsed.replace = true;
            } else if is("merge") {
                parsed.merge = true;
            } else if is("absttl") {
                parsed.absolute = true;
            } else if is("idletime") && rest.len() > 0 && !parsed.has_frequency {
                let seconds = parse_i64(rest.next().unwrap_or_default());
                let seconds = seconds.ok_or(CommandError::NOT_INTEGER)?;
                parsed.idle_seconds = Some(u64::try_from(seconds).map_err(|_| INVALID_IDLETIME)?);
            } else if is("freq") && rest.len() > 0 && parsed.idle_seconds.is_none() {
                let frequency = parse_i64(rest.next().unwrap_or_default());
                let frequency = frequency.ok_or(CommandError::NOT_INTEGER)?;
                u8::try_from(frequency).map_err(|_| INVALID_FREQ)?;
                parsed.has_frequency = true;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        match parsed {
            // The key is to become what it is and was: there is nothing else to say of it.
            Options { merge: true, .. } if options.len() > 1 => Err(CommandError::SYNTAX),
            parsed => Ok(parsed),
        }
    }
}

fn restore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = Options::parse(call.args.from(4))?;
    if options.merge {
        return merge(call);
    }
    let key = call.key(1);
    if !options.replace && call.keys.exists(key)? {
        return Err(BUSY);
    }
    let ttl_ms = u64::try_from(call.integer(2)?).map_err(|_| INVALID_TTL)?;
    let payload = open(&call.args[3])?;
    let from_ms = if options.absolute { 0 } else { call.now_ms() };
    let ends_ms = (ttl_ms > 0).then(|| from_ms.saturating_add(ttl_ms));
    if ends_ms.is_some_and(|ends_ms| ends_ms <= call.now_ms()) {
        let was_there = call.keys.delete(key);
        call.keys.notify_deleted(was_there, key);
    } else if call.keys.put_visible(key, payload.state, payload.read_ms, ends_ms) {
        call.keys.notify(EventClasses::GENERIC, "restore", key);
        if let Some(idle_seconds) = options.idle_seconds {
            call.keys.set_idle(key, idle_seconds.saturating_mul(1_000))?;
        }
    }
    call.reply.ok();
    Ok(())
}

/// Takes over the state of the payload, whoever has counted in it. Twice is as good as once.
fn merge(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    if call.integer(2)? != 0 {
        return Err(MERGED_TTL);
    }
    let Payload { origin, state, .. } = open(&call.args[3])?;
    let engine = call.node.engine().ok_or(FORGETFUL)?;
    let limit_ms = call.node.config().cluster_max_stamp_ahead_ms;
    let ahead_ms = state.max_stamp().ms().saturating_sub(call.now_ms());
    if ahead_ms > limit_ms.into() {
        return Err(CommandError::text(format!(
            "ERR stamps {ahead_ms} ms ahead of this node's clock, more than cluster-max-stamp-ahead"
        )));
    }
    let now = engine.now();
    let writers = engine.collected.writers();
    let admits = |upto| engine.collected.admit(&origin, upto, now);
    call.keys.merge(key, state, &writers, admits).map_err(|why| match why {
        NotMerged::Forgetful => FORGETFUL,
        NotMerged::Ahead(writer) if writer == call.node.keyspace.me() => AHEAD_OF_SELF,
        NotMerged::Ahead(Replica { node, .. }) => CommandError::text(format!(
            "TRYAGAIN the payload has more of what node {node:08x} counts than it has told this node"
        )),
        NotMerged::NotAdmitted(NotAdmitted::Stale) => STALE,
        NotMerged::NotAdmitted(NotAdmitted::Unknown) => UNKNOWN,
        NotMerged::NotAdmitted(why @ NotAdmitted::Forgotten(_)) => {
            CommandError::text(format!("STALE the payload cannot be merged: {why}"))
        }
    })?;
    call.keys.notify(EventClasses::GENERIC, "restore", key);
    call.reply.ok();
    Ok(())
}

fn open(bytes: &[u8]) -> Result<Payload, CommandError> {
    Payload::open(bytes).map_err(|error| match error {
        PayloadError::NotOurs => NOT_A_PAYLOAD,
        PayloadError::Newer { .. } => CommandError::text(format!("ERR the payload is {error}")),
        PayloadError::Malformed(_) => BAD_FORMAT,
    })
}
