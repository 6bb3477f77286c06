//! What the operating system tells of itself and of this process. Elsewhere than on Linux it is not
//! asked, and the answers are zero.

use std::{fs, io};

/// Linux counts processor time in these.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time that this process has used, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuTimes {
    pub user_s: f64,
    pub system_s: f64,
}

#[must_use]
pub fn cpu_times() -> CpuTimes {
    fs::read_to_string("/proc/self/stat")
        .ok()
        .and_then(|stat| parse_stat(&stat))
        .unwrap_or_default()
}

/// The fields after the command's name, which stands in parentheses and may hold anything.
fn parse_stat(stat: &str) -> Option<CpuTimes> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // utime is the 14th field; the name was the second, and nth counts from zero.
    let user: f64 = fields.nth(11)?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(CpuTimes { user_s: user / TICKS_PER_SECOND, system_s: system / TICKS_PER_SECOND })
}

/// The machine's memory in bytes.
#[must_use]
pub fn total_memory_bytes() -> u64 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| parse_meminfo(&text));
    total.unwrap_or_default()
}

fn parse_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The system's name, release and architecture: `Linux 6.1.0 x86_64`.
#[must_use]
pub fn description() -> String {
    let read = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    let name = read("ostype").unwrap_or_else(|| std::env::consts::OS.to_owned());
    let release = read("osrelease").unwrap_or_default();
    [name.trim(), release.trim(), std::env::consts::ARCH].join(" ")
}

/// What the system says of an error, without the number that Rust adds.
#[must_use]
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => text.trim_end_matches(&format!(" (os error {number})")).to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let stat = "42 (a) b) c) S 1 42 42 0 -1 4194304 900 0 0 0 250 75 0 0 20 0 4 0 9 1 2";
        assert_eq!(parse_stat(stat), Some(CpuTimes { user_s: 2.5, system_s: 0.75 }));
        assert_eq!(parse_stat("42 (a"), None);
        let meminfo = "MemTotal:       24684092 kB\nMemFree: 1 kB\n";
        assert_eq!(parse_meminfo(meminfo), Some(25_276_510_208));
    }
}
