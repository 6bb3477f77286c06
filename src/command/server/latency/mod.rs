//! LATENCY: what took long, when and how often.

mod doctor;
mod graph;
mod histogram;

use super::{ADMINISTRATION, BASE, HELP};
use crate::command::table::Command;
use crate::command::{Call, CommandError, reply_help};

pub const LATENCY: Command = Command {
    name: "latency",
    since: "2.8.13",
    summary: "A container for latency diagnostics commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[
        doctor::DOCTOR,
        graph::GRAPH,
        Command { since: "2.8.13", run: help, ..HELP },
        histogram::HISTOGRAM,
        HISTORY,
        LATEST,
        RESET,
    ],
    run: help,
    ..BASE
};

const HISTORY: Command = Command {
    name: "history",
    arity: 3,
    flags: ADMINISTRATION,
    since: "2.8.13",
    summary: "Returns timestamp-latency samples for an event.",
    syntax: "event",
    run: history,
    ..BASE
};

const LATEST: Command = Command {
    name: "latest",
    arity: 2,
    flags: ADMINISTRATION,
    since: "2.8.13",
    summary: "Returns the latest latency samples for all events.",
    run: latest,
    ..BASE
};

const RESET: Command = Command {
    name: "reset",
    flags: ADMINISTRATION,
    since: "2.8.13",
    summary: "Resets the latency data for one or more events.",
    syntax: "[event [event ...]]",
    run: reset,
    ..BASE
};

fn history(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let history = call.node.latency.history(&call.args[2]);
    let samples = history.map(|(_, history)| history.samples).unwrap_or_default();
    call.reply.array(samples.len());
    for sample in samples {
        call.reply.array(2);
        call.reply.integer(sample.unix_seconds.cast_signed());
        call.reply.integer(sample.latency_ms.into());
    }
    Ok(())
}

fn latest(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let events = call.node.latency.all();
    call.reply.array(events.len());
    for (name, history) in events {
        let last = history.samples.back();
        call.reply.array(4);
        call.reply.bulk(name.as_bytes());
        call.reply.integer(last.map_or(0, |sample| sample.unix_seconds.cast_signed()));
        call.reply.integer(last.map_or(0, |sample| sample.latency_ms.into()));
        call.reply.integer(history.max_ms.into());
    }
    Ok(())
}

fn reset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let events = call.args.from(2);
    let forgotten = if events.is_empty() {
        call.node.latency.reset_all()
    } else {
        events.iter().filter(|event| call.node.latency.reset(event)).count()
    };
    call.reply.integer(forgotten as i64);
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(
        call,
        "LATENCY",
        &[
            "DOCTOR",
            "    Return a human readable latency analysis report.",
            "GRAPH <event>",
            "    Return an ASCII latency graph for the <event> class.",
            "HISTORY <event>",
            "    Return time-latency samples for the <event> class.",
            "LATEST",
            "    Return the latest latency samples for all events.",
            "RESET [<event> ...]",
            "    Reset latency data of one or more <event> classes.",
            "    (default: reset all data for all event classes)",
            "HISTOGRAM [COMMAND ...]",
            "    Return a cumulative distribution of latencies in the format of a histogram for \
             the specified command names.",
            "    If no commands are specified then all histograms are replied.",
        ],
    );
    Ok(())
}
