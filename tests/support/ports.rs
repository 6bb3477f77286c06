//! Ports for servers that are told theirs.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the kernel gives to who asks for any port: between a test's look and its server's start,
/// nobody's outgoing connection takes one of these.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// What keeps other tests' processes from the ports that this one was given, until it ends: their UDP
/// twins, which no server here uses. Nodes of two tests on one port would make one cluster of two.
static TAKEN: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());
static TRIED: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 on which nothing listens and that no other test is given.
pub fn free_port() -> u16 {
    // Processes that start together begin far from one another.
    let start = std::process::id().wrapping_mul(7919);
    for _ in 0..COUNT {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        let offset = start.wrapping_add(tried) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).expect("less than COUNT");
        let Ok(twin) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            TAKEN.lock().expect("no panic while it is held").push(twin);
            return port;
        }
    }
    panic!("no free port");
}
