//! Nodes, network and time: one thing happens after the other.

use super::clients::{Client, look, state};
use super::network::{Network, Side};
use super::node::Node;
use super::oracle::{Author, EventId, FirstLife, History, LifeId, Mark, Origin};
use super::places::{PAIR_PLACES, Place, show};
use super::plan::{Command, Do, NodeIndex, Plan};
use super::survival::Survival;
use headcount::base::{Replica, Tag};
use headcount::crdt::Key;
use headcount::replication::{LinkId, Now, Progress};
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3Default;

/// Nodes of a run at most.
pub const NODES_MAX: usize = 5;
/// How often a node reclaims what has expired: less often than servers do, as all shards are looked at.
const EXPIRE_EVERY_MS: u64 = 700;
const EXPIRE_BUDGET: usize = 1_000;

/// What happens at a time.
#[derive(Clone, Debug)]
pub enum Event {
    Step(usize),
    /// A node's engine is due.
    Wake(NodeIndex),
    /// A dial reaches the other node; its answer reaches the dialler.
    Knock(LinkId),
    Answer(LinkId),
    Arrive(LinkId),
    /// One side learns that the other has closed.
    HangUp(LinkId, Side),
    /// What a process wanted written down is.
    Written(usize),
    /// A process goes on with its snapshot.
    Save(usize),
    /// A node that has said good-bye ends.
    Left(NodeIndex),
}

/// A run of a program, and what became of it.
pub struct Run {
    pub node: NodeIndex,
    /// What it had in memory, by number: a restart without it begins another.
    pub memory: usize,
    pub progress: Arc<Progress>,
    /// What was acknowledged anywhere before this one, it knew only from others.
    pub first_event: EventId,
    /// When it is over: the last of its drains that its node has still.
    pub kept_drain: Option<u64>,
}

/// How a memory fares: a node's state, from an empty start on.
#[derive(Clone, Debug, Default)]
pub struct MemoryFate {
    pub is_lost: bool,
}

pub struct World<'p> {
    pub plan: &'p Plan,
    pub now_ms: u64,
    queue: BTreeMap<(u64, u64), Event>,
    events: u64,
    pub nodes: Vec<Node>,
    pub network: Network,
    pub history: History,
    pub runs: Vec<Run>,
    pub memories: Vec<MemoryFate>,
    pub survival: Survival,
    /// Of everything that went over the network and when: two runs of one plan are the same.
    pub trail: Xxh3Default,
    pub log: Option<Vec<String>>,
    /// What was noted last of what nodes know of keys.
    known: BTreeMap<(NodeIndex, Place), String>,
    /// What was found broken where nothing can be returned.
    pub broken: Option<String>,
}

impl<'p> World<'p> {
    pub fn new(plan: &'p Plan, is_logging: bool) -> World<'p> {
        let nodes = (0..NODES_MAX).map(|index| Node::new(index, &plan.setting)).collect();
        let mut world = World {
            plan,
            now_ms: 0,
            queue: BTreeMap::new(),
            events: 0,
            nodes,
            network: Network::new(plan.seed, &plan.setting),
            history: History::default(),
            runs: Vec::new(),
            memories: Vec::new(),
            survival: Survival::default(),
            trail: Xxh3Default::new(),
            log: is_logging.then(Vec::new),
            known: BTreeMap::new(),
            broken: None,
        };
        for node in 0..plan.setting.nodes {
            world.start(node);
        }
        for (index, step) in plan.steps.iter().enumerate() {
            world.at(step.at_ms, Event::Step(index));
        }
        world
    }

    pub fn at(&mut self, at_ms: u64, event: Event) {
        self.events += 1;
        self.queue.insert((at_ms.max(self.now_ms), self.events), event);
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(format!("{:>7} ms: {}", self.now_ms, text()));
        }
    }

    /// Notes what every node knows of every key, whenever it is something else.
    fn note_changes(&mut self) {
        if self.log.is_none() {
            return;
        }
        for index in 0..NODES_MAX {
            for place in self.history.places().collect::<Vec<_>>() {
                let wall_ms = self.now(index).wall_ms;
                let Some(process) = &self.nodes[index].process else { continue };
                let known = brief(&state(&process.keyspace, place, wall_ms));
                if self.known.get(&(index, place)) != Some(&known) {
                    self.note(|| format!("node {index} knows of {}: {known}", show(place)));
                    self.known.insert((index, place), known);
                }
            }
        }
    }

    /// Lets time pass. An error is a broken promise.
    pub fn run_until(&mut self, until_ms: u64) -> Result<(), String> {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until_ms {
                break;
            }
            let ((at_ms, _), event) = entry.remove_entry();
            self.now_ms = at_ms;
            let happened = self.happen(event);
            self.note_changes();
            let broken = self.broken.take().map_or(Ok(()), Err);
            happened.and(broken).map_err(|error| format!("at {at_ms} ms: {error}"))?;
        }
        self.now_ms = until_ms;
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Step(index) => {
                let plan = self.plan;
                match &plan.steps[index].what {
                    Do::Command(node, command) => return self.command(*node, command),
                    Do::Fault(fault) => return self.fault(*fault),
                }
            }
            Event::Wake(node) => self.wake(node),
            Event::Knock(link) => self.knock(link),
            Event::Answer(link) => self.answer(link),
            Event::Arrive(link) => return self.arrive(link),
            Event::HangUp(link, side) => self.hang_up(link, side),
            Event::Written(process) => self.written(process),
            Event::Save(process) => self.go_on_saving(process),
            Event::Left(node) => return self.left(node),
        }
        Ok(())
    }

    pub fn now(&self, node: NodeIndex) -> Now {
        self.nodes[node].now(self.now_ms)
    }

    /// What is due at a node.
    fn wake(&mut self, index: NodeIndex) {
        let (now_ms, now) = (self.now_ms, self.now(index));
        let Some(process) = &mut self.nodes[index].process else { return };
        if process.wake_ms != now_ms {
            return;
        }
        // As the server's timers do it.
        if now_ms >= process.expired_ms + EXPIRE_EVERY_MS {
            process.expired_ms = now_ms;
            process.keyspace.expire(now.wall_ms, EXPIRE_BUDGET);
        }
        process.engine.tick(&process.keyspace, now);
        let dials = process.engine.dials(now);
        for dial in dials {
            self.dial(index, &dial.address);
        }
        self.follow_up(index);
        self.plan_wake(index, now_ms + 1);
    }

    /// Sees to it that the node wakes when its engine wants to.
    pub fn plan_wake(&mut self, index: NodeIndex, earliest_ms: u64) {
        let node = &mut self.nodes[index];
        let Some(process) = &node.process else { return };
        let wake_ms = node.virtual_ms(process.engine.next_wake_ms()).max(earliest_ms);
        if let Some(process) = &mut node.process {
            process.wake_ms = wake_ms;
        }
        self.at(wake_ms, Event::Wake(index));
    }

    fn command(&mut self, index: NodeIndex, command: &Command) -> Result<(), String> {
        let now = self.now(index);
        let now_ms = now.wall_ms;
        let runs = &self.runs;
        let members = self.nodes.iter().filter(|node| !node.is_gone && node.memory != 0).count();
        let is_leaving = self.nodes[index].is_gone;
        let Some(process) = self.nodes[index].process.as_mut().filter(|_| !is_leaving) else {
            return Ok(());
        };
        if !process.engine.readiness().is_ready() {
            // It is refused.
            return Ok(());
        }
        let is_alone = process.engine.status(&process.keyspace, now).peers.is_empty();
        let settings = process.engine.settings();
        let replica = Replica { node: settings.node, epoch: settings.epoch };
        let drain = process.engine.progress().ticket();
        let origin = Origin { process: process.number, epoch: replica.epoch, drain };
        let first_life = |history: &History, place: Place| {
            first_life(history, place, origin, now_ms, runs, members)
        };
        let mut client = Client {
            keyspace: &process.keyspace,
            history: &mut self.history,
            author: Author { origin, replica, now_ms, first: FirstLife::default(), is_alone },
            first_life: &first_life,
            last_stamp: &mut process.last_stamp,
        };
        let first = client.history.len();
        let done = client.run(command);
        self.survival.acknowledged(self.history.len(), self.now_ms);
        for id in first..self.history.len() {
            let text = self.history.show(id);
            self.note(|| format!("node {index} acknowledges {text}"));
        }
        done
    }

    /// The pair is only ever written together, so nobody sees half of it; but where a batch was dropped
    /// from the window, keys are compared one by one.
    pub fn check_pair(&self, index: NodeIndex) -> Result<(), String> {
        if !self.hands_on_in_order() {
            return Ok(());
        }
        let now_ms = self.now(index).wall_ms;
        let Some(process) = &self.nodes[index].process else { return Ok(()) };
        let [a, b] = PAIR_PLACES.map(|place| look(&process.keyspace, place, now_ms));
        let (a, b) = (a?, b?);
        match a == b {
            true => Ok(()),
            false => Err(format!("node {index} shows half of what was written: {a:?} and {b:?}")),
        }
    }
}

/// A state in a line: of each life its id, its end, and what is in it.
fn brief(key: &Key) -> String {
    let tag = |tag: Tag| format!("{}@{}", tag.stamp.0 % 100_000_000_000, tag.replica.node);
    let lives = key.lives().iter().map(|life| {
        let (end, counter) = (life.deadline(), life.counter());
        let base = counter.base().get().map(|(_, text)| text.escape_ascii().to_string());
        let slots = counter.slots().map(|(replica, slot)| {
            let epoch = replica.epoch % 1_000;
            format!(" {}/{epoch}:{}~{}", replica.node, slot.value(), slot.is_forgotten())
        });
        let floats = counter.floats().map(|(replica, slot)| {
            format!(" {}/{}:{}f", replica.node, replica.epoch % 1_000, slot.value())
        });
        let members = life.set().map(|set| {
            set.additions()
                .map(|(name, at, _)| format!(" {}={}", name.escape_ascii(), tag(at)))
                .collect::<String>()
        });
        format!(
            "[{} ends {} {:?}: base {} {base:?}{}{}{}]",
            tag(life.id()),
            tag(end.tag()),
            end.at_ms(),
            tag(counter.base().tag()),
            slots.collect::<String>(),
            floats.collect::<String>(),
            members.unwrap_or_default()
        )
    });
    lives.collect()
}

/// Which first life of a key begins where a node knows of none. One that has ended and that all have
/// confirmed is gone for good; who remembers nothing from then may have it before it or behind it.
fn first_life(
    history: &History,
    place: Place,
    author: Origin,
    now_ms: u64,
    runs: &[Run],
    members: usize,
) -> FirstLife {
    let again = history.latest_again(place, Mark::NEVER);
    let life = LifeId { mark: Mark::NEVER, again };
    let ends = history.of(place).flat_map(|(id, event)| {
        let ends = event.ends.iter().filter(|(other, _)| *other == life);
        ends.map(|(_, word)| (*word, id, event.origin)).collect::<Vec<_>>()
    });
    let open = FirstLife { again, is_loose: false };
    let Some((word, id, origin)) = ends.max_by_key(|(word, ..)| word.mark) else { return open };
    let is_silenced =
        history.of(place).any(|(_, event)| event.silences.contains(&(life, word.mark)));
    if is_silenced || word.at_ms.is_none_or(|at_ms| at_ms > now_ms) {
        return open;
    }
    let is_confirmed = runs[origin.process].progress.confirmed_by(origin.drain) + 1 >= members;
    match is_confirmed && runs[author.process].first_event <= id {
        true => FirstLife { again: again + 1, is_loose: false },
        false => FirstLife { again, is_loose: true },
    }
}
