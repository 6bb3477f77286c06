//! The members as cluster clients are shown them, and which slots are shown as whose.
//!
//! Every node serves every slot. Clients that spread keys over nodes by their slots are shown the slots as divided
//! evenly among the members that are alive, in the order of their ids: so nodes that hear the same members show the
//! same, and a client that goes elsewhere is served as well.

use crate::base::KEY_SLOTS;
use crate::replication::{Health, PeerStatus, Status};
use std::ops::RangeInclusive;

/// A member.
#[derive(Debug, PartialEq, Eq)]
pub struct Member<'s> {
    pub node: u32,
    pub host: &'s str,
    pub port: u16,
    /// It is heard, and clients can reach it.
    pub is_alive: bool,
    /// Those that clients are sent to it for; none for who is not alive.
    pub slots: Option<RangeInclusive<usize>>,
}

/// All members, by their ids.
pub fn members(status: &Status) -> Vec<Member<'_>> {
    let (host, port) = (&*status.clients.host, status.clients.port);
    let myself = Member { node: status.node, host, port, is_alive: true, slots: None };
    let mut members: Vec<Member<'_>> = status.peers.iter().map(of_peer).collect();
    members.push(myself);
    members.sort_unstable_by_key(|member| member.node);
    let alive = members.iter().filter(|member| member.is_alive).count();
    // Beyond so many there would be nothing to share out.
    let alive = alive.min(KEY_SLOTS);
    let bound = |at: usize| at * KEY_SLOTS / alive;
    let sharing = members.iter_mut().filter(|member| member.is_alive).take(alive);
    for (at, member) in sharing.enumerate() {
        member.slots = Some(bound(at)..=bound(at + 1) - 1);
    }
    members
}

fn of_peer(peer: &PeerStatus) -> Member<'_> {
    let is_met = peer.last_contact_ms.is_some() && peer.clients.port != 0;
    Member {
        node: peer.node,
        host: &peer.clients.host,
        port: peer.clients.port,
        is_alive: is_met && peer.health == Health::Alive,
        slots: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::cluster::nodes::tests::peer;

    fn slots(status: &Status) -> Vec<(u32, Option<RangeInclusive<usize>>)> {
        members(status).into_iter().map(|member| (member.node, member.slots)).collect()
    }

    #[test]
    fn slots_are_divided_among_who_is_alive() {
        let status = Status { node: 7, ..Status::default() };
        assert_eq!(slots(&status), [(7, Some(0..=16383))]);
        let gone = PeerStatus { health: Health::Suspect, ..peer(3) };
        let unknown = PeerStatus { last_contact_ms: None, ..peer(5) };
        let peers = vec![peer(1), peer(2), gone, unknown];
        let status = Status { node: 4, peers, ..Status::default() };
        let expected = [
            (1, Some(0..=5460)),
            (2, Some(5461..=10921)),
            (3, None),
            (4, Some(10922..=16383)),
            (5, None),
        ];
        assert_eq!(slots(&status), expected);
    }

    #[test]
    fn every_slot_is_somebodys_however_many_there_are() {
        for count in 1..200 {
            let peers = (1..count).map(peer).collect();
            let status = Status { node: 1000, peers, ..Status::default() };
            let mut next = 0;
            for (_, slots) in slots(&status) {
                let slots = slots.expect("all are alive");
                assert_eq!(*slots.start(), next);
                next = slots.end() + 1;
            }
            assert_eq!(next, KEY_SLOTS);
        }
    }
}
