//! What a change of the configuration asks of the server around the node. All else is read from the
//! configuration each time it is needed, and so takes effect by itself.

use super::Node;
use crate::config::{Config, LogLevel};

/// The server does not listen where it was told to, but where it did before. Its log says why.
#[derive(Debug)]
pub struct CannotListen;

/// The server, which has the sockets and the log.
pub trait Reconfigure: Send + Sync {
    /// Listens on the TCP addresses of `config`, instead of those of before.
    ///
    /// # Errors
    /// One of them cannot be had.
    fn listen(&self, config: &Config) -> Result<(), CannotListen>;

    /// From now on logs what is at least as severe.
    fn log_from(&self, level: LogLevel);
}

impl Node {
    /// Says who follows changes of the configuration. The first one stays.
    pub fn set_server(&self, server: impl Reconfigure + 'static) {
        self.server.get_or_init(|| Box::new(server));
    }

    /// Listens on the TCP addresses of `config`.
    ///
    /// # Errors
    /// One of them cannot be had, and the server listens where it did before.
    pub fn listen(&self, config: &Config) -> Result<(), CannotListen> {
        // A node without a server listens nowhere.
        self.server.get().map_or(Ok(()), |server| server.listen(config))
    }

    /// Logs what is at least as severe as `level`.
    pub fn log_from(&self, level: LogLevel) {
        if let Some(server) = self.server.get() {
            server.log_from(level);
        }
    }
}
