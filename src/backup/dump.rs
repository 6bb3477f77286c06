//! `headcount dump`: all keys of a running server, to standard output.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use super::error::BackupError;
use super::file::{BackupWriter, Saved};
use crate::base::number::parse_u64;
use crate::cli::Login;
use crate::client::{Client, Reply};
use crate::log::{Header, Identity};
use crate::node::clock::unix_ms;
use crate::remote::{self, Progress, RemoteError, grouped};

/// So many keys are asked for at once.
const AT_ONCE: usize = 256;

/// Dumps everything: the backup goes to standard output, all else to standard error.
///
/// # Errors
/// The server or standard output ended it. What was written has no end then, and is not taken for whole.
pub fn dump(login: &Login) -> Result<(), BackupError> {
    if io::stdout().is_terminal() {
        return Err(BackupError::Terminal);
    }
    let mut client = remote::connect(login)?;
    let header = Header {
        identity: Identity { node: node_id(&mut client)?, incarnation: 0 },
        number: unix_ms(),
        salt: rand::random(),
    };
    let out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let writer = BackupWriter::begin(out, &header)?;
    let begun = Instant::now();
    let mut dump = Dump { client, writer, progress: Progress::begin(0), keys: 0 };
    let result = dump.everything();
    dump.progress.end();
    result?;
    let bytes = dump.writer.bytes();
    let totals = dump.writer.finish()?;
    let (megabytes, seconds) = (bytes as f64 / 1e6, begun.elapsed().as_secs_f64());
    let keys = grouped(totals.entries);
    writeln!(io::stderr(), "Dumped {keys} keys to {megabytes:.1} MB in {seconds:.1} s").ok();
    Ok(())
}

struct Dump<W: Write> {
    client: Client,
    writer: BackupWriter<W>,
    progress: Progress,
    keys: u64,
}

impl<W: Write> Dump<W> {
    fn everything(&mut self) -> Result<(), BackupError> {
        for db in databases(&mut self.client)? {
            remote::call(&mut self.client, &[b"SELECT", db.to_string().as_bytes()])?;
            let mut cursor = b"0".to_vec();
            loop {
                let scan: [&[u8]; 4] = [b"SCAN", &cursor, b"COUNT", b"1000"];
                let (next, names) = page(remote::call(&mut self.client, &scan)?)?;
                for names in names.chunks(AT_ONCE) {
                    self.keys(db, names)?;
                }
                cursor = next;
                if cursor == b"0" {
                    break;
                }
            }
        }
        Ok(())
    }

    fn keys(&mut self, db: u64, names: &[Vec<u8>]) -> Result<(), BackupError> {
        let commands: Vec<[&[u8]; 2]> = names.iter().map(|name| [&b"DUMP"[..], name]).collect();
        let commands: Vec<&[&[u8]]> = commands.iter().map(|command| &command[..]).collect();
        self.client.send(&commands).map_err(RemoteError::Broken)?;
        for name in names {
            match self.client.receive().map_err(RemoteError::Broken)? {
                Reply::Bulk(payload) => {
                    self.writer.add(Saved { db, name, payload: &payload })?;
                    self.keys += 1;
                }
                // It has gone meanwhile.
                Reply::Null => {}
                other => return Err(unexpected(&other)),
            }
            self.progress.show(self.writer.bytes(), self.keys);
        }
        Ok(())
    }
}

/// The databases that hold any key.
fn databases(client: &mut Client) -> Result<Vec<u64>, BackupError> {
    let Reply::Bulk(text) = remote::call(client, &[b"INFO", b"keyspace"])? else {
        return Ok(vec![0]);
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().filter_map(|line| line.strip_prefix("db")?.split(':').next());
    Ok(lines.filter_map(|number| number.parse().ok()).collect())
}

/// What a page of SCAN has: where to go on, and names.
fn page(reply: Reply) -> Result<(Vec<u8>, Vec<Vec<u8>>), BackupError> {
    match reply {
        Reply::Array(parts) => match <[Reply; 2]>::try_from(parts) {
            Ok([Reply::Bulk(cursor), Reply::Array(names)]) if parse_u64(&cursor).is_some() => {
                let names = names.into_iter().filter_map(|name| match name {
                    Reply::Bulk(name) => Some(name),
                    _ => None,
                });
                Ok((cursor, names.collect()))
            }
            Ok(parts) => Err(unexpected(&Reply::Array(parts.into()))),
            Err(parts) => Err(unexpected(&Reply::Array(parts))),
        },
        other => Err(unexpected(&other)),
    }
}

/// Who the server is, for the reader's use; 0 for one that does not say.
fn node_id(client: &mut Client) -> Result<u32, BackupError> {
    let asked = client.call(&["CLUSTER", "MYID"]).map_err(RemoteError::Broken)?;
    let Reply::Bulk(id) = asked else { return Ok(0) };
    let digits = String::from_utf8_lossy(&id).into_owned();
    let last = digits.get(digits.len().saturating_sub(8)..).unwrap_or_default();
    Ok(u32::from_str_radix(last, 16).unwrap_or(0))
}

fn unexpected(reply: &Reply) -> BackupError {
    let text = match reply {
        Reply::Error(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}").chars().take(200).collect(),
    };
    RemoteError::Refused(text).into()
}
