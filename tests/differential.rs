//! Random commands over strings, keys, sets and sorted sets, answered by Headcount and by redis-server: the replies
//! must be equal, in RESP2 (even seeds) and in RESP3 (odd ones), and so must be the keyspace notifications.
//!
//! `HEADCOUNT_DIFFERENTIAL_COMMANDS=50000` sets how many; `HEADCOUNT_DIFFERENTIAL_SEED` which. A
//! difference prints the seed and the shortest sequence found that still shows it.

#[path = "differential/generate.rs"]
mod generate;
#[path = "differential/pair.rs"]
mod pair;
#[path = "differential/sorted_sets.rs"]
mod sorted_sets;
mod support;

use pair::{Listener, Pair};
use rand::SeedableRng;
use rand::rngs::StdRng;
use support::Server;

type Command = Vec<Vec<u8>>;

/// Each session starts with empty databases: long enough to get somewhere, short enough to shrink.
const COMMANDS_A_SESSION: usize = 500;
const COMMANDS: u64 = 5_000;

#[test]
fn random_commands_are_answered_as_redis_answers_them() {
    let Some(redis) = Server::redis(&[]) else { return };
    // As users have it.
    let headcount = Server::headcount(&["--appendonly", "yes"]);
    let count = from_env("HEADCOUNT_DIFFERENTIAL_COMMANDS").unwrap_or(COMMANDS);
    let first_seed = from_env("HEADCOUNT_DIFFERENTIAL_SEED").unwrap_or_else(rand::random);
    let (ours, theirs) = (headcount.connect(), redis.connect());
    let listeners = [&headcount, &redis].map(Listener::new);
    let mut pair = Pair { headcount: ours, redis: theirs, listeners, protocol: "2", queued: None };
    for session in 0..count.div_ceil(COMMANDS_A_SESSION as u64) {
        let seed = first_seed.wrapping_add(session);
        pair.protocol = if seed % 2 == 0 { "2" } else { "3" };
        let commands = generate::session(&mut StdRng::seed_from_u64(seed), COMMANDS_A_SESSION);
        if let Some(at) = pair.first_difference(&commands) {
            let shortest = shrink(&mut pair, commands[..=at].to_vec());
            panic!("they differ, HEADCOUNT_DIFFERENTIAL_SEED={seed}:\n{}", pair.report(&shortest));
        }
    }
    println!("{count} commands from seed {first_seed} without a difference");
}

fn from_env(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

/// Leaves out commands, ever fewer at a time, as long as a difference remains.
fn shrink(pair: &mut Pair, mut commands: Vec<Command>) -> Vec<Command> {
    let mut step = commands.len() / 2;
    while step > 0 {
        let mut at = 0;
        while at < commands.len() {
            let mut fewer = commands.clone();
            fewer.drain(at..(at + step).min(commands.len()));
            match pair.first_difference(&fewer) {
                Some(last) => commands = fewer[..=last].to_vec(),
                None => at += step,
            }
        }
        step /= 2;
    }
    commands
}
