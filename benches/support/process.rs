//! What processes and threads cost, as the kernel accounts for it.

use std::fs;
use std::io;
use std::path::Path;

/// Nanoseconds of processor time, in user space and in the kernel, that all threads of the process
/// have used so far.
///
/// # Errors
/// The process has ended, or the system has no such files (it is not Linux).
pub fn cpu_ns(pid: u32) -> io::Result<u64> {
    let mut sum_ns = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        sum_ns += ran_ns(&task?.path().join("schedstat"))?;
    }
    Ok(sum_ns)
}

/// The same with threads that have ended, to a hundredth of a second.
///
/// # Errors
/// As [`cpu_ns`].
pub fn cpu_ns_of_all(pid: u32) -> io::Result<u64> {
    const TICK_NS: u64 = 10_000_000;
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // Behind the name, which may hold anything: utime and stime are the 12th and 13th.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).map(|field| field.parse::<u64>().ok());
    let ticks: Option<u64> = ticks.sum();
    ticks.map(|ticks| ticks * TICK_NS).ok_or_else(|| io::Error::other("stat without times"))
}

/// The same of the calling thread alone.
///
/// # Errors
/// As [`cpu_ns`].
pub fn thread_cpu_ns() -> io::Result<u64> {
    ran_ns(Path::new("/proc/thread-self/schedstat"))
}

fn ran_ns(schedstat: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(schedstat)?;
    let field = text.split_whitespace().next().and_then(|field| field.parse().ok());
    field.ok_or_else(|| io::Error::other("schedstat without a number"))
}

/// Bytes of memory that the process has in the machine.
///
/// # Errors
/// As [`cpu_ns`].
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    status_bytes(pid, "VmRSS:")
}

/// The most that it has had so far.
///
/// # Errors
/// As [`cpu_ns`].
pub fn peak_bytes(pid: u32) -> io::Result<u64> {
    status_bytes(pid, "VmHWM:")
}

fn status_bytes(pid: u32, field: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or_else(|| io::Error::other(format!("no {field}")))? * 1024)
}
