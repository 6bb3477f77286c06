//! One set of rules: commands, and the keys and channels that these commands may touch.

use super::catalog::Catalog;
use super::command_set::CommandSet;
use super::patterns::{Access, KeyPattern, Patterns};
use super::rules::{RuleError, is_plain};
use std::collections::BTreeMap;

/// What is allowed together. A user has one, and may have more: a request is allowed if one of them allows it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub(super) commands: CommandSet,
    /// First arguments with which a command is allowed that otherwise is not.
    pub(super) first_args: BTreeMap<usize, Vec<Vec<u8>>>,
    pub(super) keys: Patterns<KeyPattern>,
    pub(super) channels: Patterns<Vec<u8>>,
}

impl Selector {
    /// Nothing is allowed, but for all channels, if so asked.
    #[must_use]
    pub fn new(all_channels: bool) -> Selector {
        Selector {
            commands: CommandSet::NONE,
            first_args: BTreeMap::new(),
            keys: Patterns::NONE,
            channels: if all_channels { Patterns::All } else { Patterns::NONE },
        }
    }

    /// Everything is allowed.
    #[must_use]
    pub fn everything() -> Selector {
        Selector { commands: CommandSet::ALL, keys: Patterns::All, ..Selector::new(true) }
    }

    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.commands.is_all() && self.keys.is_all() && self.channels.is_all()
    }

    /// Changes it by one rule.
    ///
    /// # Errors
    /// It is none; nothing has changed.
    pub fn set(&mut self, rule: &[u8], catalog: &Catalog) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"allkeys" | b"~*" => self.keys = Patterns::All,
            b"resetkeys" => self.keys = Patterns::NONE,
            b"allchannels" | b"&*" => self.channels = Patterns::All,
            b"resetchannels" => self.channels = Patterns::NONE,
            b"allcommands" | b"+@all" => self.set_commands(CommandSet::ALL),
            b"nocommands" | b"-@all" => self.set_commands(CommandSet::NONE),
            _ => return self.set_one(rule, catalog),
        }
        Ok(())
    }

    fn set_commands(&mut self, commands: CommandSet) {
        self.commands = commands;
        self.first_args.clear();
    }

    fn set_one(&mut self, rule: &[u8], catalog: &Catalog) -> Result<(), RuleError> {
        match rule {
            [b'~', pattern @ ..] => self.add_keys(pattern, Access::BOTH),
            [b'%', rest @ ..] => {
                let (access, pattern) = key_access(rest).ok_or(RuleError::Syntax)?;
                self.add_keys(pattern, access)
            }
            [b'&', pattern @ ..] => self.add_channels(pattern),
            [sign @ (b'+' | b'-'), b'@', category @ ..] => {
                let category = catalog.category(category).ok_or(RuleError::Unknown)?;
                let is_in = *sign == b'+';
                category.members.iter().for_each(|member| self.put(*member, is_in, catalog));
                Ok(())
            }
            [b'+', name @ ..] => self.allow_command(name, catalog),
            [b'-', name @ ..] => {
                let command = catalog.find(name).ok_or(RuleError::Unknown)?;
                self.put(command, false, catalog);
                Ok(())
            }
            _ => Err(RuleError::Syntax),
        }
    }

    fn add_keys(&mut self, pattern: &[u8], access: Access) -> Result<(), RuleError> {
        let Patterns::Listed(listed) = &mut self.keys else { return Err(RuleError::AfterAllKeys) };
        if !is_plain(pattern) {
            return Err(RuleError::Syntax);
        }
        match listed.iter_mut().find(|known| known.pattern == pattern) {
            Some(known) => {
                known.access.read |= access.read;
                known.access.write |= access.write;
            }
            None => listed.push(KeyPattern { pattern: pattern.to_vec(), access }),
        }
        Ok(())
    }

    fn add_channels(&mut self, pattern: &[u8]) -> Result<(), RuleError> {
        let Patterns::Listed(listed) = &mut self.channels else {
            return Err(RuleError::AfterAllChannels);
        };
        if !is_plain(pattern) {
            return Err(RuleError::Syntax);
        }
        if !listed.iter().any(|known| known == pattern) {
            listed.push(pattern.to_vec());
        }
        Ok(())
    }

    /// `+get`, `+config|get`, or `+select|0` of a command that has no subcommands.
    fn allow_command(&mut self, name: &[u8], catalog: &Catalog) -> Result<(), RuleError> {
        let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
            let command = catalog.find(name).ok_or(RuleError::Unknown)?;
            self.put(command, true, catalog);
            return Ok(());
        };
        let (container, word) = (&name[..bar], &name[bar + 1..]);
        let command = catalog.find(container).ok_or(RuleError::Unknown)?;
        if catalog.is_subcommand(command) {
            return Err(RuleError::FirstArgOfSubcommand);
        }
        if word.is_empty() {
            return Err(RuleError::Syntax);
        }
        if !catalog.subcommands(command).is_empty() {
            let command = catalog.find(name).ok_or(RuleError::Unknown)?;
            self.put(command, true, catalog);
            return Ok(());
        }
        let words = self.first_args.entry(command).or_default();
        if !words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            words.push(word.to_vec());
        }
        Ok(())
    }

    /// Allows a command or forbids it, with all its subcommands.
    pub(super) fn put(&mut self, command: usize, is_in: bool, catalog: &Catalog) {
        self.commands.put(command, is_in);
        self.first_args.remove(&command);
        catalog.subcommands(command).for_each(|subcommand| self.commands.put(subcommand, is_in));
    }
}

/// `R~pattern`, `W~pattern`, `RW~pattern`.
fn key_access(rule: &[u8]) -> Option<(Access, &[u8])> {
    let mut access = Access::default();
    let mut rest = rule;
    while let [first, after @ ..] = rest {
        match first.to_ascii_uppercase() {
            b'R' if !access.read => access.read = true,
            b'W' if !access.write => access.write = true,
            b'~' => {
                rest = after;
                break;
            }
            _ => return None,
        }
        rest = after;
    }
    (access != Access::default()).then_some((access, rest))
}
