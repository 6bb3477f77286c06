//! Values that directives take, configurations and lines of files.

use headcount::config::table::{self, Directive, Kind};
use headcount::config::{self, Config};
use proptest::prelude::*;

/// A value that a directive takes, as redis.conf words.
fn arguments(directive: &'static Directive) -> BoxedStrategy<Vec<Vec<u8>>> {
    let words = |words: Vec<String>| words.into_iter().map(String::into_bytes).collect::<Vec<_>>();
    let one = |word: String| vec![word.into_bytes()];
    match &directive.kind {
        Kind::YesNo { .. } | Kind::Choice { .. } => {
            let accepted: Vec<String> = directive.form().split('|').map(str::to_owned).collect();
            proptest::sample::select(accepted).prop_map(one).boxed()
        }
        Kind::Number { unit, range, .. } => {
            range.clone().prop_map(move |number| one(unit.show(number))).boxed()
        }
        Kind::Text { .. } if directive.name == "dbfilename" => "[^/\\\\\0]*".prop_map(one).boxed(),
        Kind::Text { .. } if directive.name == "bind-source-addr" => {
            proptest::option::of(any::<std::net::IpAddr>())
                .prop_map(move |address| one(address.map(|it| it.to_string()).unwrap_or_default()))
                .boxed()
        }
        Kind::Text { .. } if directive.name == "cluster-announce" => {
            "([a-z.-]{1,9}:[1-9][0-9]{0,3})?".prop_map(one).boxed()
        }
        Kind::Text { .. } if directive.name == "cluster-announce-ip" => {
            "[a-z0-9.:-]{0,9}".prop_map(one).boxed()
        }
        Kind::Text { .. } if directive.name == "cluster-node-id" => {
            "(0{0,7}[1-9a-f])?".prop_map(one).boxed()
        }
        Kind::Text { .. } if directive.name == "cluster-secret" => {
            any::<String>().prop_map(one).boxed()
        }
        // `A` swallows `n`, as in Redis.
        Kind::Text { .. } if directive.name == "notify-keyspace-events" => {
            "[KEg$lshzxetdm]*".prop_map(one).boxed()
        }
        Kind::Text { .. } => any::<Vec<u8>>().prop_map(|bytes| vec![bytes]).boxed(),
        Kind::Words(_) => match directive.name {
            "bind" => {
                proptest::collection::vec("-?[0-9a-z:.*%_]{1,9}", 0..4).prop_map(words).boxed()
            }
            "client-output-buffer-limit" => ("normal|replica|slave|pubsub", any::<[u32; 3]>())
                .prop_map(move |(class, [hard, soft, seconds])| {
                    let numbers = [hard, soft, seconds / 2].map(|number| number.to_string());
                    words([vec![class], numbers.to_vec()].concat())
                })
                .boxed(),
            "cluster-peer" => proptest::collection::vec("[a-z]{1,9}:[1-9][0-9]{0,3}", 0..4)
                .prop_map(words)
                .boxed(),
            "save" => proptest::collection::vec((1..u64::MAX, 0..u64::MAX), 0..3)
                .prop_map(move |points| {
                    let texts = points
                        .iter()
                        .flat_map(|(seconds, changes)| [seconds.to_string(), changes.to_string()]);
                    words(texts.collect())
                })
                .boxed(),
            // A user can be defined once only.
            "user" => ("[a-z]{16}", proptest::collection::vec(any::<Vec<u8>>(), 0..3))
                .prop_map(|(name, rules)| [vec![name.into_bytes()], rules].concat())
                .boxed(),
            other => panic!("no values are known for {other}"),
        },
        Kind::Inert { default, is_fixed: true } => Just(one((*default).to_owned())).boxed(),
        Kind::Inert { .. } => any::<Vec<u8>>().prop_map(|bytes| vec![bytes]).boxed(),
    }
}

/// The name of a directive, and arguments that it takes.
pub fn any_setting() -> impl Strategy<Value = (&'static str, Vec<Vec<u8>>)> {
    let names: Vec<_> = table::directives().map(|directive| directive.name).collect();
    proptest::sample::select(names).prop_flat_map(|name| {
        let directive = table::find(name.as_bytes()).expect("a name of the table");
        arguments(directive).prop_map(move |arguments| (name, arguments))
    })
}

pub fn any_config() -> impl Strategy<Value = Config> {
    proptest::collection::vec(any_setting(), 0..30).prop_map(|settings| {
        let mut config = Config::default();
        for (name, arguments) in settings {
            config.apply(name, &arguments).expect("a value that the directive takes");
        }
        config
    })
}

pub fn any_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        "#[ -~]*".prop_map(String::into_bytes),
        "nonsense [ -~]*".prop_map(String::into_bytes),
        any_setting().prop_map(|(name, arguments)| {
            let words: Vec<_> = arguments.iter().map(|word| config::quote(word)).collect();
            format!(" {} {}", name.to_uppercase(), words.join(" ")).into_bytes()
        }),
    ]
}
