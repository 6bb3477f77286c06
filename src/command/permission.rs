//! Whether a user may do what a request asks for, and what is said and noted when it may not.

use super::channel_positions::channels_of;
use super::connection::describe_client;
use super::key_access::access;
use super::key_positions::positions;
use super::registry::{self, Entry};
use super::table::Flags;
use super::{Args, Session, categories};
use crate::acl::{Access, Catalog, ChannelUse, Context, Denial, Denied, KeyUse, Reason, Request};
use crate::node::{Account, Node};
use smallvec::SmallVec;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let commands = registry::all();
    let named =
        commands.iter().map(|entry| (entry.full_name.clone(), categories::categories(entry)));
    Catalog::new(categories::CATEGORIES, named)
});

/// The commands and categories that rules can name; a command's number is its index in the registry.
pub fn catalog() -> &'static Catalog {
    &CATALOG
}

/// Whether the user may run this. Costs one look when it may do everything.
///
/// # Errors
/// It may not, for that reason.
pub fn check(account: &Account, entry: &Entry, args: Args<'_>) -> Result<(), Denied> {
    if account.is_unrestricted() {
        return Ok(());
    }
    with_request(entry, args, |request| account.user().check(request))
}

/// Whether the user may run this, and read any key besides: then SORT may look up keys that it is not told.
#[must_use]
pub fn may_read_any_key(account: &Account, entry: &Entry, args: Args<'_>) -> bool {
    let check = |request: &Request<'_>| account.user().check_with_any_key(request, Access::READ);
    account.is_unrestricted() || with_request(entry, args, check)
}

fn with_request<T>(entry: &Entry, args: Args<'_>, then: impl FnOnce(&Request<'_>) -> T) -> T {
    let row = entry.command;
    let mut keys: SmallVec<[KeyUse<'_>; 4]> = SmallVec::new();
    for spec in row.keys.iter().filter(|spec| spec.are_keys()) {
        let names = access(row, spec, args);
        let has = |name: &str| names.contains(&name);
        let write = has("insert") || has("update") || has("delete");
        let needed = Access { read: has("access"), write };
        let uses = positions(*spec, args)
            .filter_map(|at| args.get(at).map(|key| KeyUse { at, key, needed }));
        keys.extend(uses);
    }
    let channels: SmallVec<[ChannelUse<'_>; 4]> = channels_of(&entry.full_name, args).collect();
    then(&Request {
        command: entry.index,
        is_for_all: row.flags.has(Flags::NO_AUTH),
        first_arg: args.get(1),
        keys: &keys,
        channels: &channels,
    })
}

/// Why, as error replies and ACL DRYRUN say it. `account` names the user; a key or channel is named only where
/// `names_object`.
#[must_use]
pub fn text(
    denied: Denied,
    user: &[u8],
    entry: &Entry,
    args: Args<'_>,
    names_object: bool,
) -> String {
    let user = String::from_utf8_lossy(user);
    let word = |at| String::from_utf8_lossy(args.get(at).unwrap_or_default());
    match denied {
        Denied::Command => {
            format!("User {user} has no permissions to run the '{}' command", entry.full_name)
        }
        Denied::Key(at) if names_object => {
            format!("User {user} has no permissions to access the '{}' key", word(at))
        }
        Denied::Channel(at) if names_object => {
            format!("User {user} has no permissions to access the '{}' channel", word(at))
        }
        Denied::Key(_) => "No permissions to access a key".to_owned(),
        Denied::Channel(_) => "No permissions to access a channel".to_owned(),
    }
}

/// Why a transaction's command is not run that could be queued.
#[must_use]
pub fn text_in_exec(denied: Denied) -> String {
    let reason = match denied {
        Denied::Command => "no permission to execute the command or subcommand",
        Denied::Key(_) => "no permission to touch the specified keys",
        Denied::Channel(_) => "no permission to access one of the channels used as arguments",
    };
    format!(
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC \
         call. This command is no longer allowed for the following reason: {reason}"
    )
}

/// Where this client says something.
#[must_use]
pub fn context(session: &Session) -> Context {
    if session.is_in_transaction() { Context::Multi } else { Context::TopLevel }
}

/// Notes in ACL LOG that a request was refused.
pub fn note(
    node: &Node,
    session: &Session,
    denied: Denied,
    context: Context,
    (entry, args): (&Entry, Args<'_>),
    now_ms: u64,
) {
    let (reason, object) = match denied {
        Denied::Command => (Reason::Command, entry.full_name.as_bytes()),
        Denied::Key(at) => (Reason::Key, args.get(at).unwrap_or_default()),
        Denied::Channel(at) => (Reason::Channel, args.get(at).unwrap_or_default()),
    };
    note_denial(node, session, reason, context, object, &session.account.name, now_ms);
}

/// Notes that somebody could not come in as `user`, by a command of this name.
pub fn note_failed_auth(node: &Node, session: &Session, user: &[u8], name: &[u8], now_ms: u64) {
    note_denial(node, session, Reason::Auth, context(session), name, user, now_ms);
}

fn note_denial(
    node: &Node,
    session: &Session,
    reason: Reason,
    context: Context,
    object: &[u8],
    user: &[u8],
    now_ms: u64,
) {
    let client = describe_client(&session.client, now_ms);
    let (object, user) = (object.to_vec(), user.to_vec());
    let max = usize::try_from(node.config().users.log_max_len).unwrap_or(usize::MAX);
    node.access.refused(Denial { reason, context, object, user, client }, now_ms, max);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::{Rules, User};
    use crate::command::args::with_words;
    use crate::node::Access as Users;

    fn denied(rules: &str, request: &str) -> Option<String> {
        let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
        let rules = Rules { catalog: catalog(), all_channels: false };
        let make = |_: Option<&User>| User::new(false).with_rules(&words, rules);
        let (account, _) = Users::new(None).change(b"ann", make).expect("they are rules");
        with_words(request, |args| {
            let entry = registry::find(&args[0]).expect("a known command");
            let entry = args.get(1).and_then(|word| entry.subcommand(word)).unwrap_or(entry);
            let result = check(&account, entry, args);
            result.err().map(|denied| text(denied, b"ann", entry, args, true))
        })
    }

    // As tests/unit/acl-v2.tcl of Redis has it, in the words of Redis 7.2.
    #[test]
    fn keys_are_checked_by_what_is_done_with_them() {
        let rules = "+@all %R~read* %W~write* %RW~rw*";
        let refused = |request: &str, key: &str| {
            let text = format!("User ann has no permissions to access the '{key}' key");
            assert_eq!(denied(rules, request), Some(text), "{request}");
        };
        let allowed = |request: &str| assert_eq!(denied(rules, request), None, "{request}");
        for request in ["get read", "exists write", "touch read", "strlen write", "type rw"] {
            allowed(request);
        }
        allowed("set write v");
        allowed("set rw v get");
        allowed("copy read write");
        allowed("sismember write a");
        allowed("sintercard 2 read read");
        allowed("object encoding write");
        allowed("ping");
        refused("set read v", "read");
        refused("set write v get", "write");
        refused("set write v ex get", "write");
        refused("get write", "write");
        refused("copy write read", "write");
        refused("copy read read", "read");
        refused("sintercard 2 write read", "write");
        refused("exists nothing", "nothing");
        refused("mget read nothing", "nothing");
        refused("incr read", "read");
    }

    #[test]
    fn commands_are_checked_by_name_category_and_first_argument() {
        let refused = |rules: &str, request: &str, name: &str| {
            let text = format!("User ann has no permissions to run the '{name}' command");
            assert_eq!(denied(rules, request), Some(text), "{request}");
        };
        refused("-@all", "get a", "get");
        refused("-@all +client -client|kill", "client kill a", "client|kill");
        refused("+@all -@admin", "config get a", "config|get");
        refused("-@all +select|0", "select 1", "select");
        for (rules, request) in [
            ("-@all +client -client|kill", "client id"),
            ("-@all +select|0", "select 0"),
            ("+@set ~*", "sadd a b"),
            ("-@all", "auth a"),
            ("-@all", "hello 3"),
        ] {
            assert_eq!(denied(rules, request), None, "{rules}: {request}");
        }
    }

    #[test]
    fn every_category_is_known_and_said_again() {
        for category in catalog().categories() {
            for rules in
                [format!("+@all -@{}", category.name), format!("-@all +@{}", category.name)]
            {
                let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
                let set = Rules { catalog: catalog(), all_channels: false };
                let user = User::new(false).with_rules(&words, set).expect("they are rules");
                let described = user.selectors().0.describe_commands(catalog());
                assert_eq!(String::from_utf8_lossy(&described), rules);
            }
        }
    }
}
