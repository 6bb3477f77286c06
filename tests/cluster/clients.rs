//! Clients, as users have them.

use std::time::Duration;

use redis::{Connection, FromRedisValue, RedisResult};

use crate::support::{PATIENCE, Server, eventually};

/// A connection to a node.
pub fn connect(server: &Server) -> Connection {
    connect_to(&format!("redis://{}", server.address()))
}

/// A connection to what a URL names, when it answers clients.
pub fn connect_to(url: &str) -> Connection {
    let client = redis::Client::open(url).expect("an address");
    let mut connection = client.get_connection_with_timeout(PATIENCE).expect("a connection");
    // WAIT may take its time.
    connection.set_read_timeout(Some(PATIENCE + Duration::from_secs(10))).expect("a timeout");
    eventually("it has loaded", || {
        let answer: RedisResult<redis::Value> = try_ask(&mut connection, "PING");
        answer.err().and_then(|error| Some(error.code()? != "LOADING")).unwrap_or(true)
    });
    connection
}

/// Sends one command, of words between blanks.
pub fn try_ask<T: FromRedisValue>(connection: &mut Connection, command: &str) -> RedisResult<T> {
    let mut words = command.split(' ');
    let mut request = redis::cmd(words.next().expect("a name"));
    words.for_each(|word| {
        request.arg(word);
    });
    request.query(connection)
}

/// As [`try_ask`], of what must succeed.
pub fn ask<T: FromRedisValue>(connection: &mut Connection, command: &str) -> T {
    try_ask(connection, command).unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// Sends commands whose replies do not matter, as long as they are no errors.
pub fn tell(connection: &mut Connection, commands: &[&str]) {
    for command in commands {
        ask::<redis::Value>(connection, command);
    }
}

/// The members of a set, in order.
pub fn members(connection: &mut Connection, key: &str) -> Vec<String> {
    let mut members: Vec<String> = ask(connection, &format!("SMEMBERS {key}"));
    members.sort();
    members
}
