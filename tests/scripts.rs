//! Scripts with other clients around: atomic to all, and never in the way for ever.

mod support;

use headcount::client::{Client, Reply};
use std::time::Duration;
use support::{Server, eventually, show};

const BUSY: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const KILLED: &str = "ERR Script killed by user with SCRIPT KILL...";

fn eval(client: &mut Client, script: &str, words: &[&str]) -> Reply {
    let command: Vec<&str> = ["EVAL", script].into_iter().chain(words.iter().copied()).collect();
    client.call(&command).expect("a reply")
}

fn call(client: &mut Client, line: &str) -> String {
    show(&client.call(&line.split(' ').collect::<Vec<_>>()))
}

fn number(reply: &Reply) -> i64 {
    match reply {
        Reply::Integer(number) => *number,
        Reply::Bulk(text) => String::from_utf8_lossy(text).parse().expect("a number"),
        reply => panic!("{reply:?} is no number"),
    }
}

/// A script that runs until it is killed, on a connection of its own.
fn run_on(server: &Server, script: &'static str) -> std::thread::JoinHandle<Reply> {
    let mut client = server.connect();
    client.set_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    std::thread::spawn(move || eval(&mut client, script, &["0"]))
}

/// Keys that are not declared, in any order; half of the scripts have loops and run on their own thread.
const TRANSFER: &str = "redis.call('decrby', 'account:' .. ARGV[1], ARGV[3]) \
    redis.call('incrby', 'account:' .. ARGV[2], ARGV[3]) return 1";
const TRANSFER_SLOWLY: &str = "redis.call('incrby', 'account:' .. ARGV[2], ARGV[3]) \
    for i = 1, 100 do redis.call('get', 'account:' .. i % 7) end \
    return redis.call('decrby', 'account:' .. ARGV[1], ARGV[3])";
const SUM: &str = "local sum = 0 for i = 0, 6 do sum = sum + (redis.call('get', 'account:' .. i) or 0) end return sum";

#[test]
fn nobody_sees_half_of_a_script() {
    let server = Server::headcount(&["--io-threads", "3"]);
    let names: Vec<String> = (0..7).map(|number| format!("account:{number}")).collect();
    std::thread::scope(|scope| {
        for thread in 0..3usize {
            let (server, names) = (&server, &names);
            scope.spawn(move || {
                let mut client = server.connect();
                for turn in 0..150usize {
                    let (from, to) = ((turn * 3 + thread) % 7, (turn * 5 + 1) % 7);
                    let script = if turn % 2 == 0 { TRANSFER } else { TRANSFER_SLOWLY };
                    let words = ["0", &from.to_string(), &to.to_string(), &turn.to_string()];
                    eval(&mut client, script, &words);
                    let read = ["MGET"].into_iter().chain(names.iter().map(String::as_str));
                    let Ok(Reply::Array(read)) = client.call(&read.collect::<Vec<_>>()) else {
                        panic!("MGET answers a list")
                    };
                    let there = read.iter().filter(|reply| !matches!(reply, Reply::Null));
                    assert_eq!(there.map(number).sum::<i64>(), 0, "read by one command");
                    assert_eq!(number(&eval(&mut client, SUM, &["0"])), 0, "read by a script");
                    call(&mut client, "MULTI");
                    eval(&mut client, SUM, &["0"]);
                    let Ok(Reply::Array(read)) = client.call(&["EXEC"]) else { panic!("a list") };
                    assert_eq!(number(&read[0]), 0, "read by a script of a transaction");
                }
            });
        }
    });
}

#[test]
fn a_slow_script_is_told_of_and_killed() {
    let server = Server::headcount(&["--busy-reply-threshold", "100"]);
    let mut client = server.connect();
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "redis.call('get', 'held') while true do redis.pcall('get', 'other') end",
    ] {
        let running = run_on(&server, script);
        eventually("others are told", || call(&mut client, "PING").contains("BUSY"));
        for line in ["GET held", "MGET a b c", "INCR held", "KEYS *", "INFO", "DBSIZE", "SCAN 0"] {
            assert!(call(&mut client, line).contains(BUSY), "{line} during {script}");
        }
        let other = eval(&mut client, "for i = 1, 2 do end return 1", &["0"]);
        assert_eq!(other, Reply::Error(BUSY.as_bytes().to_vec()));
        assert!(call(&mut client, "SHUTDOWN").contains(BUSY));
        assert!(call(&mut client, "SCRIPT KILL").contains("OK"));
        let Reply::Error(text) = running.join().expect("a thread") else { panic!("it was killed") };
        assert!(String::from_utf8_lossy(&text).starts_with(KILLED));
        eventually("all is as before", || call(&mut client, "PING").contains("PONG"));
        assert_eq!(eval(&mut client, "return 7", &["0"]), Reply::Integer(7));
    }
    assert!(call(&mut client, "SCRIPT KILL").contains("NOTBUSY"));
}

/// A command that was waiting before the script became slow is told too.
#[test]
fn who_waits_for_a_key_of_a_slow_script_is_told() {
    let server = Server::headcount(&["--busy-reply-threshold", "1000", "--io-threads", "2"]);
    let running = run_on(&server, "redis.call('get', 'held') while true do end");
    let mut client = server.connect();
    // It may come before the script, or while it runs.
    eventually("it is told", || call(&mut client, "GET held").contains("BUSY"));
    assert!(call(&mut client, "SCRIPT KILL").contains("OK"));
    assert!(matches!(running.join().expect("a thread"), Reply::Error(_)));
    eventually("it is answered", || call(&mut client, "GET held").contains("nil"));
}

#[test]
fn a_script_that_has_written_is_not_killed() {
    let server = Server::headcount(&["--busy-reply-threshold", "50"]);
    let mut client = server.connect();
    let mut writer = server.connect();
    let endless = "redis.call('set', 'a', 1) while true do end";
    writer.send(&[&["EVAL", endless, "0"]]).expect("sent");
    eventually("others are told", || call(&mut client, "PING").contains("BUSY"));
    assert!(call(&mut client, "SCRIPT KILL").contains("UNKILLABLE"));
    assert!(call(&mut client, "SHUTDOWN").contains(BUSY));
    client.send(&[&["SHUTDOWN", "NOSAVE"]]).expect("sent");
    assert!(server.end().success());
}

#[test]
fn what_a_script_does_is_shown() {
    let server = Server::headcount(&[]);
    let (mut client, mut monitor) = (server.connect(), server.connect());
    assert!(show(&monitor.call(&["MONITOR"])).contains("OK"));
    eval(&mut client, "redis.call('select', 2) return redis.call('incr', KEYS[1])", &["1", "n"]);
    let Ok(Reply::Simple(line)) = monitor.receive() else { panic!("a line") };
    let line = String::from_utf8_lossy(&line).into_owned();
    assert!(line.contains(" lua] \"select\" \"2\""), "{line}");
    let stats = call(&mut client, "INFO commandstats");
    assert!(stats.contains("cmdstat_incr:calls=1"), "{stats}");
    assert!(stats.contains("cmdstat_eval:calls=1"), "{stats}");
    assert_eq!(server.info("number_of_cached_scripts").as_deref(), Some("1"));
    assert_ne!(server.info("used_memory_lua").as_deref(), Some("0"));
    assert!(call(&mut client, "CLIENT INFO").contains("db=0"));
}

/// Builds a random value, and sends it through both formats and the reply.
const RANDOM: &str = "math.randomseed(tonumber(ARGV[1])) \
    local function value(depth) \
      local kind = math.random(depth > 4 and 5 or 8) \
      if kind == 1 then return math.random(1000) - 500 \
      elseif kind == 2 then return math.random() * 10 ^ math.random(20) \
      elseif kind == 3 then return string.rep(string.char(math.random(256) - 1), math.random(40) - 1) \
      elseif kind == 4 then return math.random(2) == 1 \
      elseif kind == 5 then return cjson.null \
      elseif kind == 6 then return {ok = 'fine'} end \
      local t = {} \
      for i = 1, math.random(6) - 1 do \
        if kind == 7 then t[i] = value(depth + 1) else t['k' .. math.random(9)] = value(depth + 1) end \
      end \
      return t \
    end \
    local v = value(0) \
    local packed, text = cmsgpack.pack(v), cjson.encode({v}) \
    local again = cmsgpack.unpack(packed) \
    return {v, redis.sha1hex(packed), text, cmsgpack.pack(again) == packed, cjson.encode(cjson.decode(text)), \
      {map = {k = v}}, {double = 1.5}}";

#[test]
fn random_values_come_out_as_redis_has_them() {
    let Some(redis) = Server::redis(&[]) else { return };
    let server = Server::headcount(&[]);
    let (mut ours, mut theirs) = (server.connect(), redis.connect());
    for seed in 1..300 {
        let words = ["0", &seed.to_string()];
        let (ours, theirs) = (eval(&mut ours, RANDOM, &words), eval(&mut theirs, RANDOM, &words));
        assert_eq!(ours, theirs, "seed {seed}");
    }
}

/// Whatever a script asks for, the server goes on.
#[test]
fn hostile_scripts_fail_alone() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    client.set_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    for script in [
        "local t = {} t[1] = t return t",
        "local function f() return f() + 1 end return f()",
        "local t = {} for i = 1, 3000 do t = {t} end return cjson.encode(t)",
        "local t = {} for i = 1, 3000 do t = {t} end return #cmsgpack.pack(t)",
        "return cmsgpack.unpack(string.rep('\\145', 100000))",
        "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
        "cjson.decode_max_depth(1000000) return cjson.decode(string.rep('[', 100000))",
        "return string.find(string.rep('a', 300000), string.rep('a?', 300000))",
        "return string.rep('x', 1e10)",
        "return struct.pack('c2147483647', 'x')",
        "return struct.unpack('c2147483647', 'x')",
        "return loadstring('\\27Lua')()",
        "return unpack({}, 1, 1e8)",
        "error(setmetatable({}, {__tostring = function() error('again') end}))",
        "return table.concat(setmetatable({}, {__index = error}), ',', 1, 10)",
        "redis.call = nil",
        "return getmetatable(redis).__index",
        "local n, t = pairs(redis) t.call = nil",
        "rawset(string, 'rep', nil) return 1",
        "getmetatable('').__index.rep = nil",
        "error({})",
        "error({err = {}})",
        "return redis.call('debug', 'panic')",
    ] {
        // What nests deeper than the client takes is an error to it.
        if client.call(&["EVAL", script, "0"]).is_err() {
            client = server.connect();
            client.set_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        }
        assert_eq!(
            eval(&mut client, "return ('x'):rep(3)", &["0"]),
            Reply::Bulk(b"xxx".to_vec()),
            "{script}"
        );
        assert!(show(&client.call(&["PING"])).contains("PONG"), "{script}");
    }
}
