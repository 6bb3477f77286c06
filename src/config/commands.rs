//! CONFIG GET and CONFIG SET.

use super::table::{self, Change, Directive};
use super::{Config, ConfigError};

/// Why CONFIG SET was refused: Redis's reply, error code included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No directive has this name.
    #[error("ERR Unknown option or number of arguments for CONFIG SET - '{name}'")]
    Unknown { name: String },
    /// This one was refused, and with it all of them.
    #[error("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Failed { name: String, reason: String },
}

impl SetError {
    /// For a value that fits its directive but could not be put into effect, such as a port in use.
    #[must_use]
    pub fn failed(name: &[u8], reason: impl Into<String>) -> SetError {
        SetError::Failed { name: lossy(name), reason: reason.into() }
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

impl Config {
    /// CONFIG GET: the directives that the patterns name, with their values.
    ///
    /// `matches(pattern, name)` is Redis's glob, in any case. A name that is no pattern is answered as
    /// it was asked for. Each directive comes once, at the first pattern that names it.
    pub fn get<'a>(
        &self,
        patterns: &[&'a [u8]],
        matches: impl Fn(&[u8], &[u8]) -> bool,
    ) -> Vec<(&'a [u8], Vec<u8>)> {
        let mut found: Vec<(&'a [u8], &Directive)> = Vec::new();
        for &pattern in patterns {
            let glob = is_glob(pattern);
            for directive in table::directives().filter(|directive| !directive.hidden) {
                let name = directive.name.as_bytes();
                let is_new = || found.iter().all(|(_, other)| other.name != directive.name);
                if glob && matches(pattern, name) && is_new() {
                    found.push((name, directive));
                } else if !glob && name.eq_ignore_ascii_case(pattern) && is_new() {
                    found.push((pattern, directive));
                }
            }
        }
        found.into_iter().map(|(name, directive)| (name, directive.show(self))).collect()
    }

    /// CONFIG SET: the configuration with all the pairs of names and values set.
    ///
    /// Putting it into effect is the caller's: where that fails, it keeps the old configuration and
    /// answers `SetError::failed`.
    ///
    /// # Errors
    /// Redis's reply for the first pair that is refused; nothing is set then.
    pub fn set<A: AsRef<[u8]>>(
        &self,
        pairs: &[(A, A)],
        client_is_local: bool,
    ) -> Result<Config, SetError> {
        let protected_allowed = self.enable_protected_configs.allows(client_is_local);
        let mut changes: Vec<(&Directive, &[u8])> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let name = name.as_ref();
            let directive = changeable(name, protected_allowed)?;
            if changes.iter().any(|(other, _)| other.name == directive.name) {
                return Err(SetError::failed(name, "duplicate parameter"));
            }
            changes.push((directive, value.as_ref()));
        }
        let mut config = self.clone();
        for (directive, value) in changes {
            set_value(&mut config, directive, value)
                .map_err(|error| SetError::failed(directive.name.as_bytes(), error.to_string()))?;
        }
        Ok(config)
    }
}

/// Whether Redis takes a name for a pattern.
fn is_glob(name: &[u8]) -> bool {
    name.iter().any(|byte| b"[*?".contains(byte))
}

fn changeable(name: &[u8], protected_allowed: bool) -> Result<&'static Directive, SetError> {
    let directive = table::find(name).filter(|directive| !directive.hidden);
    let directive = directive.ok_or_else(|| SetError::Unknown { name: lossy(name) })?;
    match directive.change {
        Change::AtStart => Err(SetError::failed(name, "can't set immutable config")),
        Change::Protected if !protected_allowed => {
            Err(SetError::failed(name, "can't set protected config"))
        }
        Change::Protected | Change::AtRunTime => Ok(directive),
    }
}

/// The value of a directive of several words is split at each single space, without quotes.
fn set_value(config: &mut Config, directive: &Directive, value: &[u8]) -> Result<(), ConfigError> {
    if !directive.takes_words() {
        return directive.set(config, &[value]);
    }
    let words: Vec<&[u8]> =
        if value.is_empty() { Vec::new() } else { value.split(|&byte| byte == b' ').collect() };
    directive.begin_anew(config);
    directive.set(config, &words)
}
