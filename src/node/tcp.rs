//! Listening on TCP, for clients and for peers.

use crate::config::BindAddress;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use tokio::net::TcpListener;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("Could not create server TCP listening socket {address}: {error}")]
pub struct BindError {
    pub address: String,
    pub error: io::Error,
}

/// A TCP address to listen on.
pub struct Address {
    socket: SocketAddr,
    /// The server goes on without it where the machine does not have it.
    may_fail: bool,
}

/// The addresses of `bind`. A host name may stand for more than one, and it may take a while to learn
/// which.
///
/// # Errors
/// A host name is not known.
pub fn resolve(bind: &[BindAddress], port: u16) -> Result<Vec<Address>, BindError> {
    let mut addresses = Vec::new();
    for bind in bind {
        let found = (bind.host(), port).to_socket_addrs().map_err(|error| {
            let address = format!("{}:{port}", bind.address);
            BindError { address, error }
        })?;
        let may_fail = bind.may_fail;
        addresses.extend(found.map(|socket| Address { socket, may_fail }));
    }
    Ok(addresses)
}

/// Listens, in the current runtime, on all of them.
///
/// # Errors
/// An address cannot be had; one that `may_fail` is only logged.
pub fn listen_on_all(addresses: &[Address], backlog: u32) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::new();
    for &Address { socket, may_fail } in addresses {
        match listen(socket, backlog) {
            Ok(listener) => listeners.push(listener),
            Err(error) if may_fail && is_absent(&error) => {
                tracing::debug!("Not listening on {socket}, which is not here: {error}");
            }
            Err(error) => return Err(BindError { address: socket.to_string(), error }),
        }
    }
    Ok(listeners)
}

/// Listens, in the current runtime, on one.
///
/// # Errors
/// The address cannot be had.
pub fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for connections of before that linger.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.set_nonblocking(true)?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

/// Whether the machine just does not have such an address.
fn is_absent(error: &io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own in the standard library.
    const EAFNOSUPPORT: i32 = 97;
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// Whether there are no descriptors left: accepting again at once would fail for ever.
#[must_use]
pub fn is_exhausted(error: &io::Error) -> bool {
    // ENFILE, EMFILE, ENOBUFS, ENOMEM: the standard library has kinds for few of them.
    matches!(error.raw_os_error(), Some(23 | 24 | 105 | 12))
}
