//! What a command locks before it runs: the keys that its row names, in the way that it says.

use super::table::{Command, Flags, Reach};
use super::{Args, keys_of, sort_options};
use crate::base::number::parse_i64;
use crate::store::{KeyRef, Keys, Keyspace, Mode, TOKENS};
use smallvec::{SmallVec, smallvec};

/// How a command's keys are held at first. One that answers `NeedsExclusive` is run again with
/// [`Mode::Exclusive`].
pub fn first_mode(command: &Command) -> Mode {
    let writes = command.flags.has(Flags::WRITE);
    if writes && !command.flags.has(Flags::SHARED_FIRST) { Mode::Exclusive } else { Mode::Shared }
}

/// Locks what `command` may touch, until the result is dropped. `db` is the connection's database. `None`: a
/// script has held it up for too long.
pub fn open<'k>(
    keyspace: &'k Keyspace,
    command: &Command,
    (db, args): (u16, Args<'_>),
    mode: Mode,
    now_ms: u64,
) -> Option<Keys<'k>> {
    match command.reach {
        Reach::Keys | Reach::Databases | Reach::Token => {
            keyspace.try_open(keys(keyspace, command, (db, args)), mode, now_ms)
        }
        Reach::Patterns if !is_wide(command, args) => {
            keyspace.try_open(keys(keyspace, command, (db, args)), mode, now_ms)
        }
        Reach::Whole | Reach::Patterns => {
            keyspace.try_open_whole(&databases_of(keyspace, db, args), mode, now_ms)
        }
        Reach::Browse | Reach::Engine => keyspace.try_open_browse(now_ms),
        Reach::Script => keyspace.try_open_script(now_ms),
    }
}

/// The same for a command of a script, whose scope is `held`: what is taken for it is kept to the script's end.
pub fn hold(
    held: &mut Keys<'_>,
    keyspace: &Keyspace,
    command: &Command,
    (db, args): (u16, Args<'_>),
) {
    match command.reach {
        Reach::Keys | Reach::Databases | Reach::Token => {
            held.hold(keys(keyspace, command, (db, args)));
        }
        Reach::Patterns if !is_wide(command, args) => {
            held.hold(keys(keyspace, command, (db, args)));
        }
        Reach::Patterns => {
            held.hold_databases(&databases_of(keyspace, db, args));
            held.hold(keys(keyspace, command, (db, args)));
        }
        Reach::Whole | Reach::Browse => held.hold_databases(&databases_of(keyspace, db, args)),
        Reach::Engine => held.let_go(),
        Reach::Script => {}
    }
}

/// Whether `command` sees more of the keyspace than keys that it names.
pub fn is_wide(command: &Command, args: Args<'_>) -> bool {
    match command.reach {
        Reach::Patterns => sort_options::has_patterns(args),
        reach => reach.is_wide(),
    }
}

/// The keys that `command` names, in each database that it may mean.
pub fn keys<'a>(
    keyspace: &Keyspace,
    command: &Command,
    (db, args): (u16, Args<'a>),
) -> impl Iterator<Item = KeyRef<'a>> + Clone + use<'a> {
    let databases: SmallVec<[u16; 4]> = match command.reach {
        // What it runs may be one of those.
        Reach::Databases | Reach::Token => databases_of(keyspace, db, args),
        _ => smallvec![db],
    };
    let token = args.get(1).filter(|_| command.reach == Reach::Token);
    let token = token.map(|token| KeyRef::new(TOKENS, token));
    let named = keys_of(command, args);
    token.into_iter().chain(
        named.flat_map(move |name| {
            databases.clone().into_iter().map(move |db| KeyRef::new(db, name))
        }),
    )
}

/// The databases that a request could mean: the connection's, and every number among its arguments.
/// To lock one too many does no harm, and where COPY, MOVE and SWAPDB name theirs is their affair.
pub fn databases_of(keyspace: &Keyspace, db: u16, args: Args<'_>) -> SmallVec<[u16; 4]> {
    let named = args.iter().skip(1).filter_map(parse_i64);
    let known = named.filter_map(|number| u16::try_from(number).ok());
    let known = known.filter(|number| *number < keyspace.databases());
    std::iter::once(db).chain(known).collect()
}
