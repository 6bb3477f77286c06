//! Who a node is, kept in `dir` so that it is the same one after a restart.

use crate::config::Config;
use crate::replication::Settings;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The node's id, and the identity of its memory: each later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub node: u32,
    pub incarnation: u64,
}

impl Identity {
    #[must_use]
    pub fn of(settings: &Settings) -> Identity {
        Identity { node: settings.node, incarnation: settings.incarnation }
    }
}

/// Why a node does not know who it is.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("Cannot read the node's id from {path}: {error}")]
    Read { path: String, error: io::Error },
    #[error("{path} is not a node's id; remove it, and the node gets a new one")]
    Malformed { path: String },
    #[error(
        "Cannot keep the node's id in {path}: {error}; set cluster-node-id, or a `dir` to write to"
    )]
    Write { path: String, error: io::Error },
}

/// The file, which carries the port in its name: several nodes may work in one folder.
#[derive(Clone, Debug)]
pub struct IdentityFile {
    path: PathBuf,
}

impl IdentityFile {
    #[must_use]
    pub fn of(config: &Config) -> IdentityFile {
        IdentityFile { path: config.dir.join(format!("node-{}.id", config.cluster_port)) }
    }

    /// The identity of a node that starts without what it knew. `configured`: its id, if it is said;
    /// `drawn`: else its id, if it has none yet.
    ///
    /// # Errors
    /// The file cannot be read or, for an id that is not configured, written.
    pub fn begin(
        &self,
        configured: Option<u32>,
        drawn: u32,
        now_ms: u64,
    ) -> Result<Identity, IdentityError> {
        let kept = self.read()?;
        let node = configured.or(kept.map(|kept| kept.node)).unwrap_or(drawn);
        // Later than the last one, also where the clock was set back.
        let last = kept.filter(|kept| kept.node == node).map_or(0, |kept| kept.incarnation);
        let identity = Identity { node, incarnation: now_ms.max(last.saturating_add(1)) };
        match self.keep(identity) {
            Err(error) if configured.is_none() => {
                Err(IdentityError::Write { path: self.shown(), error })
            }
            Err(error) => {
                tracing::warn!("Cannot write {}: {error}", self.path.display());
                Ok(identity)
            }
            Ok(()) => Ok(identity),
        }
    }

    /// Writes the identity, whole or not at all.
    ///
    /// # Errors
    /// The system's.
    pub fn keep(&self, identity: Identity) -> io::Result<()> {
        let Identity { node, incarnation } = identity;
        let unfinished = self.path.with_extension("id.new");
        let mut file = File::create(&unfinished)?;
        write!(file, "node {node:08x}\nincarnation {incarnation}\n")?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.path)?;
        // Also the name must be there after a power failure.
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    /// What is kept.
    ///
    /// # Errors
    /// The file cannot be read, or is not one.
    pub fn read(&self) -> Result<Option<Identity>, IdentityError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(IdentityError::Read { path: self.shown(), error }),
        };
        match parse(&text) {
            Some(identity) => Ok(Some(identity)),
            None => Err(IdentityError::Malformed { path: self.shown() }),
        }
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

fn parse(text: &str) -> Option<Identity> {
    let (node, incarnation) = text.strip_suffix('\n')?.split_once('\n')?;
    let node = u32::from_str_radix(node.strip_prefix("node ")?, 16).ok()?;
    let incarnation = incarnation.strip_prefix("incarnation ")?.parse().ok()?;
    (node != 0).then_some(Identity { node, incarnation })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir) -> IdentityFile {
        let dir = folder.path().to_path_buf();
        IdentityFile::of(&Config { dir, cluster_port: 7000, ..Config::default() })
    }

    #[test]
    fn the_id_stays_and_the_memory_is_a_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        let first = file.begin(None, 7, 1000).unwrap();
        assert_eq!(first, Identity { node: 7, incarnation: 1000 });
        // The clock was set back.
        let second = file.begin(None, 8, 500).unwrap();
        assert_eq!(second, Identity { node: 7, incarnation: 1001 });
        assert_eq!(file.begin(None, 9, 5000).unwrap(), Identity { node: 7, incarnation: 5000 });
    }

    #[test]
    fn a_configured_id_counts_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        file.begin(None, 7, 9000).unwrap();
        assert_eq!(file.begin(Some(5), 8, 1).unwrap(), Identity { node: 5, incarnation: 1 });
        assert_eq!(file.begin(Some(5), 8, 1).unwrap(), Identity { node: 5, incarnation: 2 });
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        for text in ["", "node 1", "node 1\nincarnation x\n", "node 0\nincarnation 1\n"] {
            fs::write(&file.path, text).unwrap();
            let error = file.begin(None, 7, 1).expect_err(text);
            assert!(matches!(error, IdentityError::Malformed { .. }), "{text}: {error}");
            assert_eq!(fs::read_to_string(&file.path).unwrap(), text);
        }
    }

    #[test]
    fn an_id_that_cannot_be_kept_has_to_be_configured() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        // Where a folder is no file can be written, whoever tries.
        fs::create_dir(folder.path().join("node-7000.id.new")).unwrap();
        let error = file.begin(None, 7, 1).expect_err("nowhere to keep it");
        assert!(error.to_string().contains("cluster-node-id"), "{error}");
        assert_eq!(file.begin(Some(5), 7, 1).unwrap().node, 5);
    }
}
