//! SORT and SORT_RO.

mod lookup;
mod order;

use crate::command::sort_options::{self, By, Options};
use crate::command::table::{Command, Flags, Group, KeySpec, Place, Reach};
use crate::command::{Call, CommandError, permission, registry};
use crate::store::{EventClasses, KeyRef, Kind};
use std::ops::Range;

pub const SORT: Command = Command {
    name: "sort",
    arity: -2,
    flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::MOVABLEKEYS),
    keys: &[
        KeySpec::first(&["RO", "access"]),
        KeySpec { place: Place::Unknown, access: &["RO", "access"] },
        KeySpec { place: Place::StoreOption, access: &["OW", "update"] },
    ],
    reach: Reach::Patterns,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
    complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).",
    syntax: "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]",
    subcommands: &[],
    run: sort,
};

pub const SORT_RO: Command = Command {
    name: "sort_ro",
    flags: Flags::READONLY.or(Flags::MOVABLEKEYS),
    keys: &[
        KeySpec::first(&["RO", "access"]),
        KeySpec { place: Place::Unknown, access: &["RO", "access"] },
    ],
    since: "7.0.0",
    summary: "Returns the sorted elements of a list, a set, or a sorted set.",
    syntax: "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
    run: sort_ro,
    ..SORT
};

const BY_DENIED: CommandError =
    CommandError::fixed("ERR BY option of SORT denied due to insufficient ACL permissions.");
const GET_DENIED: CommandError =
    CommandError::fixed("ERR GET option of SORT denied due to insufficient ACL permissions.");
fn sort(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = sort_options::parse(call.args, true)?;
    run(call, &options)
}

fn sort_ro(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let options = sort_options::parse(call.args, false)?;
    run(call, &options)
}

/// Patterns may name any key, so who uses them has to be allowed to read all.
fn permit(call: &Call<'_, '_>, options: &Options<'_>) -> Result<(), CommandError> {
    let has_pattern = matches!(options.by, By::Pattern(_));
    let entry = registry::find(&call.args[0]).filter(|_| has_pattern || !options.gets.is_empty());
    let may = |entry| permission::may_read_any_key(&call.session.account, entry, call.args);
    match entry.is_none_or(may) {
        true => Ok(()),
        false if has_pattern => Err(BY_DENIED),
        false => Err(GET_DENIED),
    }
}

fn run(call: &mut Call<'_, '_>, options: &Options<'_>) -> Result<(), CommandError> {
    permit(call, options)?;
    let rows = rows(call, options)?;
    // To Redis these were reads, though the command may write.
    call.keys.notify_missed(true);
    let Some(destination) = options.store else {
        call.reply.array(rows.len());
        for text in &rows {
            match text {
                Some(text) => call.reply.bulk(text),
                None => call.reply.null(),
            }
        }
        return Ok(());
    };
    let destination = KeyRef::new(call.session.db, destination);
    let texts = rows.iter().map(|text| text.as_deref().unwrap_or_default());
    let was_there = call.keys.replace_list(destination, texts);
    match rows.is_empty() {
        true => call.keys.notify_deleted(was_there, destination),
        false => call.keys.notify(EventClasses::LIST, "sortstore", destination),
    }
    call.reply.integer(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    Ok(())
}

/// What is answered, element by element: all that GET asks for; `None`: there is no such key.
fn rows(
    call: &mut Call<'_, '_>,
    options: &Options<'_>,
) -> Result<Vec<Option<Vec<u8>>>, CommandError> {
    let (mut elements, kind) = elements(call)?;
    let is_set = kind == Some(Kind::Set);
    // What is stored must not depend on the order in which this node happens to hold a set.
    let alone = Options { by: By::Element, alpha: true, ..options.clone() };
    let options = match options.by {
        By::Nothing if is_set && options.store.is_some() => &alone,
        _ => options,
    };
    let places = places(options, elements.len());
    let mut elements = match options.by {
        By::Nothing => {
            // What has an order of its own can be turned round.
            if options.descending && !is_set {
                elements.reverse();
            }
            elements
        }
        _ => order::sorted(call, elements, options)?,
    };
    let chosen = elements.drain(places);
    if options.gets.is_empty() {
        return Ok(chosen.map(Some).collect());
    }
    let db = call.session.db;
    let mut found = Vec::new();
    for element in chosen {
        for pattern in &options.gets {
            found.push(lookup::lookup(call.keys, db, pattern, &element)?);
        }
    }
    Ok(found)
}

/// The elements in the order in which they are held, and of what.
fn elements(call: &mut Call<'_, '_>) -> Result<(Vec<Vec<u8>>, Option<Kind>), CommandError> {
    let key = call.key(1);
    let kind = call.keys.kind(key)?;
    let elements = match kind {
        None => Vec::new(),
        Some(Kind::List) => {
            let list = call.keys.list(key)?;
            list.iter().flat_map(|list| list.iter()).map(<[u8]>::to_vec).collect()
        }
        Some(Kind::Set) => {
            let set = call.keys.set(key)?;
            set.iter().flat_map(|set| set.iter()).map(<[u8]>::to_vec).collect()
        }
        Some(Kind::SortedSet) => {
            let set = call.keys.sorted(key)?;
            let members = set.iter().flat_map(|set| set.range(0..set.len()));
            members.map(|(member, _)| member.to_vec()).collect()
        }
        Some(Kind::String | Kind::Hash) => return Err(CommandError::WRONG_TYPE),
    };
    Ok((elements, kind))
}

/// Which of so many elements are answered.
fn places(options: &Options<'_>, len: usize) -> Range<usize> {
    let start = usize::try_from(options.offset.max(0)).unwrap_or(usize::MAX).min(len);
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    start..start.saturating_add(count).min(len)
}
