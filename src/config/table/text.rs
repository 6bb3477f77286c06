//! Paths and passwords: any bytes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub(super) fn path_of(value: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(value))
}

pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}
