//! Which commands are allowed.

/// A set of command numbers, those of commands that do not exist yet included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSet {
    words: Vec<u64>,
    /// Whether what the words do not reach is in.
    beyond: bool,
}

impl CommandSet {
    pub const NONE: CommandSet = CommandSet { words: Vec::new(), beyond: false };
    pub const ALL: CommandSet = CommandSet { words: Vec::new(), beyond: true };

    #[must_use]
    pub fn contains(&self, command: usize) -> bool {
        self.words.get(command / 64).map_or(self.beyond, |word| word >> (command % 64) & 1 == 1)
    }

    pub fn put(&mut self, command: usize, is_in: bool) {
        let at = command / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, if self.beyond { u64::MAX } else { 0 });
        }
        let bit = 1 << (command % 64);
        if let Some(word) = self.words.get_mut(at) {
            *word = if is_in { *word | bit } else { *word & !bit };
        }
    }

    /// Whether commands are in that a later version may have.
    #[must_use]
    pub fn has_future(&self) -> bool {
        self.beyond
    }

    /// Whether every command is in.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.beyond && self.words.iter().all(|word| *word == u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_said_is_as_at_first() {
        for (mut set, beyond) in [(CommandSet::ALL, true), (CommandSet::NONE, false)] {
            assert_eq!(set.is_all(), beyond);
            set.put(70, !beyond);
            let changed: Vec<usize> =
                (0..300).filter(|number| set.contains(*number) != beyond).collect();
            assert_eq!(changed, [70]);
            assert!(!set.is_all() && set.has_future() == beyond);
            set.put(70, beyond);
            assert_eq!(set.is_all(), beyond);
        }
    }
}
