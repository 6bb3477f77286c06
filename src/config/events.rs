//! Which events of keys are published: the letters of `notify-keyspace-events`.

/// Classes of events, and by which channels they are published, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventClasses(pub u32);

impl EventClasses {
    pub const NONE: EventClasses = EventClasses(0);
    /// By `__keyspace@<db>__:<key>`.
    pub const KEYSPACE: EventClasses = EventClasses(1);
    /// By `__keyevent@<db>__:<event>`.
    pub const KEYEVENT: EventClasses = EventClasses(1 << 1);
    pub const GENERIC: EventClasses = EventClasses(1 << 2);
    pub const STRING: EventClasses = EventClasses(1 << 3);
    pub const LIST: EventClasses = EventClasses(1 << 4);
    pub const SET: EventClasses = EventClasses(1 << 5);
    pub const HASH: EventClasses = EventClasses(1 << 6);
    pub const SORTED_SET: EventClasses = EventClasses(1 << 7);
    pub const EXPIRED: EventClasses = EventClasses(1 << 8);
    pub const EVICTED: EventClasses = EventClasses(1 << 9);
    pub const STREAM: EventClasses = EventClasses(1 << 10);
    pub const MODULE: EventClasses = EventClasses(1 << 11);
    /// A key is there that was not.
    pub const NEW: EventClasses = EventClasses(1 << 12);
    /// A key is asked for that is not there.
    pub const KEY_MISS: EventClasses = EventClasses(1 << 13);

    /// What `A` stands for.
    const ALL: EventClasses = EventClasses(0b11_1111_1111 << 2);

    #[must_use]
    pub const fn has(self, other: EventClasses) -> bool {
        self.0 & other.0 == other.0
    }

    /// Reads the directive's letters; `None`: one of them is unknown.
    #[must_use]
    pub fn parse(letters: &[u8]) -> Option<EventClasses> {
        letters.iter().try_fold(EventClasses::NONE, |all, letter| {
            let class = match letter {
                b'A' => EventClasses::ALL,
                _ => LETTERS.iter().find(|(known, _)| *known as u8 == *letter)?.1,
            };
            Some(EventClasses(all.0 | class.0))
        })
    }

    /// The letters, as Redis shows them: `A` swallows `n`.
    #[must_use]
    pub fn letters(self) -> String {
        let is_all = self.has(EventClasses::ALL);
        let swallowed = |class: EventClasses| {
            is_all && (EventClasses::ALL.has(class) || class == EventClasses::NEW)
        };
        let shown = LETTERS.iter().filter(|(_, class)| self.has(*class) && !swallowed(*class));
        let all = is_all.then_some('A').into_iter();
        all.chain(shown.map(|(letter, _)| *letter)).collect()
    }
}

const LETTERS: [(char, EventClasses); 14] = [
    ('g', EventClasses::GENERIC),
    ('$', EventClasses::STRING),
    ('l', EventClasses::LIST),
    ('s', EventClasses::SET),
    ('h', EventClasses::HASH),
    ('z', EventClasses::SORTED_SET),
    ('x', EventClasses::EXPIRED),
    ('e', EventClasses::EVICTED),
    ('t', EventClasses::STREAM),
    ('d', EventClasses::MODULE),
    ('n', EventClasses::NEW),
    ('K', EventClasses::KEYSPACE),
    ('E', EventClasses::KEYEVENT),
    ('m', EventClasses::KEY_MISS),
];

#[cfg(test)]
mod tests {
    use super::*;

    // As redis-server 7.0.15 shows them.
    #[test]
    fn letters_are_shown_in_the_order_of_redis() {
        let shown = [
            ("", ""),
            ("KEA", "AKE"),
            ("AKEnm", "AKEm"),
            ("KEAAn$mdt", "AKEm"),
            ("Kgx", "gxK"),
            ("n$KE", "$nKE"),
            ("g$lshzxetdK", "AK"),
            ("mE", "Em"),
        ];
        for (letters, expected) in shown {
            let classes = EventClasses::parse(letters.as_bytes()).expect("known letters");
            assert_eq!(classes.letters(), expected, "{letters}");
        }
        assert_eq!(EventClasses::parse(b"gKq"), None);
        assert_eq!(EventClasses::parse("gé".as_bytes()), None);
    }
}
