//! CONFIG SET and CONFIG REWRITE on running servers: what is set takes effect. Every script runs
//! against Headcount and against redis-server.

mod support;

use headcount::client::{Client, Reply};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use support::{CONFIG_FILE, Kind, Server, against_both, eventually, free_port, print};

/// Texts as they are, everything else as redis-cli shows it.
fn call(client: &mut Client, words: &[&str]) -> String {
    let reply = client.call(words).expect("a reply");
    match &reply {
        Reply::Simple(_) | Reply::Bulk(_) | Reply::Error(_) => print::text(&reply),
        other => print::redis_cli(other),
    }
}

fn set(client: &mut Client, name: &str, value: &str) {
    assert_eq!(call(client, &["CONFIG", "SET", name, value]), "OK", "{name} {value}");
}

fn connect(port: u16) -> Option<Client> {
    let mut client = Client::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).ok()?;
    client.set_timeout(Some(support::PATIENCE)).expect("a timeout");
    Some(client)
}

#[test]
fn the_port_can_change() {
    against_both(&["--bind", "127.0.0.1"], |server| {
        let mut client = server.connect();
        let port = free_port();
        set(&mut client, "port", &port.to_string());
        let mut other = connect(port).expect("the new port");
        assert_eq!(call(&mut other, &["PING"]), "PONG");
        assert!(TcpStream::connect(server.address()).is_err(), "the old port is closed");
        assert_eq!(call(&mut client, &["PING"]), "PONG", "who is connected stays");
        set(&mut client, "port", "0");
        assert!(connect(port).is_none(), "no port at all");
        set(&mut client, "port", &server.port.to_string());
        assert_eq!(call(&mut server.connect(), &["PING"]), "PONG");
    });
}

#[test]
fn a_port_in_use_is_refused_and_nothing_changes() {
    against_both(&["--bind", "127.0.0.1"], |server| {
        let mut client = server.connect();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let taken = taken.local_addr().map(|address| (taken, address.port())).expect("its number");
        let port = taken.1.to_string();
        let refused = "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to \
                       listen on this port. Check server logs.";
        assert_eq!(call(&mut client, &["CONFIG", "SET", "hz", "33", "port", &port]), refused);
        assert_eq!(call(&mut server.connect(), &["PING"]), "PONG", "it listens where it did");
        assert!(call(&mut client, &["CONFIG", "GET", "hz"]).contains("10"), "nothing was set");
        let said = call(&mut client, &["CONFIG", "GET", "port"]);
        assert!(said.contains(&server.port.to_string()), "{said}");
    });
}

#[test]
fn addresses_can_change() {
    against_both(&["--bind", "127.0.0.1"], |server| {
        let mut client = server.connect();
        // An address for documentation, which no machine has.
        let refused = "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to \
                       bind to specified addresses.";
        for addresses in ["192.0.2.1", "127.0.0.1 192.0.2.1", "127.0.0.1 127.0.0.1"] {
            assert_eq!(call(&mut client, &["CONFIG", "SET", "bind", addresses]), refused);
            assert_eq!(call(&mut server.connect(), &["PING"]), "PONG", "{addresses}");
        }
        let both = ["CONFIG", "SET", "bind", "192.0.2.1", "port", "1"];
        assert_eq!(call(&mut client, &both), refused, "the first of two is blamed");
        set(&mut client, "bind", "127.0.0.2 -192.0.2.1");
        let there = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), server.port));
        let mut other = Client::connect(there).expect("the new address");
        assert_eq!(call(&mut other, &["PING"]), "PONG");
        assert!(TcpStream::connect(server.address()).is_err(), "the old address is closed");
        set(&mut client, "bind", "127.0.0.1 127.0.0.2");
        for _ in 0..4 {
            assert_eq!(call(&mut server.connect(), &["PING"]), "PONG");
            let mut other = Client::connect(there).expect("the other address");
            assert_eq!(call(&mut other, &["PING"]), "PONG");
        }
    });
}

#[test]
fn the_log_level_can_change() {
    against_both(&["--logfile", "log", "--loglevel", "warning"], |server| {
        let accepted = || {
            let log = fs::read_to_string(server.path("log")).unwrap_or_default();
            log.matches("Accepted").count()
        };
        let mut client = server.connect();
        assert_eq!(accepted(), 0);
        set(&mut client, "loglevel", "verbose");
        call(&mut server.connect(), &["PING"]);
        eventually("the connection is in the log", || accepted() == 1);
        set(&mut client, "loglevel", "warning");
        call(&mut server.connect(), &["PING"]);
        assert_eq!(accepted(), 1);
    });
}

#[test]
fn limits_of_clients_can_change() {
    against_both(&[], |server| {
        let mut client = server.connect();
        eventually("the others are gone", || {
            call(&mut client, &["INFO", "clients"]).contains("connected_clients:1\r")
        });
        set(&mut client, "maxclients", "1");
        let mut second = server.connect();
        let full = second.receive().expect("a refusal");
        assert_eq!(full, Reply::Error("ERR max number of clients reached".into()));
        set(&mut client, "maxclients", "100");
        let mut idle = server.connect();
        assert_eq!(call(&mut idle, &["PING"]), "PONG");
        set(&mut client, "timeout", "1");
        eventually("the idle client is closed", || {
            call(&mut client, &["INFO", "clients"]).contains("connected_clients:1\r")
        });
        assert!(idle.call(&["PING"]).is_err());
    });
}

/// The timer of a server's socket in the kernel's table: 0 for none, 2 for keepalive.
#[cfg(target_os = "linux")]
fn kernel_timer(server_port: u16, client_port: u16) -> Option<u8> {
    let sockets = fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let (local, remote) = (format!(":{server_port:04X}"), format!(":{client_port:04X}"));
    let line = sockets.lines().find(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let mut next_is = |port: &str| fields.next().is_some_and(|field| field.ends_with(port));
        next_is(&local) && next_is(&remote)
    })?;
    line.split_whitespace().nth(5)?.split(':').next()?.parse().ok()
}

#[cfg(target_os = "linux")]
#[test]
fn keepalive_can_change_for_new_connections() {
    against_both(&[], |server| {
        let timer = || {
            let mut client = server.connect();
            let info = call(&mut client, &["CLIENT", "INFO"]);
            let address = info.split("addr=127.0.0.1:").nth(1).expect("the client's address");
            let port = address.split(' ').next().and_then(|port| port.parse().ok());
            // While its last reply is on the way, the socket has another timer.
            std::thread::sleep(Duration::from_millis(300));
            kernel_timer(server.port, port.expect("a port"))
        };
        assert_eq!(timer(), Some(2), "the default is on");
        set(&mut server.connect(), "tcp-keepalive", "0");
        assert_eq!(timer(), Some(0));
        set(&mut server.connect(), "tcp-keepalive", "100");
        assert_eq!(timer(), Some(2));
    });
}

#[test]
fn the_password_can_change() {
    against_both(&[], |server| {
        let mut client = server.connect();
        set(&mut client, "requirepass", "secret");
        assert_eq!(call(&mut client, &["PING"]), "PONG", "who is in stays in");
        let mut new = server.connect();
        assert_eq!(call(&mut new, &["PING"]), "NOAUTH Authentication required.");
        assert_eq!(call(&mut new, &["AUTH", "secret"]), "OK");
        set(&mut new, "requirepass", "");
        assert_eq!(call(&mut server.connect(), &["PING"]), "PONG");
    });
}

#[test]
fn the_limit_of_memory_can_change() {
    against_both(&[], |server| {
        let mut client = server.connect();
        set(&mut client, "maxmemory", "1");
        let refused = "OOM command not allowed when used memory > 'maxmemory'.";
        assert_eq!(call(&mut client, &["SET", "k", "v"]), refused);
        set(&mut client, "maxmemory", "1gb");
        assert_eq!(call(&mut client, &["SET", "k", "v"]), "OK");
        set(&mut client, "maxmemory-policy", "allkeys-random");
        set(&mut client, "maxmemory", "1");
        eventually("the key is evicted", || call(&mut client, &["GET", "k"]) == "(nil)");
        let evicted = call(&mut client, &["INFO", "stats"]);
        assert!(evicted.contains("evicted_keys:1\r"), "{evicted}");
    });
}

#[test]
fn the_rate_of_background_work_can_change() {
    against_both(&[], |server| {
        let mut client = server.connect();
        set(&mut client, "hz", "77");
        let info = call(&mut client, &["INFO", "server"]);
        assert!(info.contains("configured_hz:77\r"), "{info}");
    });
}

#[test]
fn what_is_monitored_can_change() {
    against_both(&["--slowlog-log-slower-than", "-1"], |server| {
        let mut client = server.connect();
        let mut slow = || call(&mut client, &["SLOWLOG", "LEN"]);
        assert_eq!(slow(), "(integer) 0");
        set(&mut server.connect(), "slowlog-log-slower-than", "0");
        eventually("commands are slow", || slow() == "(integer) 4");
        set(&mut server.connect(), "slowlog-max-len", "2");
        slow();
        assert_eq!(slow(), "(integer) 2");
        set(&mut client, "latency-monitor-threshold", "5");
        assert_eq!(call(&mut client, &["DEBUG", "SLEEP", "0.02"]), "OK");
        if server.kind == Kind::Redis {
            // Where DEBUG SLEEP blocks the server, and so counts as slow.
            let latest = call(&mut client, &["LATENCY", "LATEST"]);
            assert!(latest.contains("command"), "{latest}");
        }
    });
}

#[test]
fn the_working_folder_can_change() {
    against_both(&["--enable-protected-configs", "yes"], |server| {
        let mut client = server.connect();
        fs::create_dir(server.path("inner")).expect("a folder");
        let refused = "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file \
                       or directory";
        assert_eq!(call(&mut client, &["CONFIG", "SET", "dir", "missing"]), refused);
        set(&mut client, "dir", "inner");
        let inner = fs::canonicalize(server.path("inner")).expect("its path");
        let said = call(&mut client, &["CONFIG", "GET", "dir"]);
        assert!(said.contains(&inner.display().to_string()), "{said}");
        let real = fs::read_link(format!("/proc/{}/cwd", server.pid())).expect("its folder");
        assert_eq!(real, inner);
    });
}

#[test]
fn the_configuration_is_rewritten() {
    let text = "# A comment.\nmaxclients 50\n";
    let servers = [Some(Server::headcount_with_file(text)), Server::redis_with_file(text)];
    for server in servers.into_iter().flatten() {
        let path = server.path(CONFIG_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
        let mut client = server.connect();
        set(&mut client, "maxclients", "60");
        set(&mut client, "requirepass", "a \"secret\"");
        assert_eq!(call(&mut client, &["CONFIG", "REWRITE"]), "OK");
        let written = fs::read_to_string(&path).expect("the file");
        assert!(written.starts_with("# A comment.\nmaxclients 60\n"), "{written}");
        assert!(written.contains("# Generated by CONFIG REWRITE\n"), "{written}");
        assert!(written.contains("\nrequirepass \"a \\\"secret\\\"\"\n"), "{written}");
        let folder = path.parent().expect("a folder");
        assert_eq!(fs::read_dir(folder).expect("the folder").count(), 1, "nothing is left over");
        if server.kind == Kind::Headcount {
            // Redis makes it readable for all.
            let mode = fs::metadata(&path).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::remove_dir_all(folder).expect("a folder to remove");
        let refused = "ERR Rewriting config file: No such file or directory";
        assert_eq!(call(&mut client, &["CONFIG", "REWRITE"]), refused);
    }
}
