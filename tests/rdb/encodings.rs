//! Encodings by their description, where no server at hand writes them.

use headcount::rdb::{Damage, Kind, Problem, ReadError};

use crate::properties::{Value, contents, forged, length, text};

/// The value of the only key of a file.
fn only(opcode: u8, value: &[u8]) -> Result<(Kind, Value), ReadError<std::convert::Infallible>> {
    let file = forged(12, &[(opcode, [&text(b"k"), value].concat())]);
    let mut keys = contents(&file)?.keys.into_values();
    let (key, value) = keys.next().expect("a key");
    assert_eq!((key.name.as_slice(), keys.next()), (&b"k"[..], None));
    Ok((key.kind, value))
}

fn problem(opcode: u8, value: &[u8]) -> Problem {
    let ReadError::Damaged(damage) = only(opcode, value).expect_err("damage");
    damage.problem
}

fn field(name: &str, value: &str, deadline_ms: Option<i64>) -> (Vec<u8>, Vec<u8>, Option<i64>) {
    (name.into(), value.into(), deadline_ms)
}

#[test]
fn scores_in_digits() {
    let value = [
        &length(4)[..],
        &text(b"a"),
        b"\x031.5",
        &text(b"b"),
        b"\xfe",
        &text(b"c"),
        b"\xff",
        &text(b"d"),
        b"\x06-3e+20",
    ];
    let expected = [("a", 1.5), ("b", f64::INFINITY), ("c", f64::NEG_INFINITY), ("d", -3e20)];
    let expected = expected.map(|(member, score)| (member.as_bytes().to_vec(), score));
    let read = only(3, &value.concat()).expect("a sorted set");
    assert_eq!(read, (Kind::SortedSet, Value::SortedSet(expected.into())));
    assert_eq!(problem(3, &[&length(1)[..], &text(b"a"), b"\xfd"].concat()), Problem::Score);
    assert_eq!(problem(3, &[&length(1)[..], &text(b"a"), b"\x03nan"].concat()), Problem::Score);
    let nan = [&length(1)[..], &text(b"a"), &f64::NAN.to_le_bytes()].concat();
    assert_eq!(problem(5, &nan), Problem::Score);
}

/// Deadlines count from one less than the soonest, which stands in front; before 7.4's release nothing
/// stood there.
#[test]
fn deadlines_of_fields() {
    let fields = |told: &[u64]| {
        let each = told.iter().zip(["a", "b", "c"]);
        each.flat_map(|(told, name)| [length(*told), text(name.as_bytes()), text(b"v")].concat())
            .collect::<Vec<u8>>()
    };
    let soonest = 1_000_000_u64;
    let new = [&soonest.to_le_bytes()[..], &length(3), &fields(&[0, 1, 2_001])].concat();
    let old = [&length(3)[..], &fields(&[0, 1_000_000, 1_002_000])].concat();
    let expected = Value::Hash(vec![
        field("a", "v", None),
        field("b", "v", Some(1_000_000)),
        field("c", "v", Some(1_002_000)),
    ]);
    assert_eq!(only(24, &new).expect("a hash"), (Kind::TimedHash, expected.clone()));
    assert_eq!(only(22, &old).expect("a hash"), (Kind::TimedHash, expected));
    let late = [&length(1)[..], &fields(&[u64::MAX])].concat();
    assert_eq!(problem(22, &late), Problem::FieldDeadline);
}

/// A field, a value and 1000 in a listpack.
const TRIPLE: &[u8] = b"\x14\0\0\0\x03\0\x81f\x02\x81v\x02\xc3\xe8\x02\xff";

#[test]
fn deadlines_of_fields_in_a_listpack() {
    let mut listpack = TRIPLE.to_vec();
    listpack[0] = listpack.len() as u8;
    let expected = Value::Hash(vec![field("f", "v", Some(1_000))]);
    let old = text(&listpack);
    assert_eq!(only(23, &old).expect("a hash"), (Kind::TimedHash, expected.clone()));
    let new = [&7_u64.to_le_bytes()[..], &old].concat();
    assert_eq!(only(25, &new).expect("a hash"), (Kind::TimedHash, expected));
    // As pairs there is one too few, or too many.
    assert_eq!(problem(16, &old), Problem::Odd("listpack"));
}

#[test]
fn intsets_of_all_widths() {
    let cases: [(&[u8], &str); 3] = [
        (b"\x02\0\0\0\x01\0\0\0\x00\x80", "-32768"),
        (b"\x04\0\0\0\x01\0\0\0\x00\0\0\x80", "-2147483648"),
        (b"\x08\0\0\0\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f", "9223372036854775807"),
    ];
    for (intset, member) in cases {
        let expected = (Kind::Set, Value::Set(vec![member.as_bytes().to_vec()]));
        assert_eq!(only(11, &text(intset)).expect("a set"), expected);
    }
    for intset in [&b"\x03\0\0\0\0\0\0\0"[..], b"\x02\0\0\0\x02\0\0\0\x01\0", b"\x02\0\0\0"] {
        assert_eq!(problem(11, &text(intset)), Problem::Packed("intset"), "{intset:?}");
    }
}

#[test]
fn seconds_are_deadlines_too_and_hints_are_passed_over() {
    let key = |name: &str| [text(name.as_bytes()), text(b"v")].concat();
    let file = forged(
        9,
        &[
            (250, [text(b"redis-ver"), text(b"6.2.0")].concat()),
            (254, length(3)),
            (251, [length(2), length(1)].concat()),
            (244, [length(7), length(2), length(1)].concat()),
            (253, 1_000_i32.to_le_bytes().to_vec()),
            (248, length(100)),
            (0, key("seconds")),
            (249, vec![7]),
            (0, key("none")),
            (252, (-5_i64).to_le_bytes().to_vec()),
            (0, key("past")),
        ],
    );
    let read = contents(&file).expect("a good file");
    let deadlines = ["seconds", "none", "past"].map(|name| {
        let (key, value) = &read.keys[&(3, name.as_bytes().to_vec())];
        assert_eq!(*value, Value::Text(b"v".to_vec()));
        key.deadline_ms
    });
    assert_eq!(deadlines, [Some(1_000_000), None, Some(-5)]);
}

#[test]
fn headers() {
    let refusal = |file: &[u8]| match contents(file).expect_err("a refusal") {
        ReadError::Damaged(Damage { offset: 0, problem }) => problem,
        error => panic!("{error}"),
    };
    assert_eq!(refusal(b"REDIS0008\xff\0\0\0\0\0\0\0\0"), Problem::Version(8));
    assert_eq!(refusal(b"REDIS0013\xff\0\0\0\0\0\0\0\0"), Problem::Version(13));
    assert_eq!(refusal(b"REDIS00x1\xff\0\0\0\0\0\0\0\0"), Problem::NotRdb);
    assert_eq!(refusal(b"RADIS0010\xff\0\0\0\0\0\0\0\0"), Problem::NotRdb);
    assert_eq!(refusal(b"VALKEY080\xff\0\0\0\0\0\0\0\0"), Problem::Valkey);
    for version in 9..=12 {
        contents(&forged(version, &[])).expect("an empty file");
    }
}
