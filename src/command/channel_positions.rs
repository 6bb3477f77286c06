//! Which arguments of a request are channels. Who unsubscribes needs no permission.

use super::Args;
use crate::acl::ChannelUse;

/// Commands that use channels: their name, how many of the arguments are channels (all, if 0), and whether they
/// are patterns.
const CHANNELS: &[(&str, usize, bool)] = &[
    ("publish", 1, false),
    ("spublish", 1, false),
    ("subscribe", 0, false),
    ("ssubscribe", 0, false),
    ("psubscribe", 0, true),
];

/// The channels that a request of this command names.
pub fn channels_of<'a>(
    name: &str,
    args: Args<'a>,
) -> impl Iterator<Item = ChannelUse<'a>> + use<'a> {
    let row = CHANNELS.iter().find(|(command, ..)| *command == name);
    let (count, is_pattern) = match row {
        None => (0, false),
        Some((_, 0, is_pattern)) => (args.len(), *is_pattern),
        Some((_, count, is_pattern)) => (*count, *is_pattern),
    };
    let words = args.iter().enumerate().skip(1).take(count);
    words.map(move |(at, channel)| ChannelUse { at, channel, is_pattern })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    #[test]
    fn channels_stand_where_redis_has_them() {
        let channels = |name: &str, request: &str| {
            with_words(request, |args| {
                let shown = |one: ChannelUse<'_>| {
                    (one.at, String::from_utf8_lossy(one.channel).into_owned(), one.is_pattern)
                };
                channels_of(name, args).map(shown).collect::<Vec<_>>()
            })
        };
        assert_eq!(channels("publish", "publish a b"), [(1, "a".to_owned(), false)]);
        let both = [(1, "a*".to_owned(), true), (2, "b".to_owned(), true)];
        assert_eq!(channels("psubscribe", "psubscribe a* b"), both);
        assert!(channels("unsubscribe", "unsubscribe a").is_empty());
        assert!(channels("get", "get a").is_empty());
    }
}
