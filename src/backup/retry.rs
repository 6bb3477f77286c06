//! What the server asks to be told again later: it has to hear from its peers first.

use std::time::{Duration, Instant};

/// In all it is waited so long; then it is not going to hear from them.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// How long the server may be asked again.
#[derive(Debug, Default)]
pub struct Retry {
    begun: Option<Instant>,
}

impl Retry {
    /// Waits a moment; false: it was waited long enough.
    pub fn pause(&mut self) -> bool {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        if begun.elapsed() >= PATIENCE {
            return false;
        }
        std::thread::sleep(PAUSE);
        true
    }
}
