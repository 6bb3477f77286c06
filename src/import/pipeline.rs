//! Commands in batches: one is on its way while the next is filled, so that neither side waits for the
//! other, and no more than two are ever held.

use std::io;
use std::ops::Range;

use super::error::ImportError;
use super::summary::Summary;
use crate::client::{Client, Reply};
use crate::rdb::Kind;
use crate::remote::{RemoteError, is_lasting};
use crate::resp::{Protocol, ReplyWriter};

/// A batch goes out when it has as many commands or bytes.
const BATCH_COMMANDS: usize = 512;
const BATCH_BYTES: usize = 256 * 1024;

/// Commands and their keys.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    commands: Vec<Command>,
}

/// A command of a batch, as places in its bytes.
#[derive(Clone, Debug)]
struct Command {
    bytes: Range<usize>,
    key: Range<usize>,
    kind: Kind,
    members: u64,
    /// Its key's first, or last.
    is_first: bool,
    is_last: bool,
}

/// What became of the key whose replies are being read.
#[derive(Debug, Default)]
struct Outcome {
    members: u64,
    is_kept: bool,
    is_refused: bool,
}

pub struct Pipeline {
    client: Client,
    keep_existing: bool,
    filling: Batch,
    on_its_way: Batch,
    outcome: Outcome,
    /// The rest of the key that was begun last is left out, for the server has it.
    leaves_out: bool,
    pub summary: Summary,
}

impl Pipeline {
    pub fn new(client: Client, keep_existing: bool) -> Pipeline {
        Pipeline {
            client,
            keep_existing,
            filling: Batch::default(),
            on_its_way: Batch::default(),
            outcome: Outcome::default(),
            leaves_out: false,
            summary: Summary::default(),
        }
    }

    /// Sends what there is if it is enough. To be called where a broken connection does least harm:
    /// what is added until the next call goes out in one piece.
    pub fn make_room(&mut self) -> Result<(), ImportError> {
        let is_full = self.filling.commands.len() >= BATCH_COMMANDS
            || self.filling.bytes.len() >= BATCH_BYTES;
        if is_full { self.send() } else { Ok(()) }
    }

    /// Adds the command `name key arguments…`, of which `count` arguments are in `encoded` already.
    pub fn add(&mut self, kind: Kind, name: &str, key: &[u8], count: usize, encoded: &[u8]) {
        let bytes = &mut self.filling.bytes;
        let start = bytes.len();
        let mut writer = ReplyWriter::new(bytes, Protocol::Resp2);
        writer.array(2 + count);
        writer.bulk(name.as_bytes());
        writer.bulk(key);
        let key_end = bytes.len() - "\r\n".len();
        bytes.extend_from_slice(encoded);
        self.filling.commands.push(Command {
            bytes: start..bytes.len(),
            key: key_end - key.len()..key_end,
            kind,
            members: 0,
            is_first: false,
            is_last: false,
        });
    }

    /// Says that the command that was added last writes so many members.
    pub fn set_members(&mut self, members: u64) {
        if let Some(command) = self.filling.commands.last_mut() {
            command.members = members;
        }
    }

    /// Says that the command that was added last is its key's first.
    pub fn mark_first(&mut self) {
        if let Some(command) = self.filling.commands.last_mut() {
            command.is_first = true;
        }
    }

    /// Says that the command that was added last is its key's last.
    pub fn mark_last(&mut self) {
        if let Some(command) = self.filling.commands.last_mut() {
            command.is_last = true;
        }
    }

    /// Sends all that there is, and waits for the replies.
    pub fn finish(&mut self) -> Result<(), ImportError> {
        self.send()?;
        self.send()
    }

    /// Calls a command alone, behind all others.
    pub fn call(&mut self, command: &[&str]) -> Result<Reply, ImportError> {
        self.finish()?;
        Ok(self.client.call(command).map_err(RemoteError::Broken)?)
    }

    /// Sends the batch that was filled and reads the replies of the one before.
    fn send(&mut self) -> Result<(), ImportError> {
        if self.keep_existing {
            self.leave_out_existing()?;
        }
        self.client.send_raw(&self.filling.bytes).map_err(RemoteError::Broken)?;
        self.read_replies()?;
        std::mem::swap(&mut self.filling, &mut self.on_its_way);
        Ok(())
    }

    fn read_replies(&mut self) -> Result<(), ImportError> {
        let batch = std::mem::take(&mut self.on_its_way);
        for command in &batch.commands {
            let reply = self.client.receive().map_err(RemoteError::Broken)?;
            self.settle(command, batch.key(command), &reply)?;
        }
        self.on_its_way = batch;
        self.on_its_way.clear();
        Ok(())
    }

    fn settle(&mut self, command: &Command, key: &[u8], reply: &Reply) -> Result<(), ImportError> {
        if command.is_first {
            self.outcome = Outcome::default();
        }
        let outcome = &mut self.outcome;
        outcome.members += command.members;
        match reply {
            Reply::Error(text) if is_lasting(text) => {
                return Err(ImportError::Stopped {
                    key: key.escape_ascii().to_string(),
                    reason: String::from_utf8_lossy(text).into_owned(),
                });
            }
            Reply::Error(text) if !outcome.is_refused => {
                outcome.is_refused = true;
                self.summary.refuse(key, &String::from_utf8_lossy(text));
            }
            // SET with NX.
            Reply::Null => outcome.is_kept = true,
            _ => {}
        }
        if command.is_last {
            match outcome {
                Outcome { is_refused: true, .. } => {}
                Outcome { is_kept: true, .. } => self.summary.kept += 1,
                Outcome { members, .. } => self.summary.import(command.kind, *members),
            }
        }
        Ok(())
    }

    /// Takes out of the batch what belongs to keys that the server has. Strings are left to SET with NX.
    fn leave_out_existing(&mut self) -> Result<(), ImportError> {
        let mut exists = self.ask_which_exist()?.into_iter();
        let mut batch = Batch::default();
        for command in &self.filling.commands {
            if command.is_first {
                self.leaves_out = command.is_asked_for() && exists.next().unwrap_or(false);
                self.summary.kept += u64::from(self.leaves_out);
            }
            if !self.leaves_out {
                batch.push(command, &self.filling);
            }
        }
        self.filling = batch;
        Ok(())
    }

    fn ask_which_exist(&mut self) -> Result<Vec<bool>, ImportError> {
        let mut request = Batch::default();
        let asked = self.filling.commands.iter().filter(|command| command.is_asked_for());
        let mut count = 0;
        for command in asked {
            let mut writer = ReplyWriter::new(&mut request.bytes, Protocol::Resp2);
            writer.array(2);
            writer.bulk(b"EXISTS");
            writer.bulk(self.filling.key(command));
            count += 1;
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        self.client.send_raw(&request.bytes).map_err(RemoteError::Broken)?;
        self.read_replies()?;
        let replies: io::Result<Vec<Reply>> = (0..count).map(|_| self.client.receive()).collect();
        Ok(replies
            .map_err(RemoteError::Broken)?
            .iter()
            .map(|reply| *reply == Reply::Integer(1))
            .collect())
    }
}

impl Command {
    fn is_asked_for(&self) -> bool {
        self.is_first && self.kind != Kind::String
    }
}

impl Batch {
    fn key(&self, command: &Command) -> &[u8] {
        self.bytes.get(command.key.clone()).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.commands.clear();
    }

    /// Adds a command of another batch.
    fn push(&mut self, command: &Command, from: &Batch) {
        let start = self.bytes.len();
        let key_start = start + (command.key.start - command.bytes.start);
        self.bytes.extend_from_slice(from.bytes.get(command.bytes.clone()).unwrap_or_default());
        let key = key_start..key_start + command.key.len();
        self.commands.push(Command { bytes: start..self.bytes.len(), key, ..command.clone() });
    }
}
