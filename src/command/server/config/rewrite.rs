//! CONFIG REWRITE: the configuration of now into the file that the server was started with.

use crate::command::users::user_lines;
use crate::command::{Call, CommandError};
use crate::config::{self, Config};
use crate::node::{Node, system};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

pub fn rewrite(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let Some(path) = call.node.config_file.as_deref() else {
        return Err(CommandError::fixed("ERR The server is running without a config file"));
    };
    if let Err(error) = rewrite_file(path, &with_users(call.node)) {
        tracing::warn!("CONFIG REWRITE of {} failed: {error}", path.display());
        let reason = system::error_text(&error);
        return Err(CommandError::text(format!("ERR Rewriting config file: {reason}")));
    }
    tracing::info!("CONFIG REWRITE executed with success.");
    call.reply.ok();
    Ok(())
}

/// The configuration with the users as they are now, unless they are in a file of their own.
fn with_users(node: &Node) -> Config {
    let mut config = Config::clone(&node.config());
    config.users.lines = if config.users.file.is_some() { Vec::new() } else { user_lines(node) };
    config
}

/// Puts a new file in the old one's place, so that there is a whole one at any time.
fn rewrite_file(path: &Path, config: &Config) -> io::Result<()> {
    let old = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        old => old?,
    };
    let mut temporary = OsString::from(path);
    temporary.push(format!(".rewrite-{}", std::process::id()));
    let temporary = Path::new(&temporary);
    let written = write_durably(temporary, path, &config::rewrite(&old, config))
        .and_then(|()| fs::rename(temporary, path))
        .and_then(|()| sync_folder(path));
    if written.is_err() {
        // What is left of the attempt is of no use; that it cannot be removed is no news.
        let _ = fs::remove_file(temporary);
    }
    written
}

/// Writes a file that whoever may read `like` may read: there may be a password in it.
fn write_durably(path: &Path, like: &Path, text: &[u8]) -> io::Result<()> {
    // What is there was left by a process of this number that did not come to an end.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    if let Ok(old) = fs::metadata(like) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text)?;
    file.sync_all()
}

/// The new name, too, must outlive a power failure.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
