//! The two servers, and when their replies count as equal.

use std::collections::BTreeSet;

use headcount::base::hll;
use headcount::client::{Client, Reply};

use super::Command;
use super::support::{Server, print, show};

/// How far two servers' clocks and scheduling may set deadlines apart.
const TOLERANCE_MS: i64 = 3_000;

/// One connection to each server.
pub struct Pair {
    pub headcount: Client,
    pub redis: Client,
    /// Who hears what is told of keys, on each.
    pub listeners: [Listener; 2],
    /// `2` or `3`: which RESP the two answer in.
    pub protocol: &'static str,
    /// What waits for EXEC; `None`: nothing would.
    pub queued: Option<Vec<Command>>,
}

/// A client that hears all events of a server's keys.
pub struct Listener {
    ears: Client,
    mouth: Client,
}

impl Listener {
    pub fn new(server: &Server) -> Listener {
        let (mut ears, mut mouth) = (server.connect(), server.connect());
        let letters = ["CONFIG", "SET", "notify-keyspace-events", "KEAn"];
        mouth.call(&letters).expect("a reply");
        ears.call(&["PSUBSCRIBE", "__key*__:*", "end"]).expect("a confirmation");
        ears.receive().expect("another");
        Listener { ears, mouth }
    }

    /// What was heard since the last time.
    fn heard(&mut self) -> String {
        self.mouth.call(&["PUBLISH", "end", ""]).expect("a reply");
        let messages = std::iter::from_fn(|| match self.ears.receive().expect("a message") {
            Reply::Array(items) => Some(items.iter().skip(2).map(print::text).collect::<Vec<_>>()),
            other => panic!("no message: {other:?}"),
        });
        let events = messages.take_while(|words| words[0] != "end").map(|words| words.join(" "));
        events.collect::<Vec<_>>().join(" | ")
    }
}

/// What the two answered to one command, if that differs.
type Difference = Option<(Reply, Reply)>;

impl Pair {
    /// Runs the commands from empty databases; the index of the first whose replies differ.
    pub fn first_difference(&mut self, commands: &[Command]) -> Option<usize> {
        self.start_over();
        let differs = commands.iter().position(|command| self.difference(command).is_some());
        // What is told of keys is compared as a whole.
        let told = || self.told_differently().map(|_| commands.len().saturating_sub(1));
        differs.or_else(told)
    }

    /// The commands with their replies, as a person reads them.
    pub fn report(&mut self, commands: &[Command]) -> String {
        self.start_over();
        let mut out = String::new();
        for command in commands {
            let words: Vec<_> = command.iter().map(|word| as_typed(word)).collect();
            out.push_str(&format!("> {}\n", words.join(" ")));
            if let Some((ours, theirs)) = self.difference(command) {
                out.push_str(&format!(
                    "redis:     {}\nheadcount: {}\n",
                    show(&Ok(theirs)),
                    show(&Ok(ours))
                ));
            }
        }
        if let Some((ours, theirs)) = self.told_differently() {
            out.push_str(&format!("redis told:     {theirs}\nheadcount told: {ours}\n"));
        }
        out
    }

    /// The events of keys since the start, if they differ. What Headcount pops is removed from Redis by name.
    fn told_differently(&mut self) -> Option<(String, String)> {
        let [ours, theirs] = &mut self.listeners;
        let [ours, theirs] = [ours, theirs].map(|it| it.heard().replace("spop", "srem"));
        (ours != theirs).then_some((ours, theirs))
    }

    fn start_over(&mut self) {
        self.queued = None;
        self.listeners.iter_mut().for_each(|listener| drop(listener.heard()));
        for client in [&mut self.headcount, &mut self.redis] {
            for command in
                [&["RESET"][..], &["HELLO", self.protocol], &["FLUSHALL"], &["SELECT", "0"]]
            {
                client.call(command).expect("a server to start over");
            }
        }
    }

    fn difference(&mut self, command: &Command) -> Difference {
        match name(command).as_str() {
            "EXEC" | "DISCARD" => {
                let queued = self.queued.take().unwrap_or_default();
                self.executes(command, &queued)
            }
            _ if self.queued.is_some() => self.waits(command),
            "MULTI" => {
                self.clear_errno();
                self.queued = (command.len() == 1).then(Vec::new);
                self.answers(command)
            }
            "SORT" | "SORT_RO" => {
                self.clear_errno();
                self.answers(command)
            }
            "SPOP" => self.pops(command),
            "SRANDMEMBER" => self.picks(command, "SISMEMBER"),
            "HRANDFIELD" if command.len() == 4 => self.picks_pairs(command),
            "HRANDFIELD" => self.picks(command, "HEXISTS"),
            "RANDOMKEY" => self.picks(command, "EXISTS"),
            "ZRANDMEMBER" => self.picks(command, "ZRANK"),
            "SCAN" => self.scans(command, 1),
            "SSCAN" | "HSCAN" | "ZSCAN" => self.scans(command, 2),
            _ => self.answers(command),
        }
    }

    /// Redis's SORT takes for its own what an earlier command has left in `errno`; a score that is read clears it.
    fn clear_errno(&mut self) {
        self.theirs(&["ZADD", "no such key", "XX", "0", ""]);
    }

    fn ours(&mut self, command: &Command) -> Reply {
        self.headcount.call(command).unwrap_or_else(|error| Reply::Error(error.to_string().into()))
    }

    fn theirs<A: AsRef<[u8]>>(&mut self, command: &[A]) -> Reply {
        self.redis.call(command).expect("redis-server's reply")
    }

    fn answers(&mut self, command: &Command) -> Difference {
        let (ours, theirs) = (self.ours(command), self.theirs(command));
        (!equal(command, &ours, &theirs)).then_some((ours, theirs))
    }

    /// After MULTI: what is refused does not wait.
    fn waits(&mut self, command: &Command) -> Difference {
        let (ours, theirs) = (self.ours(command), self.theirs(command));
        if theirs == Reply::Simple(b"QUEUED".to_vec()) {
            self.queued.iter_mut().for_each(|queued| queued.push(command.clone()));
        }
        (ours != theirs).then_some((ours, theirs))
    }

    /// EXEC: each reply is compared as that of its command.
    fn executes(&mut self, command: &Command, queued: &[Command]) -> Difference {
        let (ours, theirs) = (self.ours(command), self.theirs(command));
        let equal = match (&ours, &theirs) {
            (Reply::Array(ours), Reply::Array(theirs)) => {
                let mut replies = queued.iter().zip(ours.iter().zip(theirs));
                let are_equal = |(command, (ours, theirs))| equal(command, ours, theirs);
                ours.len() == theirs.len() && replies.all(are_equal)
            }
            _ => ours == theirs,
        };
        (!equal).then_some((ours, theirs))
    }

    /// What Headcount pops, Redis must have: it is removed there by name.
    fn pops(&mut self, command: &Command) -> Difference {
        let ours = self.ours(command);
        let popped = members(&ours);
        if popped.is_empty() {
            let theirs = self.theirs(command);
            return (ours != theirs).then_some((ours, theirs));
        }
        let card = number(&self.theirs(&[b"SCARD".to_vec(), command[1].clone()]));
        let wanted = command.get(2).map_or(1, |count| text(count).parse().unwrap_or(0));
        let mut remove = vec![b"SREM".to_vec(), command[1].clone()];
        remove.extend(popped.iter().cloned());
        let theirs = self.theirs(&remove);
        let equal =
            popped.len() as i64 == card.min(wanted) && number(&theirs) == popped.len() as i64;
        (!equal).then_some((ours, theirs))
    }

    /// As many picks as Redis gives, each of which Redis has too.
    fn picks(&mut self, command: &Command, check: &str) -> Difference {
        let (ours, theirs) = (self.ours(command), self.theirs(command));
        let (picked, expected) = (members(&ours), members(&theirs));
        if picked.is_empty() || expected.is_empty() {
            return (ours != theirs).then_some((ours, theirs));
        }
        let distinct =
            |picks: &[Vec<u8>]| picks.iter().collect::<BTreeSet<_>>().len() == picks.len();
        let repeats = command.get(2).is_some_and(|count| count.starts_with(b"-"));
        let equal = picked.len() == expected.len()
            && std::mem::discriminant(&ours) == std::mem::discriminant(&theirs)
            && (repeats || distinct(&picked))
            && picked.iter().all(|pick| {
                let mut ask = vec![check.as_bytes().to_vec()];
                ask.extend((check != "EXISTS").then(|| command[1].clone()));
                ask.push(pick.clone());
                let found = number(&self.theirs(&ask));
                if check == "ZRANK" { found >= 0 } else { found == 1 }
            });
        (!equal).then_some((ours, theirs))
    }

    /// As many pairs as Redis gives.
    fn picks_pairs(&mut self, command: &Command) -> Difference {
        let (ours, theirs) = (self.ours(command), self.theirs(command));
        let equal = match (&ours, &theirs) {
            (Reply::Array(ours), Reply::Array(theirs)) => ours.len() == theirs.len(),
            _ => ours == theirs,
        };
        (!equal).then_some((ours, theirs))
    }

    /// A scan is followed to its end on both: together the pages hold the same.
    fn scans(&mut self, command: &Command, cursor_at: usize) -> Difference {
        let ours = pages(&mut self.headcount, command, cursor_at);
        let theirs = pages(&mut self.redis, command, cursor_at);
        (ours != theirs).then_some((ours, theirs))
    }
}

/// All pages of a scan as one sorted array without repetitions, or the first reply that is no page.
fn pages(client: &mut Client, command: &Command, cursor_at: usize) -> Reply {
    let mut command = command.clone();
    let mut all = BTreeSet::new();
    for _ in 0..10_000 {
        let reply =
            client.call(&command).unwrap_or_else(|error| Reply::Error(error.to_string().into()));
        let Reply::Array(page) = &reply else { return reply };
        let [Reply::Bulk(cursor), items @ Reply::Array(_)] = &page[..] else { return reply };
        all.extend(members(items));
        if cursor == b"0" {
            return Reply::Array(all.into_iter().map(Reply::Bulk).collect());
        }
        command[cursor_at].clone_from(cursor);
    }
    Reply::Error(b"the scan does not end".to_vec())
}

fn equal(command: &Command, ours: &Reply, theirs: &Reply) -> bool {
    normal(command, ours) == normal(command, theirs) || close(command, ours, theirs)
}

/// The reply without what may differ: the order of sets, how sets are kept.
fn normal(command: &Command, reply: &Reply) -> Reply {
    match (name(command).as_str(), reply) {
        (
            "SMEMBERS" | "SUNION" | "SINTER" | "SDIFF" | "KEYS" | "HKEYS" | "HVALS",
            Reply::Array(_),
        ) => Reply::Array(sorted(reply)),
        ("HGETALL", Reply::Array(words)) => {
            let mut pairs: Vec<&[Reply]> = words.chunks(2).collect();
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            Reply::Array(pairs.concat())
        }
        ("HGETALL", Reply::Map(pairs)) => {
            let mut pairs = pairs.clone();
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            Reply::Map(pairs)
        }
        (_, Reply::Set(_)) => Reply::Set(sorted(reply)),
        // Redis 7.2 keeps small sets and lists as listpacks, Redis 7.0 as hash tables and quicklists. SORT makes a
        // skiplist of a small sorted set in Redis, and nothing here.
        ("OBJECT", Reply::Bulk(encoding))
            if matches!(
                &encoding[..],
                b"listpack" | b"hashtable" | b"intset" | b"quicklist" | b"skiplist"
            ) =>
        {
            Reply::Bulk(b"an aggregate's".to_vec())
        }
        // With a log the cardinality is not noted in the string: tests/hyperloglog.rs compares bytes.
        (_, Reply::Bulk(text)) => match hll::ranks(text) {
            Ok(ranks) => Reply::Bulk(ranks.to_vec()),
            Err(_) => reply.clone(),
        },
        _ => reply.clone(),
    }
}

fn sorted(reply: &Reply) -> Vec<Reply> {
    let mut sorted = members(reply);
    sorted.sort();
    sorted.into_iter().map(Reply::Bulk).collect()
}

/// Times left, and deadlines that were set relative to now, are a little apart.
fn close(command: &Command, ours: &Reply, theirs: &Reply) -> bool {
    let tolerance = match name(command).as_str() {
        "TTL" | "EXPIRETIME" => TOLERANCE_MS / 1_000,
        "PTTL" | "PEXPIRETIME" => TOLERANCE_MS,
        _ => return false,
    };
    let (ours, theirs) = (number(ours), number(theirs));
    ours >= 0 && theirs >= 0 && ours.abs_diff(theirs) <= tolerance as u64
}

fn name(command: &Command) -> String {
    command.first().map(|name| text(name).to_uppercase()).unwrap_or_default()
}

fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

fn number(reply: &Reply) -> i64 {
    if let Reply::Integer(number) = reply { *number } else { i64::MIN }
}

/// The strings in a reply: its items, or itself.
fn members(reply: &Reply) -> Vec<Vec<u8>> {
    match reply {
        Reply::Bulk(member) => vec![member.clone()],
        Reply::Array(items) | Reply::Set(items) => items.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}

/// A word as one would type it into redis-cli.
fn as_typed(word: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !word.is_empty() && word.iter().all(plain) { text(word) } else { print::quoted(word) }
}
