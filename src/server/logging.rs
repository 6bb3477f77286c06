//! The log: one line a message, with Redis's levels.

use crate::config::{Config, LogLevel};
use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::sync::{Arc, Mutex};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging where and what `config` says, and answers how to change the level.
///
/// # Errors
/// The log file cannot be opened.
pub fn start(config: &Config) -> io::Result<impl Fn(LogLevel) + use<>> {
    let writer = match &config.logfile {
        None => BoxMakeWriter::new(io::stdout),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            BoxMakeWriter::new(Mutex::new(file))
        }
    };
    let (filter, level) = reload::Layer::new(filter_of(config.loglevel));
    let lines = tracing_subscriber::fmt::layer().event_format(Line).with_writer(writer);
    // A second call, in a test, changes nothing.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    log_panics();
    let level = Arc::new(level);
    Ok(move |new: LogLevel| {
        // The layer lives as long as the process.
        let _ = level.reload(filter_of(new));
    })
}

fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Debug => LevelFilter::TRACE,
        LogLevel::Verbose => LevelFilter::DEBUG,
        LogLevel::Notice => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Nothing => LevelFilter::OFF,
    }
}

/// A panic of one command is a line of the log like any other, with its place.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::force_capture();
        tracing::error!("{panic}\n{backtrace}");
    }));
}

/// `2026-11-22T12:46:05.123456Z notice Ready to accept connections`
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        SystemTime.format_time(&mut writer)?;
        write!(writer, " {} ", name_of(*event.metadata().level()))?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Redis's names; what it calls a warning may be an error here.
fn name_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "notice",
        Level::DEBUG => "verbose",
        Level::TRACE => "debug",
    }
}
