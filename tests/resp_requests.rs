//! The request parser against its own contract and against another encoder.

#[path = "properties/request.rs"]
mod properties;

use headcount::resp::Limits;
use proptest::{collection::vec, prelude::*};
use redis_protocol::resp2::{
    encode::encode,
    types::{OwnedFrame, Resp2Frame},
};

use properties::{Parsed, parse_in_pieces, pieces_make_no_difference};

type Args = Vec<Vec<u8>>;

fn args() -> impl Strategy<Value = Args> {
    vec(vec(any::<u8>(), 0..40), 1..12)
}

/// As redis-protocol, a client's library, sends it.
fn encoded(args: &Args) -> Vec<u8> {
    let frame = OwnedFrame::Array(args.iter().cloned().map(OwnedFrame::BulkString).collect());
    let mut out = vec![0; frame.encode_len(false)];
    encode(&mut out, &frame, false).expect("the buffer has the length that was asked for");
    out
}

/// As a careful person types it: everything quoted, what is not plain escaped.
fn typed(args: &Args) -> Vec<u8> {
    let hex = |byte: &u8| format!("\\x{byte:02x}");
    let quoted = |arg: &Vec<u8>| format!("\"{}\"", arg.iter().map(hex).collect::<String>());
    let line: Vec<String> = args.iter().map(quoted).collect();
    format!("{}\r\n", line.join(" ")).into_bytes()
}

/// Bytes that come close to requests, so that they get past the first check.
fn almost_requests() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        "[*$:][-+0-9]{0,3}\r\n".prop_map(String::into_bytes),
        "[*$][0-3]\r\n".prop_map(String::into_bytes),
        "[ \"'\\\\xa0\t\r\n]{1,6}".prop_map(String::into_bytes),
        args().prop_map(|args| encoded(&args)),
        vec(any::<u8>(), 0..5),
    ];
    vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn arguments_arrive_as_they_were_sent(
        requests in vec(args(), 1..5),
        by_hand in vec(any::<bool>(), 5),
        piece_lens in vec(1u8..50, 1..8),
    ) {
        let sent: Vec<Vec<u8>> = requests
            .iter()
            .zip(by_hand)
            .map(|(args, by_hand)| if by_hand { typed(args) } else { encoded(args) })
            .collect();
        let expected = Parsed { requests, error: None };
        prop_assert_eq!(&parse_in_pieces(&sent.concat(), &[], &Limits::default()), &expected);
        prop_assert_eq!(&parse_in_pieces(&sent.concat(), &piece_lens, &Limits::default()), &expected);
    }

    #[test]
    fn every_split_in_two_is_the_same(args in vec(vec(any::<u8>(), 0..20), 1..4)) {
        let sent = encoded(&args);
        let expected = Parsed { requests: vec![args], error: None };
        for first_len in 1..sent.len() {
            let lens = [first_len.min(255) as u8, 255];
            prop_assert_eq!(&parse_in_pieces(&sent, &lens, &Limits::default()), &expected);
        }
    }

    #[test]
    fn in_how_many_pieces_makes_no_difference(
        input in almost_requests(),
        piece_lens in vec(1u8..20, 1..6),
    ) {
        pieces_make_no_difference(&input, &piece_lens);
    }

    #[test]
    fn one_wrong_byte_makes_no_difference_either(
        args in args(),
        at: prop::sample::Index,
        byte: u8,
        piece_lens in vec(1u8..20, 1..6),
    ) {
        let mut sent = [encoded(&args), typed(&args)].concat();
        let at = at.index(sent.len());
        sent[at] = byte;
        pieces_make_no_difference(&sent, &piece_lens);
    }
}
