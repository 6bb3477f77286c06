//! LOLWUT: the version, and some people being counted.

use super::BASE;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};
use crate::node::REDIS_VERSION;

pub const LOLWUT: Command = Command {
    name: "lolwut",
    arity: -1,
    flags: Flags::READONLY.or(Flags::FAST),
    since: "5.0.0",
    summary: "Displays computer art and the Redis version",
    syntax: "[VERSION version]",
    run: lolwut,
    ..BASE
};

/// More heads than fit on a screen are told as a number only.
const MAX_HEADS: usize = 100;
const HEADS_PER_LINE: usize = 20;

fn lolwut(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    // Redis draws what the version drew; here there is one picture.
    let asks_version = call.args.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"version"));
    if asks_version && call.args.len() >= 3 {
        call.integer(2)?;
    }
    let text = picture(call.node.clients.len());
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// The connected clients, counted as one counts on paper: in bundles of five.
fn picture(heads: usize) -> String {
    let mut text = String::new();
    for line in tallies(heads.min(MAX_HEADS)).chunks(HEADS_PER_LINE / 5) {
        text.push_str(&line.join("  "));
        text.push('\n');
    }
    let noun = if heads == 1 { "head" } else { "heads" };
    let version = env!("CARGO_PKG_VERSION");
    text + &format!(
        "\n{heads} {noun} counted. Headcount ver. {version}, Redis ver. {REDIS_VERSION}\n"
    )
}

fn tallies(heads: usize) -> Vec<String> {
    let mut tallies = vec!["||||/".to_owned(); heads / 5];
    let rest = heads % 5;
    if rest > 0 {
        tallies.push("|".repeat(rest));
    }
    tallies
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn every_head_has_its_stroke() {
        for heads in 0..=super::MAX_HEADS {
            let text = picture(heads);
            let drawn = text.lines().take_while(|line| !line.is_empty());
            let strokes = drawn.flat_map(str::chars).filter(|c| "|/".contains(*c)).count();
            assert_eq!(strokes, heads);
        }
        assert!(picture(1).contains("1 head counted."));
    }
}
