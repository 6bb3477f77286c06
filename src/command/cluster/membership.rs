//! CLUSTER MEET, FORGET and RESET: who belongs together.

use super::{ADMINISTRATION, BASE, cluster, status};
use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags};
use crate::command::{Args, Call, CommandError, subcommand_refused};
use crate::config::peer_address;

/// Redis's ids have so many digits; ours are 32-bit numbers.
const MAX_ID_DIGITS: usize = 40;

pub const MEET: Command = Command {
    name: "meet",
    arity: -4,
    flags: ADMINISTRATION.or(Flags::NO_ASYNC_LOADING),
    summary: "Forces a node to handshake with another node.",
    syntax: "ip port [cluster-bus-port]",
    run: meet,
    ..BASE
};

pub const FORGET: Command = Command {
    name: "forget",
    arity: 3,
    flags: ADMINISTRATION.or(Flags::NO_ASYNC_LOADING),
    summary: "Removes a node from the nodes table.",
    syntax: "node-id",
    run: forget,
    ..BASE
};

pub const RESET: Command = Command {
    name: "reset",
    arity: -2,
    flags: ADMINISTRATION.or(Flags::NOSCRIPT),
    summary: "Resets a node.",
    complexity: "O(N) where N is the number of known nodes",
    syntax: "[HARD | SOFT]",
    run: reset,
    ..BASE
};

/// Answers at once; CLUSTER NODES shows whether the other node was reached.
fn meet(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cluster = cluster(call)?;
    let address = met(call.args)?;
    cluster.engine.lock().meet(address);
    cluster.wake.notify_one();
    call.reply.ok();
    Ok(())
}

/// The address to dial. Peers are met at their cluster-port, which is the bus port in Redis's words:
/// without a third argument the second is taken for it.
fn met(args: Args<'_>) -> Result<String, CommandError> {
    if args.len() > 5 {
        return Err(subcommand_refused("CLUSTER", &args[1]));
    }
    let port_of = |what: &str, word: &[u8]| {
        let invalid =
            || format!("ERR Invalid TCP {what} port specified: {}", String::from_utf8_lossy(word));
        parse_i64(word).ok_or_else(|| CommandError::text(invalid()))
    };
    let port = port_of("base", &args[3])?;
    let bus_port = args.get(4).map(|word| port_of("bus", word)).transpose()?;
    let in_range = |port: i64| u16::try_from(port).ok().filter(|port| *port != 0);
    let dialled = in_range(port).and_then(|port| bus_port.map_or(Some(port), in_range));
    let host = std::str::from_utf8(&args[2]).ok();
    dialled.zip(host).and_then(|(port, host)| peer_address(host, port)).ok_or_else(|| {
        let host = String::from_utf8_lossy(&args[2]);
        CommandError::text(format!("ERR Invalid node address specified: {host}:{port}"))
    })
}

fn forget(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cluster = cluster(call)?;
    let word = &call.args[2];
    let unknown =
        || CommandError::text(format!("ERR Unknown node {}", String::from_utf8_lossy(word)));
    let node = node_id(word).ok_or_else(unknown)?;
    if node == status(call)?.node {
        return Err(CommandError::fixed("ERR I tried hard but I can't forget myself..."));
    }
    if !cluster.engine.lock().forget(node) {
        return Err(unknown());
    }
    cluster.wake.notify_one();
    call.reply.ok();
    Ok(())
}

/// A node's id in the 40 digits of CLUSTER NODES or the 8 of INFO.
pub fn node_id(word: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(word).ok()?;
    let fits = digits.len() <= MAX_ID_DIGITS && digits.bytes().all(|it| it.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| fits)
}

/// Only without keys, as in Redis: a node that belongs to nobody any more begins anew.
fn reset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cluster = cluster(call)?;
    let hard = is_hard(call.args)?;
    if !(0..call.node.keyspace.databases()).all(|db| call.keys.is_empty(db)) {
        let text = "ERR CLUSTER RESET can't be called with master nodes containing keys";
        return Err(CommandError::fixed(text));
    }
    cluster.engine.lock().reset(&call.node.keyspace, hard, cluster.now());
    cluster.wake.notify_one();
    call.reply.ok();
    Ok(())
}

fn is_hard(args: Args<'_>) -> Result<bool, CommandError> {
    if args.len() > 3 {
        return Err(subcommand_refused("CLUSTER", &args[1]));
    }
    match args.get(2).map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"soft") => Ok(false),
        Some(b"hard") => Ok(true),
        Some(_) => Err(CommandError::SYNTAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::{refusal, with_words};

    fn met_by(request: &str) -> Option<String> {
        with_words(request, |args| met(args).ok())
    }

    #[test]
    fn the_cluster_port_is_dialled() {
        assert_eq!(met_by("cluster meet 10.0.0.1 7000").as_deref(), Some("10.0.0.1:7000"));
        assert_eq!(met_by("cluster meet ::1 7000").as_deref(), Some("[::1]:7000"));
        // Redis takes addresses only.
        assert_eq!(met_by("cluster meet node-1 7000").as_deref(), Some("node-1:7000"));
        assert_eq!(met_by("cluster meet ::1 6379 16379").as_deref(), Some("[::1]:16379"));
    }

    // The texts are those of redis-server 7.0.15.
    #[test]
    fn what_is_no_address_is_refused() {
        let error = |request: &str| refusal(request, met);
        assert_eq!(error("cluster meet a b"), "ERR Invalid TCP base port specified: b");
        assert_eq!(error("cluster meet a 1 b"), "ERR Invalid TCP bus port specified: b");
        for port in ["0", "70000", "-1"] {
            let expected = format!("ERR Invalid node address specified: 127.0.0.1:{port}");
            assert_eq!(error(&format!("cluster meet 127.0.0.1 {port}")), expected);
        }
        assert_eq!(
            error("cluster meet 127.0.0.1 1 0"),
            "ERR Invalid node address specified: 127.0.0.1:1"
        );
        assert_eq!(error("cluster meet a/b 1"), "ERR Invalid node address specified: a/b:1");
        assert_eq!(
            error("cluster Meet a 1 2 3"),
            "ERR unknown subcommand or wrong number of arguments for 'Meet'. Try CLUSTER HELP."
        );
    }

    #[test]
    fn ids_are_read_in_both_lengths() {
        for word in ["ab", "000000AB", "00000000000000000000000000000000000000ab"] {
            assert_eq!(node_id(word.as_bytes()), Some(0xab), "{word}");
        }
        for word in ["", "x", "+1", "100000000", "6e03803ed4a0a07f3b41cf84c9d76ae53e6aa972"] {
            assert_eq!(node_id(word.as_bytes()), None, "{word}");
        }
    }

    #[test]
    fn a_reset_is_soft_or_hard() {
        let hard = |request| with_words(request, |args| is_hard(args).ok());
        assert_eq!(hard("cluster reset"), Some(false));
        assert_eq!(hard("cluster reset Soft"), Some(false));
        assert_eq!(hard("cluster reset HARD"), Some(true));
        assert_eq!(refusal("cluster reset x", is_hard), "ERR syntax error");
        assert_eq!(
            refusal("cluster reset hard soft", is_hard),
            "ERR unknown subcommand or wrong number of arguments for 'reset'. Try CLUSTER HELP."
        );
    }
}
