//! The directives of a cluster that have a form of their own: addresses, the node's id, the secret.

use super::kind::Words;
use super::settings::Config;

/// Why an address is refused.
const NO_ADDRESS: &str = "argument must be host:port";
/// Longer than any name in DNS.
const MAX_HOST_BYTES: usize = 255;

/// Where this node says that it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announce {
    /// `cluster-announce`: `host:port` of its cluster-port, as others are to dial it.
    pub peers: Option<String>,
    /// `cluster-announce-ip`: the host that cluster clients are told.
    pub host: Option<String>,
    /// `cluster-announce-port`: the port that they are told; 0: `port`.
    pub port: u16,
}

/// Peers come one a line or several on one line; those of all lines count, each once.
pub(super) const CLUSTER_PEER: Words = Words {
    form: "host:port …",
    show: |config| config.cluster_peer.join(" "),
    lines: |config| match config.cluster_peer.as_slice() {
        [] => vec!["\"\"".to_owned()],
        peers => peers.to_vec(),
    },
    set: add_peers,
    anew: |_| {},
};

fn add_peers(config: &mut Config, arguments: &[&[u8]]) -> Result<(), &'static str> {
    let mut peers = config.cluster_peer.clone();
    for argument in arguments {
        if argument.is_empty() {
            peers.clear();
            continue;
        }
        for word in argument.split(|byte| *byte == b' ') {
            let peer = parse_address(word).ok_or(NO_ADDRESS)?;
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
    }
    config.cluster_peer = peers;
    Ok(())
}

pub(super) fn set_announce(config: &mut Config, value: &[u8]) -> Result<(), &'static str> {
    config.cluster_announce.peers = match value {
        b"" => None,
        address => Some(parse_address(address).ok_or(NO_ADDRESS)?),
    };
    Ok(())
}

pub(super) fn set_announce_host(config: &mut Config, value: &[u8]) -> Result<(), &'static str> {
    let is_host = |host: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_".contains(&byte);
        host.len() <= MAX_HOST_BYTES && host.bytes().all(fits)
    };
    let host = std::str::from_utf8(value).ok().filter(is_host);
    let host = host.ok_or("argument must be a host name or an IP address")?;
    config.cluster_announce.host = (!host.is_empty()).then(|| host.to_owned());
    Ok(())
}

pub(super) fn show_node_id(config: &Config) -> Vec<u8> {
    config.cluster_node_id.map(|id| format!("{id:08x}")).unwrap_or_default().into()
}

pub(super) fn set_node_id(config: &mut Config, value: &[u8]) -> Result<(), &'static str> {
    const NO_ID: &str = "argument must be 1 to 8 hexadecimal digits, and not 0";
    config.cluster_node_id = match value {
        b"" => None,
        digits => Some(parse_node_id(digits).ok_or(NO_ID)?),
    };
    Ok(())
}

/// A node's id, by 1 to 8 hexadecimal digits in any case; 0 is nobody's.
fn parse_node_id(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let fits = digits.len() <= 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|id| fits && *id != 0)
}

pub(super) fn set_secret(config: &mut Config, value: &[u8]) -> Result<(), &'static str> {
    let secret = std::str::from_utf8(value).map_err(|_| "argument must be text (UTF-8)")?;
    config.cluster_secret = secret.to_owned();
    Ok(())
}

/// Reads `host:port`, an IPv6 address in brackets.
fn parse_address(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']').filter(|host| host.contains(':'))?,
        None => Some(host).filter(|host| !host.contains(':'))?,
    };
    let number: u16 = port.parse().ok()?;
    (number.to_string() == port).then(|| peer_address(host, number))?
}

/// Host (an address or a name) and port of a node's `cluster-port` in the form in which peers are
/// dialled: `host:port`, an IPv6 address in brackets. None: they name no place.
#[must_use]
pub fn peer_address(host: &str, port: u16) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_name = !host.is_empty() && host.len() <= MAX_HOST_BYTES && host.bytes().all(fits);
    match port {
        0 => None,
        port if is_name => Some(format!("{host}:{port}")),
        port => host.parse::<core::net::Ipv6Addr>().ok().map(|host| format!("[{host}]:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for (text, address) in [
            ("10.0.0.1:7000", "10.0.0.1:7000"),
            ("node-1.example.org:65535", "node-1.example.org:65535"),
            ("[::1]:7000", "[::1]:7000"),
            ("[0:0::1]:7000", "[::1]:7000"),
        ] {
            assert_eq!(parse_address(text.as_bytes()).as_deref(), Some(address), "{text}");
        }
        for text in [
            "", "a", ":1", "a:", "a:0", "a:65536", "a:01", "a:+1", "::1:7", "[a]:7", "[::1]",
            "a b:7",
        ] {
            assert_eq!(parse_address(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_node_id_is_hexadecimal() {
        for (digits, id) in [("1", 1), ("0000000a", 10), ("FFFFFFFF", u32::MAX)] {
            assert_eq!(parse_node_id(digits.as_bytes()), Some(id), "{digits}");
        }
        for digits in ["", "0", "00000000", "000000001", "+1", "x", "-1"] {
            assert_eq!(parse_node_id(digits.as_bytes()), None, "{digits}");
        }
    }

    /// The configuration that these lines make, none of which is quoted.
    fn parse(lines: &[&str]) -> Config {
        let mut config = Config::default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let (name, arguments) = words.split_first().expect("a name");
            config.apply(name, arguments).expect(line);
        }
        config
    }

    #[test]
    fn peers_gather_from_all_lines() {
        let config = parse(&["cluster-peer a:1", "cluster-peer b:2 [::1]:3", "CLUSTER-PEER a:1"]);
        assert_eq!(config.cluster_peer, ["a:1", "b:2", "[::1]:3"]);
        let rewritten = crate::config::rewrite(b"cluster-peer x:9\nhz 10\n", &config);
        let expected = "cluster-peer a:1\nhz 10\n\n# Generated by CONFIG REWRITE\n\
            cluster-peer b:2\ncluster-peer [::1]:3\n";
        assert_eq!(String::from_utf8_lossy(&rewritten), expected);
        assert_eq!(parse(&["cluster-peer a:1", "cluster-peer "]), Config::default());
    }

    #[test]
    fn a_line_is_taken_whole_or_not_at_all() {
        let mut config = parse(&["cluster-peer a:1"]);
        let refused = config.apply("cluster-peer", &["c:1", "nowhere"]).expect_err("no port");
        assert_eq!(refused.to_string(), "argument must be host:port");
        assert_eq!(config.cluster_peer, ["a:1"]);
    }

    #[test]
    fn refusals_say_what_is_wanted() {
        for (name, given, reason) in [
            ("cluster-node-id", "0", "argument must be 1 to 8 hexadecimal digits, and not 0"),
            ("cluster-announce", "n1", "argument must be host:port"),
            ("cluster-port", "65536", "argument must be between 0 and 65535 inclusive"),
            (
                "cluster-enabled",
                "yes",
                "every node holds all keys: give the nodes a cluster-port instead",
            ),
        ] {
            let error = Config::default().apply(name, &[given]).expect_err(name);
            assert_eq!(error.to_string(), reason, "{name} {given}");
        }
    }
}
