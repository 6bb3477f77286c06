//! A disk in memory that does all that a disk may do: loses, tears and reorders what was not synced,
//! fails to sync, runs full, flips bits.

use super::random::Random;
use headcount::log::{Append, ReadAt, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a disk writes whole or not at all.
const BLOCK_BYTES: usize = 512;

type Inode = usize;

/// What goes wrong while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Of 1000 syncs, how many fail.
    pub sync_permille: u32,
    /// Of 1000 other changes, how many fail.
    pub change_permille: u32,
    /// Bytes that all files together may take.
    pub capacity_bytes: Option<usize>,
    /// After so many changes everything stops in the middle of one.
    pub fuse: Option<u64>,
}

/// The disk; clones are the same one.
#[derive(Clone, Debug)]
pub struct FaultyStorage(Arc<Mutex<Disk>>);

#[derive(Clone, Debug)]
struct Disk {
    random: Random,
    faults: Faults,
    is_stopped: bool,
    files: Vec<File>,
    names: BTreeMap<String, Inode>,
    durable_names: BTreeMap<String, Inode>,
    /// What each name has meant since the directory was synced.
    renamed: BTreeMap<String, Vec<Option<Inode>>>,
}

#[derive(Clone, Debug, Default)]
struct File {
    current: Vec<u8>,
    durable: Vec<u8>,
    /// Blocks that differ as far as the system knows.
    dirty: BTreeSet<usize>,
}

impl FaultyStorage {
    pub fn new(seed: u64) -> FaultyStorage {
        FaultyStorage(Arc::new(Mutex::new(Disk {
            random: Random::new(seed, 77),
            faults: Faults::default(),
            is_stopped: false,
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renamed: BTreeMap::new(),
        })))
    }

    pub fn set_faults(&self, faults: Faults) {
        self.disk().faults = faults;
    }

    pub fn is_stopped(&self) -> bool {
        self.disk().is_stopped
    }

    /// Nothing that the process still tries happens.
    pub fn stop(&self) {
        self.disk().is_stopped = true;
    }

    /// Another disk, with what a crash would leave of this one now.
    pub fn copy(&self) -> FaultyStorage {
        let copy = FaultyStorage(Arc::new(Mutex::new(self.disk().clone())));
        copy.crash();
        copy
    }

    pub fn used_bytes(&self) -> usize {
        self.disk().used_bytes()
    }

    /// The process is gone, the machine goes on.
    pub fn restart(&self) {
        let mut disk = self.disk();
        (disk.is_stopped, disk.faults) = (false, Faults::default());
    }

    /// The machine is gone and comes back.
    pub fn crash(&self) {
        self.disk().crash();
        self.restart();
    }

    /// A file as it is now.
    pub fn contents(&self, name: &str) -> Vec<u8> {
        let disk = self.disk();
        disk.files[disk.names[name]].current.clone()
    }

    /// Puts a file there, durably.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut disk = self.disk();
        let inode = disk.files.len();
        disk.files.push(File { current: bytes.clone(), durable: bytes, dirty: BTreeSet::new() });
        disk.names.insert(name.to_owned(), inode);
        disk.durable_names.insert(name.to_owned(), inode);
        disk.renamed.remove(name);
    }

    pub fn flip(&self, name: &str, bit: usize) {
        let mut bytes = self.contents(name);
        bytes[bit / 8] ^= 1 << (bit % 8);
        self.put(name, bytes);
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().expect("no test thread panicked with it")
    }
}

impl Disk {
    /// Before each change: whether it happens, and if not why. The one at which everything stops may
    /// happen too.
    fn change(&mut self, fail_permille: u32) -> io::Result<()> {
        if self.is_stopped {
            return Err(io::Error::other("stopped"));
        }
        if let Some(left) = &mut self.faults.fuse {
            *left = left.saturating_sub(1);
            self.is_stopped = *left == 0;
        }
        if self.is_stopped && self.random.chance(500) || self.random.chance(fail_permille) {
            return Err(io::Error::other("planted"));
        }
        Ok(())
    }

    fn name(&mut self, name: &str, inode: Option<Inode>) {
        match inode {
            Some(inode) => self.names.insert(name.to_owned(), inode),
            None => self.names.remove(name),
        };
        self.renamed.entry(name.to_owned()).or_default().push(inode);
    }

    /// Each name means what it meant at some time since the last sync.
    fn settle_names(&mut self) {
        for (name, since) in std::mem::take(&mut self.renamed) {
            let seen = self.random.index(since.len() + 1);
            match seen.checked_sub(1).map(|at| since[at]) {
                None => {}
                Some(Some(inode)) => drop(self.durable_names.insert(name, inode)),
                Some(None) => drop(self.durable_names.remove(&name)),
            }
        }
    }

    fn crash(&mut self) {
        self.settle_names();
        self.names = self.durable_names.clone();
        let garbage: Vec<u8> = (0..64).flat_map(|_| self.random.next().to_le_bytes()).collect();
        let stale = self.files.iter().find(|file| file.current.len() >= BLOCK_BYTES);
        let stale = stale.map_or(vec![0; BLOCK_BYTES], |file| file.current.clone());
        for file in &mut self.files {
            let at = self.random.index(stale.len() - BLOCK_BYTES + 1);
            let stale = &stale[at..at + BLOCK_BYTES];
            let hole = self.random.pick(&[&[0; BLOCK_BYTES][..], &garbage, stale]);
            file.crash(&mut self.random, hole);
        }
    }

    fn used_bytes(&self) -> usize {
        self.names.values().map(|inode| self.files[*inode].current.len()).sum()
    }
}

impl File {
    fn append(&mut self, bytes: &[u8]) {
        let from = self.current.len() / BLOCK_BYTES;
        self.current.extend_from_slice(bytes);
        self.dirty.extend(from..self.current.len().div_ceil(BLOCK_BYTES));
    }

    fn persist(&mut self, block: usize) {
        let end = ((block + 1) * BLOCK_BYTES).min(self.current.len());
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        let range = block * BLOCK_BYTES..end;
        self.durable[range.clone()].copy_from_slice(&self.current[range]);
    }

    fn sync(&mut self) {
        for block in std::mem::take(&mut self.dirty) {
            self.persist(block);
        }
        self.durable.resize(self.current.len(), 0);
    }

    /// Some of it is on disk, some is not, and the system takes all for written.
    fn fail_to_sync(&mut self, random: &mut Random) {
        for block in std::mem::take(&mut self.dirty) {
            if random.chance(500) {
                self.persist(block);
            }
        }
    }

    /// `hole`: what stands where nothing was written, a block of it.
    fn crash(&mut self, random: &mut Random, hole: &[u8]) {
        let synced_bytes = self.durable.len();
        let dirty = std::mem::take(&mut self.dirty);
        let kept_permille = random.pick(&[0, 500, 900, 1_000]);
        let mut written = BTreeSet::new();
        for block in dirty.into_iter().filter(|_| random.chance(kept_permille)) {
            self.persist(block);
            written.insert(block);
        }
        if random.chance(300) {
            // The length was written, the blocks were not.
            self.durable.resize(self.current.len().max(self.durable.len()), 0);
        }
        for block in synced_bytes / BLOCK_BYTES..self.durable.len().div_ceil(BLOCK_BYTES) {
            if !written.contains(&block) {
                let from = synced_bytes.max(block * BLOCK_BYTES);
                let lost = &mut self.durable[from..];
                let len = lost.len().min(BLOCK_BYTES - from % BLOCK_BYTES);
                lost[..len].copy_from_slice(&hole[..len]);
            }
        }
        if random.chance(300) && self.durable.len() > synced_bytes {
            // Torn at any byte.
            let unsynced_bytes = self.durable.len() - synced_bytes;
            self.durable.truncate(synced_bytes + random.index(unsynced_bytes));
        }
        self.current = self.durable.clone();
    }
}

/// An open file.
#[derive(Debug)]
pub struct Handle {
    storage: FaultyStorage,
    inode: Inode,
}

impl Storage for FaultyStorage {
    type Appender = Handle;
    type Source = Handle;

    fn create(&self, name: &str) -> io::Result<Handle> {
        let mut disk = self.disk();
        let fail_permille = disk.faults.change_permille;
        disk.change(fail_permille)?;
        let inode = disk.files.len();
        disk.files.push(File::default());
        disk.name(name, Some(inode));
        Ok(Handle { storage: self.clone(), inode })
    }

    fn open(&self, name: &str) -> io::Result<Handle> {
        let inode = self.disk().names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Handle { storage: self.clone(), inode })
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.disk().names.keys().cloned().collect())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let fail_permille = disk.faults.change_permille;
        disk.change(fail_permille)?;
        let inode = disk.names.get(from).copied().ok_or(io::ErrorKind::NotFound)?;
        disk.name(from, None);
        disk.name(to, Some(inode));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let fail_permille = disk.faults.change_permille;
        disk.change(fail_permille)?;
        disk.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        disk.name(name, None);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut disk = self.disk();
        let fail_permille = disk.faults.sync_permille;
        let changed = disk.change(fail_permille);
        match changed {
            Ok(()) => {
                disk.durable_names = disk.names.clone();
                disk.renamed.clear();
            }
            // What was lost is taken for written.
            Err(_) => disk.settle_names(),
        }
        changed
    }
}

impl Append for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.storage.disk();
        let fail_permille = disk.faults.change_permille;
        let was_stopped = disk.is_stopped;
        let mut changed = disk.change(fail_permille);
        let capacity_bytes = disk.faults.capacity_bytes.unwrap_or(usize::MAX);
        let room = capacity_bytes.saturating_sub(disk.used_bytes());
        let mut len = bytes.len();
        if changed.is_err() {
            len = disk.random.index(len + 1);
        }
        if len > room {
            (len, changed) = (room, Err(io::ErrorKind::StorageFull.into()));
        }
        if !was_stopped {
            disk.files[self.inode].append(&bytes[..len]);
        }
        changed
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.storage.disk();
        let was_stopped = disk.is_stopped;
        let fail_permille = disk.faults.sync_permille;
        let changed = disk.change(fail_permille);
        let Disk { files, random, .. } = &mut *disk;
        match changed {
            _ if was_stopped => {}
            Ok(()) => files[self.inode].sync(),
            Err(_) => files[self.inode].fail_to_sync(random),
        }
        changed
    }
}

impl ReadAt for Handle {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.storage.disk().files[self.inode].current.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let disk = self.storage.disk();
        let current = &disk.files[self.inode].current;
        let rest = current.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}
