//! Engines that are linked each with each, and a link on which something takes long to arrive.

use super::{Node, at, deliver, dial};
use headcount::replication::{LinkId, SealedFrame};
use std::collections::VecDeque;

/// In the order in which they came.
#[derive(Default)]
pub struct Mesh {
    pub nodes: Vec<Node>,
    slow: Option<Slow>,
}

/// What one node sends another does not arrive, from the first frame of a kind on.
struct Slow {
    link: LinkId,
    kind: u8,
    on_its_way: VecDeque<SealedFrame>,
}

impl Mesh {
    /// Links a node with all that are there.
    pub fn join(&mut self, node: Node, ms: u64) {
        let newcomer = self.nodes.len();
        self.nodes.push(node);
        for other in 0..newcomer {
            for [from, to] in [[other, newcomer], [newcomer, other]] {
                let (dialler, acceptor) = pair(&mut self.nodes, from, to);
                dial(dialler, acceptor, link(from, to), ms).expect("it may come");
            }
        }
    }

    /// The next frame of this kind that `from` sends `to` takes its time, and so do those behind it. Now
    /// and then a piece of it comes.
    pub fn slow_down(&mut self, from: usize, to: usize, kind: u8) {
        let on_its_way = VecDeque::new();
        self.slow = Some(Slow { link: link(from, to), kind, on_its_way });
    }

    /// What took its time arrives; returns how many frames.
    pub fn speed_up(&mut self, ms: u64) -> usize {
        let Some(slow) = self.slow.take() else { return 0 };
        let to = &mut self.nodes[slow.link as usize % 10];
        slow.on_its_way.iter().for_each(|frame| deliver(frame, to, slow.link, ms));
        slow.on_its_way.len()
    }

    /// All run, from a time on until another.
    pub fn run(&mut self, times_ms: std::ops::Range<u64>) {
        for ms in times_ms.step_by(50) {
            self.nodes.iter_mut().for_each(|node| node.tick(ms));
            while self.exchange(ms) > 0 {}
            if let Some(slow) = self.slow.as_ref().filter(|slow| !slow.on_its_way.is_empty()) {
                self.nodes[slow.link as usize % 10].engine.transferred(slow.link, 1, at(ms));
            }
        }
    }

    /// Each sends the others what there is to send; returns how many frames arrived.
    fn exchange(&mut self, ms: u64) -> usize {
        let mut arrived = 0;
        let count = self.nodes.len();
        let ways = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        for (from, to) in ways.filter(|(from, to)| from != to) {
            let link = link(from, to);
            while let Some(frame) = self.nodes[from].engine.next_frame(link) {
                let slow = self.slow.as_mut().filter(|slow| slow.link == link);
                match slow.filter(|slow| slow.kind == frame.kind() || !slow.on_its_way.is_empty()) {
                    Some(slow) => slow.on_its_way.push_back(frame),
                    None => {
                        deliver(&frame, &mut self.nodes[to], link, ms);
                        arrived += 1;
                    }
                }
            }
        }
        arrived
    }
}

/// Numbered by who dials and who is dialled.
fn link(from: usize, to: usize) -> LinkId {
    (10 * (from + 1) + to) as LinkId
}

fn pair(nodes: &mut [Node], one: usize, other: usize) -> (&mut Node, &mut Node) {
    let [one, other] = nodes.get_disjoint_mut([one, other]).expect("two nodes");
    (one, other)
}
