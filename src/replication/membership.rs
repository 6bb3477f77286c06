//! Discovery and failure detection: SWIM, by the foca library, over the links that exist anyway.
//!
//! Das, Gupta, Motivala: "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
//! Protocol" (2002). foca does no I/O: what it wants to send, and its timers, are collected here.

use super::{Health, Now};
use foca::{Foca, Identity, NoCustomBroadcast, Notification, PostcardCodec, Runtime, Timer};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// A node as the failure detector knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Id {
    pub node: u32,
    pub incarnation: u64,
    /// Raised when the others had given the node up and it comes back.
    pub comeback: u32,
    pub address: String,
}

impl Identity for Id {
    type Addr = u32;

    fn renew(&self) -> Option<Id> {
        Some(Id { comeback: self.comeback.wrapping_add(1), ..self.clone() })
    }

    fn addr(&self) -> u32 {
        self.node
    }

    fn win_addr_conflict(&self, adversary: &Id) -> bool {
        (self.incarnation, self.comeback) > (adversary.incarnation, adversary.comeback)
    }
}

/// What the failure detector wants.
#[derive(Default)]
struct Wishes {
    packets: Vec<(u32, Vec<u8>)>,
    timers: Vec<(Timer<Id>, Duration)>,
    came: Vec<Id>,
}

impl Runtime<Id> for &mut Wishes {
    fn notify(&mut self, notification: Notification<'_, Id>) {
        match notification {
            Notification::MemberUp(id) => self.came.push(id.clone()),
            Notification::Rename(_, id) => self.came.push(id.clone()),
            _ => {}
        }
    }

    fn send_to(&mut self, to: Id, data: &[u8]) {
        self.packets.push((to.node, data.to_vec()));
    }

    fn submit_after(&mut self, event: Timer<Id>, after: Duration) {
        self.timers.push((event, after));
    }
}

/// The failure detector of one node.
pub struct Membership {
    foca: Foca<Id, PostcardCodec, SmallRng, NoCustomBroadcast>,
    /// By when they are due, and a number that makes them distinct.
    timers: BTreeMap<(u64, u64), Timer<Id>>,
    timer_count: u64,
    wishes: Wishes,
}

/// Packets to send, by the node, and members that are news.
pub type Outcome = (Vec<(u32, Vec<u8>)>, Vec<Id>);

impl Membership {
    /// `node_timeout_ms`: how long a member may be silent before it is called down.
    #[must_use]
    pub fn new(me: Id, node_timeout_ms: u64, seed: u64) -> Membership {
        let config = config(node_timeout_ms);
        let foca = Foca::new(me, config, SmallRng::seed_from_u64(seed), PostcardCodec);
        Membership { foca, timers: BTreeMap::new(), timer_count: 0, wishes: Wishes::default() }
    }

    /// Tells a node of this one, when a connection to it has come up.
    pub fn announce_to(&mut self, peer: Id, now: Now) {
        // Errors are about packets that are too large or members that are known to be down: the next
        // announcement or probe makes up for it.
        let _ = self.foca.announce(peer, &mut self.wishes);
        self.keep_timers(now);
    }

    /// A packet of a peer. What it cannot read it leaves.
    pub fn receive(&mut self, packet: &[u8], now: Now) {
        let _ = self.foca.handle_data(packet, &mut self.wishes);
        self.keep_timers(now);
    }

    /// Runs what is due.
    pub fn tick(&mut self, now: Now) {
        while let Some((&(due_ms, _), _)) = self.timers.first_key_value() {
            if due_ms > now.mono_ms {
                break;
            }
            if let Some((_, timer)) = self.timers.pop_first() {
                let _ = self.foca.handle_timer(timer, &mut self.wishes);
                self.keep_timers(now);
            }
        }
    }

    /// Says that this node goes.
    pub fn leave(&mut self, now: Now) {
        let _ = self.foca.leave_cluster(&mut self.wishes);
        self.keep_timers(now);
    }

    /// What is to be sent, and who has come up, since the last call.
    pub fn take(&mut self) -> Outcome {
        (std::mem::take(&mut self.wishes.packets), std::mem::take(&mut self.wishes.came))
    }

    /// What is thought of a node; `None`: nothing is known of it.
    #[must_use]
    pub fn health(&self, node: u32) -> Option<Health> {
        let member = self.foca.iter_membership_state().find(|member| member.id().node == node)?;
        Some(match member.state() {
            foca::State::Alive => Health::Alive,
            foca::State::Suspect => Health::Suspect,
            foca::State::Down => Health::Down,
        })
    }

    fn keep_timers(&mut self, now: Now) {
        for (timer, after) in self.wishes.timers.drain(..) {
            self.timer_count += 1;
            let due_ms = now.mono_ms + u64::try_from(after.as_millis()).unwrap_or(u64::MAX / 2);
            self.timers.insert((due_ms, self.timer_count), timer);
        }
    }
}

/// foca's settings for a local network, stretched so that a silent member is down after the timeout.
fn config(node_timeout_ms: u64) -> foca::Config {
    let size = NonZeroU32::new(8).unwrap_or(NonZeroU32::MIN);
    let mut config = foca::Config::new_lan(size);
    let third = Duration::from_millis((node_timeout_ms / 3).max(3));
    config.probe_period = third;
    config.probe_rtt = third / 3;
    config.suspect_to_down_after = third;
    config.notify_down_members = true;
    let often = |num_members| foca::PeriodicParams { frequency: third, num_members };
    let one = std::num::NonZeroUsize::MIN;
    config.periodic_announce = Some(often(one));
    config.periodic_announce_to_down_members = Some(often(one));
    config.periodic_gossip = Some(often(one));
    config
}
