//! One client as a line of CLIENT LIST, and the classes of clients.

use crate::command::registry;
use crate::node::clients::flag;
use crate::node::{ClientHandle, Space};
use std::sync::atomic::Ordering::Relaxed;

/// The classes of clients that CLIENT LIST and KILL know. None is a replica or a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Normal,
    Replica,
    Pubsub,
    Master,
}

impl Class {
    #[must_use]
    pub fn of(client: &ClientHandle) -> Class {
        if client.has(flag::PUBSUB) { Class::Pubsub } else { Class::Normal }
    }

    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Class> {
        let class = match name.to_ascii_lowercase().as_slice() {
            b"normal" => Class::Normal,
            b"slave" | b"replica" => Class::Replica,
            b"pubsub" => Class::Pubsub,
            b"master" => Class::Master,
            _ => return None,
        };
        Some(class)
    }
}

/// The fields of CLIENT LIST and CLIENT INFO, without the line's end. There are no file descriptors
/// to tell of (fd=-1).
#[must_use]
pub fn line(client: &ClientHandle, now_ms: u64) -> String {
    let activity = &client.activity;
    let names = client.names();
    let seconds = |since_ms: u64| now_ms.saturating_sub(since_ms) / 1000;
    let argument_bytes = activity.argument_bytes.load(Relaxed);
    let query_bytes = activity.query_bytes.load(Relaxed);
    let query_free_bytes = activity.query_free_bytes.load(Relaxed);
    let output_bytes = activity.output_bytes.load(Relaxed);
    let output_capacity = activity.output_capacity_bytes.load(Relaxed);
    let queued_bytes = activity.queued_bytes.load(Relaxed);
    let subscriptions = |space| client.known_subscriptions().map_or(0, |names| names.count(space));
    let total_bytes = client.memory_bytes() + argument_bytes;
    let command = activity.last_command().and_then(|index| registry::all().get(index));
    format!(
        "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} \
         multi={} qbuf={query_bytes} qbuf-free={query_free_bytes} argv-mem={argument_bytes} \
         multi-mem={queued_bytes} rbs={output_capacity} rbp={output_capacity} obl={output_bytes} oll=0 omem={} \
         tot-mem={total_bytes} events=r cmd={} user={} redir={} resp={} lib-name={} \
         lib-ver={}",
        client.id,
        client.addr,
        client.laddr,
        names.name,
        seconds(client.created_ms),
        seconds(activity.last_interaction_ms.load(Relaxed)),
        flags(client.flags_shown()),
        activity.db.load(Relaxed),
        subscriptions(Space::Channels),
        subscriptions(Space::Patterns),
        subscriptions(Space::ShardChannels),
        activity.queued().map_or(-1, i64::from),
        client.inbox_bytes(),
        command.map_or("NULL", |entry| &entry.full_name),
        String::from_utf8_lossy(names.user()),
        client.tracking().map_or(-1, |options| options.redirect.cast_signed()),
        activity.protocol.load(Relaxed),
        names.library_name,
        names.library_version,
    )
}

/// A letter for each flag, in Redis's order.
fn flags(bits: u32) -> String {
    const LETTERS: [(u32, char); 13] = [
        (flag::MONITOR, 'O'),
        (flag::PUBSUB, 'P'),
        (flag::MULTI, 'x'),
        (flag::BLOCKED, 'b'),
        (flag::TRACKING, 't'),
        (flag::TRACKING_BROKEN, 'R'),
        (flag::TRACKING_BROADCAST, 'B'),
        (flag::DIRTY, 'd'),
        (flag::CLOSING, 'c'),
        (flag::KILLED, 'A'),
        (flag::UNIX_SOCKET, 'U'),
        (flag::NO_EVICT, 'e'),
        (flag::NO_TOUCH, 'T'),
    ];
    let set = LETTERS.iter().filter(|(flag, _)| bits & flag != 0);
    let letters: String = set.map(|(_, letter)| letter).collect();
    if letters.is_empty() { "N".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NewClient;

    // The fields of Redis 7.2, in its order.
    const FIELDS: &str = "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free \
        argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver";

    fn client() -> ClientHandle {
        let addr = "127.0.0.1:5000".to_owned();
        let laddr = "127.0.0.1:6379".to_owned();
        ClientHandle::new(7, NewClient { addr, laddr, unix_socket: true, created_ms: 1_000 })
    }

    #[test]
    fn has_the_fields_of_redis() {
        let line = line(&client(), 4_500);
        let fields: Vec<&str> =
            line.split(' ').filter_map(|field| field.split('=').next()).collect();
        assert_eq!(fields.join(" "), FIELDS.split_whitespace().collect::<Vec<_>>().join(" "));
        assert!(line.starts_with("id=7 addr=127.0.0.1:5000 laddr=127.0.0.1:6379 "), "{line}");
        assert!(line.contains(" age=3 idle=3 flags=U db=0 "), "{line}");
    }

    #[test]
    fn flags_have_letters() {
        assert_eq!(flags(0), "N");
        assert_eq!(flags(flag::BLOCKED | flag::MULTI), "xb");
        assert_eq!(flags(flag::MONITOR | flag::NO_TOUCH | flag::NO_EVICT), "OeT");
    }
}
