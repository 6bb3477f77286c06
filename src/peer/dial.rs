//! Reaching a peer: names, TCP, the handshake.

use super::outgoing;
use super::shared::{Link, Shared};
use super::wire::{LinkError, Wire};
use crate::config::Config;
use crate::replication::Refusal;
use crate::replication::handshake::{Dialler, HandshakeError};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

const RESOLVE: Duration = Duration::from_secs(5);
/// Short, so that a peer is soon found again when the way to it is: it is dialled again and again.
const CONNECT: Duration = Duration::from_secs(1);
const INTRODUCTION: Duration = Duration::from_secs(2);
/// More addresses of one name are not looked at.
const ADDRESSES: usize = 64;

/// An address is being dialled, for as long as this lives.
struct Dialling<'s> {
    shared: &'s Shared,
    address: &'s str,
}

impl<'s> Dialling<'s> {
    /// `None`: it is being dialled already.
    fn begin(shared: &'s Shared, address: &'s str) -> Option<Dialling<'s>> {
        let is_new = shared.dialling.borrow_mut().insert(address.to_owned());
        is_new.then_some(Dialling { shared, address })
    }
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        self.shared.dialling.borrow_mut().remove(self.address);
    }
}

/// Dials, and serves the connection for its whole life.
pub async fn dial(shared: Rc<Shared>, address: String) {
    let Some(dialling) = Dialling::begin(&shared, &address) else { return };
    let reached = reach(&shared, &address).await;
    drop(dialling);
    match reached {
        Ok((link, wire)) => {
            shared.troubles.borrow_mut().clear(&address);
            link.tell_begin(&format!(" (dialled {address})"));
            let reason = outgoing::send_until_closed(&link, wire).await;
            link.tell_end(&reason);
        }
        Err(errors) => give_up(&shared, &address, &errors),
    }
}

/// Tries all addresses of the name, until one lets this node in.
async fn reach(shared: &Rc<Shared>, address: &str) -> Result<(Link, Wire), Vec<LinkError>> {
    let sockets = resolve(address).await.map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    for socket in &sockets {
        match try_one(shared, address, *socket).await {
            Ok(reached) => {
                meet_others(shared, address, &sockets, *socket);
                return Ok(reached);
            }
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

async fn resolve(address: &str) -> Result<Vec<SocketAddr>, LinkError> {
    let found = timeout(RESOLVE, lookup_host(address)).await.map_err(|_| LinkError::Slow)??;
    let sockets: Vec<_> = found.take(ADDRESSES).collect();
    if sockets.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
    }
    Ok(sockets)
}

/// The other addresses of a name are other nodes, perhaps: each is dialled by itself until it is
/// reached.
fn meet_others(shared: &Shared, name: &str, sockets: &[SocketAddr], reached: SocketAddr) {
    let mut met = shared.met.borrow_mut();
    for socket in sockets.iter().filter(|socket| **socket != reached) {
        if met.insert((name.to_owned(), *socket)) {
            shared.engine(|engine, _, _| engine.meet(socket.to_string()));
        }
    }
}

async fn try_one(
    shared: &Rc<Shared>,
    address: &str,
    socket: SocketAddr,
) -> Result<(Link, Wire), LinkError> {
    let config = shared.node.config();
    let stream = timeout(CONNECT, connect(socket, config.bind_source_addr)).await;
    let stream = stream.map_err(|_| LinkError::Slow)??;
    set_options(&stream, &config)?;
    let mut wire = Wire::new(stream);
    // Links are numbered in the order of their greetings.
    let (id, greeting) = (shared.next_link(), shared.engine(|engine, _, _| engine.greeting()));
    let dialler = Dialler::new(config.cluster_secret.as_bytes(), rand::random(), greeting);
    let answer = timeout(INTRODUCTION, wire.introduce(dialler)).await;
    let (peer, resume) = answer.map_err(|_| LinkError::Slow)??;
    let title = format!("To peer {:08x} ({})", peer.node, peer.address.escape_debug());
    shared.engine(|engine, _, now| engine.opened(id, address, peer, resume, now))?;
    Ok((Link::new(shared.clone(), id, true, title, &config), wire))
}

/// Connects from an address of this machine, if it is of the peer's IP version.
async fn connect(socket: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let dialled = match socket {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(source) = source.filter(|source| source.is_ipv4() == socket.is_ipv4()) {
        dialled.bind(SocketAddr::new(source, 0))?;
    }
    dialled.connect(socket).await
}

/// Of a connection to or from a peer: it is given up when nothing that was sent arrives, or nothing is
/// heard, for `cluster-node-timeout`. (Left to itself TCP waits, after a while of silence, about as
/// long again before it tries once more.)
pub fn set_options(stream: &TcpStream, config: &Config) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let silence = Duration::from_millis(config.cluster_node_timeout_ms.into());
    let idle = (silence / 2).max(Duration::from_secs(1));
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(idle).with_interval(Duration::from_secs(1));
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(silence))
}

fn give_up(shared: &Shared, address: &str, errors: &[LinkError]) {
    let told: Vec<_> = errors.iter().map(LinkError::to_string).collect();
    let told = told.join("; ");
    let refusal = verdict(errors);
    if !errors.iter().all(LinkError::is_usual)
        && shared.troubles.borrow_mut().is_news(address, &told)
    {
        tracing::warn!("Cannot send to the peer at {address}: {told}");
    } else {
        tracing::debug!("Not connected to {address}: {told}");
    }
    if errors.iter().all(|error| matches!(error, LinkError::Unwanted(_))) {
        // By this node, not by the peer.
        return;
    }
    shared.engine(|engine, keyspace, now| engine.refused(keyspace, address, refusal, now));
    shared.cluster.wake.notify_one();
}

/// What the addresses of a name have answered together: a refusal of one of them, but that it is
/// this very node only if all are.
fn verdict(errors: &[LinkError]) -> Option<Refusal> {
    let refusals = || errors.iter().filter_map(refusal_of);
    let of_others = refusals().find(|refusal| *refusal != Refusal::Myself);
    of_others.or_else(|| refusals().next().filter(|_| refusals().count() == errors.len()))
}

fn refusal_of(error: &LinkError) -> Option<Refusal> {
    match error {
        LinkError::Handshake(HandshakeError::Refused(refusal)) => Some(refusal.clone()),
        LinkError::Handshake(HandshakeError::Secret) => Some(Refusal::Secret),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn peers_are_dialled_from_the_address_that_is_said() {
        let from = |source: Option<IpAddr>| async move {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let _dialled = connect(listener.local_addr()?, source).await?;
            listener.accept().await.map(|(_, from)| from.ip())
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let sources = runtime.expect("a runtime").block_on(async {
            let other = IpAddr::from([127, 0, 0, 2]);
            let ipv6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
            let nobody = IpAddr::from([192, 0, 2, 1]);
            let sources = [None, Some(other), Some(ipv6)].map(from);
            let [none, other, ipv6] = sources;
            (none.await, other.await, ipv6.await, from(Some(nobody)).await)
        });
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(sources.0.expect("a connection"), localhost);
        assert_eq!(sources.1.expect("a connection"), IpAddr::from([127, 0, 0, 2]));
        assert_eq!(sources.2.expect("a connection"), localhost, "it is not for IPv4");
        let error = sources.3.expect_err("no address of this machine");
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn a_name_is_this_node_only_if_all_its_addresses_are() {
        let refused = |refusal| LinkError::Handshake(HandshakeError::Refused(refusal));
        assert_eq!(verdict(&[LinkError::Slow]), None);
        assert_eq!(verdict(&[refused(Refusal::Myself)]), Some(Refusal::Myself));
        assert_eq!(verdict(&[refused(Refusal::Myself), LinkError::Slow]), None);
        let secret = LinkError::Handshake(HandshakeError::Secret);
        assert_eq!(verdict(&[refused(Refusal::Myself), secret]), Some(Refusal::Secret));
        // What this node says of a peer is not what the peer says of this node.
        assert_eq!(verdict(&[LinkError::Unwanted(Refusal::SameId)]), None);
        let forgotten = Refusal::Forgotten(Box::default());
        assert_eq!(verdict(&[LinkError::Slow, refused(forgotten.clone())]), Some(forgotten));
    }
}
