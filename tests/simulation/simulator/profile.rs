//! What kinds of runs there are: how many nodes, which commands, what goes wrong.

use super::generate::{Commands, Mix};
use super::plan::{Do, Fault, NodeIndex, Plan, Setting, Step};
use super::random::Random;
use super::room::LARGE_WINDOW_BYTES;

/// The bounds that a run is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    pub nodes: (u64, u64),
    pub commands: (u64, u64),
    pub mix: Mix,
    /// Keys in use, of each database.
    pub names: usize,
    pub ttl_max_ms: u64,
    /// How long clients write.
    pub span_ms: (u64, u64),
    /// How many troubles, and how likely each sort is.
    pub troubles: (u64, u64),
    pub trouble: Troubles,
    /// Of a thousand runs so many have disks.
    pub durable_permille: u32,
    /// How far clocks may be off at most, either way.
    pub skew_max_ms: u64,
    /// Keys that a node notes of batches that it had to drop.
    pub notes_max: usize,
}

/// How likely each sort of trouble is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Troubles {
    pub cut: u32,
    pub split: u32,
    pub reset: u32,
    pub slow: u32,
    pub loss: u32,
    pub mangle: u32,
    pub crash: u32,
    pub halt: u32,
    /// A disk goes back to what it held before.
    pub back: u32,
    pub join: u32,
    pub leave: u32,
    pub abandon: u32,
    pub forget: u32,
    /// A node is alone for so long that the others forget it.
    pub away: u32,
    pub jump: u32,
    /// A clock jumps by more than is tolerated where deadlines are.
    pub leap: u32,
}

impl Troubles {
    /// What networks do.
    pub const NETWORK: Troubles = Troubles {
        cut: 6,
        split: 6,
        reset: 4,
        slow: 3,
        loss: 2,
        mangle: 2,
        crash: 0,
        halt: 0,
        back: 0,
        join: 0,
        leave: 0,
        abandon: 0,
        forget: 0,
        away: 0,
        jump: 0,
        leap: 0,
    };

    /// What machines and operators do as well.
    pub const ALL: Troubles = Troubles {
        crash: 4,
        halt: 4,
        join: 3,
        leave: 1,
        abandon: 1,
        forget: 1,
        away: 2,
        jump: 3,
        ..Troubles::NETWORK
    };
}

impl Profile {
    /// Everything at once.
    pub const ALL: Profile = Profile {
        nodes: (3, 4),
        commands: (20, 80),
        mix: Mix::ALL,
        names: 4,
        ttl_max_ms: 1_500,
        span_ms: (1_000, 5_000),
        troubles: (0, 5),
        trouble: Troubles::ALL,
        durable_permille: 400,
        skew_max_ms: 300,
        notes_max: 1_000,
    };

    pub fn plan(&self, seed: u64) -> Plan {
        let mut random = Random::new(seed, 1);
        let setting = self.setting(&mut random);
        let span_ms = random.between(self.span_ms.0, self.span_ms.1);
        let mut steps = Vec::new();
        let commands = Commands::new(&mut random, self.mix, self.names, self.ttl_max_ms);
        for _ in 0..random.between(self.commands.0, self.commands.1) {
            let at_ms = 200 + random.below(span_ms);
            let node = random.index(setting.nodes + 1);
            steps.push(Step { at_ms, what: Do::Command(node, commands.draw(&mut random)) });
        }
        let mut drawn =
            Drawn { random, setting, span_ms, steps, joined: 0, crashes: 0, has_forgotten: false };
        for _ in 0..drawn.random.between(self.troubles.0, self.troubles.1) {
            drawn.trouble(&self.trouble);
        }
        if drawn.setting.durable {
            drawn.persist_often();
        }
        let Drawn { setting, mut steps, .. } = drawn;
        steps.sort_by_key(|step| step.at_ms);
        Plan { seed, setting, steps }
    }

    fn setting(&self, random: &mut Random) -> Setting {
        let skew = |random: &mut Random| {
            random.between(0, 2 * self.skew_max_ms) as i64 - self.skew_max_ms as i64
        };
        let slow = random.chance(200);
        Setting {
            nodes: random.between(self.nodes.0, self.nodes.1) as usize,
            skew_ms: (0..super::world::NODES_MAX).map(|_| skew(random)).collect(),
            delay_ms: if slow { (5, 150) } else { (1, 20) },
            buffer_bytes: random.pick(&[300, 4_000, 100_000]),
            durable: random.chance(self.durable_permille),
            tick_ms: random.pick(&[20, 50, 100]),
            window_bytes: random.pick(&[0, 500, LARGE_WINDOW_BYTES, LARGE_WINDOW_BYTES]),
            notes_max: self.notes_max,
            sync_interval_ms: random.pick(&[500, 2_000, 5_000]),
            forget_after_ms: 600_000,
            max_stamp_ahead_ms: 60_000,
            node_timeout_ms: random.pick(&[1_000, 3_000]),
            settle_ms: self.ttl_max_ms + 2 * self.skew_max_ms + 1_000,
        }
    }
}

/// A plan being drawn.
struct Drawn {
    random: Random,
    setting: Setting,
    span_ms: u64,
    steps: Vec<Step>,
    joined: usize,
    crashes: u32,
    /// Somebody was told to forget another.
    has_forgotten: bool,
}

/// Memories that a run loses at most: more of them leave nothing to check.
const CRASHES_MAX: u32 = 2;
/// Being away for longer than this is being forgotten, where that happens.
const FORGET_AFTER_MS: u64 = 4_000;

impl Drawn {
    fn trouble(&mut self, troubles: &Troubles) {
        let weights = [
            troubles.cut,
            troubles.split,
            troubles.reset,
            troubles.slow,
            troubles.loss,
            troubles.mangle,
            troubles.crash,
            troubles.halt,
            troubles.join,
            troubles.leave,
            troubles.abandon,
            troubles.forget,
            troubles.away,
            troubles.jump,
            troubles.leap,
            troubles.back,
        ];
        let (node, other) = self.two_nodes();
        let from_ms = 100 + self.random.below(self.span_ms);
        let to_ms = from_ms + self.random.between(50, 2_000);
        match self.random.weighted(&weights) {
            0 => self.cut(node, other, from_ms, to_ms),
            1 => self.split(from_ms, to_ms),
            2 => self.fault(from_ms, Fault::Reset { a: node, b: other }),
            3 => self.slow(node, other, from_ms, to_ms),
            4 => {
                let permille = self.random.between(20, 300) as u32;
                self.fault(from_ms, Fault::Loss { permille });
                self.fault(to_ms, Fault::Loss { permille: 0 });
            }
            5 => {
                let permille = self.random.between(5, 100) as u32;
                self.fault(from_ms, Fault::Mangle { permille });
                self.fault(to_ms, Fault::Mangle { permille: 0 });
            }
            6 => self.crash(node, from_ms, to_ms),
            7 => {
                self.fault(from_ms, Fault::Halt { node });
                self.fault(to_ms, Fault::Start { node });
            }
            8 => self.join(from_ms),
            9 => self.lose(from_ms, Fault::Leave { node }),
            10 => self.lose(from_ms, Fault::Abandon { node }),
            11 => self.forget(other, node, from_ms),
            12 => self.away(node, from_ms),
            13 => self.jump(node, from_ms, 200),
            14 => self.jump(node, from_ms, 10_000),
            _ => self.go_back(node, from_ms, to_ms),
        }
    }

    fn fault(&mut self, at_ms: u64, fault: Fault) {
        self.steps.push(Step { at_ms, what: Do::Fault(fault) });
    }

    fn two_nodes(&mut self) -> (NodeIndex, NodeIndex) {
        let nodes = self.setting.nodes;
        let node = self.random.index(nodes);
        (node, (node + 1 + self.random.index(nodes - 1)) % nodes)
    }

    fn cut(&mut self, from: NodeIndex, to: NodeIndex, from_ms: u64, to_ms: u64) {
        self.fault(from_ms, Fault::Cut { from, to });
        if self.random.chance(500) {
            self.fault(from_ms, Fault::Cut { from: to, to: from });
        }
        self.fault(to_ms, Fault::Heal);
    }

    fn split(&mut self, from_ms: u64, to_ms: u64) {
        let side = self.random.between(1, (1 << self.setting.nodes) - 2) as u8;
        self.fault(from_ms, Fault::Split { side });
        self.fault(to_ms, Fault::Heal);
    }

    fn slow(&mut self, from: NodeIndex, to: NodeIndex, from_ms: u64, to_ms: u64) {
        let bytes_per_ms = Some(self.random.between(1, 20));
        self.fault(from_ms, Fault::Slow { from, to, bytes_per_ms });
        self.fault(to_ms, Fault::Slow { from, to, bytes_per_ms: None });
    }

    fn crash(&mut self, node: NodeIndex, from_ms: u64, to_ms: u64) {
        if self.crashes < CRASHES_MAX {
            self.crashes += 1;
            self.fault(from_ms, Fault::Crash { node });
            self.fault(to_ms, Fault::Start { node });
        }
    }

    /// Often the node is started once more in between.
    fn go_back(&mut self, node: NodeIndex, from_ms: u64, to_ms: u64) {
        if self.crashes < CRASHES_MAX {
            self.crashes += 1;
            let copied_ms = self.random.between(100, from_ms);
            self.fault(copied_ms, Fault::Copy { node });
            self.fault(from_ms, Fault::GoBack { node });
            self.fault(to_ms, Fault::Start { node });
        }
    }

    /// The node goes for good.
    fn lose(&mut self, at_ms: u64, fault: Fault) {
        if self.crashes < CRASHES_MAX {
            self.crashes += 1;
            self.fault(at_ms, fault);
        }
    }

    fn join(&mut self, at_ms: u64) {
        let node = self.setting.nodes + self.joined;
        if node < super::world::NODES_MAX {
            self.joined += 1;
            self.fault(at_ms, Fault::Start { node });
        }
    }

    /// Once, and not where nodes forget each other by themselves: an operator who has two sides forget
    /// one another loses what only one of them had, and has been told so.
    fn forget(&mut self, on: NodeIndex, node: NodeIndex, at_ms: u64) {
        if !self.has_forgotten && self.setting.forget_after_ms != FORGET_AFTER_MS {
            self.has_forgotten = true;
            self.fault(at_ms, Fault::Forget { on, node });
        }
    }

    fn away(&mut self, node: NodeIndex, from_ms: u64) {
        if self.has_forgotten {
            return;
        }
        self.setting.forget_after_ms = FORGET_AFTER_MS;
        let away_ms = FORGET_AFTER_MS + self.random.between(1_000, 4_000);
        // Sometimes a node joins on its side, of which the others do not hear.
        let joiner = self.setting.nodes + self.joined;
        let joins = joiner < super::world::NODES_MAX && self.random.chance(300);
        let side = if joins { 1 << node | 1 << joiner } else { 1 << node };
        self.fault(from_ms, Fault::Split { side });
        if joins {
            let later_ms = self.random.between(100, 1_000);
            self.join(from_ms + later_ms);
        }
        self.fault(from_ms + away_ms, Fault::Heal);
    }

    fn jump(&mut self, node: NodeIndex, at_ms: u64, most_ms: u64) {
        let by_ms = self.random.between(0, 2 * most_ms) as i64 - most_ms as i64;
        self.fault(at_ms, Fault::Jump { node, by_ms });
    }

    fn persist_often(&mut self) {
        let mut at_ms = 300;
        while at_ms < self.span_ms + 3_000 {
            let node = self.random.index(super::world::NODES_MAX);
            let is_saved = self.random.chance(200);
            self.fault(
                at_ms,
                if is_saved { Fault::Save { node } } else { Fault::Persist { node } },
            );
            at_ms += self.random.between(50, 500);
        }
    }
}
