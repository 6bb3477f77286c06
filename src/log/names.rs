//! Names of files. Digits lead with zeros, so that names sort as their numbers do.

use super::header::FileKind;

/// Behind the name of a file that is being written.
const UNFINISHED: &str = ".tmp";

/// Before and behind the number.
fn affixes(kind: FileKind) -> (&'static str, &'static str) {
    match kind {
        FileKind::Segment => ("log-", ".hcl"),
        FileKind::Snapshot => ("snapshot-", ".hcs"),
    }
}

/// The name of a segment by its first record, of a snapshot by the first record that it does not cover.
#[must_use]
pub fn file_name(kind: FileKind, number: u64) -> String {
    let (before, behind) = affixes(kind);
    format!("{before}{number:020}{behind}")
}

/// What a name says.
#[must_use]
pub fn parse_name(name: &str) -> Option<(FileKind, u64)> {
    [FileKind::Segment, FileKind::Snapshot].into_iter().find_map(|kind| {
        let (before, behind) = affixes(kind);
        let digits = name.strip_prefix(before)?.strip_suffix(behind)?;
        let number = digits.parse().ok()?;
        (file_name(kind, number) == name).then_some((kind, number))
    })
}

/// The name of a file until it is whole.
pub(super) fn unfinished(name: &str) -> String {
    format!("{name}{UNFINISHED}")
}

/// Whether a file of this name was being written when something ended that.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(UNFINISHED).is_some_and(|name| parse_name(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_name() {
        for kind in [FileKind::Segment, FileKind::Snapshot] {
            for number in [0, 1, 1_234, u64::MAX] {
                let name = file_name(kind, number);
                assert_eq!(parse_name(&name), Some((kind, number)));
                assert!(is_unfinished(&unfinished(&name)) && !is_unfinished(&name));
            }
        }
        assert_eq!(file_name(FileKind::Segment, 1), "log-00000000000000000001.hcl");
        assert_eq!(file_name(FileKind::Snapshot, 7), "snapshot-00000000000000000007.hcs");
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in [
            "",
            "log-.hcl",
            "log-1.hcl",
            "log-+0000000000000000001.hcl",
            "log-99999999999999999999.hcl",
            "log-00000000000000000001.hcs",
            "snapshot-00000000000000000001.hcs.bak",
            "dump.rdb.tmp",
        ] {
            assert_eq!((parse_name(name), is_unfinished(name)), (None, false), "{name}");
        }
    }
}
