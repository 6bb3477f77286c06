//! CONFIG SET: all of the changes, or none.

use super::is_local;
use crate::command::{Call, CommandError};
use crate::config::{Config, SetError};
use crate::node::{Node, system};
use std::env;

/// The log would stay where it is, and a start from a file that was rewritten would not find it.
const DATA_IS_THERE: &str = "the log is in it, and stays there while the server runs";

/// Whoever acts by the configuration reads it from the node each time, so most of the new one is in
/// effect when it has replaced the old one. The rest is put into effect before.
pub fn set(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let words: Vec<&[u8]> = call.args.from(2).iter().collect();
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(CommandError::SYNTAX);
    }
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|[name, value]| (*name, *value)).collect();
    let (node, local) = (call.node, is_local(&call.session.client));
    let change = |old: &Config| {
        let mut new = old.set(&pairs, local)?;
        put_into_effect(node, old, &mut new, &pairs)?;
        Ok(((), new))
    };
    let changed: Result<(), SetError> = node.config.try_change(change);
    changed.map_err(|error| CommandError::text(error.to_string()))?;
    call.reply.ok();
    Ok(())
}

fn put_into_effect(
    node: &Node,
    old: &Config,
    new: &mut Config,
    pairs: &[(&[u8], &[u8])],
) -> Result<(), SetError> {
    if new.dir != old.dir {
        if node.disk.is_some() {
            return Err(SetError::failed(b"dir", DATA_IS_THERE));
        }
        change_folder(new).map_err(|error| SetError::failed(b"dir", system::error_text(&error)))?;
    }
    if let Err(error) = listen(node, old, new, pairs) {
        if new.dir != old.dir {
            // It has been the working folder until now.
            let _ = env::set_current_dir(&old.dir);
        }
        return Err(error);
    }
    if new.requirepass != old.requirepass {
        node.access.set_default_password(new.requirepass.as_deref());
    }
    node.keyspace.tell_events(new.notify_keyspace_events);
    if new.loglevel != old.loglevel {
        node.log_from(new.loglevel);
    }
    Ok(())
}

/// From now on `dir` is where it leads to, as in Redis.
fn change_folder(config: &mut Config) -> std::io::Result<()> {
    env::set_current_dir(&config.dir)?;
    config.dir = env::current_dir()?;
    Ok(())
}

fn listen(
    node: &Node,
    old: &Config,
    new: &Config,
    pairs: &[(&[u8], &[u8])],
) -> Result<(), SetError> {
    let changes = [
        ("port", new.port != old.port, "Unable to listen on this port. Check server logs."),
        ("bind", new.bind != old.bind, "Failed to bind to specified addresses."),
    ];
    // Both take effect together; the one that was said first is blamed.
    let blamed = pairs.iter().find_map(|(said, _)| {
        let is_said = |name: &str| said.eq_ignore_ascii_case(name.as_bytes());
        changes.iter().find(|(name, changed, _)| *changed && is_said(name))
    });
    let Some((name, _, reason)) = blamed else { return Ok(()) };
    node.listen(new).map_err(|_| SetError::failed(name.as_bytes(), *reason))
}
