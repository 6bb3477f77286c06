//! Following CONFIG SET where it is about sockets and the log.

use super::listening::Listening;
use crate::config::{Config, LogLevel};
use crate::node::{CannotListen, Reconfigure};
use std::sync::Arc;

/// The running server, as far as its configuration can change it.
pub struct Server<F> {
    listening: Arc<Listening>,
    set_log_level: F,
}

impl<F> Server<F> {
    pub fn new(listening: Arc<Listening>, set_log_level: F) -> Server<F> {
        Server { listening, set_log_level }
    }
}

impl<F: Fn(LogLevel) + Send + Sync> Reconfigure for Server<F> {
    fn listen(&self, config: &Config) -> Result<(), CannotListen> {
        match self.listening.rebind_tcp(config) {
            Ok(()) => {
                tracing::info!("Listening on {}", self.listening.addresses().join(", "));
                Ok(())
            }
            Err(error) => {
                tracing::warn!("{error}; listening where it did before");
                Err(CannotListen)
            }
        }
    }

    fn log_from(&self, level: LogLevel) {
        (self.set_log_level)(level);
    }
}
