//! Waiting for something to be so.

use std::io;
use std::time::{Duration, Instant};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks every `step` until the answer is yes.
///
/// # Errors
/// What `ask` fails with; `TimedOut`: it was never so.
pub fn until(
    patience: Duration,
    step: Duration,
    mut ask: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let start = Instant::now();
    while !ask()? {
        if start.elapsed() > patience {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(step);
    }
    Ok(())
}
