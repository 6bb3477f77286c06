//! Where the files are: a directory, or what tests put in its place.

use std::io;

/// A directory without folders in it. What is created, renamed or removed survives a crash for certain
/// only after [`Storage::sync_directory`], what is appended only after [`Append::sync`].
pub trait Storage {
    type Appender: Append;
    type Source: ReadAt;

    /// An empty file under this name, whatever was there before.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, name: &str) -> io::Result<Self::Appender>;

    /// # Errors
    /// As the system says, `NotFound` among others.
    fn open(&self, name: &str) -> io::Result<Self::Source>;

    /// The names of all files, in no order.
    ///
    /// # Errors
    /// As the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Replaces what is called `to`. After a crash that name means what it meant before, or the new
    /// file, nothing in between.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// # Errors
    /// As the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// # Errors
    /// As the system says; what was pending may or may not survive a crash then.
    fn sync_directory(&self) -> io::Result<()>;
}

/// A file that grows at its end.
pub trait Append {
    /// # Errors
    /// As the system says. Some of the bytes may have been appended.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was appended would survive a crash.
    ///
    /// # Errors
    /// As the system says. What becomes of all that was not synced before is unknown from then on, a
    /// later success says nothing about it.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file to be read at any place.
pub trait ReadAt {
    /// How long the file is.
    ///
    /// # Errors
    /// As the system says.
    fn bytes(&self) -> io::Result<u64>;

    /// Reads some bytes, at least one unless the file ends there; returns how many.
    ///
    /// # Errors
    /// As the system says.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
}
