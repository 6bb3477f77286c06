//! Taking elements from lists: what commands do at once, and later for those who wait.

use super::CommandError;
use crate::resp::ReplyWriter;
use crate::store::{End, EventClasses, KeyRef, Keys, Missing};

/// Takes up to `count` elements from an end of a list, if there is one.
pub fn take(
    keys: &mut Keys<'_>,
    key: KeyRef<'_>,
    end: End,
    count: usize,
) -> Result<Vec<Vec<u8>>, CommandError> {
    let taken = keys.edit_list(key, Missing::Skip, |list| {
        (0..count).map_while(|_| list.pop(end)).collect::<Vec<_>>()
    })?;
    let taken = taken.unwrap_or_default();
    if !taken.is_empty() {
        tell_removed(keys, popped(end), key)?;
    }
    Ok(taken)
}

/// Elements were taken out, with which the list may be gone.
pub fn tell_removed(
    keys: &Keys<'_>,
    event: &'static str,
    key: KeyRef<'_>,
) -> Result<(), CommandError> {
    if keys.tells_events() {
        keys.notify(EventClasses::LIST, event, key);
        let is_gone = !keys.exists(key)?;
        keys.notify_deleted(is_gone, key);
    }
    Ok(())
}

/// The event of a push.
pub fn pushed(end: End) -> &'static str {
    match end {
        End::Left => "lpush",
        End::Right => "rpush",
    }
}

fn popped(end: End) -> &'static str {
    match end {
        End::Left => "lpop",
        End::Right => "rpop",
    }
}

/// How elements are told from which key they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popped {
    /// BLPOP.
    One,
    /// LMPOP.
    Many,
}

pub fn reply_popped(reply: &mut ReplyWriter<'_>, name: &[u8], texts: &[Vec<u8>], how: Popped) {
    reply.array(2);
    reply.bulk(name);
    if how == Popped::Many {
        reply.array(texts.len());
    }
    texts.iter().for_each(|text| reply.bulk(text));
}

/// Takes an element from one list and pushes it to another, which may be the same. `None`: there is none.
pub fn move_element(
    keys: &mut Keys<'_>,
    (source, from): (KeyRef<'_>, End),
    (destination, to): (KeyRef<'_>, End),
) -> Result<Option<Vec<u8>>, CommandError> {
    // A missing source ends it before the destination's type matters; after that, both types are
    // known before anything changes.
    if keys.list(source)?.is_none() {
        return Ok(None);
    }
    keys.list(destination)?;
    if source == destination {
        let turned = keys.edit_list(source, Missing::Skip, |list| {
            let text = list.pop(from)?;
            list.push(to, &text);
            Some(text)
        })?;
        keys.notify(EventClasses::LIST, pushed(to), destination);
        tell_removed(keys, popped(from), source)?;
        return Ok(turned.flatten());
    }
    let taken = keys.edit_list(source, Missing::Skip, |list| list.pop(from))?;
    let Some(text) = taken.flatten() else { return Ok(None) };
    keys.edit_list(destination, Missing::Create, |list| list.push(to, &text))?;
    keys.notify(EventClasses::LIST, pushed(to), destination);
    tell_removed(keys, popped(from), source)?;
    Ok(Some(text))
}
