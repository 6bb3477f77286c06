//! The end of a run: everything works again, and after a while everything must be as it should.

use super::clients::{look, state};
use super::oracle::{EventId, Fate, Spent, View, expect};
use super::places::{Place, show};
use super::plan::NodeIndex;
use super::room::Room;
use super::world::World;
use headcount::crdt::Life;
use headcount::replication::Status;
use headcount::store::{Digest, Mode};

/// How long it may take until all nodes agree and nothing waits.
const QUIET_WITHIN_MS: u64 = 120_000;
const LOOK_EVERY_MS: u64 = 500;
/// More combinations of what is open are not tried.
const CHOICES_MAX: usize = 20_000;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of everything that went over the network, and when.
    pub trail: u64,
    pub events: usize,
    /// Virtual time that it took.
    pub took_ms: u64,
    /// Events that may have been missing.
    pub open: usize,
}

impl World<'_> {
    /// Runs to the end. An error is a broken promise.
    pub fn finish(&mut self) -> Result<Outcome, String> {
        let last_ms = self.plan.steps.last().map_or(0, |step| step.at_ms);
        self.run_until(last_ms + 1)?;
        self.heal();
        // By then who leaves has left.
        self.run_until(self.now_ms + 1_000)?;
        self.tidy_members();
        // Until then deadlines may pass at one node and not yet at another.
        self.run_until(self.now_ms + self.plan.setting.settle_ms)?;
        let until_ms = self.now_ms + QUIET_WITHIN_MS;
        while let Err(why) = self.is_quiet() {
            if self.now_ms >= until_ms {
                return Err(format!("does not come to rest: {why}"));
            }
            // Only what is written down is confirmed.
            (0..self.nodes.len()).for_each(|index| self.persist(index));
            self.run_until(self.now_ms + LOOK_EVERY_MS)?;
        }
        self.note(|| "quiet".to_owned());
        self.check_values()?;
        let room = self.room();
        let is_open = |id: &EventId| room.fate(*id, room.choices() - 1, self) != Fate::Counts;
        let open = (0..self.history.len()).filter(is_open).count();
        Ok(Outcome {
            trail: self.trail.digest(),
            events: self.history.len(),
            took_ms: self.now_ms,
            open,
        })
    }

    fn running(&self) -> Vec<NodeIndex> {
        let running = self.nodes.iter().filter(|node| node.process.is_some());
        running.map(|node| node.index).collect()
    }

    /// Whether all nodes agree and nothing waits; else what does.
    fn is_quiet(&self) -> Result<(), String> {
        let running = self.running();
        for index in &running {
            let Some(process) = &self.nodes[*index].process else { continue };
            let status = process.engine.status(&process.keyspace, self.now(*index));
            let kept = self.ends_alone(*index);
            waits_for_nothing(&status, running.len(), kept)
                .map_err(|why| format!("node {index}: {why}"))?;
        }
        let digests: Vec<Digest> = running.iter().map(|index| self.digest(*index)).collect();
        match digests.windows(2).all(|pair| pair[0] == pair[1]) {
            true => self.check_slots(&running),
            false => Err(format!("digests differ: {}", self.differences(&running))),
        }
    }

    /// Keys with a life of which nothing is left but a deadline that is still to come: until then they wait.
    fn ends_alone(&self, index: NodeIndex) -> usize {
        let wall_ms = self.now(index).wall_ms;
        let Some(process) = &self.nodes[index].process else { return 0 };
        let ends_alone = |place: &Place| {
            let key = state(&process.keyspace, *place, wall_ms);
            let is_to_end = |life: &Life| life.deadline().at_ms().is_some_and(|at| at > wall_ms);
            let is_empty = |life: &Life| {
                !life.counter().is_living()
                    && life.collections().each().all(|(_, members)| members.is_empty())
            };
            key.lives().iter().any(|life| is_empty(life) && is_to_end(life))
        };
        self.history.places().filter(ends_alone).count()
    }

    fn digest(&self, index: NodeIndex) -> Digest {
        let wall_ms = self.now(index).wall_ms;
        let process = self.nodes[index].process.as_ref();
        process.map_or_else(Digest::default, |process| {
            process.keyspace.open_whole(&[], Mode::Shared, wall_ms).digest()
        })
    }

    /// What nodes compare is equal, too.
    fn check_slots(&self, running: &[NodeIndex]) -> Result<(), String> {
        let root = |index: &NodeIndex, db: u16| {
            let process = self.nodes[*index].process.as_ref();
            process.map(|process| process.keyspace.root(db))
        };
        for db in 0..super::places::DATABASES {
            let roots: Vec<_> = running.iter().map(|index| root(index, db)).collect();
            if roots.windows(2).any(|pair| pair[0] != pair[1]) {
                return Err(format!("digests of slots differ in database {db}: {roots:?}"));
            }
        }
        Ok(())
    }

    fn differences(&self, running: &[NodeIndex]) -> String {
        let mut differences = String::new();
        for place in self.history.places() {
            let views: Vec<_> = running.iter().map(|index| self.view(*index, place)).collect();
            if views.windows(2).any(|pair| pair[0] != pair[1]) {
                differences += &format!("\n  {}: {views:?}", show(place));
            }
        }
        differences
    }

    /// What a user of a node sees of a key.
    pub fn view(&self, index: NodeIndex, place: Place) -> Result<View, String> {
        let wall_ms = self.now(index).wall_ms;
        let Some(process) = &self.nodes[index].process else { return Ok(View::Nothing) };
        look(&process.keyspace, place, wall_ms)
    }

    /// Every key is what the table says of the acknowledged commands.
    fn check_values(&self) -> Result<(), String> {
        let Some(first) = self.running().first().copied() else { return Ok(()) };
        let room = self.room();
        for place in self.history.places() {
            self.check_value(place, &self.view(first, place)?, &room)?;
        }
        // Who comes back writes again key by key what was not handed on.
        let is_cut_short = |run: usize| !self.history.is_returned(run);
        if room.one_cut().is_some_and(is_cut_short)
            && self.survival.losses() == 1
            && self.hands_on_in_order()
        {
            // What is missing is the same everywhere: whole drains.
            let fits = |choice: usize| {
                let view = |place| self.view(first, place);
                let mut places = self.history.places();
                places.all(|p| view(p).is_ok_and(|view| self.fits(p, &view, &room, choice)))
            };
            if !(0..room.choices()).any(fits) {
                return Err(format!("drains were handed on in part: {room:?}"));
            }
        }
        Ok(())
    }

    fn check_value(&self, place: Place, view: &View, room: &Room) -> Result<(), String> {
        let room = room.of(place, self);
        let mut choices = 0..room.choices().min(CHOICES_MAX);
        if choices.any(|choice| self.fits(place, view, &room, choice)) {
            return Ok(());
        }
        let mut error = format!(
            "{} shows {view:?}, not {:?} (or what follows from {room:?})",
            show(place),
            self.expected(place, &room, 0, Spent::Kept)
        );
        for choice in 0..room.choices().min(8) {
            let fates: Vec<Fate> =
                { self.history.of(place) }.map(|(id, _)| room.fate(id, choice, self)).collect();
            error +=
                &format!("\n  {fates:?}: {:?}", self.expected(place, &room, choice, Spent::Kept));
        }
        for index in self.running() {
            let wall_ms = self.now(index).wall_ms;
            let process = self.nodes[index].process.as_ref();
            let state = process.map(|process| state(&process.keyspace, place, wall_ms));
            error += &format!("\n  node {index} at {wall_ms}: {state:?}");
        }
        for (id, _) in self.history.of(place) {
            error += &format!("\n  {}", self.history.show(id));
        }
        Err(error)
    }

    /// Unix time as the first node that runs has it.
    pub fn wall_ms(&self) -> u64 {
        self.running().first().map_or(0, |index| self.now(*index).wall_ms)
    }

    /// Whether a key is as it must be, by one of the choices that are open.
    fn fits(&self, place: Place, view: &View, room: &Room, choice: usize) -> bool {
        let mut spent = [Spent::Kept, Spent::Gone].into_iter();
        spent.any(|spent| self.expected(place, room, choice, spent) == *view)
    }

    /// What a key must be, by one of the choices that are open.
    fn expected(&self, place: Place, room: &Room, choice: usize, spent: Spent) -> View {
        let fate = |id: EventId| room.fate(id, choice, self);
        let wall_ms = self.wall_ms();
        expect(&self.history, place, wall_ms, spent, &fate).view(&self.history, wall_ms)
    }
}

fn waits_for_nothing(status: &Status, nodes: usize, kept: usize) -> Result<(), String> {
    let unconfirmed = status.peers.iter().find(|peer| peer.unconfirmed_batches > 0);
    let down = status.peers.iter().find(|peer| !peer.out_up() || !peer.in_up());
    if status.peers.len() + 1 != nodes || down.is_some() {
        return Err(format!("is not connected with all: {:?}", status.peers));
    }
    if let Some(peer) = unconfirmed {
        return Err(format!("is not confirmed: {peer:?}"));
    }
    if !status.view_agreed {
        return Err("members are not agreed upon".to_owned());
    }
    if status.keys_waiting > 0 {
        return Err(format!("{} keys are not drained", status.keys_waiting));
    }
    if status.keys_in_doubt > 0 {
        return Err(format!("{} keys are in doubt", status.keys_in_doubt));
    }
    match status.tombstones_waiting {
        waiting if waiting as usize <= kept => Ok(()),
        waiting => Err(format!("{waiting} tombstones wait")),
    }
}
