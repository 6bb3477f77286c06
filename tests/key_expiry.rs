//! Keys that expire, from outside.

mod support;

use std::time::Duration;

use headcount::client::Reply;
use support::against_both;

/// Nobody has to wait for the timer: who asks for a key that has expired removes it, as in Redis.
#[test]
fn an_expired_key_is_reclaimed_by_whoever_asks_for_it() {
    against_both(&[], |server| {
        let mut client = server.connect();
        client.call(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]).expect("DEBUG");
        for (at, ask) in [
            &["GET", "key"][..],
            &["EXISTS", "key"],
            &["TTL", "key"],
            &["TYPE", "key"],
            &["STRLEN", "key"],
            &["MGET", "key", "other"],
            &["INCR", "other"],
        ]
        .iter()
        .enumerate()
        {
            let name = ask.get(1).expect("a key");
            client.call(&["SET", name, "1", "PX", "1"]).expect("SET");
            std::thread::sleep(Duration::from_millis(5));
            assert_eq!(client.call(&["DBSIZE"]).expect("DBSIZE"), Reply::Integer(1), "{ask:?}");
            client.call(ask).expect("a reply");
            let left = i64::from(ask[0] == "INCR");
            assert_eq!(client.call(&["DBSIZE"]).expect("DBSIZE"), Reply::Integer(left), "{ask:?}");
            assert_eq!(server.info("expired_keys"), Some((at + 1).to_string()), "{ask:?}");
        }
        client.call(&["DEBUG", "SET-ACTIVE-EXPIRE", "1"]).expect("DEBUG");
    });
}
