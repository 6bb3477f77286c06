//! The grammar of sorted sets.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// As the grammar of everything else. Ranges of names are asked for where all scores are 0 (the key `l`): of
/// others the order is not specified.
pub const GRAMMAR: &[&str] = &[
    "ZADD zkey scored+",
    "ZADD zkey scored+",
    "ZADD zkey scored+",
    "ZADD zkey ?zoption ?zoption ?zoption scored+",
    "ZADD zkey ?zoption INCR scored",
    "ZINCRBY zkey score member",
    "ZINCRBY zkey score member",
    "ZREM zkey member+",
    "ZCARD zkey",
    "ZSCORE zkey member",
    "ZMSCORE zkey member+",
    "ZRANK zkey member",
    "ZREVRANK zkey member",
    "ZCOUNT zkey bound bound",
    "ZRANGE zkey index index ?REV ?WITHSCORES",
    "ZRANGE zkey bound bound BYSCORE ?REV ?cut ?WITHSCORES",
    "ZREVRANGE zkey index index ?WITHSCORES",
    "ZRANGEBYSCORE zkey bound bound ?WITHSCORES ?cut",
    "ZREVRANGEBYSCORE zkey bound bound ?WITHSCORES ?cut",
    "ZRANGESTORE zkey zkey index index ?REV",
    "ZRANGESTORE zkey zkey bound bound BYSCORE ?REV ?cut",
    "ZREMRANGEBYRANK zkey index index",
    "ZREMRANGEBYSCORE zkey bound bound",
    "ZPOPMIN zkey",
    "ZPOPMAX zkey",
    "ZPOPMIN zkey count",
    "ZPOPMAX zkey count",
    "ZMPOP 1 zkey end ?most_popped",
    "ZMPOP 2 zkey zkey end ?most_popped",
    "ZRANDMEMBER zkey",
    "ZRANDMEMBER zkey count",
    "ZSCAN zkey 0 ?scanned",
    "ZUNION 2 zkey zkey ?weights ?aggregate ?WITHSCORES",
    "ZINTER 2 zkey zkey ?weights ?aggregate ?WITHSCORES",
    "ZDIFF 2 zkey zkey ?WITHSCORES",
    "ZUNION 3 zkey zkey zkey ?aggregate ?WITHSCORES",
    "ZUNIONSTORE zkey 2 zkey zkey ?weights ?aggregate",
    "ZINTERSTORE zkey 2 zkey zkey ?weights ?aggregate",
    "ZDIFFSTORE zkey 2 zkey zkey",
    "ZINTERCARD 2 zkey zkey ?most",
    "ZUNION keys zkey+",
    "ZADD l unscored+",
    "ZADD l unscored+",
    "ZREM l member+",
    "ZRANGE l edge edge BYLEX ?REV ?cut",
    "ZRANGEBYLEX l edge edge ?cut",
    "ZREVRANGEBYLEX l edge edge ?cut",
    "ZLEXCOUNT l edge edge",
    "ZREMRANGEBYLEX l edge edge",
    "ZRANK l member",
    "OBJECT ENCODING zkey",
];

const KEYS: &[&str] = &["z", "y", "z", "y", "a", "s", "t"];
const MEMBERS: &[&str] = &["x", "y", "z", "1", "2", "3", "01", "", "-7", "xx"];
/// Such as Redis 7.0 writes like Redis 7.2, and so their sums.
const SCORES: &[&str] = &[
    "1", "2", "2", "3", "-1", "0", "-0", "0.5", "-2.25", "1e3", "0x10", "inf", "-inf", "abc", "",
    "nan", "1.5x", " 1",
];
const BOUNDS: &[&str] = &[
    "1", "2", "3", "(1", "(2", "-inf", "+inf", "(inf", "0", "-1", "(-1", "1000", "abc", "", "(",
    " 1", "nan",
];
const EDGES: &[&str] =
    &["-", "+", "[x", "(x", "[y", "(", "[", "[1", "(3", "[zz", "x", "", "+x", "[0"];

/// The words of a symbol; `None`: it is none of these.
pub fn fill(symbol: &str, rng: &mut StdRng) -> Option<Vec<String>> {
    let one_of =
        |choices: &[&str], rng: &mut StdRng| choices.choose(rng).expect("a choice").to_string();
    let number = |rng: &mut StdRng| rng.random_range(-1..4).to_string();
    Some(match symbol {
        "zkey" => vec![one_of(KEYS, rng)],
        "score" => vec![one_of(SCORES, rng)],
        "scored" => vec![one_of(SCORES, rng), one_of(MEMBERS, rng)],
        "unscored" => vec!["0".to_owned(), one_of(MEMBERS, rng)],
        "bound" => vec![one_of(BOUNDS, rng)],
        "edge" => vec![one_of(EDGES, rng)],
        "zoption" => vec![one_of(&["NX", "XX", "GT", "LT", "CH", "ch", "INCR"], rng)],
        "end" => vec![one_of(&["MIN", "MAX", "max"], rng)],
        "cut" => vec!["LIMIT".to_owned(), number(rng), number(rng)],
        "most_popped" => vec!["COUNT".to_owned(), number(rng)],
        "aggregate" => {
            vec!["AGGREGATE".to_owned(), one_of(&["SUM", "MIN", "MAX", "max", "AVG"], rng)]
        }
        "weights" => vec!["WEIGHTS".to_owned(), one_of(SCORES, rng), one_of(SCORES, rng)],
        _ => return None,
    })
}
