//! Processor time of the server per request.

use super::tools::load::{Load, Numbers, Request};
use super::tools::server::Server;
use super::tools::{median, short, spread, table};
use std::io;

type Words = &'static [&'static str];

const INCR: Words = &["INCR", "key:#"];
const GET: Words = &["GET", "key:#"];
const SET: Words = &["SET", "key:#", "abc"];
const SADD_TO_ONE: Words = &["SADD", "set", "member:#"];
const SADD_TO_MANY: Words = &["SADD", "set:#", "member"];

/// A row of the table: one command at one pipeline.
struct Case {
    words: Words,
    /// Fills the server before.
    fill: Words,
    /// How many different numbers the words have.
    numbers: usize,
    pipeline: usize,
    /// Not above this, of redis-server's time.
    goal: Option<f64>,
}

impl Case {
    const fn incr(numbers: usize, pipeline: usize) -> Case {
        Case { words: INCR, fill: INCR, numbers, pipeline, goal: None }
    }

    const fn other(words: Words, fill: Words, pipeline: usize) -> Case {
        Case { words, fill, numbers: 100_000, pipeline, goal: None }
    }

    /// The first columns of its row.
    fn title(&self) -> [String; 3] {
        [self.words.join(" "), short(self.numbers), self.pipeline.to_string()]
    }

    const fn goal(self, goal: f64) -> Case {
        Case { goal: Some(goal), ..self }
    }
}

const CASES: &[Case] = &[
    Case::incr(100_000, 1).goal(0.95),
    Case::incr(100_000, 16).goal(0.65),
    Case::incr(100_000, 64).goal(0.40),
    Case::incr(1, 16),
    Case::incr(1, 64),
    Case::incr(1_000_000, 16),
    Case::incr(1_000_000, 64),
    Case::other(GET, SET, 1),
    Case::other(GET, SET, 16),
    Case::other(GET, SET, 64),
    Case::other(SET, SET, 16),
    Case::other(SADD_TO_ONE, SADD_TO_ONE, 16),
    Case::other(SADD_TO_MANY, SADD_TO_MANY, 16),
];

/// How much is measured.
pub struct Effort {
    pub rounds: usize,
    /// Each side runs for about so long in a round.
    pub round_ms: usize,
}

/// Both sides' processor time per request in each round, µs.
#[derive(Default)]
struct Costs {
    redis_us: Vec<f64>,
    headcount_us: Vec<f64>,
}

/// Runs the cases whose rows begin with `filter`, all by default, and answers the table.
///
/// # Errors
/// A server ended or answered an error.
pub fn compare(
    redis: &Server,
    headcount: &Server,
    effort: &Effort,
    filter: Option<&str>,
) -> io::Result<String> {
    let head = ["command", "numbers", "pipeline", "redis µs", "headcount µs", "ratio", "goal"];
    let mut rows = Vec::new();
    let wanted = |case: &&Case| case.title().join(" ").starts_with(filter.unwrap_or_default());
    for case in CASES.iter().filter(wanted) {
        let costs = run(case, [redis, headcount], effort)?;
        let row = row(case, &costs);
        println!("{}", row.join("  "));
        rows.push(row);
    }
    Ok(table(&head, &rows))
}

fn row(case: &Case, costs: &Costs) -> Vec<String> {
    let pairs = costs.headcount_us.iter().zip(&costs.redis_us);
    let ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
    let goal = match case.goal {
        Some(goal) if median(&ratios) <= goal => format!("{goal:.2}, reached"),
        Some(goal) => format!("{goal:.2}, missed"),
        None => String::new(),
    };
    let numbers = [
        format!("{:.3}", median(&costs.redis_us)),
        format!("{:.3}", median(&costs.headcount_us)),
        spread(&ratios),
        goal,
    ];
    case.title().into_iter().chain(numbers).collect()
}

fn run(case: &Case, servers: [&Server; 2], effort: &Effort) -> io::Result<Costs> {
    let (fill, request) = (Request::new(case.fill), Request::new(case.words));
    for server in servers {
        server.call(&["FLUSHALL"])?;
        let (numbers, requests) = (Numbers::RISING, case.numbers);
        Load { request: &fill, numbers, pipeline: 64, requests }.run(&[server.address()])?;
    }
    // Roughly what a pipeline takes, so that every case gets about the same time.
    let requests_per_ms = 120 * case.pipeline * 20 / (case.pipeline + 19);
    let requests = requests_per_ms * effort.round_ms;
    let mut costs = Costs::default();
    for round in 0..effort.rounds {
        let numbers = Numbers::Below { bound: case.numbers, seed: round as u64 };
        let load = Load { request: &request, numbers, pipeline: case.pipeline, requests };
        let [redis, headcount] = servers;
        // Neither side is always the first.
        if round % 2 == 0 {
            costs.redis_us.push(cost_us(redis, &load)?);
            costs.headcount_us.push(cost_us(headcount, &load)?);
        } else {
            costs.headcount_us.push(cost_us(headcount, &load)?);
            costs.redis_us.push(cost_us(redis, &load)?);
        }
    }
    Ok(costs)
}

fn cost_us(server: &Server, load: &Load<'_>) -> io::Result<f64> {
    let before_ns = server.cpu_ns()?;
    load.run(&[server.address()])?;
    let used_ns = server.cpu_ns()? - before_ns;
    Ok(used_ns as f64 / 1_000.0 / load.requests as f64)
}
