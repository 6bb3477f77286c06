//! Accepting clients, and giving each to a serving thread.
//!
//! One acceptor hands every socket to the thread that has the fewest. The alternative, a listener of
//! each thread's own with SO_REUSEPORT, spreads by a hash of the addresses: with the few, long-lived
//! connections that counting clients keep, some threads would sit idle while others are full; Unix
//! sockets cannot do it at all; and `maxclients` would be checked in many places. The price, one
//! wake-up per connection, is paid once in a connection's life.

use super::listeners::Arrival;
use super::listening::Listening;
use super::stream::Stream;
use super::workers::{Accepted, Registered, Workers};
use crate::config::Config;
use crate::node::clock::unix_ms;
use crate::node::tcp;
use crate::node::{CachedConfig, NewClient, Node, Recorder};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const FULL: &[u8] = b"-ERR max number of clients reached\r\n";
/// How long to wait when the process has no file descriptor left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// Accepts clients until it is dropped.
pub struct Acceptor {
    pub node: Arc<Node>,
    pub workers: Workers,
    listening: Arc<Listening>,
    recorder: Recorder,
    config: CachedConfig,
}

impl Acceptor {
    pub fn new(node: Arc<Node>, listening: Arc<Listening>, workers: Workers) -> Acceptor {
        let recorder = node.stats.recorder();
        Acceptor { node, workers, listening, recorder, config: CachedConfig::default() }
    }

    /// Accepts one client.
    pub async fn accept_next(&mut self) {
        match self.listening.accept().await {
            Ok(arrival) => self.welcome(arrival).await,
            Err(error) => {
                tracing::warn!("Error accepting a client connection: {error}");
                if tcp::is_exhausted(&error) {
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
    }

    /// Whether whoever connects needs no password to be the default user.
    fn needs_no_password(&self) -> bool {
        self.node.access.default_account().user().needs_no_password()
    }

    async fn welcome(&mut self, arrival: Arrival) {
        let config = self.config.get(&self.node.config).clone();
        let Arrival { stream, peer, addr, laddr } = arrival;
        if peer.is_some_and(|peer| is_denied(peer, &config, self.needs_no_password())) {
            return refuse(&stream, DENIED.as_bytes());
        }
        let unix_socket = peer.is_none();
        let client = NewClient { addr, laddr, unix_socket, created_ms: unix_ms() };
        let max_clients = usize::try_from(config.maxclients).unwrap_or(usize::MAX);
        let Some(client) = self.node.clients.register(client, max_clients) else {
            self.recorder.refused_connection();
            return refuse(&stream, FULL);
        };
        self.recorder.accepted_connection();
        tracing::debug!("Accepted {}", client.addr);
        // From here on the client leaves the lists when it is dropped, wherever that may be.
        let entry = Registered { node: self.node.clone(), client };
        match set_options(&stream, &config).and_then(|()| stream.release()) {
            Ok(socket) => self.workers.hand_over(Accepted { socket, entry }).await,
            Err(error) => tracing::debug!("Error accepting a client connection: {error}"),
        }
    }
}

/// Says why, if the socket takes it at once, and closes.
fn refuse(stream: &Stream, why: &[u8]) {
    // A client that is gone already does not care.
    let _ = stream.try_write(why);
}

fn set_options(stream: &Stream, config: &Config) -> io::Result<()> {
    let Stream::Tcp(stream) = stream else { return Ok(()) };
    stream.set_nodelay(true)?;
    if config.tcp_keepalive_s > 0 {
        // As Redis: silent for so long, then three probes in the same time again.
        let idle = Duration::from_secs(config.tcp_keepalive_s.into());
        let interval = (idle / 3).max(Duration::from_secs(1));
        let keepalive = TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(3);
        SockRef::from(stream).set_tcp_keepalive(&keepalive)?;
    }
    Ok(())
}

/// Whether protected mode keeps this client out.
fn is_denied(peer: SocketAddr, config: &Config, needs_no_password: bool) -> bool {
    config.protected_mode && needs_no_password && !peer.ip().to_canonical().is_loopback()
}

/// Redis's text, which clients and their users know.
const DENIED: &str = "-DENIED Redis is running in protected mode because protected mode is enabled \
and no password is set for the default user. In this mode connections are only accepted from the \
loopback interface. If you want to connect from external computers to Redis you may adopt one of \
the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET \
protected-mode no' from the loopback interface by connecting to Redis from the same host the \
server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. \
Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the \
protected mode by editing the Redis configuration file, and setting the protected mode option to \
'no', and then restarting the server. 3) If you started the server manually just for testing, \
restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the \
default user. NOTE: You only need to do one of the above things in order for the server to start \
accepting connections from the outside.\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_mode_keeps_other_machines_out() {
        let mut config = Config::default();
        let denied = |peer: &str, config: &Config| is_denied(peer.parse().unwrap(), config, true);
        assert!(denied("10.0.0.1:1234", &config));
        assert!(denied("[2001:db8::1]:1234", &config));
        assert!(!denied("127.0.0.1:1234", &config));
        assert!(!denied("[::1]:1234", &config));
        assert!(!denied("[::ffff:127.0.0.1]:1234", &config));
        assert!(!is_denied("10.0.0.1:1234".parse().unwrap(), &config, false));
        config.protected_mode = false;
        assert!(!denied("10.0.0.1:1234", &config));
    }
}
