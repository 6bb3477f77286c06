//! Whether a user may do what a request asks for.

use super::patterns::Access;
use super::selector::Selector;
use super::user::User;

/// A request, as far as it matters here.
pub struct Request<'r> {
    /// The command's number in the catalog.
    pub command: usize,
    /// Whoever may connect may run it (AUTH, HELLO).
    pub is_for_all: bool,
    /// The first argument.
    pub first_arg: Option<&'r [u8]>,
    pub keys: &'r [KeyUse<'r>],
    pub channels: &'r [ChannelUse<'r>],
}

/// A key that a request names.
pub struct KeyUse<'r> {
    /// Where it stands among the arguments.
    pub at: usize,
    pub key: &'r [u8],
    pub needed: Access,
}

/// A channel, or a pattern of channels, that a request names.
pub struct ChannelUse<'r> {
    pub at: usize,
    pub channel: &'r [u8],
    pub is_pattern: bool,
}

/// Why a request is refused. Where several selectors refuse it, the greatest counts, as in Redis: who may run the
/// command in one of them hears of the last key that none allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    Command,
    /// The key is that argument.
    Key(usize),
    /// The channel is that argument.
    Channel(usize),
}

impl User {
    /// # Errors
    /// It may not, for that reason.
    pub fn check(&self, request: &Request<'_>) -> Result<(), Denied> {
        let mut reason = Denied::Command;
        for selector in self.all_selectors() {
            match selector.check(request) {
                Ok(()) => return Ok(()),
                Err(denied) => reason = reason.max(denied),
            }
        }
        Err(reason)
    }

    /// Whether one selector allows the request, and any key in this way besides.
    #[must_use]
    pub fn check_with_any_key(&self, request: &Request<'_>, needed: Access) -> bool {
        let allows = |one: &Selector| one.check(request).is_ok() && one.keys.allow_any(needed);
        self.all_selectors().any(allows)
    }

    /// Whether it may use this channel in some command.
    #[must_use]
    pub fn allows_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.all_selectors().any(|one| one.channels.allow(channel, is_pattern))
    }

    /// Whether some channels may be used no more that `old` may use: then its subscriptions must be looked at.
    #[must_use]
    pub fn lost_channels_of(&self, old: &User) -> bool {
        if self.all_selectors().any(|one| one.channels.is_all()) {
            return false;
        }
        let kept = |channel: &Vec<u8>| {
            self.all_selectors().any(|one| one.channels.listed().contains(channel))
        };
        old.all_selectors().any(|one| one.channels.is_all())
            || !old.all_selectors().flat_map(|one| one.channels.listed()).all(kept)
    }
}

impl Selector {
    fn check(&self, request: &Request<'_>) -> Result<(), Denied> {
        if !request.is_for_all
            && !self.commands.contains(request.command)
            && !self.allows_first_arg(request)
        {
            return Err(Denied::Command);
        }
        for key in request.keys {
            if !self.keys.allow(key.key, key.needed) {
                return Err(Denied::Key(key.at));
            }
        }
        for channel in request.channels {
            if !self.channels.allow(channel.channel, channel.is_pattern) {
                return Err(Denied::Channel(channel.at));
            }
        }
        Ok(())
    }

    fn allows_first_arg(&self, request: &Request<'_>) -> bool {
        let allowed = self.first_args.get(&request.command);
        let is_said = |word: &[u8]| {
            allowed.is_some_and(|words| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
        };
        request.first_arg.is_some_and(is_said)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::super::catalog::tests::catalog;
    use super::*;

    fn user(rules: &str) -> User {
        let catalog = catalog();
        let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
        let rules = Rules { catalog: &catalog, all_channels: false };
        User::new(false).with_rules(&words, rules).expect("they are rules")
    }

    fn check(user: &User, command: &str, keys: &[(&str, Access)]) -> Result<(), Denied> {
        let command = catalog().find(command.as_bytes()).expect("it is known");
        let uses = |(at, (key, needed)): (usize, &(&'static str, Access))| KeyUse {
            at: at + 1,
            key: key.as_bytes(),
            needed: *needed,
        };
        let keys: Vec<(&'static str, Access)> =
            keys.iter().map(|(key, access)| (&*key.to_string().leak(), *access)).collect();
        let keys: Vec<KeyUse<'_>> = keys.iter().enumerate().map(uses).collect();
        let first_arg = Some(&b"0"[..]);
        let request = Request { command, is_for_all: false, first_arg, keys: &keys, channels: &[] };
        user.check(&request)
    }

    const WRITE: Access = Access { read: false, write: true };

    #[test]
    fn commands_and_keys_must_be_allowed_together() {
        let user = user("(+get %R~r*) (+set %W~w*) +select|0");
        assert_eq!(check(&user, "get", &[("r1", Access::READ)]), Ok(()));
        assert_eq!(check(&user, "get", &[("w1", Access::READ)]), Err(Denied::Key(1)));
        assert_eq!(check(&user, "set", &[("w1", WRITE)]), Ok(()));
        assert_eq!(check(&user, "set", &[("w1", Access::BOTH)]), Err(Denied::Key(1)));
        assert_eq!(check(&user, "set", &[("w", WRITE), ("r", WRITE)]), Err(Denied::Key(2)));
        assert_eq!(check(&user, "incr", &[]), Err(Denied::Command));
        assert_eq!(check(&user, "select", &[]), Ok(()));
        assert_eq!(check(&user, "get", &[("r", Access::default())]), Ok(()));
    }

    #[test]
    fn a_pattern_of_channels_is_allowed_as_it_is_written() {
        let user = user("&news:* &one");
        assert!(user.allows_channel(b"news:1", false) && user.allows_channel(b"news:*", true));
        assert!(!user.allows_channel(b"news:1", true) && !user.allows_channel(b"two", false));
    }

    #[test]
    fn lost_channels_are_noticed() {
        let lost = |old: &str, new: &str| user(new).lost_channels_of(&user(old));
        assert!(lost("&a &b", "&a") && lost("&*", "&a") && lost("(&a)", "on"));
        assert!(!lost("&a", "&a &b") && !lost("&a", "&*") && !lost("&a", "(&a)"));
    }
}
