//! A small blocking client: the health check, the tests and the benchmarks speak to servers with it.
//!
//! Requests are encoded and replies decoded with `redis-protocol`; `reply` keeps what the network
//! may make that decoder do within bounds.

mod reply;

pub use reply::{Limits, Reply, read_reply};

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use redis_protocol::resp2::encode::extend_encode_borrowed;
use redis_protocol::resp2::types::BorrowedFrame;

/// How long a read or write may block before it fails, unless [`Client::set_timeout`] says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// One connection to a server that speaks RESP2 or, after [`Client::hello3`], RESP3.
pub struct Client {
    stream: BufReader<Stream>,
    limits: Limits,
    pushes: VecDeque<Reply>,
}

impl Client {
    /// Connects over TCP.
    ///
    /// # Errors
    /// Whatever resolving the address or connecting fails with.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Client::over(Stream::Tcp(stream))
    }

    /// Connects to a Unix domain socket.
    ///
    /// # Errors
    /// Whatever connecting fails with.
    pub fn connect_unix(path: impl AsRef<Path>) -> io::Result<Client> {
        Client::over(Stream::Unix(UnixStream::connect(path)?))
    }

    fn over(stream: Stream) -> io::Result<Client> {
        stream.set_timeout(Some(DEFAULT_TIMEOUT))?;
        let stream = BufReader::new(stream);
        Ok(Client { stream, limits: Limits::default(), pushes: VecDeque::new() })
    }

    /// Sets how long a read or write may block; `None` is for ever.
    ///
    /// # Errors
    /// `InvalidInput` for a timeout of zero.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.get_ref().set_timeout(timeout)
    }

    /// Sends one command and waits for its reply, which may be [`Reply::Error`].
    ///
    /// Push messages that arrive before the reply are kept for [`Client::take_push`].
    ///
    /// # Errors
    /// The connection failed, timed out, or carried something that is not RESP or exceeds the limits.
    pub fn call<A: AsRef<[u8]>>(&mut self, command: &[A]) -> io::Result<Reply> {
        self.send(&[command])?;
        loop {
            match self.receive()? {
                push @ Reply::Push(_) => self.pushes.push_back(push),
                reply => return Ok(reply),
            }
        }
    }

    /// Sends a pipeline of commands in one write; each reply is then due from [`Client::receive`].
    ///
    /// # Errors
    /// The connection failed, or its other end does not read.
    pub fn send<A: AsRef<[u8]>>(&mut self, commands: &[&[A]]) -> io::Result<()> {
        let mut request = BytesMut::new();
        for command in commands {
            encode_command(&mut request, command)?;
        }
        self.send_raw(&request)
    }

    /// Sends bytes as they are: inline commands, half commands, garbage.
    ///
    /// # Errors
    /// The connection failed, or its other end does not read.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Waits for the next reply or push message.
    ///
    /// # Errors
    /// As [`Client::call`]; `UnexpectedEof` when the server closed the connection.
    pub fn receive(&mut self) -> io::Result<Reply> {
        read_reply(&mut self.stream, self.limits)
    }

    /// The oldest push message that a [`Client::call`] met and nobody took yet.
    pub fn take_push(&mut self) -> Option<Reply> {
        self.pushes.pop_front()
    }

    /// Switches to RESP3 and returns the server's greeting.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn hello3(&mut self) -> io::Result<Reply> {
        self.call(&["HELLO", "3"])
    }
}

/// Checks that a server is up: connects, authenticates if a password is given, and expects PONG.
///
/// # Errors
/// The connection failed or took longer than `timeout`, or the server answered something else (also
/// a refusal such as `-LOADING` or `-NOAUTH`, which is in the error's text).
pub fn ping(
    address: impl ToSocketAddrs,
    password: Option<&str>,
    timeout: Duration,
) -> io::Result<()> {
    let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    let mut client = Client::over(Stream::Tcp(stream))?;
    client.set_timeout(Some(timeout))?;
    if let Some(password) = password {
        expect_simple(&client.call(&["AUTH", password])?, "OK")?;
    }
    expect_simple(&client.call(&["PING"])?, "PONG")
}

fn expect_simple(reply: &Reply, expected: &str) -> io::Result<()> {
    match reply {
        Reply::Simple(text) if text == expected.as_bytes() => Ok(()),
        Reply::Error(text) => Err(io::Error::other(String::from_utf8_lossy(text).into_owned())),
        other => Err(io::Error::other(format!("expected {expected}, got {other:?}"))),
    }
}

fn encode_command<A: AsRef<[u8]>>(request: &mut BytesMut, command: &[A]) -> io::Result<()> {
    let words: Vec<_> =
        command.iter().map(|word| BorrowedFrame::BulkString(word.as_ref())).collect();
    extend_encode_borrowed(request, &BorrowedFrame::Array(&words), false)
        .map_err(io::Error::other)?;
    Ok(())
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => {
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)
            }
            Stream::Unix(stream) => {
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.flush(),
            Stream::Unix(stream) => stream.flush(),
        }
    }
}
