//! Replies of every shape, read back by another implementation of both protocols.

use headcount::resp::{Protocol, ReplyWriter};
use proptest::{collection::vec, prelude::*};
use redis_protocol::{resp2, resp3};

use resp2::types::OwnedFrame as Frame2;
use resp3::types::{OwnedFrame as Frame3, VerbatimStringFormat};

#[derive(Clone, Debug)]
enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Vec<u8>),
    BulkInteger(i64),
    Null,
    NullArray,
    Double(f64),
    Boolean(bool),
    BigNumber(i128),
    Verbatim(Vec<u8>),
    Array(Vec<Reply>),
    DeferredArray(Vec<Reply>),
    /// Each under its place, for maps have unique keys.
    Map(Vec<Reply>),
    DeferredMap(Vec<Reply>),
    /// Of 0 up to this, for sets have unique members.
    Set(u8),
    DeferredSet(u8),
}

fn reply() -> impl Strategy<Value = Reply> {
    let text = "[ -~]{0,20}";
    let finite_or_infinite = any::<f64>().prop_filter("NaN equals nothing", |it| !it.is_nan());
    let leaf = prop_oneof![
        text.prop_map(Reply::Simple),
        text.prop_map(|text| Reply::Error(format!("ERR {text}"))),
        any::<i64>().prop_map(Reply::Integer),
        (-12i64..12).prop_map(Reply::Integer),
        vec(any::<u8>(), 0..30).prop_map(Reply::Bulk),
        any::<i64>().prop_map(Reply::BulkInteger),
        Just(Reply::Null),
        Just(Reply::NullArray),
        finite_or_infinite.prop_map(Reply::Double),
        any::<bool>().prop_map(Reply::Boolean),
        any::<i128>().prop_map(Reply::BigNumber),
        vec(any::<u8>(), 0..30).prop_map(Reply::Verbatim),
        (0u8..30).prop_map(Reply::Set),
        (0u8..30).prop_map(Reply::DeferredSet),
    ];
    leaf.prop_recursive(3, 40, 12, |inner| {
        let inner = vec(inner, 0..12);
        prop_oneof![
            inner.clone().prop_map(Reply::Array),
            inner.clone().prop_map(Reply::DeferredArray),
            inner.clone().prop_map(Reply::Map),
            inner.prop_map(Reply::DeferredMap),
        ]
    })
}

fn write(reply: &Reply, out: &mut ReplyWriter) {
    match reply {
        Reply::Simple(text) => out.simple(text),
        Reply::Error(text) => out.error(text),
        Reply::Integer(value) => out.integer(*value),
        Reply::Bulk(bytes) => out.bulk(bytes),
        Reply::BulkInteger(value) => out.bulk_integer(*value),
        Reply::Null => out.null(),
        Reply::NullArray => out.null_array(),
        Reply::Double(value) => out.double(*value),
        Reply::Boolean(value) => out.boolean(*value),
        Reply::BigNumber(value) => out.big_number(&value.to_string()),
        Reply::Verbatim(text) => out.verbatim("txt", text),
        Reply::Array(replies) => {
            out.array(replies.len());
            replies.iter().for_each(|reply| write(reply, out));
        }
        Reply::DeferredArray(replies) => {
            let deferred = out.begin_deferred_array();
            replies.iter().for_each(|reply| write(reply, out));
            out.end_deferred(deferred, replies.len());
        }
        Reply::Map(values) => {
            out.map(values.len());
            write_pairs(values, out);
        }
        Reply::DeferredMap(values) => {
            let deferred = out.begin_deferred_map();
            write_pairs(values, out);
            out.end_deferred(deferred, values.len());
        }
        Reply::Set(len) => {
            out.set(usize::from(*len));
            (0..*len).for_each(|member| out.integer(member.into()));
        }
        Reply::DeferredSet(len) => {
            let deferred = out.begin_deferred_set();
            (0..*len).for_each(|member| out.integer(member.into()));
            out.end_deferred(deferred, usize::from(*len));
        }
    }
}

fn write_pairs(values: &[Reply], out: &mut ReplyWriter) {
    for (key, value) in (0..).zip(values) {
        out.integer(key);
        write(value, out);
    }
}

/// What a client that speaks RESP2 should see. (How doubles are spelt is tested with `format_f64`.)
fn frame2(reply: &Reply) -> Frame2 {
    let digits = |value: &dyn ToString| Frame2::BulkString(value.to_string().into_bytes());
    match reply {
        Reply::Simple(text) => Frame2::SimpleString(text.clone().into_bytes()),
        Reply::Error(text) => Frame2::Error(text.clone()),
        Reply::Integer(value) => Frame2::Integer(*value),
        Reply::Bulk(bytes) | Reply::Verbatim(bytes) => Frame2::BulkString(bytes.clone()),
        Reply::BulkInteger(value) => digits(value),
        Reply::Null | Reply::NullArray => Frame2::Null,
        Reply::Double(value) => {
            Frame2::BulkString(headcount::base::double::format_f64(*value).to_vec())
        }
        Reply::Boolean(value) => Frame2::Integer(i64::from(*value)),
        Reply::BigNumber(value) => digits(value),
        Reply::Array(replies) | Reply::DeferredArray(replies) => {
            Frame2::Array(replies.iter().map(frame2).collect())
        }
        Reply::Map(values) | Reply::DeferredMap(values) => {
            let pairs = (0..).zip(values);
            Frame2::Array(pairs.flat_map(|(key, it)| [Frame2::Integer(key), frame2(it)]).collect())
        }
        Reply::Set(len) | Reply::DeferredSet(len) => {
            Frame2::Array((0..*len).map(|member| Frame2::Integer(member.into())).collect())
        }
    }
}

/// What a client that speaks RESP3 should see.
fn frame3(reply: &Reply) -> Frame3 {
    let attributes = None;
    let number = |data: i64| Frame3::Number { data, attributes: None };
    let blob = |data: Vec<u8>| Frame3::BlobString { data, attributes: None };
    match reply {
        Reply::Simple(text) => Frame3::SimpleString { data: text.clone().into_bytes(), attributes },
        Reply::Error(text) => Frame3::SimpleError { data: text.clone(), attributes },
        Reply::Integer(value) => number(*value),
        Reply::Bulk(bytes) => blob(bytes.clone()),
        Reply::BulkInteger(value) => blob(value.to_string().into_bytes()),
        Reply::Null | Reply::NullArray => Frame3::Null,
        Reply::Double(value) => Frame3::Double { data: *value, attributes },
        Reply::Boolean(value) => Frame3::Boolean { data: *value, attributes },
        Reply::BigNumber(value) => {
            Frame3::BigNumber { data: value.to_string().into_bytes(), attributes }
        }
        Reply::Verbatim(text) => {
            let format = VerbatimStringFormat::Text;
            Frame3::VerbatimString { data: text.clone(), format, attributes }
        }
        Reply::Array(replies) | Reply::DeferredArray(replies) => {
            Frame3::Array { data: replies.iter().map(frame3).collect(), attributes }
        }
        Reply::Map(values) | Reply::DeferredMap(values) => {
            let pairs = (0..).zip(values).map(|(key, value)| (number(key), frame3(value)));
            Frame3::Map { data: pairs.collect(), attributes }
        }
        Reply::Set(len) | Reply::DeferredSet(len) => Frame3::Set {
            data: (0..*len).map(|member| number(member.into())).collect(),
            attributes,
        },
    }
}

fn written(reply: &Reply, protocol: Protocol) -> Vec<u8> {
    let mut out = Vec::new();
    write(reply, &mut ReplyWriter::new(&mut out, protocol));
    out
}

proptest! {
    #[test]
    fn a_resp2_client_reads_every_reply(reply in reply()) {
        let out = written(&reply, Protocol::Resp2);
        let decoded = resp2::decode::decode(&out).map_err(|error| error.to_string());
        prop_assert_eq!(decoded, Ok(Some((frame2(&reply), out.len()))));
    }

    #[test]
    fn a_resp3_client_reads_every_reply(reply in reply()) {
        let out = written(&reply, Protocol::Resp3);
        let decoded = resp3::decode::complete::decode(&out).map_err(|error| error.to_string());
        prop_assert_eq!(decoded, Ok(Some((frame3(&reply), out.len()))));
    }
}

#[test]
fn a_resp3_client_reads_a_push() {
    let mut out = Vec::new();
    let mut reply = ReplyWriter::new(&mut out, Protocol::Resp3);
    reply.push(2);
    reply.bulk(b"message");
    reply.integer(1);
    let data = vec![frame3(&Reply::Bulk(b"message".to_vec())), frame3(&Reply::Integer(1))];
    let expected = (Frame3::Push { data, attributes: None }, out.len());
    assert_eq!(resp3::decode::complete::decode(&out).ok(), Some(Some(expected)));
}
