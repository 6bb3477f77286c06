//! The directives of several words: `bind`, `client-output-buffer-limit`, `save`.

use super::kind::Words;
use super::number::{parse_memory, write_memory};
use super::settings::{BindAddress, BufferLimit, BufferLimits, Config, SavePoint};

/// As many addresses as Redis takes.
const MAX_BIND_ADDRESSES: usize = 16;

pub(super) const BIND: Words = Words {
    form: "address …",
    show: |config| bind_words(config).join(" "),
    lines: |config| {
        let words = bind_words(config);
        vec![if words.is_empty() { "\"\"".to_owned() } else { words.join(" ") }]
    },
    set: set_bind,
    anew: |_| {},
};

fn bind_words(config: &Config) -> Vec<String> {
    config.bind.iter().map(BindAddress::to_string).collect()
}

fn set_bind(config: &mut Config, arguments: &[&[u8]]) -> Result<(), &'static str> {
    if arguments.len() > MAX_BIND_ADDRESSES {
        return Err("Too many bind addresses specified.");
    }
    config.bind = match arguments {
        [b""] => Vec::new(),
        addresses => addresses
            .iter()
            .map(|address| parse_bind_address(address).ok_or("Invalid bind address."))
            .collect::<Result<_, _>>()?,
    };
    Ok(())
}

/// An IP address, a host name or a wildcard: all are printable ASCII without quotes or blanks.
fn parse_bind_address(argument: &[u8]) -> Option<BindAddress> {
    let (may_fail, address) = match argument {
        [b'-', address @ ..] => (true, address),
        address => (false, address),
    };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b".:-_%*".contains(byte);
    let valid = !address.is_empty() && !address.starts_with(b"-") && address.iter().all(fits);
    let address = std::str::from_utf8(address).ok().filter(|_| valid)?.to_owned();
    Some(BindAddress { address, may_fail })
}

pub(super) fn show_source_address(config: &Config) -> Vec<u8> {
    config.bind_source_addr.map(|address| address.to_string()).unwrap_or_default().into()
}

/// Redis takes any text, and does without it where it is no address of this machine.
pub(super) fn set_source_address(config: &mut Config, value: &[u8]) -> Result<(), &'static str> {
    const NO_ADDRESS: &str = "argument must be an IP address";
    config.bind_source_addr = match value {
        b"" => None,
        text => {
            let text = std::str::from_utf8(text).map_err(|_| NO_ADDRESS)?;
            Some(text.parse().map_err(|_| NO_ADDRESS)?)
        }
    };
    Ok(())
}

pub(super) const CLIENT_OUTPUT_BUFFER_LIMIT: Words = Words {
    form: "class hard-size soft-size soft-seconds …",
    show: show_buffer_limits,
    lines: buffer_limit_lines,
    set: set_buffer_limits,
    anew: |_| {},
};

/// CONFIG GET still answers Redis's old name for replicas.
fn show_buffer_limits(config: &Config) -> String {
    let limits = &config.client_output_buffer_limit;
    let classes = [("normal", limits.normal), ("slave", limits.replica), ("pubsub", limits.pubsub)];
    let show = |(class, limit): (&str, BufferLimit)| {
        format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_s)
    };
    classes.map(show).join(" ")
}

fn buffer_limit_lines(config: &Config) -> Vec<String> {
    let limits = &config.client_output_buffer_limit;
    let classes =
        [("normal", limits.normal), ("replica", limits.replica), ("pubsub", limits.pubsub)];
    let line = |(class, limit): (&str, BufferLimit)| {
        let (hard, soft) =
            (write_memory(limit.hard_bytes.into()), write_memory(limit.soft_bytes.into()));
        format!("{class} {hard} {soft} {}", limit.soft_s)
    };
    classes.map(line).into()
}

/// Only the classes that are named change.
fn set_buffer_limits(config: &mut Config, arguments: &[&[u8]]) -> Result<(), &'static str> {
    let (groups, rest) = arguments.as_chunks::<4>();
    if !rest.is_empty() {
        return Err("Wrong number of arguments in buffer limit configuration.");
    }
    let mut limits = config.client_output_buffer_limit;
    for &[class, hard, soft, soft_s] in groups {
        let slot = class_of(&mut limits, class)
            .ok_or("Invalid client class specified in buffer limit configuration.")?;
        *slot = parse_buffer_limit(hard, soft, soft_s)
            .ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
    }
    config.client_output_buffer_limit = limits;
    Ok(())
}

fn class_of<'a>(limits: &'a mut BufferLimits, class: &[u8]) -> Option<&'a mut BufferLimit> {
    match class.to_ascii_lowercase().as_slice() {
        b"normal" => Some(&mut limits.normal),
        b"slave" | b"replica" => Some(&mut limits.replica),
        b"pubsub" => Some(&mut limits.pubsub),
        _ => None,
    }
}

fn parse_buffer_limit(hard: &[u8], soft: &[u8], soft_s: &[u8]) -> Option<BufferLimit> {
    let soft_s: u32 = std::str::from_utf8(soft_s).ok()?.parse().ok()?;
    Some(BufferLimit {
        hard_bytes: parse_memory(hard)?,
        soft_bytes: parse_memory(soft)?,
        soft_s: i32::try_from(soft_s).is_ok().then_some(soft_s)?,
    })
}

/// Lines of a file add up, as in Redis; `""` takes back those before it.
pub(super) const SAVE: Words = Words {
    form: "seconds changes …",
    show: |config| save_points(config).join(" "),
    lines: |config| match save_points(config) {
        points if points.is_empty() => vec!["\"\"".to_owned()],
        points => points,
    },
    set: add_save_points,
    anew: |config| config.save.clear(),
};

fn save_points(config: &Config) -> Vec<String> {
    config.save.iter().map(|point| format!("{} {}", point.seconds, point.changes)).collect()
}

fn add_save_points(config: &mut Config, arguments: &[&[u8]]) -> Result<(), &'static str> {
    if let [] | [b""] = arguments {
        config.save.clear();
        return Ok(());
    }
    let (pairs, rest) = arguments.as_chunks::<2>();
    let points = pairs.iter().map(parse_save_point).collect::<Option<Vec<_>>>();
    let points = points.filter(|_| rest.is_empty()).ok_or("Invalid save parameters")?;
    config.save.extend(points);
    Ok(())
}

fn parse_save_point(pair: &[&[u8]; 2]) -> Option<SavePoint> {
    let [seconds, changes] = pair.map(|word| std::str::from_utf8(word).ok()?.parse::<u64>().ok());
    Some(SavePoint { seconds: seconds.filter(|seconds| *seconds >= 1)?, changes: changes? })
}
