//! Random commands from a grammar: a few hot keys, every option, and values that provoke errors.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::Command;
use super::sorted_sets;

/// Upper case is itself, lower case is filled in by [`fill`]; `?` in front is optional, `+` behind
/// means once to three times.
const GRAMMAR: &[&str] = &[
    "GET key",
    "GET key",
    "GETDEL key",
    "GETSET key value",
    "STRLEN key",
    "MGET key+",
    "SET key value",
    "SET key value ?expiry",
    "SET key value ?condition ?GET ?expiry",
    "SETNX key value",
    "SETEX key seconds value",
    "PSETEX key ms value",
    "GETEX key",
    "GETEX key expiry",
    "GETEX key PERSIST",
    "MSET pair+",
    "MSETNX pair+",
    "APPEND key value",
    "GETRANGE key index index",
    "SUBSTR key index index",
    "SETRANGE key offset value",
    "SETBIT key bit bitvalue",
    "SETBIT key bit bitvalue",
    "GETBIT key bit",
    "BITCOUNT key",
    "BITCOUNT key sound sound ?bitunit",
    "BITPOS key bitvalue",
    "BITPOS key bitvalue sound",
    "BITPOS key bitvalue sound sound ?bitunit",
    "BITOP bitop key key+",
    "BITFIELD key fields+",
    "BITFIELD_RO key GET fieldtype fieldplace",
    "PFADD hll value+",
    "PFADD hll member+",
    "SET hll value",
    "PFCOUNT hll",
    "PFCOUNT hll+",
    "PFCOUNT key",
    "PFMERGE hll hll+",
    "DEL hll",
    "GET hll",
    "INCR key",
    "DECR key",
    "INCRBY key int",
    "DECRBY key int",
    "INCRBYFLOAT key float",
    "INCRBYFLOAT key float",
    "DEL key+",
    "UNLINK key+",
    "EXISTS key+",
    "TOUCH key+",
    "TYPE key",
    "KEYS pattern",
    "RANDOMKEY",
    "DBSIZE",
    "EXPIRE key seconds ?limit ?limit",
    "PEXPIRE key ms ?limit",
    "EXPIREAT key at ?limit",
    "PEXPIREAT key atms ?limit",
    "TTL key",
    "PTTL key",
    "EXPIRETIME key",
    "PEXPIRETIME key",
    "PERSIST key",
    "SCAN 0 ?scanned ?scanned",
    "RENAME key key",
    "RENAMENX key key",
    "COPY key key ?REPLACE",
    "COPY key key DB db ?REPLACE",
    "MOVE key db",
    "RESTORE key int value ?REPLACE ?ABSTTL",
    "OBJECT ENCODING key",
    "SELECT db",
    "PUBLISH member value",
    "SPUBLISH member value",
    "PUBSUB NUMSUB member+",
    "PUBSUB SHARDNUMSUB member+",
    "PUBSUB SHARDCHANNELS pattern",
    "PUBSUB NUMPAT",
    "SWAPDB db db",
    "FLUSHDB",
    "SADD key member+",
    "SADD key member+",
    "SADD key member+",
    "SREM key member+",
    "SCARD key",
    "SISMEMBER key member",
    "SMISMEMBER key member+",
    "SMEMBERS key",
    "SSCAN key 0 ?scanned",
    "SPOP key",
    "SPOP key count",
    "SRANDMEMBER key",
    "SRANDMEMBER key count",
    "SMOVE key key member",
    "SUNION key+",
    "SINTER key+",
    "SDIFF key+",
    "SUNIONSTORE key key+",
    "SINTERSTORE key key+",
    "SDIFFSTORE key key+",
    "SINTERCARD 2 key key ?most",
    "SINTERCARD keys key+",
    "HSET key field value",
    "HSET key field value field value",
    "HSET key field value field",
    "HMSET key field value",
    "HSETNX key field value",
    "HGET key field",
    "HMGET key field+",
    "HGETALL key",
    "HDEL key field+",
    "HDEL key field+",
    "HLEN key",
    "HEXISTS key field",
    "HKEYS key",
    "HVALS key",
    "HSTRLEN key field",
    "HINCRBY key field int",
    "HINCRBY key field int",
    "HINCRBYFLOAT key field float",
    "HINCRBYFLOAT key field float",
    "HRANDFIELD key",
    "HRANDFIELD key count",
    "HRANDFIELD key count WITHVALUES",
    "HSCAN key 0 ?scanned",
    "RPUSH key member+",
    "RPUSH key member+",
    "LPUSH key member+",
    "LPUSHX key member",
    "RPUSHX key member",
    "LPOP key",
    "RPOP key",
    "LPOP key count",
    "RPOP key count",
    "LLEN key",
    "LRANGE key index index",
    "LINDEX key index",
    "LSET key index member",
    "LINSERT key BEFORE member member",
    "LINSERT key AFTER member member",
    "LREM key index member",
    "LTRIM key index index",
    "LPOS key member",
    "LPOS key member COUNT count",
    "LPOS key member RANK index MAXLEN count",
    "LMOVE key key end end",
    "RPOPLPUSH key key",
    "LMPOP 2 key key end",
    "LMPOP keys key+ end COUNT count",
    "SORT key ALPHA ?most",
    "SORT key DESC",
    "SORT key ALPHA STORE key",
    "SORT_RO key LIMIT index count",
    "ECHO value",
    "WATCH key+",
    "UNWATCH",
];

const KEYS: &[&str] = &["a", "b", "c", "d", "s", "t", "n", "f", "h", "i", "z", "y"];
const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "10",
    "-1",
    "hello",
    "1.5",
    "abc",
    " 1",
    "01",
    "9223372036854775807",
    "1e3",
    "\0\u{7f}",
];
const BITS: &[&str] = &["0", "1", "7", "8", "9", "63", "100", "5000", "-1", "4294967296", "x"];
const FIELD_TYPES: &[&str] =
    &["u1", "i1", "u4", "i5", "u8", "i8", "u16", "i33", "u63", "i64", "u64"];
const FIELD_PLACES: &[&str] = &["0", "1", "4", "7", "60", "#0", "#1", "#3", "100", "-1", "#x"];
const MEMBERS: &[&str] = &["x", "y", "z", "1", "2", "3", "01", "", "-7", "9223372036854775808"];
const INTS: &[&str] = &[
    "1",
    "-1",
    "0",
    "5",
    "100",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775806",
    "abc",
    "1.5",
    "",
    "+1",
    "05",
    "9223372036854775808",
];
const FLOATS: &[&str] = &[
    "0.1",
    "1.5",
    "-0.5",
    "3",
    "1e5",
    "1e-10",
    "1e300",
    "-1e300",
    "0",
    "-0",
    "inf",
    "-inf",
    "nan",
    "abc",
    "",
    " 1",
    "0x1p3",
    ".5",
    "5.",
    "123456789.987654321",
    "1e5000",
    "+2",
    "1e17",
];
const INDICES: &[&str] = &["0", "1", "-1", "3", "-3", "100", "-100", "abc"];
const OFFSETS: &[&str] = &["0", "1", "5", "20", "-1", "abc", "536870912"];
const COUNTS: &[&str] = &["0", "1", "2", "5", "100", "-1", "-3", "abc"];
const PATTERNS: &[&str] = &["*", "a*", "?", "[a-c]", "[^a]", "*b*", "", "\\a", "x*", "[ab"];
const TYPES: &[&str] = &["string", "set", "SET", "hash", "list", "zset"];
const FIELDS: &[&str] = &["x", "y", "1", "", "count"];

/// Such times provoke errors, or delete at once; none lies in the near future.
const ODD_TIMES: &[&str] =
    &["0", "-1", "abc", "9223372036854775807", "-9223372036854775808", "1.5"];

/// What a transaction is made of has replies that can be compared within EXEC's.
const LEFT_TO_CHANCE: &[&str] = &[
    "SPOP",
    "SRANDMEMBER",
    "RANDOMKEY",
    "SCAN",
    "SSCAN",
    "HSCAN",
    "HRANDFIELD",
    "ZRANDMEMBER",
    "ZSCAN",
];

pub fn session(rng: &mut StdRng, commands: usize) -> Vec<Command> {
    let mut session = Vec::new();
    while session.len() < commands {
        match rng.random_range(0..20) {
            0 => transaction(rng, &mut session),
            _ => session.push(command(rng)),
        }
    }
    session
}

/// Often WATCH and what may change what is watched, then MULTI, a few commands, and EXEC (mostly).
fn transaction(rng: &mut StdRng, session: &mut Vec<Command>) {
    if rng.random_bool(0.6) {
        let keys = KEYS.sample(rng, 3).map(|key| key.as_bytes().to_vec());
        session.push(std::iter::once(b"WATCH".to_vec()).chain(keys).collect());
        session.extend((0..rng.random_range(0..3)).map(|_| command(rng)));
    }
    session.push(vec![b"MULTI".to_vec()]);
    for _ in 0..rng.random_range(0..6) {
        let command = command(rng);
        let name = String::from_utf8_lossy(&command[0]).to_uppercase();
        if !LEFT_TO_CHANCE.contains(&name.as_str()) {
            session.push(command);
        }
    }
    let end = ["EXEC", "EXEC", "EXEC", "EXEC", "DISCARD"].choose(rng).expect("an end");
    session.push(vec![end.as_bytes().to_vec()]);
}

fn command(rng: &mut StdRng) -> Command {
    let mut words = Vec::new();
    let grammar = if rng.random_bool(0.35) { sorted_sets::GRAMMAR } else { GRAMMAR };
    for symbol in grammar.choose(rng).expect("a grammar").split(' ') {
        expand(symbol, rng, &mut words);
    }
    if rng.random_bool(0.03) {
        spoil(&mut words, rng);
    }
    if rng.random_bool(0.1) {
        words[0] = words[0].to_lowercase();
    }
    words.into_iter().map(String::into_bytes).collect()
}

fn expand(symbol: &str, rng: &mut StdRng, words: &mut Vec<String>) {
    if let Some(optional) = symbol.strip_prefix('?') {
        if rng.random_bool(0.4) {
            expand(optional, rng, words);
        }
    } else if let Some(repeated) = symbol.strip_suffix('+') {
        for _ in 0..rng.random_range(1..=3) {
            fill(repeated, rng, words);
        }
    } else {
        fill(symbol, rng, words);
    }
}

fn one_of(choices: &[&str], rng: &mut StdRng) -> String {
    (*choices.choose(rng).expect("a choice")).to_owned()
}

fn fill(symbol: &str, rng: &mut StdRng, words: &mut Vec<String>) {
    let word = match symbol {
        "key" => one_of(KEYS, rng),
        "value" => one_of(VALUES, rng),
        "member" => one_of(MEMBERS, rng),
        "field" => one_of(FIELDS, rng),
        "int" => one_of(INTS, rng),
        "float" => one_of(FLOATS, rng),
        "index" => one_of(INDICES, rng),
        "offset" => one_of(OFFSETS, rng),
        "hll" => one_of(&["h", "i", "j"], rng),
        "bit" => one_of(BITS, rng),
        "bitvalue" => one_of(&["0", "1", "1", "2", "x"], rng),
        // Redis 7.0 looks at the key before it looks at these.
        "sound" => one_of(&["0", "1", "-1", "3", "-3", "100", "-100"], rng),
        "bitunit" => one_of(&["BIT", "BYTE", "bit"], rng),
        "bitop" => one_of(&["AND", "OR", "XOR", "NOT", "and", "NAND"], rng),
        "fieldtype" => one_of(FIELD_TYPES, rng),
        "fieldplace" => one_of(FIELD_PLACES, rng),
        "fields" => return field(rng, words),
        "count" | "keys" => one_of(COUNTS, rng),
        "end" => one_of(&["LEFT", "RIGHT", "left", "UP"], rng),
        "pattern" => one_of(PATTERNS, rng),
        "db" => one_of(&["0", "0", "0", "1", "2", "16", "-1", "abc"], rng),
        "condition" => one_of(&["NX", "XX", "nx", "KEEPTTL"], rng),
        "limit" => one_of(&["NX", "XX", "GT", "LT", "lt", "FOO"], rng),
        "seconds" => time(rng, 1_000..1_000_000_000),
        "ms" => time(rng, 1_000_000..1_000_000_000_000),
        "at" => time(rng, 4_000_000_000..4_000_000_100),
        "atms" => time(rng, 4_000_000_000_000..4_000_000_000_100),
        "pair" => return words.extend([one_of(KEYS, rng), one_of(VALUES, rng)]),
        "most" => return words.extend(["LIMIT".to_owned(), one_of(COUNTS, rng)]),
        "expiry" => return expiry(rng, words),
        "scanned" => return scanned(rng, words),
        literal => match sorted_sets::fill(literal, rng) {
            Some(filled) => return words.extend(filled),
            None => literal.to_owned(),
        },
    };
    words.push(word);
}

/// A step of BITFIELD.
fn field(rng: &mut StdRng, words: &mut Vec<String>) {
    if rng.random_range(0..4) == 0 {
        words.extend(["OVERFLOW".to_owned(), one_of(&["WRAP", "SAT", "FAIL", "fail", "NO"], rng)]);
    }
    let step = one_of(&["GET", "SET", "INCRBY", "incrby"], rng);
    let reads = step == "GET";
    words.extend([step, one_of(FIELD_TYPES, rng), one_of(FIELD_PLACES, rng)]);
    if !reads {
        words.push(one_of(INTS, rng));
    }
}

fn expiry(rng: &mut StdRng, words: &mut Vec<String>) {
    let (option, time) =
        [("EX", "seconds"), ("PX", "ms"), ("EXAT", "at"), ("PXAT", "atms"), ("KEEPTTL", "")]
            .choose(rng)
            .expect("a choice");
    words.push((*option).to_owned());
    if !time.is_empty() {
        fill(time, rng, words);
    }
}

fn scanned(rng: &mut StdRng, words: &mut Vec<String>) {
    let (option, choices) =
        [("COUNT", COUNTS), ("MATCH", PATTERNS), ("TYPE", TYPES)].choose(rng).expect("a choice");
    words.extend([(*option).to_owned(), choices.choose(rng).expect("a choice").to_string()]);
}

fn time(rng: &mut StdRng, sound: std::ops::Range<u64>) -> String {
    if rng.random_bool(0.2) {
        return ODD_TIMES.choose(rng).expect("a choice").to_string();
    }
    rng.random_range(sound).to_string()
}

/// Leaves a word out, says one twice, or adds one.
fn spoil(words: &mut Vec<String>, rng: &mut StdRng) {
    // With one word more these are about a set's member, which Redis does not have, or take an option, which
    // Redis 7.0 does not have; of the others Redis 7.2 refuses what 7.0 answers where there is no key.
    let is_later = ["BITCOUNT", "BITPOS"].contains(&words[0].as_str());
    if is_later || matches!(words[0].as_str(), "TTL" | "PTTL" | "PERSIST" | "ZRANK" | "ZREVRANK") {
        return;
    }
    let at = rng.random_range(0..words.len());
    match rng.next_u32() % 3 {
        0 if at > 0 => drop(words.remove(at)),
        1 if at > 0 => words.insert(at, words[at].clone()),
        _ => words.push(rng.next_u32().to_string()),
    }
}
