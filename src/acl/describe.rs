//! Rules as text again: the fewest that say the same.

use super::catalog::{Catalog, Category};
use super::command_set::CommandSet;
use super::patterns::{Access, KeyPattern, Patterns};
use super::selector::Selector;
use super::user::User;

impl User {
    /// All rules, as ACL LIST shows them and ACL SETUSER takes them.
    #[must_use]
    pub fn describe(&self, catalog: &Catalog) -> Vec<u8> {
        let mut words: Vec<Vec<u8>> = self.flags().into_iter().map(Vec::from).collect();
        words.extend(self.password_hashes().map(|hash| format!("#{hash}").into_bytes()));
        words.push(self.root.describe(catalog));
        words.extend(
            self.selectors.iter().map(|one| [b"(", &one.describe(catalog)[..], b")"].concat()),
        );
        words.join(&b' ')
    }

    /// The names of its flags.
    #[must_use]
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.enabled { "on" } else { "off" }];
        flags.extend(self.nopass.then_some("nopass"));
        flags.extend(self.sanitize.map(|sanitize| match sanitize {
            true => "sanitize-payload",
            false => "skip-sanitize-payload",
        }));
        flags
    }

    /// In hexadecimal.
    pub fn password_hashes(&self) -> impl ExactSizeIterator<Item = String> {
        self.passwords.iter().map(|password| password.hex())
    }

    /// What it may do by itself, and what besides.
    #[must_use]
    pub fn selectors(&self) -> (&Selector, &[Selector]) {
        (&self.root, &self.selectors)
    }
}

impl Selector {
    fn describe(&self, catalog: &Catalog) -> Vec<u8> {
        let mut words = Vec::new();
        let keys = self.describe_keys();
        words.extend((!keys.is_empty()).then_some(keys));
        if !self.channels.is_all() {
            words.push(b"resetchannels".to_vec());
        }
        let channels = self.describe_channels();
        words.extend((!channels.is_empty()).then_some(channels));
        words.push(self.describe_commands(catalog));
        words.join(&b' ')
    }

    /// `~cache:* %R~shared:*`
    #[must_use]
    pub fn describe_keys(&self) -> Vec<u8> {
        let write = |key: &KeyPattern| {
            let sign: &[u8] = match key.access {
                Access { read: true, write: false } => b"%R~",
                Access { read: false, write: true } => b"%W~",
                _ => b"~",
            };
            [sign, &key.pattern].concat()
        };
        match &self.keys {
            Patterns::All => b"~*".to_vec(),
            Patterns::Listed(keys) => keys.iter().map(write).collect::<Vec<_>>().join(&b' '),
        }
    }

    /// `&news:*`
    #[must_use]
    pub fn describe_channels(&self) -> Vec<u8> {
        let write = |channel: &Vec<u8>| [b"&", &channel[..]].concat();
        match &self.channels {
            Patterns::All => b"&*".to_vec(),
            Patterns::Listed(all) => all.iter().map(write).collect::<Vec<_>>().join(&b' '),
        }
    }

    /// `-@all +@read +config|get`: all or nothing, then the categories that come closest to what is allowed, then
    /// single commands.
    #[must_use]
    pub fn describe_commands(&self, catalog: &Catalog) -> Vec<u8> {
        let adds = !self.commands.has_future();
        let (first, sign) = if adds { ("-@all", "+@") } else { ("+@all", "-@") };
        let mut said = Selector::new(false);
        said.commands = if adds { CommandSet::NONE } else { CommandSet::ALL };
        let mut words = vec![first.as_bytes().to_vec()];
        // What is left to say.
        let mut left = self.clone();
        let mut categories: Vec<&Category> = catalog.categories().iter().collect();
        while let Some(at) = best(&categories, &left.commands, adds) {
            let category = categories.remove(at);
            words.push(format!("{sign}{}", category.name).into_bytes());
            for member in &category.members {
                said.put(*member, adds, catalog);
                left.put(*member, !adds, catalog);
            }
        }
        self.describe_single_commands(&mut said, catalog, &mut words);
        words.join(&b' ')
    }

    fn describe_single_commands(
        &self,
        said: &mut Selector,
        catalog: &Catalog,
        words: &mut Vec<Vec<u8>>,
    ) {
        for command in catalog.commands() {
            let (is_in, name) = (self.commands.contains(command), catalog.name(command));
            if said.commands.contains(command) != is_in {
                let sign = if is_in { '+' } else { '-' };
                words.push(format!("{sign}{name}").into_bytes());
                said.put(command, is_in, catalog);
            }
            let first_args = self.first_args.get(&command).filter(|_| !is_in);
            for word in first_args.into_iter().flatten() {
                words.push([b"+", name.as_bytes(), b"|", word].concat());
            }
        }
    }
}

/// The category that says most of what is left, and the least else.
fn best(categories: &[&Category], left: &CommandSet, adds: bool) -> Option<usize> {
    let mut best: Option<(usize, usize, usize)> = None;
    for (at, category) in categories.iter().enumerate() {
        let same = category.members.iter().filter(|member| left.contains(**member) == adds).count();
        let different = category.members.len() - same;
        let is_better = best.is_none_or(|(_, most, least)| {
            different < least || (different == least && same > most)
        });
        if same > different && is_better {
            best = Some((at, same, different));
        }
    }
    best.map(|(at, ..)| at)
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::super::catalog::tests::catalog;
    use super::*;
    use proptest::prelude::*;

    fn user(rules: &str) -> User {
        let catalog = catalog();
        let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
        let rules = Rules { catalog: &catalog, all_channels: false };
        User::new(false).with_rules(&words, rules).expect("they are rules")
    }

    fn described(rules: &str) -> String {
        String::from_utf8(user(rules).describe(&catalog())).expect("it is text")
    }

    fn commands(rules: &str) -> String {
        String::from_utf8(user(rules).root.describe_commands(&catalog())).expect("it is text")
    }

    // As redis-server 7.0.15 has them.
    #[test]
    fn rules_have_a_normal_form() {
        assert_eq!(described("on nopass &foo +@all"), "on nopass resetchannels &foo +@all");
        let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        assert_eq!(described(">secret allkeys allchannels"), format!("off #{hash} ~* &* -@all"));
        assert_eq!(
            described("%R~a %W~b %RW~c %R~d %W~d (+get ~e)"),
            "off %R~a %W~b ~c ~d resetchannels -@all (~e resetchannels -@all +get)"
        );
        assert_eq!(described("reset"), "off sanitize-payload resetchannels -@all");
    }

    #[test]
    fn categories_are_found_again() {
        for category in catalog().categories() {
            for rules in
                [format!("+@all -@{}", category.name), format!("-@all +@{}", category.name)]
            {
                assert_eq!(commands(&rules), rules);
            }
        }
    }

    #[test]
    fn single_commands_come_last() {
        assert_eq!(commands("+@all -config|set"), "+@all -config|set");
        assert_eq!(commands("+@all -config +config|get"), "+@all -config +config|get");
        assert_eq!(commands("+config -config|set"), "-@all +config -config|set");
        assert_eq!(commands("+@string -incr +config|get"), "-@all +@string -incr +config|get");
        assert_eq!(commands("+config|get +config"), "-@all +config");
        assert_eq!(commands("+get +@all"), "+@all");
        assert_eq!(commands("+select|0 +select|1 +SELECT|0"), "-@all +select|0 +select|1");
        assert_eq!(commands("+select|0 +select"), "-@all +select");
    }

    proptest! {
        #[test]
        fn what_is_described_reads_back(rules in proptest::collection::vec(
            prop_oneof![
                Just("+@all"), Just("-@all"), Just("+@read"), Just("-@write"), Just("+@string"), Just("-@fast"),
                Just("-@stream"), Just("+@stream"), Just("+get"), Just("-get"), Just("-incr"), Just("+config"),
                Just("-config"), Just("+config|get"), Just("-config|set"), Just("+select|3"), Just("+publish"),
                Just("%R~a"), Just("%W~a"), Just("~b"), Just("allkeys"), Just("resetkeys"), Just("&c"),
                Just("(+get ~a)"), Just("on"), Just(">a"), Just("resetchannels"),
            ], 0..12,
        )) {
            let catalog = catalog();
            let set = Rules { catalog: &catalog, all_channels: false };
            let mut user = User::new(false);
            for rule in rules {
                // Some come after those that exclude them.
                let _ = user.set(rule.as_bytes(), set);
            }
            let text = user.describe(&catalog);
            let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
            let again = User::new(false).with_rules(&words, set).expect("they are rules");
            prop_assert_eq!(again.describe(&catalog), text);
            for command in 0..catalog.commands().end + 1 {
                let (one, other) = (&user.root.commands, &again.root.commands);
                prop_assert_eq!(one.contains(command), other.contains(command));
            }
        }
    }
}
