//! A script on its way to the thread that runs it, and what comes back.

use super::registry::Entry;
use super::{Args, Session};
use crate::node::Node;
use crate::resp::{Protocol, Span};

/// EVAL and its like with all that they need, away from their connection.
pub struct ScriptRequest {
    pub entry: &'static Entry,
    /// As the connection's was.
    pub session: Session,
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl ScriptRequest {
    pub fn new(
        node: &Node,
        entry: &'static Entry,
        session: &Session,
        args: Args<'_>,
    ) -> ScriptRequest {
        let (mut bytes, mut spans) = (Vec::new(), Vec::new());
        for word in args.iter() {
            // No longer than what it comes from, whose places are known by 32 bits.
            spans.push(Span { start: bytes.len() as u32, len: word.len() as u32 });
            bytes.extend_from_slice(word);
        }
        ScriptRequest { entry, session: session.apart(&node.access), bytes, spans }
    }

    /// In which its reply is to be written.
    pub fn protocol(&self) -> Protocol {
        self.session.protocol
    }

    /// Its session, and what it asks for.
    pub fn parts(&mut self) -> (&mut Session, Args<'_>) {
        (&mut self.session, Args::new(&self.bytes, &self.spans))
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
