//! The clients: connections that each send a pipeline, wait for its replies, and send the next.

use super::replies::Replies;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

/// As many as redis-benchmark opens.
pub const CONNECTIONS: usize = 50;
/// Stands in a request for a number of so many digits.
const NUMBER: &str = "############";

/// One command, of which the number in a key or member varies.
#[derive(Clone)]
pub struct Request {
    bytes: Vec<u8>,
    /// Where the digits stand.
    numbers_at: Vec<usize>,
}

impl Request {
    /// The command of these words, in which `#` stands for the number.
    pub fn new(words: &[&str]) -> Request {
        let words: Vec<String> = words.iter().map(|word| word.replace('#', NUMBER)).collect();
        let bulk = |word: &String| format!("${}\r\n{word}\r\n", word.len());
        let text = format!("*{}\r\n{}", words.len(), words.iter().map(bulk).collect::<String>());
        let numbers_at = text.match_indices(NUMBER).map(|(at, _)| at).collect();
        Request { bytes: text.into_bytes(), numbers_at }
    }

    pub fn write(&self, number: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        for at in &self.numbers_at {
            let mut left = number;
            for digit in out[start + at..][..NUMBER.len()].iter_mut().rev() {
                *digit = b'0' + (left % 10) as u8;
                left /= 10;
            }
        }
    }
}

/// Which numbers the requests have.
#[derive(Clone, Copy)]
pub enum Numbers {
    /// The first, and on in steps.
    Every { first: usize, step: usize },
    /// Uniformly below a bound.
    Below { bound: usize, seed: u64 },
}

impl Numbers {
    /// From 0 on, each once.
    pub const RISING: Numbers = Numbers::Every { first: 0, step: 1 };
}

/// So many requests, over all connections.
pub struct Load<'r> {
    pub request: &'r Request,
    pub numbers: Numbers,
    pub pipeline: usize,
    pub requests: usize,
}

/// What the connections of a load share: they run one at a time.
struct Plan {
    request: Request,
    numbers: Numbers,
    random: RefCell<SmallRng>,
    pipeline: usize,
    requests: usize,
    sent: Cell<usize>,
}

impl Load<'_> {
    /// Runs it against the servers at `addresses`, which have a like number of the connections each;
    /// returns when the last reply is in.
    ///
    /// # Errors
    /// A server cannot be reached, closed a connection, or answered an error.
    pub fn run(&self, addresses: &[SocketAddr]) -> io::Result<()> {
        let seed = if let Numbers::Below { seed, .. } = self.numbers { seed } else { 0 };
        let plan = Rc::new(Plan {
            request: self.request.clone(),
            numbers: self.numbers,
            random: RefCell::new(SmallRng::seed_from_u64(seed)),
            pipeline: self.pipeline,
            requests: self.requests,
            sent: Cell::new(0),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        LocalSet::new().block_on(&runtime, async {
            let mut connections = JoinSet::new();
            for address in addresses.iter().cycle().take(CONNECTIONS) {
                connections.spawn_local(connection(*address, plan.clone()));
            }
            while let Some(ended) = connections.join_next().await {
                ended.map_err(io::Error::other)??;
            }
            Ok(())
        })
    }
}

impl Plan {
    /// Writes the next pipeline; answers how many requests it has, 0 when all are sent.
    fn next(&self, out: &mut Vec<u8>) -> usize {
        let sent = self.sent.get();
        let count = self.pipeline.min(self.requests - sent);
        let mut random = self.random.borrow_mut();
        for nth in sent..sent + count {
            let number = match self.numbers {
                Numbers::Every { first, step } => first + nth * step,
                Numbers::Below { bound, .. } => random.random_range(0..bound),
            };
            self.request.write(number, out);
        }
        self.sent.set(sent + count);
        count
    }
}

async fn connection(address: SocketAddr, plan: Rc<Plan>) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut output, mut input) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        output.clear();
        let count = plan.next(&mut output);
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&output).await?;
        let mut replies = Replies::expect(count);
        while !replies.all_arrived() {
            match stream.read(&mut input).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => replies.take(&input[..len])?,
            }
        }
    }
}
