//! The command table, indexed: every command and subcommand by its name.

use super::table::{Command, Place, Reach};
use super::{Args, FAMILIES};
use hashbrown::HashMap;
use std::sync::LazyLock;

/// A row of the table with its place in the registry.
pub struct Entry {
    pub command: &'static Command,
    /// `config|get` for a subcommand.
    pub full_name: String,
    /// Its place in [`all`]; statistics and client handles know commands by it.
    pub index: usize,
    /// The index of its key argument, if it has exactly one, at a fixed place, in the selected
    /// database.
    pub only_key: Option<usize>,
    /// The index of the command that it is a subcommand of.
    pub parent: Option<usize>,
    by_subcommand: HashMap<&'static str, usize, foldhash::fast::FixedState>,
}

struct Registry {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize, foldhash::fast::FixedState>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::build);

/// Longer than any name; so much of a request's name is put into lower case on the stack.
const MAX_NAME_BYTES: usize = 32;

impl Registry {
    fn build() -> Registry {
        let mut registry = Registry { entries: Vec::new(), by_name: HashMap::default() };
        for command in FAMILIES.iter().copied().flatten() {
            let index = registry.push(command, None);
            registry.by_name.insert(command.name, index);
            for subcommand in command.subcommands {
                let child = registry.push(subcommand, Some(index));
                registry.entries[index].by_subcommand.insert(subcommand.name, child);
            }
        }
        registry
    }

    fn push(&mut self, command: &'static Command, parent: Option<usize>) -> usize {
        let index = self.entries.len();
        let full_name = match parent {
            Some(parent) => format!("{}|{}", self.entries[parent].command.name, command.name),
            None => command.name.to_owned(),
        };
        let by_subcommand = HashMap::default();
        let only_key = only_key(command);
        self.entries.push(Entry { command, full_name, index, only_key, parent, by_subcommand });
        index
    }
}

fn only_key(command: &Command) -> Option<usize> {
    match command.keys {
        [spec] if command.reach == Reach::Keys && spec.are_keys() => match spec.place {
            Place::Range { first, last, .. } if first == last => usize::try_from(first).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Every command, each followed by its subcommands.
#[must_use]
pub fn all() -> &'static [Entry] {
    &REGISTRY.entries
}

/// The commands without the subcommands.
pub fn commands() -> impl Iterator<Item = &'static Entry> {
    all().iter().filter(|entry| entry.parent.is_none())
}

/// The command of this name, in any letter case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Entry> {
    find_in(&REGISTRY.by_name, name)
}

/// The command or subcommand of a name like `config|get`.
#[must_use]
pub fn find_full(name: &[u8]) -> Option<&'static Entry> {
    match name.iter().position(|byte| *byte == b'|') {
        Some(bar) => find(&name[..bar])?.subcommand(&name[bar + 1..]),
        None => find(name),
    }
}

/// The command or subcommand that a request names.
#[must_use]
pub fn named(request: Args<'_>) -> Option<&'static Entry> {
    let entry = find(request.get(0)?)?;
    match request.get(1) {
        Some(word) if !entry.command.subcommands.is_empty() => entry.subcommand(word),
        _ => Some(entry),
    }
}

impl Entry {
    /// The subcommand of this name, in any letter case.
    #[must_use]
    pub fn subcommand(&self, name: &[u8]) -> Option<&'static Entry> {
        find_in(&self.by_subcommand, name)
    }

    /// Its subcommands.
    pub fn subcommands(&self) -> impl ExactSizeIterator<Item = &'static Entry> + use<> {
        let first = self.index + 1;
        all()[first..first + self.command.subcommands.len()].iter()
    }
}

fn find_in(
    names: &HashMap<&'static str, usize, foldhash::fast::FixedState>,
    name: &[u8],
) -> Option<&'static Entry> {
    let mut lower = [0; MAX_NAME_BYTES];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let index = names.get(std::str::from_utf8(lower).ok()?)?;
    REGISTRY.entries.get(*index)
}
