//! ACL LOAD and SAVE: the ACL file.

use super::edit::close_clients;
use super::{ADMINISTRATION, BASE};
use crate::acl::write_file;
use crate::command::permission::catalog;
use crate::command::table::Command;
use crate::command::users::read_file;
use crate::command::{Call, CommandError};
use crate::node::{Account, clock};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const LOAD: Command = Command {
    name: "load",
    arity: 2,
    flags: ADMINISTRATION,
    since: "6.0.0",
    summary: "Reloads the rules from the configured ACL file.",
    complexity: "O(N). Where N is the number of configured users.",
    run: load,
    ..BASE
};

pub const SAVE: Command = Command {
    name: "save",
    summary: "Saves the effective ACL rules in the configured ACL file.",
    run: save,
    ..LOAD
};

const NO_FILE: CommandError = CommandError::fixed(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via \
     the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration \
     file set) in order to store users in the Redis configuration.",
);
const NOT_SAVED: CommandError = CommandError::fixed(
    "ERR There was an error trying to save the ACLs. Please check the server logs for more information",
);

fn acl_file(call: &Call<'_, '_>) -> Result<PathBuf, CommandError> {
    call.node.config().users.file.clone().ok_or(NO_FILE)
}

fn load(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let path = acl_file(call)?;
    let users = read_file(call.node, &path)
        .map_err(|error| CommandError::text(format!("ERR {}", error.replace(['\r', '\n'], " "))))?;
    let gone = call.node.access.replace_all(users);
    close_clients(call, &gone);
    call.reply.ok();
    Ok(())
}

fn save(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let path = acl_file(call)?;
    if let Err(error) = write(&path, &call.node.access.all()) {
        tracing::warn!("ACL SAVE to {}: {error}", path.display());
        return Err(NOT_SAVED);
    }
    call.reply.ok();
    Ok(())
}

/// Puts a new file in the old one's place, so that there is a whole one at any time.
fn write(path: &Path, accounts: &[Arc<Account>]) -> io::Result<()> {
    let users: Vec<_> = accounts.iter().map(|account| account.user()).collect();
    let named = accounts.iter().zip(&users).map(|(account, user)| (&account.name[..], &**user));
    let text = write_file(named, catalog());
    let mut temporary = OsString::from(path);
    temporary.push(format!(".tmp-{}-{}", std::process::id(), clock::unix_ms()));
    let temporary = Path::new(&temporary);
    let create = || OpenOptions::new().write(true).create_new(true).open(temporary);
    let written = create()
        .and_then(|mut file| {
            // Who may read the old one may read the new one.
            if let Ok(old) = fs::metadata(path) {
                file.set_permissions(old.permissions())?;
            }
            file.write_all(&text)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(temporary, path));
    if written.is_err() {
        // What is left of the attempt is of no use; that it cannot be removed is no news.
        let _ = fs::remove_file(temporary);
    }
    written
}
