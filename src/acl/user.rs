//! A user: may it come in, with which passwords, and what it may do then.

use super::password::Password;
use super::rules::{RuleError, Rules, merge_selectors};
use super::selector::Selector;
use crate::config::split_words;

/// What is known of a user but the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub(super) enabled: bool,
    /// Any password will do.
    pub(super) nopass: bool,
    /// Whether what RESTORE brings is looked at closely; it is, whatever is said here.
    pub(super) sanitize: Option<bool>,
    pub(super) passwords: Vec<Password>,
    /// What it may do by itself.
    pub(super) root: Selector,
    /// What it may do besides.
    pub(super) selectors: Vec<Selector>,
}

impl User {
    /// One that can do nothing yet.
    #[must_use]
    pub fn new(all_channels: bool) -> User {
        User {
            enabled: false,
            nopass: false,
            sanitize: None,
            passwords: Vec::new(),
            root: Selector::new(all_channels),
            selectors: Vec::new(),
        }
    }

    /// The default user, when nothing is said of it but `requirepass`: it may do everything.
    #[must_use]
    pub fn default_user(password: Option<&[u8]>) -> User {
        let mut user = User { enabled: true, root: Selector::everything(), ..User::new(true) };
        user.set_only_password(password);
        user
    }

    /// `requirepass`: exactly this password, or any.
    pub fn set_only_password(&mut self, password: Option<&[u8]>) {
        self.nopass = password.is_none();
        self.passwords = password.map(Password::of).into_iter().collect();
    }

    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    #[must_use]
    pub fn needs_no_password(&self) -> bool {
        self.nopass
    }

    /// Whether it may come in with this password.
    #[must_use]
    pub fn admits(&self, password: &[u8]) -> bool {
        let given = || Password::of(password);
        self.enabled
            && (self.nopass || {
                let given = given();
                // All are looked at, whichever fits.
                self.passwords.iter().fold(false, |fits, known| fits | known.is(&given))
            })
    }

    /// Whether it may do everything there is: then nothing needs to be checked.
    #[must_use]
    pub fn is_unrestricted(&self) -> bool {
        self.all_selectors().any(Selector::is_everything)
    }

    /// The user's own rules, and the selectors.
    pub fn all_selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.selectors)
    }

    /// The user after all of these rules, or after none.
    ///
    /// # Errors
    /// What ACL SETUSER answers.
    pub fn with_rules(mut self, words: &[&[u8]], rules: Rules<'_>) -> Result<User, String> {
        let merged = merge_selectors(words).map_err(|word| {
            let word = String::from_utf8_lossy(word);
            format!("Unmatched parenthesis in acl selector starting at '{word}'.")
        })?;
        for rule in &merged {
            self.set(rule, rules).map_err(|error| {
                let rule = String::from_utf8_lossy(rule);
                format!("Error in ACL SETUSER modifier '{rule}': {error}")
            })?;
        }
        Ok(self)
    }

    /// Changes it by one rule.
    ///
    /// # Errors
    /// It is none; nothing has changed.
    pub fn set(&mut self, rule: &[u8], rules: Rules<'_>) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"" => {}
            b"on" => self.enabled = true,
            b"off" => self.enabled = false,
            b"skip-sanitize-payload" => self.sanitize = Some(false),
            b"sanitize-payload" => self.sanitize = Some(true),
            b"nopass" => self.set_only_password(None),
            b"resetpass" => {
                self.nopass = false;
                self.passwords.clear();
            }
            b"clearselectors" => self.selectors.clear(),
            b"reset" => *self = User { sanitize: Some(true), ..User::new(rules.all_channels) },
            _ => return self.set_by_sign(rule, rules),
        }
        Ok(())
    }

    fn set_by_sign(&mut self, rule: &[u8], rules: Rules<'_>) -> Result<(), RuleError> {
        match rule {
            [b'>', password @ ..] => self.add_password(Password::of(password)),
            [b'#', hash @ ..] => {
                self.add_password(Password::from_hex(hash).ok_or(RuleError::BadHash)?);
            }
            [b'<', password @ ..] => self.remove_password(Password::of(password))?,
            [b'!', hash @ ..] => {
                self.remove_password(Password::from_hex(hash).ok_or(RuleError::BadHash)?)?;
            }
            [b'(', inner @ .., b')'] => self.selectors.push(selector(inner, rules)?),
            rule => self.root.set(rule, rules.catalog)?,
        }
        Ok(())
    }

    fn add_password(&mut self, password: Password) {
        if !self.passwords.contains(&password) {
            self.passwords.push(password);
        }
        self.nopass = false;
    }

    fn remove_password(&mut self, password: Password) -> Result<(), RuleError> {
        let at = self.passwords.iter().position(|known| *known == password);
        self.passwords.remove(at.ok_or(RuleError::NoSuchPassword)?);
        Ok(())
    }
}

/// The rules between the parentheses.
fn selector(inner: &[u8], rules: Rules<'_>) -> Result<Selector, RuleError> {
    let mut selector = Selector::new(rules.all_channels);
    // As in Redis, what cannot be split says nothing.
    for rule in split_words(inner).unwrap_or_default() {
        selector.set(&rule, rules.catalog)?;
    }
    Ok(selector)
}

#[cfg(test)]
mod tests {
    use super::super::catalog::tests::catalog;
    use super::*;

    fn user(rules: &str) -> Result<User, String> {
        let catalog = catalog();
        let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
        User::new(false).with_rules(&words, Rules { catalog: &catalog, all_channels: false })
    }

    fn error(rules: &str) -> String {
        user(rules).expect_err("it is refused")
    }

    // The texts are those of redis-server 7.0.15.
    #[test]
    fn rules_are_refused_in_the_words_of_redis() {
        let in_modifier =
            |rule: &str, why: &str| format!("Error in ACL SETUSER modifier '{rule}': {why}");
        let unknown = "Unknown command or category name in ACL";
        for rule in ["+nosuch", "-nosuch", "+@nosuch", "+nosuch|get", "+config|nosuch", "-get|a"] {
            assert_eq!(error(rule), in_modifier(rule, unknown));
        }
        for rule in ["x", "+get|", "%X~a", "%~a", "%", "%RR~a", ")", "+"] {
            let why = if rule == "+" { unknown } else { "Syntax error" };
            assert_eq!(error(rule), in_modifier(rule, why), "{rule}");
        }
        assert!(
            error("~* ~a").ends_with("Try 'resetkeys' to start with an empty list of patterns")
        );
        assert!(
            error("&* &a").ends_with("Try 'resetchannels' to start with an empty list of channels")
        );
        assert!(error("<a").ends_with("trying to remove from the user does not exist"));
        assert!(error("#abc").ends_with("only lowercase hexadecimal characters"));
        assert!(error("+config|get|a").ends_with("first-arg of a subcommand is not supported"));
        assert_eq!(error("on (+get"), "Unmatched parenthesis in acl selector starting at '(+get'.");
        assert_eq!(error("(x)"), in_modifier("(x)", "Syntax error"));
    }

    #[test]
    fn passwords_let_in_only_while_the_user_is_on() {
        let user = |rules| user(rules).expect("they are rules");
        assert!(!user(">a").admits(b"a"));
        assert!(user("on >a >b").admits(b"b") && !user("on >a >b").admits(b"c"));
        assert!(!user("on").admits(b"") && user("on nopass").admits(b"any"));
        assert!(!user("on nopass >a").admits(b"any") && user("on nopass >a").admits(b"a"));
        assert!(!user("on >a <a").admits(b"a") && !user("on >a resetpass").admits(b"a"));
        assert!(!user("on nopass reset").admits(b"a"));
    }

    #[test]
    fn who_may_do_everything_is_known() {
        let unrestricted = |rules: &str| user(rules).expect("they are rules").is_unrestricted();
        assert!(unrestricted("+@all ~* &*") && unrestricted("(+@all ~* &*)"));
        for less in ["+@all ~*", "+@all &*", "~* &*", "+@all ~* &* -get", "+@all ~* (&*)"] {
            assert!(!unrestricted(less), "{less}");
        }
        assert!(User::default_user(None).is_unrestricted());
    }
}
