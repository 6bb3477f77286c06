//! Users: where they are written down. What their rules mean is not known here.

use super::choice::PubsubDefault;
use super::kind::Words;
use super::line::quote;
use super::settings::Config;
use std::path::PathBuf;

/// The settings about users.
#[derive(Clone, Debug, PartialEq)]
pub struct Users {
    /// `acl-pubsub-default`
    pub channels: PubsubDefault,
    /// `acllog-max-len`
    pub log_max_len: u64,
    /// `aclfile`: where users are read from; None: they are in `lines`.
    pub file: Option<PathBuf>,
    /// `user`
    pub lines: Vec<UserLine>,
}

impl Default for Users {
    fn default() -> Users {
        let channels = PubsubDefault::ResetChannels;
        Users { channels, log_max_len: 128, file: None, lines: Vec::new() }
    }
}

/// A user and its rules, as a line of redis.conf has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLine {
    pub name: Vec<u8>,
    pub rules: Vec<Vec<u8>>,
}

pub(super) const USER: Words = Words {
    form: "name rule …",
    show: |config| lines(config).join(" "),
    lines,
    set,
    anew: |config| config.users.lines.clear(),
};

fn lines(config: &Config) -> Vec<String> {
    config.users.lines.iter().map(line).collect()
}

fn line(user: &UserLine) -> String {
    let words = std::iter::once(&user.name).chain(&user.rules);
    words.map(|word| written(word)).collect::<Vec<_>>().join(" ")
}

/// In quotes where it would not be read as it is.
fn written(word: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"'\\".contains(byte);
    match std::str::from_utf8(word) {
        Ok(text) if !word.is_empty() && word.iter().all(is_plain) => text.to_owned(),
        _ => quote(word),
    }
}

fn set(config: &mut Config, arguments: &[&[u8]]) -> Result<(), &'static str> {
    let [name, rules @ ..] = arguments else { return Err("wrong number of arguments") };
    if config.users.lines.iter().any(|user| user.name == *name) {
        return Err("Duplicate user found. A user can only be defined once in config files");
    }
    let rules = rules.iter().map(|rule| rule.to_vec()).collect();
    config.users.lines.push(UserLine { name: name.to_vec(), rules });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::line::split_words;
    use super::*;

    #[test]
    fn users_are_written_as_they_are_read() {
        let mut config = Config::default();
        let words: [&[u8]; 4] = [b"ann", b"on", b"~a\"b", b"(+get ~\xff)"];
        set(&mut config, &words).expect("it is new");
        let line = lines(&config).join("\n");
        assert_eq!(line, r#"ann on "~a\"b" "(+get ~\xff)""#);
        assert_eq!(split_words(line.as_bytes()), Ok(words.map(<[u8]>::to_vec).to_vec()));
        assert!(
            set(&mut config, &[b"ann"]).is_err_and(|error| error.starts_with("Duplicate user"))
        );
    }
}
