//! Redis's RDB files: read from every encoding, and imported.

#[path = "../properties/rdb_file.rs"]
mod properties;
#[path = "../support/mod.rs"]
mod support;

mod any_bytes;
mod damage;
mod encodings;
mod fixtures;
mod imports;
mod originals;
