//! A client that sends commands of all kinds, and keeps account of what they must lead to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use redis::{Connection, ErrorKind, ServerErrorKind, Value};

use super::expected::{Expected, SHARED_SET};
use crate::clients::{ask, tell, try_ask};

/// Counters that all count on, registers that all SET, keys to which all do anything.
const SHARED: usize = 5;
/// Keys and members of one client.
const OWN: usize = 10;

/// Between two commands: what is tested is not how fast a machine is.
const PAUSE: Duration = Duration::from_millis(2);

pub struct Client {
    number: usize,
    connection: Connection,
    rng: SmallRng,
    expected: Expected,
    sent: u64,
}

impl Client {
    pub fn new(number: usize, connection: Connection, seed: u64) -> Client {
        let rng = SmallRng::seed_from_u64(seed);
        Client { number, connection, rng, expected: Expected::default(), sent: 0 }
    }

    /// Returns how many commands it has sent, and what they must have led to.
    pub fn work_until(&mut self, stop: &AtomicBool) -> (u64, Expected) {
        let before = self.sent;
        while !stop.load(Ordering::Relaxed) {
            self.step();
            std::thread::sleep(PAUSE);
        }
        // Its own keys go on from here the next time; sums are told once.
        let told = self.expected.clone();
        self.expected.sums.clear();
        self.expected.registers.clear();
        (self.sent - before, told)
    }

    fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0..6 => self.count(),
            6..8 => self.count_in_a_pipeline(),
            8 => self.count_in_quarters(),
            9..12 => self.change_own_key(),
            12..15 => self.change_own_member(),
            15 => self.set_register(),
            _ => self.do_anything(),
        }
    }

    /// Some shared key.
    fn shared(&mut self, prefix: &str) -> String {
        format!("{prefix}:{}", self.rng.random_range(0..SHARED))
    }

    fn tell(&mut self, command: &str) {
        self.sent += 1;
        tell(&mut self.connection, &[command]);
    }

    fn added(&mut self, key: String, quarters: i64) {
        *self.expected.sums.entry(key).or_default() += quarters;
    }

    fn count(&mut self) {
        let (key, by) = (self.shared("views"), self.rng.random_range(1..1000_i64));
        let (command, sum) = match self.rng.random_range(0..4) {
            0 => (format!("INCR {key}"), 1),
            1 => (format!("DECR {key}"), -1),
            2 => (format!("INCRBY {key} {by}"), by),
            _ => (format!("DECRBY {key} {by}"), -by),
        };
        self.tell(&command);
        self.added(key, 4 * sum);
    }

    fn count_in_a_pipeline(&mut self) {
        let mut pipeline = redis::pipe();
        let keys: Vec<String> = (0..20).map(|_| self.shared("views")).collect();
        keys.iter().for_each(|key| {
            pipeline.cmd("INCR").arg(key);
        });
        self.sent += 20;
        pipeline.query::<Value>(&mut self.connection).expect("replies");
        keys.into_iter().for_each(|key| self.added(key, 4));
    }

    fn count_in_quarters(&mut self) {
        let (key, quarters) = (self.shared("price"), self.rng.random_range(-20..20_i64));
        self.tell(&format!("INCRBYFLOAT {key} {}", quarters as f64 / 4.0));
        self.added(key, quarters);
    }

    /// What only one client writes is as on one Redis.
    fn change_own_key(&mut self) {
        let key = format!("own:{}:{}", self.number, self.rng.random_range(0..OWN));
        let (by, is_multiple) = (self.rng.random_range(1..100_i64), self.rng.random_bool(0.1));
        let before = self.expected.own.get(&key).copied().flatten();
        let counted = Some(before.unwrap_or(0) + by);
        let (command, value) = match self.rng.random_range(0..7) {
            0 => (format!("SET {key} {by}"), Some(by)),
            1 => (format!("DEL {key}"), None),
            2 if is_multiple => (format!("MSET {key} {by} {key}:twin {by}"), Some(by)),
            2 => (format!("GETSET {key} {by}"), Some(by)),
            3 => (format!("GETDEL {key}"), None),
            _ => (format!("INCRBY {key} {by}"), counted),
        };
        if command.starts_with("MSET") {
            self.expected.own.insert(format!("{key}:twin"), Some(by));
        }
        self.tell(&command);
        self.expected.own.insert(key, value);
    }

    fn change_own_member(&mut self) {
        let member = format!("{}-{}", self.number, self.rng.random_range(0..OWN));
        let (command, is_in) = match self.rng.random_range(0..4) {
            0 | 1 => (format!("SADD {SHARED_SET} {member}"), true),
            2 => (format!("SADDEX {SHARED_SET} 10000 {member}"), true),
            _ => (format!("SREM {SHARED_SET} {member}"), false),
        };
        self.tell(&command);
        self.expected.members.insert(member, is_in);
    }

    fn set_register(&mut self) {
        let (key, value) = (self.shared("register"), format!("{}-{}", self.number, self.sent));
        self.tell(&format!("SET {key} {value}"));
        self.expected.registers.entry(key).or_default().insert(value);
    }

    /// What becomes of these keys depends on who has seen what: all that can be told of them is that
    /// all nodes agree. They are in two databases.
    fn do_anything(&mut self) {
        let (key, other) = (self.shared("any"), self.shared("any"));
        let number = self.rng.random_range(0..50);
        let command = match self.rng.random_range(0..18) {
            0 => format!("SET {key} {number}"),
            1 => format!("SET {key} text{number}"),
            2 => format!("SET {key} {number} PX {}", 1 + number * 20),
            3 => format!("INCRBY {key} {number}"),
            4 => format!("INCRBYFLOAT {key} 0.5"),
            5 => format!("APPEND {key} {number}"),
            6 => format!("DEL {key} {other}"),
            7 => format!("SADD {key} {number} {}", number / 2),
            8 => format!("SREM {key} {number}"),
            9 => format!("SADDEX {key} 1 {number}"),
            10 => format!("SPOP {key}"),
            11 => format!("PEXPIRE {key} {}", 1 + number * 20),
            12 => format!("PERSIST {key}"),
            13 => format!("RENAME {key} {other}"),
            14 => format!("COPY {key} {other} DB 1 REPLACE"),
            15 => format!("SUNIONSTORE {key} {other} {key}"),
            16 => format!("SMOVE {key} {other} {number}"),
            _ => format!("MOVE {key} 1"),
        };
        self.sent += 1;
        match try_ask::<Value>(&mut self.connection, &command) {
            Err(error) if is_refusal(error.kind()) => {}
            answer => drop(answer.unwrap_or_else(|error| panic!("{command}: {error}"))),
        }
        if self.rng.random_bool(0.001) {
            tell(&mut self.connection, &["SELECT 1", "FLUSHDB", "SELECT 0"]);
            self.sent += 3;
        }
        if self.rng.random_bool(0.001) {
            let _: i64 = ask(&mut self.connection, "WAIT 1 1");
        }
    }
}

/// The key is of another type, or not there, or no number.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Server(ServerErrorKind::ResponseError) | ErrorKind::Extension)
}
