//! COUNTER.INFO: where a count comes from, and how far others have heard of it.

use super::BASE;
use crate::base::decimal::Decimal;
use crate::command::table::{Command, Flags, KeySpec};
use crate::command::{Call, CommandError};
use crate::replication::CounterReport;
use crate::resp::ReplyWriter;
use crate::store::{KeyRef, Mode};

pub const COUNTER_INFO: Command = Command {
    name: "counter.info",
    arity: 2,
    flags: Flags::READONLY,
    keys: &[KeySpec::first(&["RO", "access"])],
    since: "headcount 0.1",
    summary: "Returns a counter's value, what each node has counted of it, and what each peer has \
              not yet confirmed.",
    complexity: "O(N) where N is the number of nodes",
    syntax: "key",
    run: counter_info,
    ..BASE
};

/// The engine is asked while no key is held: its lock comes first.
fn counter_info(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let report = match &call.node.cluster {
        Some(cluster) => {
            let engine = cluster.engine.lock();
            engine.counter_report(&call.node.keyspace, key.db, key.name, cluster.now())
        }
        None => report_alone(call, key),
    };
    match report {
        Some(report) => write(&mut call.reply, &report),
        None if is_there(call, key) => return Err(CommandError::WRONG_TYPE),
        None => call.reply.null(),
    }
    Ok(())
}

/// A node alone has nobody to wait for.
fn report_alone(call: &Call<'_, '_>, key: KeyRef<'_>) -> Option<CounterReport> {
    let now_ms = call.now_ms();
    let keys = call.node.keyspace.open_one(key, Mode::Shared, now_ms);
    CounterReport::of(&keys.state(key)?, now_ms)
}

fn is_there(call: &Call<'_, '_>, key: KeyRef<'_>) -> bool {
    let keys = call.node.keyspace.open_one(key, Mode::Exclusive, call.now_ms());
    keys.exists(key).unwrap_or(false)
}

fn write(reply: &mut ReplyWriter<'_>, report: &CounterReport) {
    reply.map(5);
    reply.bulk(b"value");
    reply.bulk(&report.value);
    reply.bulk(b"base");
    match &report.base {
        Some(base) => reply.bulk(base),
        None => reply.null(),
    }
    reply.bulk(b"contributions");
    by_node(reply, &report.contributions, number);
    reply.bulk(b"unconfirmed");
    by_node(reply, &report.unconfirmed, |reply, part| optional(reply, part.as_ref(), number));
    reply.bulk(b"heard_ms");
    by_node(reply, &report.heard_ms, |reply, ago_ms| {
        optional(reply, ago_ms.as_ref(), |reply, ago_ms| {
            reply.integer(i64::try_from(*ago_ms).unwrap_or(i64::MAX));
        });
    });
}

/// A map whose keys are node ids, in the 8 digits of `cluster-node-id`.
fn by_node<T>(
    reply: &mut ReplyWriter<'_>,
    rows: &[(u32, T)],
    value: impl Fn(&mut ReplyWriter<'_>, &T),
) {
    reply.map(rows.len());
    for (node, row) in rows {
        reply.bulk(format!("{node:08x}").as_bytes());
        value(reply, row);
    }
}

/// Exact, and of any size: so a text, as GET answers it.
fn number(reply: &mut ReplyWriter<'_>, number: &Decimal) {
    reply.bulk(number.to_string().as_bytes());
}

fn optional<T>(
    reply: &mut ReplyWriter<'_>,
    value: Option<&T>,
    write: impl Fn(&mut ReplyWriter<'_>, &T),
) {
    match value {
        Some(value) => write(reply, value),
        None => reply.null(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Protocol;

    fn written(protocol: Protocol, report: &CounterReport) -> String {
        let mut out = Vec::new();
        write(&mut ReplyWriter::new(&mut out, protocol), report);
        String::from_utf8_lossy(&out).replace("\r\n", " ")
    }

    #[test]
    fn a_report_is_a_map_of_maps() {
        let report = CounterReport {
            value: b"17".to_vec(),
            base: Some(b"10".to_vec()),
            contributions: vec![(0xa, Decimal::from(9)), (0xb, Decimal::from(-2))],
            unconfirmed: vec![(0xb, Some(Decimal::from(4))), (0xc, None)],
            heard_ms: vec![(0xb, Some(12)), (0xc, None)],
        };
        assert_eq!(
            written(Protocol::Resp3, &report),
            "%5 $5 value $2 17 $4 base $2 10 \
             $13 contributions %2 $8 0000000a $1 9 $8 0000000b $2 -2 \
             $11 unconfirmed %2 $8 0000000b $1 4 $8 0000000c _ \
             $8 heard_ms %2 $8 0000000b :12 $8 0000000c _ "
        );
        assert!(
            written(Protocol::Resp2, &CounterReport::default()).starts_with("*10 $5 value $0  ")
        );
    }
}
