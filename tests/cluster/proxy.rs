//! A proxy between nodes: what each node sends to each other one passes through here, and may be cut,
//! held up or delayed by itself.
//!
//! Each node announces the address of a listener here, and dials from an address of its own
//! (`bind-source-addr`). So both ends of a connection are known when it comes. On a connection between
//! nodes only the dialler has something to say, so a direction is all connections that one node has
//! dialled to another.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// As many nodes at the most.
pub const NODES: usize = 4;

/// What becomes of what one node sends to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Everything arrives so much later.
    Slow(Duration),
    /// Connections are reset, also those that are tried anew.
    Reset,
    /// Connections stand, and what is sent on them waits.
    Silent,
}

/// From each node to each other.
type Ways = [[Way; NODES]; NODES];

/// The network between the nodes; it ends with the value.
pub struct Network {
    ways: watch::Sender<Ways>,
    listening: Vec<SocketAddr>,
    /// The port where each node really listens; 0: nowhere.
    targets: Arc<[AtomicU16; NODES]>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Network {
    pub fn new() -> Network {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listeners: Vec<TcpListener> =
            runtime.block_on(async { (0..NODES).map(|_| listen()).collect() });
        let listening =
            listeners.iter().map(|listener| listener.local_addr().expect("an address")).collect();
        let ways = watch::Sender::new([[Way::Open; NODES]; NODES]);
        let targets: Arc<[AtomicU16; NODES]> = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let serving = serve(listeners, targets.clone(), ways.subscribe());
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = Some(std::thread::spawn(work));
        Network { ways, listening, targets, stop: Some(stop), thread }
    }

    /// What the node has to announce.
    pub fn address(&self, node: usize) -> SocketAddr {
        self.listening[node]
    }

    /// Says where the node listens.
    pub fn lead_to(&self, node: usize, port: u16) {
        self.targets[node].store(port, Ordering::Relaxed);
    }

    /// Changes what becomes of what `from` sends to `to`.
    pub fn set(&self, from: usize, to: usize, way: Way) {
        self.ways.send_modify(|ways| ways[from][to] = way);
    }

    /// Opens everything.
    pub fn open(&self) {
        self.ways.send_replace([[Way::Open; NODES]; NODES]);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed.
            let _ = thread.join();
        }
    }
}

/// The address from which a node dials.
pub fn source(node: usize) -> IpAddr {
    let last = u8::try_from(node + 2).expect("few nodes");
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

fn listen() -> TcpListener {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a listener");
    TcpListener::from_std(listener).expect("a listener")
}

async fn serve(
    listeners: Vec<TcpListener>,
    targets: Arc<[AtomicU16; NODES]>,
    ways: watch::Receiver<Ways>,
) {
    let mut listening = JoinSet::new();
    for (to, listener) in listeners.into_iter().enumerate() {
        listening.spawn(accept(listener, to, targets.clone(), ways.clone()));
    }
    listening.join_next().await;
}

async fn accept(
    listener: TcpListener,
    to: usize,
    targets: Arc<[AtomicU16; NODES]>,
    ways: watch::Receiver<Ways>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, source_address) = listener.accept().await.expect("a connection");
        let from = (0..NODES).find(|node| source(*node) == source_address.ip());
        let from = from.expect("nodes dial from addresses of their own");
        let direction = Direction { from, to, ways: ways.clone() };
        connections.spawn(carry(stream, targets.clone(), direction));
        while connections.try_join_next().is_some() {}
    }
}

/// One of the directions, and what becomes of it.
#[derive(Clone)]
struct Direction {
    from: usize,
    to: usize,
    ways: watch::Receiver<Ways>,
}

impl Direction {
    /// Returns when this holds of it, with what it is then.
    async fn until(&mut self, holds: impl Fn(Way) -> bool) -> Way {
        let (from, to) = (self.from, self.to);
        let ways = self.ways.wait_for(|ways| holds(ways[from][to])).await;
        ways.expect("who is served lives longer")[from][to]
    }

    /// Waits until something may pass; with the end of the connection for what never may.
    async fn passes(&mut self) -> io::Result<Way> {
        match self.until(|way| way != Way::Silent).await {
            Way::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            way => Ok(way),
        }
    }

    async fn delay(&mut self) -> io::Result<()> {
        if let Way::Slow(delay) = self.passes().await? {
            tokio::time::sleep(delay).await;
        }
        // What was under way when it fell silent waits too.
        self.passes().await.map(drop)
    }
}

/// A connection, from its beginning to its end.
async fn carry(dialled: TcpStream, targets: Arc<[AtomicU16; NODES]>, mut direction: Direction) {
    if direction.passes().await.is_err() {
        return;
    }
    let port = targets[direction.to].load(Ordering::Relaxed);
    let Ok(onward) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
    for stream in [&dialled, &onward] {
        // Whatever ends it, it ends at once and for both.
        let set = stream.set_nodelay(true);
        set.and_then(|()| SockRef::from(stream).set_linger(Some(Duration::ZERO)))
            .expect("a socket");
    }
    let (dialled_in, dialled_out) = dialled.into_split();
    let (onward_in, onward_out) = onward.into_split();
    let there = pass(dialled_in, onward_out, direction.clone());
    let back = pass(onward_in, dialled_out, direction.clone());
    tokio::select! {
        _ = direction.until(|way| way == Way::Reset) => {}
        _ = async { tokio::try_join!(there, back) } => {}
    }
}

async fn pass(
    mut input: OwnedReadHalf,
    mut output: OwnedWriteHalf,
    mut direction: Direction,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = input.read(&mut buffer).await?;
        direction.delay().await?;
        if count == 0 {
            return output.shutdown().await;
        }
        output.write_all(&buffer[..count]).await?;
    }
}
