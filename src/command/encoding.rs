//! The encodings that Redis would have for a value, as OBJECT ENCODING names them. They follow from
//! what is visible and how it came to be; how this server holds the value is another matter.

use crate::base::number::parse_i64;
use crate::config::Config;
use crate::store::{AccessError, HashView, KeyRef, Keys, Kind, SortedView, TextForm};

/// Up to this length Redis embeds a string in its object.
const EMBSTR_MAX_BYTES: usize = 44;

/// What OBJECT ENCODING says of `key`; None when there is no such key. Notes an access, as reads do.
///
/// # Errors
/// Shared access is not enough to see the value.
pub fn encoding(
    keys: &Keys<'_>,
    key: KeyRef<'_>,
    config: &Config,
) -> Result<Option<&'static str>, AccessError> {
    Ok(match keys.kind(key)? {
        None => None,
        Some(Kind::String) => {
            let form = keys.text_form(key)?.unwrap_or(TextForm::Plain);
            keys.text(key)?.map(|text| of_text(&text, form))
        }
        Some(Kind::Set) => {
            let limits = SetThresholds::of(config);
            keys.set(key)?.map(|set| of_set(set.len(), || set.iter(), limits))
        }
        Some(Kind::Hash) => keys.hash(key)?.map(|hash| of_hash(&hash, config)),
        Some(Kind::SortedSet) => keys
            .sorted(key)?
            .map(|set| if is_packed(&set, config) { "listpack" } else { "skiplist" }),
        Some(Kind::List) => {
            let limit = ListLimit::of(config.encodings.list_max_listpack_size);
            keys.list(key)?.map(|list| of_list(list.len(), list.iter(), limit))
        }
    })
}

/// Whether Redis would pack a sorted set (`zset-max-…`).
pub(super) fn is_packed(set: &SortedView<'_>, config: &Config) -> bool {
    let limits = &config.encodings;
    let size = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
    let value_bytes = size(limits.zset_max_listpack_value);
    set.len() <= size(limits.zset_max_listpack_entries)
        && set.iter().all(|(member, _)| member.len() <= value_bytes)
}

/// How large a set Redis keeps in a compact encoding (`set-max-…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SetThresholds {
    intset_entries: usize,
    listpack_entries: usize,
    listpack_value_bytes: usize,
}

impl SetThresholds {
    fn of(config: &Config) -> SetThresholds {
        let size = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        SetThresholds {
            intset_entries: size(config.encodings.set_max_intset_entries),
            listpack_entries: size(config.encodings.set_max_listpack_entries),
            listpack_value_bytes: size(config.encodings.set_max_listpack_value),
        }
    }
}

/// How large a list Redis keeps in one piece (`list-max-listpack-size`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListLimit {
    Entries(usize),
    Bytes(usize),
}

impl ListLimit {
    /// From 0 on it is a number of entries, below a size from 4 to 64 kB.
    fn of(size: i64) -> ListLimit {
        match usize::try_from(size) {
            Ok(entries) => ListLimit::Entries(entries),
            Err(_) => ListLimit::Bytes(2048 << size.unsigned_abs().min(5)),
        }
    }
}

/// The encoding of a list of `len` elements; it looks at no more of them than fit into one piece.
fn of_list<'e>(
    len: usize,
    elements: impl Iterator<Item = &'e [u8]>,
    limit: ListLimit,
) -> &'static str {
    /// Head and end.
    const EMPTY_BYTES: usize = 7;
    let fits = match limit {
        ListLimit::Entries(entries) => len <= entries,
        ListLimit::Bytes(bytes) => {
            let mut left = bytes.saturating_sub(EMPTY_BYTES);
            let mut sizes = elements.map(listpack_bytes);
            sizes.all(|size| left.checked_sub(size).inspect(|rest| left = *rest).is_some())
        }
    };
    if fits { "listpack" } else { "quicklist" }
}

/// What an element takes in a listpack: its head, itself, and how long both are.
fn listpack_bytes(element: &[u8]) -> usize {
    let bytes = match parse_i64(element) {
        Some(0..=127) => 1,
        Some(-4096..=4095) => 2,
        Some(-32_768..=32_767) => 3,
        Some(-8_388_608..=8_388_607) => 4,
        Some(-2_147_483_648..=2_147_483_647) => 5,
        Some(_) => 9,
        None => {
            let head = match element.len() {
                0..=63 => 1,
                64..=4095 => 2,
                _ => 5,
            };
            head + element.len()
        }
    };
    bytes
        + match bytes {
            0..=127 => 1,
            128..=16_383 => 2,
            16_384..=2_097_151 => 3,
            2_097_152..=268_435_455 => 4,
            _ => 5,
        }
}

fn of_text(text: &[u8], form: TextForm) -> &'static str {
    if form == TextForm::Plain && parse_i64(text).is_some() {
        "int"
    } else if form != TextForm::Grown && text.len() <= EMBSTR_MAX_BYTES {
        "embstr"
    } else {
        "raw"
    }
}

/// The encoding of a hash: of a compact one, whether any of its fields ends by itself.
fn of_hash(hash: &HashView<'_>, config: &Config) -> &'static str {
    let limits = &config.encodings;
    let fits = |bytes: &[u8]| bytes.len() as u64 <= limits.hash_max_listpack_value;
    let is_compact = hash.len() as u64 <= limits.hash_max_listpack_entries
        && hash.fields().all(|(name, text)| fits(name) && fits(&text));
    let ends = |name: &[u8]| hash.deadline(name).flatten().is_some();
    match is_compact {
        false => "hashtable",
        true if hash.iter().any(ends) => "listpackex",
        true => "listpack",
    }
}

/// The encoding of a set of `len` members. `members` is called at most twice, and only when the set
/// is small enough to be compact.
fn of_set<'m, I>(len: usize, members: impl Fn() -> I, limits: SetThresholds) -> &'static str
where
    I: Iterator<Item = &'m [u8]>,
{
    let fits = |member: &[u8]| member.len() <= limits.listpack_value_bytes;
    if len <= limits.intset_entries && members().all(|member| parse_i64(member).is_some()) {
        "intset"
    } else if len <= limits.listpack_entries && members().all(fits) {
        "listpack"
    } else {
        "hashtable"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against Redis 7.0.15: `SET x …`, `OBJECT ENCODING x`.
    #[test]
    fn strings_are_named_as_redis_names_them() {
        let integers = ["0", "-1", "12", "9223372036854775807", "-9223372036854775808"];
        for text in integers {
            assert_eq!(of_text(text.as_bytes(), TextForm::Plain), "int", "{text}");
        }
        assert_eq!(of_text(b"2", TextForm::Float), "embstr");
        assert_eq!(of_text(b"2", TextForm::Grown), "raw");
        let short = ["", "a", "-0", "09", "+1", " 1", "12345678901234567890"];
        for text in short {
            assert_eq!(of_text(text.as_bytes(), TextForm::Plain), "embstr", "{text}");
        }
        assert_eq!(of_text(&[b'a'; 44], TextForm::Plain), "embstr");
        assert_eq!(of_text(&[b'a'; 45], TextForm::Plain), "raw");
    }

    fn of_strings(members: &[String]) -> &'static str {
        let limits =
            SetThresholds { intset_entries: 512, listpack_entries: 128, listpack_value_bytes: 64 };
        of_set(members.len(), || members.iter().map(String::as_bytes), limits)
    }

    /// The default thresholds as Redis 7.2's documentation and redis.conf state them.
    #[test]
    fn sets_are_named_by_the_thresholds() {
        let numbers = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        let words = |count: usize| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>();
        assert_eq!(of_strings(&numbers(1)), "intset");
        assert_eq!(of_strings(&numbers(512)), "intset");
        assert_eq!(of_strings(&numbers(513)), "hashtable");
        assert_eq!(of_strings(&words(1)), "listpack");
        assert_eq!(of_strings(&words(128)), "listpack");
        assert_eq!(of_strings(&words(129)), "hashtable");
        assert_eq!(of_strings(&["1".to_owned(), "x".repeat(64)]), "listpack");
        assert_eq!(of_strings(&["1".to_owned(), "x".repeat(65)]), "hashtable");
    }
}
