//! Messages as subscribers read them.

use crate::resp::{Protocol, ReplyWriter};
use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

/// A message, written once for each protocol that somebody speaks.
pub struct Encoded<'m> {
    parts: SmallVec<[&'m [u8]; 4]>,
    resp2: Option<Bytes>,
    resp3: Option<Bytes>,
}

impl<'m> Encoded<'m> {
    /// `kind`: `message` or `smessage`.
    pub fn message(kind: &'m str, channel: &'m [u8], payload: &'m [u8]) -> Encoded<'m> {
        Encoded::new(smallvec![kind.as_bytes(), channel, payload])
    }

    /// What a pattern has matched.
    pub fn of_pattern(pattern: &'m [u8], channel: &'m [u8], payload: &'m [u8]) -> Encoded<'m> {
        Encoded::new(smallvec![&b"pmessage"[..], pattern, channel, payload])
    }

    fn new(parts: SmallVec<[&'m [u8]; 4]>) -> Encoded<'m> {
        Encoded { parts, resp2: None, resp3: None }
    }

    pub fn of(&mut self, protocol: Protocol) -> Bytes {
        let written = match protocol {
            Protocol::Resp2 => &mut self.resp2,
            Protocol::Resp3 => &mut self.resp3,
        };
        let parts = &self.parts;
        written.get_or_insert_with(|| write(parts, protocol)).clone()
    }
}

fn write(parts: &[&[u8]], protocol: Protocol) -> Bytes {
    let mut out = Vec::new();
    let mut writer = ReplyWriter::new(&mut out, protocol);
    writer.push(parts.len());
    parts.iter().for_each(|part| writer.bulk(part));
    out.into()
}
