//! A load at a pace of its own, beside what is measured.

use super::load::Request;
use super::replies::Replies;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Every so often a server gets a pipeline.
const STEP: Duration = Duration::from_millis(2);

/// INCRs on keys at random, in pipelines at even intervals, over a connection to each server.
pub struct Pace {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Pace {
    /// `per_s` INCRs in all.
    pub fn start(addresses: &[SocketAddr], keys: usize, per_s: usize) -> Pace {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let steps_per_s = 1_000 / STEP.as_millis() as usize;
        let pipeline = per_s / steps_per_s / addresses.len();
        let thread = |address: &SocketAddr| {
            let (address, stop, answered) = (*address, stop.clone(), answered.clone());
            thread::spawn(move || run(address, keys, pipeline, &stop, &answered))
        };
        let threads = addresses.iter().map(thread).collect();
        Pace { stop, answered, threads }
    }

    /// How many were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// # Errors
    /// A server ended or answered an error.
    pub fn stop(self) -> io::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_| io::Error::other("the load panicked"))??;
        }
        Ok(())
    }
}

fn run(
    address: SocketAddr,
    keys: usize,
    pipeline: usize,
    stop: &AtomicBool,
    answered: &AtomicU64,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let request = Request::new(&["INCR", "key:#"]);
    let mut random = SmallRng::seed_from_u64(u64::from(address.port()));
    let (mut output, mut input) = (Vec::new(), vec![0; 16 * 1024]);
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        output.clear();
        (0..pipeline).for_each(|_| request.write(random.random_range(0..keys), &mut output));
        stream.write_all(&output)?;
        let mut replies = Replies::expect(pipeline);
        while !replies.all_arrived() {
            match stream.read(&mut input)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => replies.take(&input[..len])?,
            }
        }
        answered.fetch_add(pipeline as u64, Ordering::Relaxed);
        due += STEP;
        // What is late stays late: the pace is an upper bound.
        due = due.max(Instant::now());
        thread::sleep(due - Instant::now());
    }
    Ok(())
}
