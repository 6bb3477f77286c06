//! A node that was away until the others forgot it comes back with what it alone contributed, and with
//! nothing that was deleted meanwhile (trap 5).

use crate::simulator::places::place_of;
use crate::simulator::plan::{Command, Do, Fault, Plan, Setting, Step};
use crate::simulator::profiles::{AWAY, AWAY_AND_RESTARTED, AWAY_FOR_LONG};
use crate::simulator::runner::{explore, run};

#[test]
fn who_was_forgotten_comes_back() {
    explore("comeback", &AWAY);
}

#[test]
fn who_was_forgotten_after_a_restart_comes_back() {
    explore("restart", &AWAY_AND_RESTARTED);
}

#[test]
fn who_has_lost_count_of_what_it_told_comes_back() {
    explore("comeback", &AWAY_FOR_LONG);
}

/// A node alone has counted. It is forgotten, comes back, writes again what it is in doubt of, and ends
/// at any time after that.
#[test]
fn what_is_written_again_counts_once_whenever_the_node_ends() {
    let node = 2;
    let before = [
        (500, Do::Fault(Fault::Split { side: 2 })),
        (3_300, Do::Command(node, Command::Count { place: place_of(0, 0), down: true })),
        (4_100, Do::Fault(Fault::Persist { node })),
        (4_400, Do::Fault(Fault::Halt { node })),
        (4_500, Do::Fault(Fault::Heal)),
        (5_700, Do::Fault(Fault::Start { node })),
    ];
    let setting = AWAY_AND_RESTARTED.plan(0).setting;
    let setting = Setting {
        nodes: 3,
        skew_ms: vec![0; setting.skew_ms.len()],
        delay_ms: (1, 20),
        buffer_bytes: 100_000,
        durable: true,
        tick_ms: 50,
        window_bytes: 500,
        sync_interval_ms: 5_000,
        forget_after_ms: 4_000,
        ..setting
    };
    for end_ms in (5_720..6_400).step_by(20) {
        let steps = before.iter().cloned().chain([(end_ms, Do::Fault(Fault::Halt { node }))]);
        let steps = steps.map(|(at_ms, what)| Step { at_ms, what }).collect();
        let plan = Plan { seed: end_ms, setting: setting.clone(), steps };
        if let Err(error) = run(&plan) {
            panic!("it ends at {end_ms} ms: {error}");
        }
    }
}
