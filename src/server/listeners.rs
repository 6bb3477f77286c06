//! The sockets that the server listens on.

use super::stream::Stream;
use crate::config::Config;
use crate::node::tcp::{self, Address, BindError};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use tokio::net::{TcpListener, UnixListener};

/// Why the server cannot listen where it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(transparent)]
    Tcp(#[from] BindError),
    #[error("Failed opening Unix socket {path}: {error}")]
    Unix { path: String, error: io::Error },
    #[error("Configured to not listen anywhere, exiting.")]
    Nowhere,
}

/// A client that has connected, and by which addresses.
pub struct Arrival {
    pub stream: Stream,
    /// None on the Unix socket.
    pub peer: Option<SocketAddr>,
    /// As CLIENT LIST shows them.
    pub addr: String,
    pub laddr: String,
}

/// All sockets that the configuration asks for.
pub struct Listeners {
    tcp: Vec<TcpListener>,
    unix: Option<(UnixListener, PathBuf)>,
    /// The listener that is asked first: each has its turn.
    next: usize,
}

impl Listeners {
    /// Listens, in the current runtime, on every address of `config`.
    ///
    /// # Errors
    /// An address cannot be had (one that `may_fail` is only logged), or there is none at all.
    pub fn bind(config: &Config) -> Result<Listeners, ListenError> {
        let unix = match &config.unixsocket {
            Some(path) => Some((bind_unix(path, config)?, path.clone())),
            None => None,
        };
        let tcp = tcp::listen_on_all(&Listeners::resolve(config)?, config.tcp_backlog)?;
        if tcp.is_empty() && unix.is_none() {
            return Err(ListenError::Nowhere);
        }
        Ok(Listeners { tcp, unix, next: 0 })
    }

    /// The TCP addresses of `config`. A host name may stand for more than one, and it may take a
    /// while to learn which.
    ///
    /// # Errors
    /// A host name is not known.
    pub fn resolve(config: &Config) -> Result<Vec<Address>, ListenError> {
        // Port 0: no TCP.
        let bind = if config.port == 0 { &[] } else { &config.bind[..] };
        Ok(tcp::resolve(bind, config.port)?)
    }

    /// Listens, in the current runtime, on these TCP addresses instead of those of before, which are
    /// kept when that fails.
    pub fn rebind_tcp(
        &mut self,
        addresses: &[Address],
        config: &Config,
    ) -> Result<(), ListenError> {
        // The old sockets may hold the same addresses, so they have to go first.
        let before: Vec<_> = self.tcp.iter().filter_map(|old| old.local_addr().ok()).collect();
        self.tcp.clear();
        let rebound = tcp::listen_on_all(addresses, config.tcp_backlog);
        let (tcp, result) = match rebound {
            Ok(tcp) => (tcp, Ok(())),
            Err(error) => (listen_again(before, config.tcp_backlog), Err(error.into())),
        };
        self.tcp = tcp;
        result
    }

    /// Where the server listens, for the log.
    pub fn addresses(&self) -> Vec<String> {
        let tcp = self.tcp.iter().filter_map(|listener| listener.local_addr().ok());
        let unix = self.unix.iter().map(|(_, path)| path.display().to_string());
        tcp.map(|address| address.to_string()).chain(unix).collect()
    }

    /// The next client.
    pub fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        let count = self.tcp.len();
        for offset in 0..count {
            let at = (self.next + offset) % count;
            if let Poll::Ready(accepted) = self.tcp[at].poll_accept(context) {
                self.next = at + 1;
                return Poll::Ready(accepted.and_then(|(stream, peer)| tcp_arrival(stream, peer)));
            }
        }
        let Some((unix, path)) = &self.unix else { return Poll::Pending };
        unix.poll_accept(context).map_ok(|(stream, _)| {
            let addr = format!("{}:0", path.display());
            Arrival { stream: Stream::Unix(stream), peer: None, laddr: addr.clone(), addr }
        })
    }

    /// Stops listening and takes the Unix socket's file away.
    pub fn close(&mut self) {
        self.tcp.clear();
        if let Some((_, path)) = self.unix.take()
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!("Cannot remove the Unix socket {}: {error}", path.display());
        }
    }
}

fn tcp_arrival(stream: tokio::net::TcpStream, peer: SocketAddr) -> io::Result<Arrival> {
    let laddr = stream.local_addr()?.to_string();
    let addr = peer.to_string();
    Ok(Arrival { stream: Stream::Tcp(stream), peer: Some(peer), addr, laddr })
}

/// Goes back to addresses that were just given up.
fn listen_again(addresses: Vec<SocketAddr>, backlog: u32) -> Vec<TcpListener> {
    let again = addresses.into_iter().filter_map(|address| {
        let listener = tcp::listen(address, backlog);
        listener.inspect_err(|error| tracing::error!("No longer on {address}: {error}")).ok()
    });
    again.collect()
}

fn bind_unix(path: &Path, config: &Config) -> Result<UnixListener, ListenError> {
    try_bind_unix(path, config)
        .map_err(|error| ListenError::Unix { path: path.display().to_string(), error })
}

fn try_bind_unix(path: &Path, config: &Config) -> io::Result<UnixListener> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    remove_stale(path, &address)?;
    socket.bind(&address)?;
    if config.unixsocketperm != 0 {
        let mode = std::fs::Permissions::from_mode(config.unixsocketperm);
        std::fs::set_permissions(path, mode)?;
    }
    socket.set_nonblocking(true)?;
    socket.listen(i32::try_from(config.tcp_backlog).unwrap_or(i32::MAX))?;
    UnixListener::from_std(socket.into())
}

/// Removes the socket file of a server that is no more; one that still answers is left alone.
fn remove_stale(path: &Path, address: &SockAddr) -> io::Result<()> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match probe.connect(address) {
        Ok(()) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        // No such file, or nothing that we may judge: binding will tell.
        Err(_) => Ok(()),
    }
}
