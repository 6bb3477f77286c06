//! `headcount restore`: all keys of a backup to a running server.

use std::io::{self, Write};
use std::time::Instant;

use super::error::BackupError;
use super::file::{BackupReader, Input, Saved};
use super::retry::Retry;
use super::summary::Summary;
use crate::cli::RestoreOptions;
use crate::client::{Client, Reply};
use crate::node::clock::unix_ms;
use crate::remote::{self, Progress, RemoteError, is_lasting, longest_argument};
use crate::replication::Payload;
use crate::resp::{Protocol, ReplyWriter};

/// A batch goes out when it has as many commands or bytes.
const BATCH_COMMANDS: usize = 512;
const BATCH_BYTES: usize = 256 * 1024;

const NO_DATABASE: &str = "the server has no such database";
const TOO_LONG: &str = "the server's proto-max-bulk-len does not let it in";
const TRY_AGAIN: &[u8] = b"TRYAGAIN ";

/// Restores a backup: progress goes to standard error, the summary to standard output.
///
/// # Errors
/// The file or the server ended it, or the server refused some keys. The summary says what was restored
/// nevertheless.
pub fn restore(options: &RestoreOptions) -> Result<(), BackupError> {
    let mut input = Input::open(options.file.as_deref())?;
    input.verify()?;
    let mut client = remote::connect(&options.login)?;
    let argument_bytes_max = longest_argument(&mut client)?;
    let mut reader = BackupReader::open(&input.name, io::BufReader::new(&input.file))?;
    let mut restore = Restore {
        client,
        is_new: options.new,
        argument_bytes_max,
        database: None,
        filling: Batch::default(),
        on_its_way: Batch::default(),
        retry: Retry::default(),
        summary: Summary::default(),
    };
    let (begun, mut progress) = (Instant::now(), Progress::begin(input.bytes));
    let read = reader.each(|key, offset| {
        progress.show(offset, restore.summary.restored);
        restore.key(key)
    });
    // What was read before a damaged place is good, and counts.
    let result = match read {
        Err(error @ (BackupError::Damaged { .. } | BackupError::Nonsense { .. })) => {
            restore.finish().and(Err(error))
        }
        Err(error) => Err(error),
        Ok(_) => restore.finish(),
    };
    progress.end();
    let summary = restore.summary;
    write!(io::stdout(), "{}", summary.report(reader.offset(), begun.elapsed())).ok();
    match result {
        Err(failure) => Err(BackupError::Ended(failure.into(), summary.restored)),
        Ok(()) if summary.refusals() > 0 => Err(BackupError::Refusals(summary.refusals())),
        Ok(()) => Ok(()),
    }
}

/// A restore on its way: one batch is sent while the replies to the one before are on their way.
struct Restore {
    client: Client,
    is_new: bool,
    argument_bytes_max: usize,
    /// The database that is selected, and whether the server has it.
    database: Option<(u64, bool)>,
    filling: Batch,
    on_its_way: Batch,
    retry: Retry,
    summary: Summary,
}

/// Commands as they go out, each with its key.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where each ends, and the name of its key.
    commands: Vec<(usize, Vec<u8>)>,
}

impl Restore {
    fn key(&mut self, key: Saved<'_>) -> Result<(), BackupError> {
        if !self.select(key.db)? {
            self.summary.refuse(key.name, NO_DATABASE);
        } else if key.name.len().max(key.payload.len()) > self.argument_bytes_max {
            self.summary.refuse(key.name, TOO_LONG);
        } else if !self.is_new {
            self.filling.push(key.name, &[b"0", key.payload, b"MERGE"]);
        } else {
            self.write_anew(key);
        }
        match self.filling.is_full() {
            true => self.send(),
            false => Ok(()),
        }
    }

    /// The deadline of the key is not the payload's affair then.
    fn write_anew(&mut self, key: Saved<'_>) {
        let now_ms = unix_ms();
        let payload = match Payload::open(key.payload) {
            Ok(payload) => payload,
            Err(error) => return self.summary.refuse(key.name, &error.to_string()),
        };
        let ends_ms = payload.state.deadline_ms(payload.read_ms);
        if ends_ms.is_some_and(|ends_ms| ends_ms <= now_ms) {
            self.summary.expired += 1;
            return;
        }
        let ends_ms = ends_ms.unwrap_or(0).to_string();
        self.filling.push(key.name, &[ends_ms.as_bytes(), key.payload, b"REPLACE", b"ABSTTL"]);
    }

    fn select(&mut self, db: u64) -> Result<bool, BackupError> {
        if let Some((selected, is_there)) = self.database
            && selected == db
        {
            return Ok(is_there);
        }
        self.finish()?;
        let reply = self.client.call(&["SELECT", &db.to_string()]).map_err(RemoteError::Broken)?;
        let is_there = !matches!(reply, Reply::Error(_));
        self.database = Some((db, is_there));
        Ok(is_there)
    }

    /// Sends all that there is, and waits for the replies.
    fn finish(&mut self) -> Result<(), BackupError> {
        self.send()?;
        self.send()
    }

    /// Sends the batch that was filled and reads the replies to the one before.
    fn send(&mut self) -> Result<(), BackupError> {
        self.client.send_raw(&self.filling.bytes).map_err(RemoteError::Broken)?;
        let batch = std::mem::take(&mut self.on_its_way);
        let again = self.read_replies(&batch)?;
        self.on_its_way = std::mem::take(&mut self.filling);
        if !again.commands.is_empty() {
            // The batch that follows is answered in the same way: first that one, then all again.
            let batch = std::mem::take(&mut self.on_its_way);
            let more = self.read_replies(&batch)?;
            self.try_again(again)?;
            self.try_again(more)?;
        }
        Ok(())
    }

    /// Settles a batch; returns what is to be tried again.
    fn read_replies(&mut self, batch: &Batch) -> Result<Batch, BackupError> {
        let (mut again, mut from) = (Batch::default(), 0);
        for (to, name) in &batch.commands {
            match self.client.receive().map_err(RemoteError::Broken)? {
                Reply::Error(text) if text.starts_with(TRY_AGAIN) => {
                    again.push_encoded(name, batch.bytes.get(from..*to).unwrap_or_default());
                }
                Reply::Error(text) if is_lasting(&text) => {
                    return Err(BackupError::Stopped {
                        key: remote::shown(name),
                        reason: String::from_utf8_lossy(&text).into_owned(),
                    });
                }
                Reply::Error(text) => {
                    self.summary.refuse(name, &String::from_utf8_lossy(&text));
                }
                _ => self.summary.restored += 1,
            }
            from = *to;
        }
        Ok(again)
    }

    fn try_again(&mut self, mut batch: Batch) -> Result<(), BackupError> {
        while !batch.commands.is_empty() && self.retry.pause() {
            self.client.send_raw(&batch.bytes).map_err(RemoteError::Broken)?;
            batch = self.read_replies(&batch)?;
        }
        for (_, name) in &batch.commands {
            self.summary.refuse(name, "the server has not heard from its peers");
        }
        Ok(())
    }
}

impl Batch {
    fn is_full(&self) -> bool {
        self.commands.len() >= BATCH_COMMANDS || self.bytes.len() >= BATCH_BYTES
    }

    /// Adds RESTORE of a key with what follows its name.
    fn push(&mut self, name: &[u8], arguments: &[&[u8]]) {
        let mut writer = ReplyWriter::new(&mut self.bytes, Protocol::Resp2);
        writer.array(2 + arguments.len());
        writer.bulk(b"RESTORE");
        writer.bulk(name);
        arguments.iter().for_each(|argument| writer.bulk(argument));
        self.commands.push((self.bytes.len(), name.to_vec()));
    }

    fn push_encoded(&mut self, name: &[u8], command: &[u8]) {
        self.bytes.extend_from_slice(command);
        self.commands.push((self.bytes.len(), name.to_vec()));
    }
}
