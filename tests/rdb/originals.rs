//! Files of the redis-server that is installed, with every encoding that it writes: what is read is what
//! the server answers.

use std::fs;

use headcount::client::{Client, Reply};

use crate::properties::{Contents, Value, contents};
use crate::support::{Server, print};

/// A server, filled and saved.
pub struct Original {
    pub server: Server,
    pub file: std::path::PathBuf,
}

impl Original {
    /// Starts redis-server and fills it with every encoding; `None` where there is no redis-server.
    pub fn with_every_encoding(flags: &[&str]) -> Option<Original> {
        let original = Original::start(flags)?;
        let mut client = original.server.connect();
        fill(&mut client);
        original.save();
        Some(original)
    }

    pub fn start(flags: &[&str]) -> Option<Original> {
        let server = Server::redis(flags)?;
        let file = server.path("dump.rdb");
        Some(Original { server, file })
    }

    pub fn save(&self) {
        run(&mut self.server.connect(), &["SAVE"]);
    }
}

/// Runs a command that must not fail.
pub fn run<A: AsRef<[u8]>>(client: &mut Client, command: &[A]) -> Reply {
    let reply = client.call(command).expect("a reply");
    assert!(!matches!(reply, Reply::Error(_)), "{}", print::redis_cli(&reply));
    reply
}

/// Adds `elements` to a key under these settings, and expects that encoding of it.
fn add(
    client: &mut Client,
    settings: &[&str],
    command: &str,
    elements: &[Vec<u8>],
    encoding: &str,
) {
    let key = format!("{command}:{encoding}:{}", elements.len());
    run(client, &[&["CONFIG", "SET"][..], settings].concat());
    for some in elements.chunks(1_000) {
        let mut words = vec![command.as_bytes(), key.as_bytes()];
        words.extend(some.iter().map(Vec::as_slice));
        run(client, &words);
    }
    let found = run(client, &["OBJECT", "ENCODING", &key]);
    assert_eq!(print::text(&found), encoding, "{key}");
}

/// Words that compress, words that do not, numbers at the borders of every width, and strings whose
/// entries are as long as the borders of the lengths of entries.
fn words() -> Vec<Vec<u8>> {
    let numbers = [0, 1, 12, 13, 63, 64, 127, 128, 4_095, 4_096, 32_767, 32_768, 65_536, 8_388_607];
    let numbers = numbers.into_iter().chain([8_388_608, 16_777_216, 2_147_483_647, 2_147_483_648]);
    let signed = numbers.flat_map(|number: i64| [number, -number, -number - 1]);
    let limits = [i64::MIN.to_string(), i64::MAX.to_string(), "007".to_owned(), String::new()];
    let lengths = [1, 62, 63, 64, 120, 122, 123, 124, 126, 127, 4_090, 4_095, 4_096, 16_375];
    let more = [16_376, 16_377, 16_378, 16_379, 16_380, 16_381, 16_382, 16_383, 16_384, 70_000];
    let mut words: Vec<Vec<u8>> = signed.map(|number| number.to_string().into_bytes()).collect();
    words.extend(limits.map(String::into_bytes));
    words.extend(lengths.into_iter().chain(more).map(noise));
    words.extend(lengths.into_iter().map(|len| vec![b'z'; len + 1]));
    words.sort();
    words.dedup();
    words
}

/// Bytes of all values, another run of them for each length.
fn noise(len: usize) -> Vec<u8> {
    let mut state = len as u64 + 1;
    let mut byte = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(&mut byte).take(len).collect()
}

fn numbered(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("element {number}").into_bytes()).collect()
}

fn integers(count: i64, step: i64) -> Vec<Vec<u8>> {
    (0..count).map(|number| (number * step).to_string().into_bytes()).collect()
}

/// Elements in pairs, each with the same beside it.
fn paired(elements: &[Vec<u8>]) -> Vec<Vec<u8>> {
    elements.iter().flat_map(|element| [element.clone(), noise(element.len() / 2)]).collect()
}

fn scored(elements: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let scores =
        ["0", "-1", "1.5", "3.0000000000000004", "1e300", "-2.5e-300", "inf", "-inf", "17"];
    let pairs = elements.iter().zip(scores.iter().cycle());
    pairs.flat_map(|(element, score)| [score.as_bytes().to_vec(), element.clone()]).collect()
}

fn fill(client: &mut Client) {
    let small = &["hash-max-listpack-entries", "0", "zset-max-listpack-entries", "0"];
    let entries = ["hash-max-listpack-entries", "9999", "zset-max-listpack-entries", "9999"];
    let values = ["hash-max-listpack-value", "99999", "zset-max-listpack-value", "99999"];
    let large = &[entries, values].concat();
    let words = words();
    let (few, many) = (&words[..50], &numbered(5_000));
    for (at, word) in words.iter().enumerate() {
        run(client, &[&b"SET"[..], format!("text:{at}").as_bytes(), word]);
        run(client, &[&b"SET"[..], &[b"named:", &word[..]].concat(), b"v"]);
    }
    let intset = &["set-max-intset-entries", "9999"];
    for (count, step) in [(300, 7), (301, 70_000), (302, 7_000_000_000)] {
        add(client, intset, "SADD", &integers(count, step), "intset");
    }
    add(client, &["set-max-intset-entries", "0"], "SADD", &integers(301, 3), "hashtable");
    add(client, intset, "SADD", &words, "hashtable");
    add(client, intset, "SADD", many, "hashtable");
    add(client, large, "HSET", &paired(&words), "listpack");
    add(client, large, "HSET", &paired(few), "listpack");
    add(client, small, "HSET", &paired(&words), "hashtable");
    add(client, large, "ZADD", &scored(&words), "listpack");
    add(client, small, "ZADD", &scored(&words), "skiplist");
    add(client, small, "ZADD", &scored(many), "skiplist");
    for (at, size) in ["-2", "-5", "3"].iter().enumerate() {
        run(client, &["CONFIG", "SET", "list-max-listpack-size", size]);
        let name = format!("list:{at}");
        for word in words.iter().chain(many.iter().take(500)) {
            run(client, &[&b"RPUSH"[..], name.as_bytes(), word]);
        }
    }
    passed_over(client);
    for (key, deadline_ms) in
        [("text:1", 4_000_000_000_123_u64), ("SADD:hashtable:301", 4_000_000_000_456)]
    {
        run(client, &["PEXPIREAT", key, &deadline_ms.to_string()]);
    }
    run(client, &["SELECT", "9"]);
    run(client, &["SET", "text:1", "of database 9"]);
}

/// What the reader has to get over, and a list with a large element.
fn passed_over(client: &mut Client) {
    for number in 0..2_000 {
        let number = number.to_string();
        run(client, &["RPUSH", "list", "item", &number]);
        run(client, &["XADD", "stream", "*", "field", &number]);
    }
    run(client, &[&b"RPUSH"[..], b"list", &noise(100_000)]);
    run(client, &["XGROUP", "CREATE", "stream", "group", "0"]);
    run(client, &["XGROUP", "CREATE", "stream", "idle", "$"]);
    let read = ["XREADGROUP", "GROUP", "group", "ann", "COUNT", "50", "STREAMS", "stream", ">"];
    run(client, &read);
    run(client, &["XTRIM", "stream", "MAXLEN", "1000"]);
    let library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    run(client, &["FUNCTION", "LOAD", library]);
}

/// What the server answers for a key of that value's type, in the value's order of elements.
fn answered(client: &mut Client, key: &[u8], read: &Value) -> Value {
    let pairs = |reply: Reply| -> Vec<(Vec<u8>, Vec<u8>)> {
        let texts = texts(reply);
        texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    match read {
        Value::Text(_) => Value::Text(texts(run(client, &[b"GET", key])).remove(0)),
        Value::List(_) => Value::List(texts(run(client, &[&b"LRANGE"[..], key, b"0", b"-1"]))),
        Value::Set(_) => Value::Set(sorted(texts(run(client, &[b"SMEMBERS", key])))),
        Value::Hash(_) => {
            let fields = pairs(run(client, &[b"HGETALL", key]));
            Value::Hash(sorted(
                fields.into_iter().map(|(name, value)| (name, value, None)).collect(),
            ))
        }
        Value::SortedSet(_) => {
            let all = [&b"ZRANGE"[..], key, b"0", b"-1", b"WITHSCORES"];
            let number = |text: Vec<u8>| String::from_utf8_lossy(&text).parse().expect("a score");
            let members = pairs(run(client, &all));
            Value::SortedSet(by_name(
                members.into_iter().map(|(name, it)| (name, number(it))).collect(),
            ))
        }
        Value::Nothing => Value::Nothing,
    }
}

fn in_order(value: &Value) -> Value {
    match value.clone() {
        Value::Set(members) => Value::Set(sorted(members)),
        Value::Hash(fields) => Value::Hash(sorted(fields)),
        Value::SortedSet(members) => Value::SortedSet(by_name(members)),
        other => other,
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

fn by_name(mut members: Vec<(Vec<u8>, f64)>) -> Vec<(Vec<u8>, f64)> {
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

pub fn texts(reply: Reply) -> Vec<Vec<u8>> {
    match reply {
        Reply::Bulk(text) => vec![text],
        Reply::Array(items) | Reply::Set(items) => items.into_iter().flat_map(texts).collect(),
        other => panic!("no text: {other:?}"),
    }
}

/// Holds that a server has these keys with these values and deadlines; answers how many.
pub fn holds(server: &Server, contents: &Contents, of: impl Fn(&Value) -> bool) -> usize {
    let mut client = server.connect();
    let mut compared = 0;
    for ((database, name), (key, value)) in &contents.keys {
        if of(value) {
            run(&mut client, &["SELECT", &database.to_string()]);
            let found = answered(&mut client, name, value);
            assert!(found == in_order(value), "{}", name.escape_ascii());
            let deadline_ms = run(&mut client, &[b"PEXPIRETIME", name.as_slice()]);
            let expected = Reply::Integer(key.deadline_ms.unwrap_or(-1));
            assert_eq!(deadline_ms, expected, "{}", name.escape_ascii());
            compared += 1;
        }
    }
    compared
}

fn is_read_right(flags: &[&str]) {
    let Some(original) = Original::with_every_encoding(flags) else { return };
    let file = fs::read(&original.file).expect("a file");
    let read = contents(&file).expect("a good file");
    let mut client = original.server.connect();
    let mut size = 0;
    for database in ["0", "9"] {
        run(&mut client, &["SELECT", database]);
        let Reply::Integer(keys) = run(&mut client, &["DBSIZE"]) else { panic!("no size") };
        size += keys as usize;
    }
    assert_eq!(read.keys.len(), size);
    let compared = holds(&original.server, &read, |_| true);
    assert_eq!(compared, size);
}

#[test]
fn every_encoding_is_read() {
    is_read_right(&[]);
}

#[test]
fn every_encoding_is_read_uncompressed_and_without_checksum() {
    is_read_right(&["--rdbcompression", "no", "--rdbchecksum", "no"]);
}
