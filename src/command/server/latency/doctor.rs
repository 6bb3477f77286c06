//! LATENCY DOCTOR: a report for people.

use super::super::{ADMINISTRATION, BASE};
use crate::command::table::Command;
use crate::command::{Call, CommandError};
use crate::node::clock;
use crate::node::latency::History;

pub const DOCTOR: Command = Command {
    name: "doctor",
    arity: 2,
    flags: ADMINISTRATION,
    since: "2.8.13",
    summary: "Returns a human-readable latency analysis report.",
    run: doctor,
    ..BASE
};

const DISABLED: &str = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this \
    Redis instance. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order \
    to enable it. If we weren't in a deep space mission I'd suggest to take a look at \
    https://redis.io/topics/latency-monitor.\n";
const HEALTHY: &str = "Dave, no latency spike was observed during the lifetime of this Redis \
    instance, not in the slightest bit. I honestly think you ought to sit down calmly, take a \
    stress pill, and think things over.\n";
const ADVICE: &str = "\nI have a few advices for you:\n\n\
    - Check your Slow Log to understand what are the commands you are running which are too slow \
    to execute. Please check https://redis.io/commands/slowlog for more information.\n\
    - Deleting, expiring or evicting (because of maxmemory policy) large objects is a blocking \
    operation. If you have very large objects that are often deleted, expired, or evicted, try to \
    fragment those objects into multiple smaller objects.\n";

fn doctor(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let events = call.node.latency.all();
    let text = if !events.is_empty() {
        report(&events, clock::since_epoch().as_secs())
    } else if call.node.config().latency_monitor_threshold_ms == 0 {
        DISABLED.to_owned()
    } else {
        HEALTHY.to_owned()
    };
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn report(events: &[(&str, History)], now_s: u64) -> String {
    let mut text = "Dave, I have observed latency spikes in this Redis instance. You don't mind \
        talking about it, do you Dave?\n\n"
        .to_owned();
    for (number, (name, history)) in (1..).zip(events) {
        text.push_str(&format!("{number}. {name}: {}\n", findings(history, now_s)));
    }
    text + ADVICE
}

fn findings(history: &History, now_s: u64) -> String {
    let latencies: Vec<u64> =
        history.samples.iter().map(|sample| sample.latency_ms.into()).collect();
    let count = latencies.len().max(1) as u64;
    let average = latencies.iter().sum::<u64>() / count;
    let deviation = latencies.iter().map(|latency| latency.abs_diff(average)).sum::<u64>() / count;
    let oldest_s = history.samples.front().map_or(now_s, |sample| sample.unix_seconds);
    let period_s = now_s.saturating_sub(oldest_s) as f64 / count as f64;
    format!(
        "{} latency spikes (average {average}ms, mean deviation {deviation}ms, period \
         {period_s:.2} sec). Worst all time event {}ms.",
        latencies.len(),
        history.max_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::latency::Sample;

    // The figures of redis-server 7.0.15 for these samples.
    #[test]
    fn finds_what_redis_finds() {
        let sample = |unix_seconds, latency_ms| Sample { unix_seconds, latency_ms };
        let samples = [sample(98, 50), sample(99, 20)].into_iter().collect();
        assert_eq!(
            findings(&History { samples, max_ms: 50 }, 100),
            "2 latency spikes (average 35ms, mean deviation 15ms, period 1.00 sec). \
             Worst all time event 50ms."
        );
    }
}
