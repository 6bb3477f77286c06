//! The users that the configuration or the ACL file names: read at the start, written by CONFIG REWRITE.

use super::permission::catalog;
use crate::acl::{DEFAULT_USER, Rules, User, Users, is_valid_name, merge_selectors, parse_file};
use crate::config::{PubsubDefault, UserLine};
use crate::node::{Node, system};
use std::fs;
use std::path::Path;

const TWO_PLACES: &str = "Configuring Redis with users defined in redis.conf and at the same setting an \
    ACL file path is invalid. This setup is very likely to lead to configuration errors and security \
    holes, please define either an ACL file or declare users directly in your redis.conf, but not both.";

/// How rules are read now.
pub fn rules(node: &Node) -> Rules<'static> {
    let all_channels = node.config().users.channels == PubsubDefault::AllChannels;
    Rules { catalog: catalog(), all_channels }
}

/// The users in an ACL file.
///
/// # Errors
/// What is wrong with it, in Redis's words.
pub fn read_file(node: &Node, path: &Path) -> Result<Users, String> {
    let shown = path.display().to_string();
    let text = fs::read(path).map_err(|error| {
        format!("Error loading ACLs, opening file '{shown}': {}", system::error_text(&error))
    })?;
    parse_file(&text, &shown, rules(node))
}

/// Has the users of the configuration, or of the ACL file that it names.
///
/// # Errors
/// There is something wrong with one: the server does not start.
pub fn load_at_start(node: &Node) -> Result<(), String> {
    let config = node.config();
    if let Some(path) = &config.users.file {
        if !config.users.lines.is_empty() {
            return Err(TWO_PLACES.to_owned());
        }
        let because = |error| format!("Aborting Redis startup because of ACL errors: {error}");
        node.access.replace_all(read_file(node, path).map_err(because)?);
        return Ok(());
    }
    for line in &config.users.lines {
        node.access.change(&line.name, |_| user_of(node, line))?;
    }
    Ok(())
}

fn user_of(node: &Node, line: &UserLine) -> Result<User, String> {
    if !is_valid_name(&line.name) {
        return Err("Spaces not allowed in ACL usernames".to_owned());
    }
    let name = String::from_utf8_lossy(&line.name);
    let words: Vec<&[u8]> = line.rules.iter().map(Vec::as_slice).collect();
    let merged = merge_selectors(&words).map_err(|word| {
        let word = String::from_utf8_lossy(word);
        format!("Error in user declaration '{word}': Unmatched parenthesis in acl selector")
    })?;
    let mut user = User::new(rules(node).all_channels);
    if line.name == DEFAULT_USER {
        // Redis has one already, and has it begin anew.
        user.set(b"reset", rules(node)).map_err(|error| error.to_string())?;
    }
    for rule in &merged {
        user.set(rule, rules(node)).map_err(|error| {
            let rule = String::from_utf8_lossy(rule);
            format!("Error loading ACL rule '{rule}' for the user named '{name}': {error}")
        })?;
    }
    if !user.is_enabled() {
        tracing::info!(
            "The user '{name}' is disabled (there is no 'on' modifier in the user description). Make \
             sure this is not a configuration error."
        );
    }
    Ok(user)
}

/// The lines of redis.conf for the users as they are now; none if there is only the default user, as
/// `requirepass` alone makes it.
#[must_use]
pub fn user_lines(node: &Node) -> Vec<UserLine> {
    let accounts = node.access.all();
    let default = User::default_user(node.config().requirepass.as_deref());
    if accounts.len() == 1 && *node.access.default_account().user() == default {
        return Vec::new();
    }
    let line = |name: &[u8], user: &User| {
        let rules = user.describe(catalog());
        let rules = rules.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        UserLine { name: name.to_vec(), rules }
    };
    accounts.iter().map(|account| line(&account.name, &account.user())).collect()
}
