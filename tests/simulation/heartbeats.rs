//! A heartbeat on one side of a cut keeps its session alive; what nobody refreshes is gone everywhere at
//! its deadline, to the millisecond, whether anybody can be heard or not.

use crate::simulator::places::place_of;
use crate::simulator::plan::{Command, Do, Ends, Fault, NodeIndex, Plan, Setting, Step};
use crate::simulator::profile::Profile;
use crate::simulator::runner::fix_hash_seed;
use crate::simulator::world::World;

/// `text:0`, a session of its own, and `set:0`, one member a session; in database 0.
const SESSION: usize = 5;
const ONLINE: usize = 7;
const BEATING: u8 = 0b01;
const BOTH: u8 = 0b11;

const BORN_MS: u64 = 200;
const TTL_MS: u64 = 3_000;
const BEATS_MS: u64 = 1_500;
const BEAT_TTL_MS: u64 = 4_000;
const HEALED_MS: u64 = 4_200;

/// Node 0 is cut off from 1 and 2 when both sessions are known; then node 1 hears one heartbeat.
fn plan(seed: u64) -> Plan {
    let mut setting: Setting = Profile::ALL.plan(seed).setting;
    (setting.nodes, setting.skew_ms) = (3, vec![0; 5]);
    (setting.delay_ms, setting.tick_ms) = ((1, 20), 20);
    (setting.window_bytes, setting.buffer_bytes, setting.durable) = (100_000, 100_000, false);
    let command = |at_ms, node, command| Step { at_ms, what: Do::Command(node, command) };
    let fault = |at_ms, fault| Step { at_ms, what: Do::Fault(fault) };
    let (session, online) = (place_of(0, SESSION), place_of(0, ONLINE));
    let insert =
        |members, in_ms| Command::Insert { place: online, members, ends: Ends::In(Some(in_ms)) };
    let steps = vec![
        command(BORN_MS, 0, Command::Append { place: session }),
        command(BORN_MS, 0, Command::Expire { place: session, in_ms: Some(TTL_MS) }),
        command(BORN_MS, 0, insert(BOTH, TTL_MS)),
        fault(1_200, Fault::Split { side: 0b001 }),
        command(BEATS_MS, 1, Command::Expire { place: session, in_ms: Some(BEAT_TTL_MS) }),
        command(BEATS_MS, 1, insert(BEATING, BEAT_TTL_MS)),
        fault(HEALED_MS, Fault::Heal),
    ];
    Plan { seed, setting, steps }
}

/// Runs until that time, and wants this of a node: whether the session is there, and who is online.
fn expect(world: &mut World<'_>, at_ms: u64, node: NodeIndex, session: bool, online: u8) {
    world.run_until(at_ms).expect("no promise is broken");
    let seen = |place| format!("{:?}", world.view(node, place).expect("it can be read"));
    let (text, members) = (seen(place_of(0, SESSION)), seen(place_of(0, ONLINE)));
    let context = format!("seed {}, node {node} at {at_ms} ms: {text}, {members}", world.plan.seed);
    assert_eq!(text != "nothing", session, "{context}");
    let is_in = |member: u8| members.contains(&format!("{member}: "));
    assert_eq!([is_in(0), is_in(1)], [online & 1 != 0, online & 2 != 0], "{context}");
}

#[test]
fn a_heartbeat_counts_on_the_side_that_heard_it_and_after_the_cut_everywhere() {
    fix_hash_seed();
    for seed in 0..20 {
        let plan = plan(seed);
        let mut world = World::new(&plan, false);
        let (ends_ms, beat_ends_ms) = (BORN_MS + TTL_MS, BEATS_MS + BEAT_TTL_MS);
        for node in 0..3 {
            expect(&mut world, ends_ms - 1, node, true, BOTH);
        }
        expect(&mut world, ends_ms, 0, false, 0);
        for node in 1..3 {
            expect(&mut world, ends_ms, node, true, BEATING);
        }
        for node in 0..3 {
            expect(&mut world, beat_ends_ms - 1, node, true, BEATING);
        }
        for node in 0..3 {
            expect(&mut world, beat_ends_ms, node, false, 0);
        }
        world.finish().expect("all agree, and nothing waits");
    }
}
