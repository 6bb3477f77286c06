//! A script on its way to the thread that runs it, and what comes back.

use crate::command::registry::Entry;
use crate::command::{Args, Session};
use crate::node::{ClientHandle, Remember};
use crate::resp::{Protocol, Span};
use std::sync::Arc;

/// EVAL and its like with all that they need, away from their connection.
pub struct ScriptRequest {
    pub entry: &'static Entry,
    client: Arc<ClientHandle>,
    bytes: Vec<u8>,
    spans: Vec<Span>,
    db: u16,
    protocol: Protocol,
    no_touch: bool,
    remember: Option<Remember>,
    caching: bool,
}

impl ScriptRequest {
    pub fn new(entry: &'static Entry, session: &Session, args: Args<'_>) -> ScriptRequest {
        let (mut bytes, mut spans) = (Vec::new(), Vec::new());
        for word in args.iter() {
            // No longer than what it comes from, whose places are known by 32 bits.
            spans.push(Span { start: bytes.len() as u32, len: word.len() as u32 });
            bytes.extend_from_slice(word);
        }
        let Session { db, protocol, no_touch, remember, caching, .. } = *session;
        let client = session.client.clone();
        ScriptRequest { entry, client, bytes, spans, db, protocol, no_touch, remember, caching }
    }

    /// In which its reply is to be written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub fn args(&self) -> Args<'_> {
        Args::new(&self.bytes, &self.spans)
    }

    /// As the connection's was.
    pub fn session(&self) -> Session {
        let mut session = Session::new(self.client.clone(), true);
        (session.db, session.protocol, session.no_touch) = (self.db, self.protocol, self.no_touch);
        (session.remember, session.caching) = (self.remember, self.caching);
        session
    }
}

/// What a script has come to.
pub struct ScriptDone {
    /// As it goes to the client.
    pub reply: Vec<u8>,
    /// As [`Session::wrote`].
    pub wrote: u64,
    /// The connection ends: the server has failed it.
    pub closes: bool,
}
