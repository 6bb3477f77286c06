//! LATENCY GRAPH: an event's samples as a drawing.

use super::super::{ADMINISTRATION, BASE};
use crate::command::table::Command;
use crate::command::{Call, CommandError};
use crate::node::clock;
use crate::node::latency::{History, Sample};

pub const GRAPH: Command = Command {
    name: "graph",
    arity: 3,
    flags: ADMINISTRATION,
    since: "2.8.13",
    summary: "Returns a latency graph for an event.",
    syntax: "event",
    run: graph,
    ..BASE
};

const COLUMNS: usize = 80;
const ROWS: usize = 4;
/// The lower, the middle and the upper third of a character's height.
const THIRDS: &[u8; 3] = b"_o#";

fn graph(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let Some((event, history)) = call.node.latency.history(&call.args[2]) else {
        let event = String::from_utf8_lossy(&call.args[2]);
        return Err(CommandError::text(format!("ERR No samples available for event '{event}'")));
    };
    let text = draw(event, &history, clock::since_epoch().as_secs());
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn draw(event: &str, history: &History, now_s: u64) -> String {
    let samples: Vec<Sample> = history.samples.iter().copied().collect();
    let latencies = || samples.iter().map(|sample| sample.latency_ms);
    let (low, high) = (latencies().min().unwrap_or(0), latencies().max().unwrap_or(0));
    let worst = history.max_ms;
    let head = format!("{event} - high {high} ms, low {low} ms (all time high {worst} ms)\n");
    let rule = "-".repeat(COLUMNS) + "\n";
    let range = f64::from(high - low).max(1.0);
    let height = |sample: &Sample| {
        let steps = THIRDS.len() * ROWS;
        let share = f64::from(sample.latency_ms - low) / range;
        ((share * steps as f64) as usize).min(steps - 1)
    };
    let strips: Vec<String> = samples
        .chunks(COLUMNS)
        .map(|samples| {
            let heights: Vec<usize> = samples.iter().map(height).collect();
            let labels: Vec<String> = samples
                .iter()
                .map(|sample| age(now_s.saturating_sub(sample.unix_seconds)))
                .collect();
            line_chart(&heights) + &upright(&labels)
        })
        .collect();
    head + &rule + &strips.join("\n")
}

/// The columns, from the top row to the bottom one.
fn line_chart(heights: &[usize]) -> String {
    let mut text = String::new();
    for row in (0..ROWS).rev() {
        let floor = row * THIRDS.len();
        let column = |height: &usize| match height.checked_sub(floor) {
            None => ' ',
            Some(above) => THIRDS.get(above).map_or('|', |third| char::from(*third)),
        };
        text.extend(heights.iter().map(column));
        text.push('\n');
    }
    text
}

/// The labels, read downwards, under an empty line; with the line that Redis leaves at their end.
fn upright(labels: &[String]) -> String {
    let longest = labels.iter().map(String::len).max().unwrap_or(0);
    let mut text = " ".repeat(labels.len()) + "\n";
    for at in 0..longest {
        text.extend(labels.iter().map(|label| label.chars().nth(at).unwrap_or(' ')));
        text.push('\n');
    }
    text
}

/// How long ago, in two or three characters.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Drawn by redis-server 7.0.15 after DEBUG SLEEP 0.05 and, a second later, DEBUG SLEEP 0.02.
    #[test]
    fn draws_as_redis() {
        let sample = |unix_seconds, latency_ms| Sample { unix_seconds, latency_ms };
        let samples = [sample(98, 50), sample(99, 20)].into_iter().collect();
        let drawn = draw("command", &History { samples, max_ms: 50 }, 100);
        let expected = [
            "command - high 50 ms, low 20 ms (all time high 50 ms)",
            &"-".repeat(80),
            "# ",
            "| ",
            "| ",
            "|_",
            "  ",
            "21",
            "ss",
            "",
        ];
        assert_eq!(drawn, expected.join("\n"));
    }
}
