//! What commands and categories there are.

use hashbrown::HashMap;
use std::ops::Range;

/// Every command and subcommand by its number, and the categories by their names.
pub struct Catalog {
    commands: Vec<Listed>,
    numbers: HashMap<String, usize, foldhash::fast::FixedState>,
    categories: Vec<Category>,
}

/// One command or subcommand.
struct Listed {
    name: String,
    subcommands: Range<usize>,
    is_subcommand: bool,
}

/// A category, and the numbers of what is in it.
pub struct Category {
    pub name: &'static str,
    pub members: Vec<usize>,
}

impl Catalog {
    /// `commands` are all commands, each followed by its subcommands, with full names (`config|get`) in lower
    /// case and the categories that they are in.
    pub fn new(
        categories: &[&'static str],
        commands: impl IntoIterator<Item = (String, Vec<&'static str>)>,
    ) -> Catalog {
        let empty = |name: &&'static str| Category { name, members: Vec::new() };
        let mut catalog = Catalog {
            commands: Vec::new(),
            numbers: HashMap::default(),
            categories: categories.iter().map(empty).collect(),
        };
        let mut container = 0;
        for (name, of) in commands {
            let number = catalog.commands.len();
            let is_subcommand = name.contains('|');
            if is_subcommand {
                if let Some(container) = catalog.commands.get_mut(container) {
                    container.subcommands.end = number + 1;
                }
            } else {
                container = number;
            }
            catalog.numbers.insert(name.clone(), number);
            let subcommands = number + 1..number + 1;
            catalog.commands.push(Listed { name, subcommands, is_subcommand });
            let belongs = |category: &&mut Category| of.contains(&category.name);
            let categories = catalog.categories.iter_mut().filter(belongs);
            categories.for_each(|category| category.members.push(number));
        }
        // What is said of a category without commands must not be forgotten: it may have some one day. So a number
        // stands for all of them.
        let next = catalog.commands.len()..;
        let empty = catalog.categories.iter_mut().filter(|category| category.members.is_empty());
        empty.zip(next).for_each(|(category, number)| category.members.push(number));
        catalog
    }

    /// The number of a command (`get`) or subcommand (`config|get`), in any letter case.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.numbers.get(&name).copied()
    }

    /// The category of this name, in any letter case.
    #[must_use]
    pub fn category(&self, name: &[u8]) -> Option<&Category> {
        self.categories.iter().find(|category| category.name.as_bytes().eq_ignore_ascii_case(name))
    }

    #[must_use]
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The full name of a command.
    #[must_use]
    pub fn name(&self, command: usize) -> &str {
        self.commands.get(command).map_or("", |listed| &listed.name)
    }

    /// The numbers of a command's subcommands.
    #[must_use]
    pub fn subcommands(&self, command: usize) -> Range<usize> {
        self.commands.get(command).map_or(0..0, |listed| listed.subcommands.clone())
    }

    #[must_use]
    pub fn is_subcommand(&self, command: usize) -> bool {
        self.commands.get(command).is_some_and(|listed| listed.is_subcommand)
    }

    /// The numbers of all commands and subcommands.
    #[must_use]
    pub fn commands(&self) -> Range<usize> {
        0..self.commands.len()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small one for tests.
    pub(in crate::acl) fn catalog() -> Catalog {
        let commands = [
            ("get", vec!["read", "string", "fast"]),
            ("set", vec!["write", "string", "slow"]),
            ("incr", vec!["write", "string", "fast"]),
            ("mget", vec!["read", "string", "fast"]),
            ("exists", vec!["read", "fast"]),
            ("type", vec!["read", "fast"]),
            ("ttl", vec!["read", "fast"]),
            ("config", vec!["slow"]),
            ("config|get", vec!["admin", "slow"]),
            ("config|set", vec!["admin", "slow"]),
            ("debug", vec!["admin", "slow"]),
            ("save", vec!["admin", "slow"]),
            ("shutdown", vec!["admin", "slow"]),
            ("select", vec!["fast"]),
            ("publish", vec!["fast"]),
        ];
        let categories = ["read", "write", "string", "fast", "slow", "admin", "stream"];
        Catalog::new(&categories, commands.map(|(name, of)| (name.to_owned(), of)))
    }

    #[test]
    fn commands_are_found_with_their_subcommands() {
        let catalog = catalog();
        let config = catalog.find(b"CONFIG").expect("it is there");
        let names: Vec<&str> =
            catalog.subcommands(config).map(|number| catalog.name(number)).collect();
        assert_eq!(names, ["config|get", "config|set"]);
        assert!(catalog.find(b"config|").is_none() && catalog.find(b"\xff").is_none());
        let get = catalog.find(b"get").expect("it is there");
        assert!(catalog.subcommands(get).is_empty() && !catalog.is_subcommand(get));
        assert!(catalog.find(b"Config|Get").is_some_and(|get| catalog.is_subcommand(get)));
    }

    #[test]
    fn an_empty_category_has_a_number_of_its_own() {
        let catalog = catalog();
        let stream = catalog.category(b"Stream").expect("it is there");
        assert_eq!(stream.members, [catalog.commands().end]);
    }
}
