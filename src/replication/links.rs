//! Connections come and go.

use super::epochs::Run;
use super::inbound::Inbound;
use super::membership::Id;
use super::message::Message;
use super::peers::{Incoming, Outgoing, Peer};
use super::view::{Entry, Standing};
use super::{ClientAddress, Engine, Greeting, LinkId, Now, Refusal, Resume};
#[cfg(feature = "planted")]
use crate::base::planted;
use crate::store::Keyspace;
use std::cmp::Ordering;

/// A peer that says nothing for so long has missed several heartbeats; where `cluster-node-timeout`
/// is long, a third of that.
const SILENT_MS_MIN: u64 = 1_500;
const SILENT: &str = "nothing was heard of the peer";

/// So many of its epochs a node tells of: a greeting has to fit in a handshake.
const TOLD_EPOCHS_MAX: usize = 256;

impl Engine {
    /// Who this node is, for the handshake of its next connection.
    pub fn greeting(&mut self) -> Greeting {
        self.connections += 1;
        Greeting {
            node: self.settings.node,
            epoch: self.settings.epoch,
            epochs: self.epochs.others_than(self.settings.epoch).take(TOLD_EPOCHS_MAX).collect(),
            incarnation: self.settings.incarnation,
            run: self.run,
            kept: self.began_with,
            is_outdated: self.is_outdated,
            address: self.settings.address.clone(),
            clients: self.clients.clone(),
            connection: self.connections,
            databases: self.settings.databases,
            met: self.others().map(|entry| (entry.node, entry.incarnation)).collect(),
        }
    }

    /// From now on new connections are told that clients reach this node there.
    pub fn serve_clients_at(&mut self, address: ClientAddress) {
        self.clients = address;
    }

    /// A connection that this node dialled has gone through its handshake.
    ///
    /// # Errors
    /// The connection is not wanted: close it.
    pub fn opened(
        &mut self,
        link: LinkId,
        address: &str,
        peer: Greeting,
        resume: Resume,
        now: Now,
    ) -> Result<(), Refusal> {
        if let Err(refusal) = self.check(&peer) {
            match refusal {
                Refusal::Myself => self.dialer.remove_address(address),
                _ => self.dialer.failed(address, now.mono_ms, &mut self.rng),
            }
            return Err(refusal);
        }
        if !self.may_be_told() {
            self.dialer.failed(address, now.mono_ms, &mut self.rng);
            return Err(Refusal::NotReady);
        }
        self.dialer.opened(address, peer.node);
        // Of two connections the peer keeps the later one, too: numbers rise with greetings.
        let known = self.peers.get(&peer.node).and_then(|known| known.out.as_ref());
        if known.is_some_and(|known| known.link > link) {
            return Err(Refusal::Superseded);
        }
        self.meet_peer(&peer, now);
        let next_seq = resume.delivered.min(self.stream.last()) + 1;
        let view = Message::View(self.view.entries()).seal();
        if let Some(known) = self.peers.get_mut(&peer.node) {
            known.delivered = next_seq - 1;
            let mut out = Outgoing::new(link, address, next_seq, now);
            out.push(view);
            if let Some(old) = known.out.replace(out) {
                self.closings.push((old.link, "a newer connection to the same peer".to_owned()));
            }
            // What was asked on the old one may not have arrived.
            known.give_up_round();
            known.needs_round = true;
        }
        let (node, incarnation) = (peer.node, peer.incarnation);
        self.membership
            .announce_to(Id { node, incarnation, comeback: 0, address: peer.address }, now);
        self.follow_membership(now);
        Ok(())
    }

    /// A dialled peer has refused this node, or could not be reached (`None`).
    pub fn refused(
        &mut self,
        keyspace: &Keyspace,
        address: &str,
        refusal: Option<Refusal>,
        now: Now,
    ) {
        self.dialer.failed(address, now.mono_ms, &mut self.rng);
        match refusal {
            Some(Refusal::Myself) => self.dialer.remove_address(address),
            Some(Refusal::Outdated) => self.hear_outdated(address, now),
            Some(Refusal::Forgotten(told)) => self.hear_forgotten(keyspace, address, &told, now),
            _ => {}
        }
    }

    /// A peer that has proven the secret wants to send on this connection.
    ///
    /// # Errors
    /// Tell it why, and close.
    pub fn accept(&mut self, link: LinkId, peer: Greeting, now: Now) -> Result<Resume, Refusal> {
        if peer.databases != self.settings.databases {
            let (dialler, acceptor) = (peer.databases, self.settings.databases);
            return Err(Refusal::Databases { dialler, acceptor });
        }
        if let Err(refusal) = self.check(&peer) {
            self.note_refused(&peer, &refusal, now);
            return Err(refusal);
        }
        let known = self.peers.get(&peer.node);
        let is_old = |known: &Peer| {
            known.replica == Some(peer.replica())
                && known.run == peer.run
                && known.connection >= peer.connection
        };
        if known.is_some_and(is_old) {
            return Err(Refusal::Superseded);
        }
        if !self.may_be_told() {
            return Err(Refusal::NotReady);
        }
        self.meet_peer(&peer, now);
        let delivered = self.inbound.get(&peer.replica()).map_or(0, Inbound::delivered);
        if let Some(known) = self.peers.get_mut(&peer.node) {
            let incoming = Incoming::new(link, peer.replica(), now);
            if let Some(old) = known.incoming.replace(incoming) {
                self.closings.push((old.link, "a newer connection of the same peer".to_owned()));
            }
            known.connection = peer.connection;
            known.heard_ms = Some(now.mono_ms);
            known.needs_round = true;
            known.give_up_round();
        }
        // It can be reached: what was tried before in vain is tried now.
        self.dialer.hurry(peer.node, now.mono_ms);
        Ok(Resume { delivered })
    }

    /// A connection is gone.
    pub fn closed(&mut self, link: LinkId, now: Now) {
        // Planted: what was acknowledged and waits to be merged goes with its connection.
        #[cfg(feature = "planted")]
        self.delayed.clear();
        for peer in self.peers.values_mut() {
            if peer.out.as_ref().is_some_and(|out| out.link == link) {
                if let Some(out) = peer.out.take() {
                    self.dialer.failed(&out.address, now.mono_ms, &mut self.rng);
                }
                peer.give_up_round();
            }
            if peer.incoming.is_some_and(|incoming| incoming.link == link) {
                peer.incoming = None;
                peer.give_up_round();
            }
        }
    }

    /// The connections on which this node sends to its peers, one for each that can be reached.
    #[must_use]
    pub fn links_out(&self) -> Vec<LinkId> {
        self.peers.values().filter_map(|peer| Some(peer.out.as_ref()?.link)).collect()
    }

    /// How many other members there are.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.others().count()
    }

    /// Bytes have gone out on, or come in by, a connection. Those that come are a sign of life, also
    /// where a frame takes long to come whole.
    pub fn transferred(&mut self, link: LinkId, bytes: u64, now: Now) {
        for peer in self.peers.values_mut() {
            if peer.out.as_ref().is_some_and(|out| out.link == link) {
                peer.bytes_out += bytes;
            }
            if let Some(incoming) = peer.incoming.as_mut().filter(|known| known.link == link) {
                peer.bytes_in += bytes;
                peer.heard_ms = Some(now.mono_ms);
                incoming.pieces += 1;
                // The answer that is waited for is this frame, or behind it.
                if incoming.pieces > 1
                    && let Some(asker) = &mut peer.asker
                {
                    asker.wait_on(now.mono_ms);
                }
            }
        }
    }

    /// Notes when this node itself was held up, by a merge perhaps: what was said meanwhile is still
    /// to be read, so nobody is judged by it.
    pub(super) fn note_late_tick(&mut self, now: Now) {
        if now.mono_ms.saturating_sub(self.ticked_ms) > SILENT_MS_MIN / 3 {
            self.woke_ms = now.mono_ms;
            self.gate.excuse(now);
        }
    }

    /// Closes the connections of peers that say nothing, for they may be cut without being told: new
    /// ones stand as soon as the network does.
    pub(super) fn close_silent_links(&mut self, now: Now) {
        let silent_ms = SILENT_MS_MIN.max(self.settings.node_timeout_ms / 3);
        for peer in self.peers.values_mut() {
            let heard_ms = peer.heard_ms.unwrap_or(peer.known_ms).max(self.woke_ms);
            let is_silent =
                |since_ms: u64| now.mono_ms.saturating_sub(heard_ms.max(since_ms)) > silent_ms;
            if let Some(out) = peer.out.take_if(|out| is_silent(out.since_ms)) {
                self.closings.push((out.link, SILENT.to_owned()));
                peer.give_up_round();
            }
            if let Some(incoming) = peer.incoming.take_if(|incoming| is_silent(incoming.since_ms)) {
                self.closings.push((incoming.link, SILENT.to_owned()));
                peer.give_up_round();
            }
        }
    }

    /// Whether a node may be a peer.
    fn check(&self, peer: &Greeting) -> Result<(), Refusal> {
        if peer.node == self.settings.node {
            let same = peer.incarnation == self.settings.incarnation;
            return Err(if same { Refusal::Myself } else { Refusal::SameId });
        }
        let Some(known) = self.view.get(peer.node) else {
            return self.check_newcomer(peer);
        };
        match known.incarnation.cmp(&peer.incarnation) {
            Ordering::Less => self.check_newcomer(peer),
            Ordering::Equal if known.standing == Standing::Member => match peer.is_outdated {
                true => Err(self.forgotten(peer)),
                false if is_outdated(peer.run, known.run) => Err(Refusal::Outdated),
                false if self.had_more(peer) => Err(Refusal::Outdated),
                false => Ok(()),
            },
            Ordering::Equal => Err(self.forgotten(peer)),
            Ordering::Greater => {
                let other = self.peers.get(&peer.node);
                let is_there = other.is_some_and(|p| p.out.is_some() || p.incoming.is_some());
                Err(if is_there { Refusal::Superseded } else { self.forgotten(peer) })
            }
        }
    }

    /// Whether a node that has started again had more on its disk before, by its own word.
    fn had_more(&self, peer: &Greeting) -> bool {
        #[cfg(feature = "planted")]
        if planted::is(planted::Bug::RunNotAsked) {
            return false;
        }
        let known = self.peers.get(&peer.node);
        known.is_some_and(|known| known.run != peer.run && known.kept > peer.kept)
    }

    /// Takes note of who the peer is now.
    fn meet_peer(&mut self, greeting: &Greeting, now: Now) {
        let Greeting { node, incarnation, address, run, .. } = greeting;
        let entry = Entry { run: *run, ..Entry::member(*node, *incarnation, address) };
        self.admit(&entry, now);
        let peer = self.peers.entry(greeting.node);
        let peer = peer.or_insert_with(|| Peer::new(&greeting.address, now));
        peer.clients.clone_from(&greeting.clients);
        if peer.replica != Some(greeting.replica()) || peer.run != greeting.run {
            // Another start of the node: what its last one said does not count.
            (peer.replica, peer.run) = (Some(greeting.replica()), greeting.run);
            peer.connection = 0;
            peer.word = None;
            (peer.delivered, peer.has) = (0, 0);
            peer.give_up_round();
            peer.named.clear();
            let old = peer.incoming.take().map(|incoming| incoming.link).into_iter();
            let old = old.chain(peer.out.take().map(|out| out.link));
            self.closings.extend(old.map(|link| (link, "the peer has started again".to_owned())));
        }
        self.dialer.add_member(&greeting.address, greeting.node);
    }
}

/// Whether a run began with what its disk had held before another run that was met.
pub(super) fn is_outdated(run: Run, known: Run) -> bool {
    #[cfg(feature = "planted")]
    if planted::is(planted::Bug::RunNotAsked) {
        return false;
    }
    run.is_outdated_by(known)
}
