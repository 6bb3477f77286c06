//! The end of the server: asked for once, awaited by every loop.

use tokio::sync::watch;

/// What SHUTDOWN, or a signal, asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownRequest {
    /// Do not wait for anything that could still be delivered.
    pub now: bool,
    /// Do not wait for a script that runs: what it has written is given up.
    pub abandons_script: bool,
    /// Go also when something that should be written could not be.
    pub force: bool,
}

/// Whether the server is to stop.
pub struct Shutdown {
    request: watch::Sender<Option<ShutdownRequest>>,
}

impl Default for Shutdown {
    fn default() -> Shutdown {
        Shutdown { request: watch::Sender::new(None) }
    }
}

impl Shutdown {
    /// Asks every loop to end. Asking again changes nothing.
    pub fn request(&self, request: ShutdownRequest) {
        self.request.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(request);
            first
        });
    }

    #[must_use]
    pub fn requested(&self) -> Option<ShutdownRequest> {
        *self.request.borrow()
    }

    /// Returns when the server is to stop.
    pub async fn wait(&self) -> ShutdownRequest {
        let mut changes = self.request.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let asked = changes.wait_for(Option::is_some).await;
        asked.ok().and_then(|asked| *asked).unwrap_or_default()
    }
}
