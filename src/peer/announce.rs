//! Where other nodes are told to dial this one.

use crate::config::{Announce, Config, peer_address};
use crate::replication::ClientAddress;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// `cluster-announce`; else the first `bind` address, or where that is a wildcard the address that
/// this machine has on its way to the first peer (or to anywhere).
#[must_use]
pub fn address(config: &Config) -> String {
    if let Some(address) = &config.cluster_announce.peers {
        return address.clone();
    }
    let port = config.cluster_port;
    let bound = config.bind.first().filter(|bind| !is_wildcard(bind.host()));
    let bound = bound.and_then(|bind| peer_address(bind.host(), port));
    bound.unwrap_or_else(|| SocketAddr::new(outgoing_ip(config), port).to_string())
}

/// Where clients are told to reach this node, which tells others to dial it at `address`.
#[must_use]
pub fn for_clients(config: &Config, address: &str) -> ClientAddress {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let Announce { host: announced, port, .. } = &config.cluster_announce;
    ClientAddress {
        host: announced.clone().unwrap_or_else(|| host.to_owned()),
        port: if *port == 0 { config.port } else { *port },
    }
}

fn is_wildcard(host: &str) -> bool {
    host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified())
}

/// The local address of the route to others; loopback on a machine that has none.
fn outgoing_ip(config: &Config) -> IpAddr {
    // An address of no machine: where a packet to it would go is where all go by default.
    let anywhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9));
    let peers = config.cluster_peer.iter().filter_map(|peer| peer.parse().ok());
    let routes = peers.chain([anywhere]).filter_map(|there| local_ip_towards(there).ok());
    routes.into_iter().next().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Sends nothing: connecting a UDP socket only looks up the route.
fn local_ip_towards(there: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match there {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(there)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(lines: &[(&str, &str)]) -> String {
        let mut config = Config { cluster_port: 7000, ..Config::default() };
        for (name, argument) in lines {
            config.apply(name, &[argument]).expect(name);
        }
        address(&config)
    }

    #[test]
    fn it_is_what_is_said_or_where_it_listens() {
        assert_eq!(announced(&[]), "127.0.0.1:7000");
        assert_eq!(announced(&[("bind", "node-1.example")]), "node-1.example:7000");
        assert_eq!(announced(&[("bind", "::1")]), "[::1]:7000");
        assert_eq!(announced(&[("bind", "*"), ("cluster-announce", "a.b:1")]), "a.b:1");
    }

    #[test]
    fn clients_are_told_where_others_dial_unless_it_is_said() {
        let told = |address: &str, lines: &[(&str, &str)]| {
            let mut config = Config { port: 6379, ..Config::default() };
            for (name, argument) in lines {
                config.apply(name, &[argument]).expect(name);
            }
            let told = for_clients(&config, address);
            (told.host, told.port)
        };
        assert_eq!(told("10.0.0.1:7000", &[]), ("10.0.0.1".to_owned(), 6379));
        assert_eq!(told("[::1]:7000", &[]), ("::1".to_owned(), 6379));
        let lines = [("cluster-announce-ip", "a.b"), ("cluster-announce-port", "1")];
        assert_eq!(told("[::1]:7000", &lines), ("a.b".to_owned(), 1));
    }

    #[test]
    fn behind_a_wildcard_it_is_the_way_to_the_peers() {
        for wildcard in ["*", "0.0.0.0", "::*"] {
            let lines = [("bind", wildcard), ("cluster-peer", "127.0.0.1:9")];
            assert_eq!(announced(&lines), "127.0.0.1:7000", "{wildcard}");
        }
        let address = announced(&[("bind", "*"), ("cluster-peer", "name:9")]);
        let address: SocketAddr = address.parse().expect("an address of this machine");
        assert!(!address.ip().is_unspecified());
    }
}
