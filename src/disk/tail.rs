//! The log behind the snapshot: one thread reads it, and several merge what it tells.
//!
//! States of different keys do not care for each other's order, and those of one key are all merged by
//! one thread, in the order of the log. Whatever else a record says waits for what was told before it.

use super::files::Files;
use super::load::{Progress, threads};
use crate::log::{Record, Recovered, replay};
use crate::node::Node;
use crate::node::clock::unix_ms;
use crate::replication::batch::States;
use crate::replication::replay::{Replay, Taken, Told, merge};
use crate::store::{Keyspace, Part};
use crossbeam::channel::{Receiver, Sender, bounded};
use crossbeam::sync::WaitGroup;
use std::ops::Range;
use std::sync::Arc;

/// Every thread reads all of the log, and merges its part: more would do nothing but read.
const THREADS_MAX: usize = 8;
/// States are handed out when there are so many bytes of them.
const RUN_BYTES: usize = 1 << 20;

/// Records of states.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    told: Vec<Place>,
}

/// Where a record's states are in a run.
struct Place {
    /// The record's number in the log.
    number: u64,
    /// What [`Replay`] calls it.
    record: u64,
    bytes: Range<usize>,
    count: u32,
}

/// For the threads that merge.
enum Order {
    Merge(Arc<Run>),
    /// Wait no more when all that was ordered before is done.
    Meet(WaitGroup),
}

/// Reads it all.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read(
    node: &Node,
    files: &Files,
    replay: &mut Replay,
    progress: &mut Progress<'_>,
) -> Result<Recovered, String> {
    let of = threads().min(THREADS_MAX) as u32;
    std::thread::scope(|scope| {
        let (mut senders, mut workers) = (Vec::new(), Vec::new());
        for nth in 0..of {
            let (sender, orders) = bounded(2);
            let part = Part { nth, of };
            senders.push(sender);
            workers.push(scope.spawn(move || merge_part(&node.keyspace, part, &orders)));
        }
        let mut tail = Tail { keyspace: &node.keyspace, replay, senders, run: Run::default() };
        let recovered = tail.read(files, progress);
        // That ends the others.
        let replay = tail.finish();
        for worker in workers {
            let misfits = worker.join().map_err(|_| "a panic while loading")??;
            misfits.into_iter().for_each(|record| replay.misfit(record));
        }
        recovered
    })
}

/// Merges a part of what it is given; returns which records did not fit.
fn merge_part(
    keyspace: &Keyspace,
    part: Part,
    orders: &Receiver<Order>,
) -> Result<Vec<u64>, String> {
    let mut result = Ok(Vec::new());
    for order in orders {
        // After an error they are taken all the same, or whoever hands them out would wait.
        match (order, &mut result) {
            (Order::Merge(run), Ok(misfits)) => {
                if let Err(why) = run.merge(keyspace, part, misfits) {
                    result = Err(why);
                }
            }
            (Order::Merge(_), Err(_)) => {}
            (Order::Meet(all), _) => drop(all),
        }
    }
    result
}

impl Run {
    fn push(&mut self, number: u64, told: &Told<'_>) {
        let States { bytes, count } = told.states();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let bytes = start..self.bytes.len();
        self.told.push(Place { number, record: told.record, bytes, count });
    }

    fn merge(&self, keyspace: &Keyspace, part: Part, misfits: &mut Vec<u64>) -> Result<(), String> {
        let now_ms = unix_ms();
        for place in &self.told {
            let bytes = self.bytes.get(place.bytes.clone()).unwrap_or_default();
            let states = States { bytes, count: place.count };
            match merge(keyspace, states, part, now_ms) {
                Ok(true) => misfits.push(place.record),
                Ok(false) => {}
                Err(fault) => return Err(at_record(place.number, &fault.to_string())),
            }
        }
        Ok(())
    }
}

fn at_record(number: u64, fault: &str) -> String {
    format!("record {number} of the log: {fault}; `headcount check` tells more")
}

/// The log as it is handed out.
struct Tail<'t> {
    keyspace: &'t Keyspace,
    replay: &'t mut Replay,
    senders: Vec<Sender<Order>>,
    run: Run,
}

impl<'t> Tail<'t> {
    fn read(&mut self, files: &Files, progress: &mut Progress<'_>) -> Result<Recovered, String> {
        let mut result = Ok(());
        let recovered = replay(&files.directory, &files.found, |record| {
            if result.is_ok() {
                result = self.record(record);
            }
            if result.is_ok() {
                result = progress.add(record.payload.len() as u64);
            }
        });
        let recovered = recovered.map_err(|error| error.to_string())?;
        result?;
        self.hand_out()?;
        Ok(recovered)
    }

    /// Nothing more comes.
    fn finish(self) -> &'t mut Replay {
        self.replay
    }

    fn record(&mut self, record: Record<'_>) -> Result<(), String> {
        let Record { number, kind, payload } = record;
        let at = |fault: crate::replication::Fault| at_record(number, &fault.to_string());
        match self.replay.take(self.keyspace, kind, payload).map_err(at)? {
            Taken::Done => Ok(()),
            Taken::Told(told) => {
                self.run.push(number, &told);
                if self.run.bytes.len() >= RUN_BYTES { self.hand_out() } else { Ok(()) }
            }
            Taken::Change(change) => {
                self.hand_out()?;
                self.meet()?;
                self.replay.change(self.keyspace, change, unix_ms()).map_err(at)
            }
        }
    }

    fn hand_out(&mut self) -> Result<(), String> {
        let run = Arc::new(std::mem::take(&mut self.run));
        self.order(|| Order::Merge(run.clone()))
    }

    /// Waits until all that was handed out is merged.
    fn meet(&self) -> Result<(), String> {
        let all = WaitGroup::new();
        self.order(|| Order::Meet(all.clone()))?;
        all.wait();
        Ok(())
    }

    fn order(&self, order: impl Fn() -> Order) -> Result<(), String> {
        let send = |sender: &Sender<Order>| sender.send(order());
        self.senders.iter().try_for_each(send).map_err(|_| "nobody takes what is loaded".to_owned())
    }
}
