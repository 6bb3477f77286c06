//! The ACL file: a line for each user.

use super::catalog::Catalog;
use super::rules::{RuleError, Rules, is_valid_name, merge_selectors};
use super::user::User;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Users by their names.
pub type Users = BTreeMap<Vec<u8>, User>;

/// The users of an ACL file. `path` is what errors call it.
///
/// # Errors
/// All that is wrong with it, in Redis's words.
pub fn parse_file(text: &[u8], path: &str, rules: Rules<'_>) -> Result<Users, String> {
    let (mut users, mut errors) = (Users::new(), String::new());
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match parse_line(line, &users, path, number, rules) {
            Ok((name, user)) => drop(users.insert(name, user)),
            Err(error) => errors.push_str(&error),
        }
    }
    if errors.is_empty() {
        return Ok(users);
    }
    let unchanged =
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
    Err(errors + unchanged)
}

fn parse_line(
    line: &[u8],
    known: &Users,
    path: &str,
    number: usize,
    rules: Rules<'_>,
) -> Result<(Vec<u8>, User), String> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [b"user", name, words @ ..] = words.as_slice() else {
        let should = "should start with user keyword followed by the username. ";
        return Err(format!("{path}:{number} {should}"));
    };
    let shown = String::from_utf8_lossy(name);
    if !is_valid_name(name) {
        return Err(format!("'{path}:{number}: username '{shown}' contains invalid characters. "));
    }
    if known.contains_key(*name) {
        return Err(format!("WARNING: Duplicate user '{shown}' found on line {number}. "));
    }
    let merged = merge_selectors(words)
        .map_err(|_| format!("{path}:{number}: Unmatched parenthesis in selector definition."))?;
    let mut user = User::new(rules.all_channels);
    let (mut errors, mut is_told) = (String::new(), false);
    for rule in &merged {
        let rule = rule.trim_ascii();
        // Writing to memory does not fail.
        match user.set(rule, rules) {
            Ok(()) => {}
            Err(error @ RuleError::Unknown) => {
                let rule = String::from_utf8_lossy(rule);
                let _ = write!(
                    errors,
                    "{path}:{number}: Error in applying operation '{rule}': {error}. "
                );
            }
            // One of the others may follow from another, and tell of a password.
            Err(_) if is_told => {}
            Err(error) => {
                is_told = true;
                let _ = write!(errors, "{path}:{number}: {error}. ");
            }
        }
    }
    if errors.is_empty() { Ok((name.to_vec(), user)) } else { Err(errors) }
}

/// The text of an ACL file with these users.
pub fn write_file<'u>(
    users: impl Iterator<Item = (&'u [u8], &'u User)>,
    catalog: &Catalog,
) -> Vec<u8> {
    let line = |(name, user): (&[u8], &User)| {
        [b"user ", name, b" ", &user.describe(catalog), b"\n"].concat()
    };
    users.flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::catalog::tests::catalog;
    use super::*;

    fn parse(text: &str) -> Result<Users, String> {
        let catalog = catalog();
        parse_file(text.as_bytes(), "u.acl", Rules { catalog: &catalog, all_channels: false })
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "user ann on nopass ~* resetchannels +@all\nuser bob off resetchannels -@all (~a resetchannels -@all +get)\n";
        let users = parse(&format!("\n {text}\r\n")).expect("it is right");
        let users = users.iter().map(|(name, user)| (name.as_slice(), user));
        assert_eq!(write_file(users, &catalog()), text.as_bytes());
    }

    // The texts are those of redis-server 7.0.15.
    #[test]
    fn all_errors_are_told() {
        let error = |text| parse(text).expect_err("it is wrong");
        let end = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
        assert_eq!(
            error("user ann on\nuser ann on\n# no comments\nuser bob +nosuch >a <b <c"),
            format!(
                "WARNING: Duplicate user 'ann' found on line 2. u.acl:3 should start with user keyword \
                 followed by the username. u.acl:4: Error in applying operation '+nosuch': Unknown command \
                 or category name in ACL. u.acl:4: The password you are trying to remove from the user does \
                 not exist. {end}"
            )
        );
        let unmatched = "u.acl:1: Unmatched parenthesis in selector definition.";
        assert_eq!(error("user ann (+get"), format!("{unmatched}{end}"));
    }
}
