//! Where data is kept, and what OBJECT ENCODING calls it.

use super::Change::{AtRunTime, AtStart, Protected};
use super::text::{path_bytes, path_of};
use super::{Directive, Kind, LONG_MAX, Section, choice, number, yes_no};
use crate::config::number::Unit;
use crate::config::special::SAVE;
use crate::config::{AppendFsync, Config};

/// Of a 32-bit integer.
const INT_RANGE: std::ops::RangeInclusive<i128> = i32::MIN as i128..=i32::MAX as i128;

pub const PERSISTENCE: Section = Section {
    title: "Persistence",
    directives: &[
        Directive::new(
            "appendfsync",
            AtRunTime,
            choice!(appendfsync, AppendFsync),
            "When what was written reaches the disk, with appendonly.
always: before it is acknowledged; clients that wait share one fsync. everysec: once a
second, so that is how much a crash of the machine can take. no: when buffers ask for it.",
        ),
        Directive::new(
            "appendonly",
            AtStart,
            yes_no!(appendonly),
            "Whether what is written is logged to files in `dir`, and read from there at the start.
The files are Headcount's own: docs/design/file-format.md.",
        ),
        Directive::new(
            "dbfilename",
            Protected,
            Kind::Text { get: |config| path_bytes(&config.dbfilename), set: set_dbfilename },
            "The name of Redis's snapshot file.
It is told to whoever asks, and has no effect: snapshots are named by the records that they cover.",
        ),
        Directive::new(
            "dir",
            Protected,
            Kind::Text {
                get: |config| path_bytes(&config.dir),
                set: |config, value| {
                    config.dir = path_of(value);
                    Ok(())
                },
            },
            "The working folder: what is written is kept there. It is made if it is missing.
Only one server can keep its data in a folder, and with appendonly it does not change while the
server runs. With appendonly no and no cluster-port, and if
this is not set, the server stays where it was started.",
        ),
        Directive::new(
            "save",
            AtRunTime,
            Kind::Words(SAVE),
            "When a snapshot is taken by itself, with appendonly: pairs of seconds and changes.
\"3600 1 60 10000\": an hour after the last one if anything was written, a minute after it if
10000 commands have written. Nothing is lost without: the log has all, and is cut short by a
snapshot whenever it has become as long as the last one (and 64 MB).",
        ),
        Directive::new(
            "stop-writes-on-bgsave-error",
            AtRunTime,
            yes_no!(stop_writes_on_bgsave_error),
            "Whether writes are refused (MISCONF) while the last snapshot has failed; with save only.",
        ),
    ],
};

/// A name without a folder, as Redis demands.
fn set_dbfilename(config: &mut Config, value: &[u8]) -> Result<(), &'static str> {
    if value.iter().any(|byte| b"/\\".contains(byte)) {
        return Err("dbfilename can't be a path, just a filename");
    }
    config.dbfilename = path_of(value);
    Ok(())
}

pub const ENCODINGS: Section = Section {
    title: "Encodings",
    directives: &[
        Directive::new(
            "hash-max-listpack-entries",
            AtRunTime,
            number!(encodings.hash_max_listpack_entries, Plain, 0..=LONG_MAX),
            "Up to how many fields OBJECT ENCODING calls a hash a listpack, and HSCAN returns it whole.",
        ),
        Directive::new(
            "hash-max-listpack-value",
            AtRunTime,
            number!(encodings.hash_max_listpack_value, Plain, 0..=LONG_MAX),
            "Up to how many bytes in its longest field or value OBJECT ENCODING calls a hash a listpack.",
        ),
        Directive::new(
            "hll-sparse-max-bytes",
            AtRunTime,
            number!(encodings.hll_sparse_max_bytes, Memory, 0..=LONG_MAX),
            "How long a HyperLogLog may get, header included, before it takes its 12 kB at once. With
appendonly or cluster-port it is always 3000.",
        ),
        Directive::new(
            "list-max-listpack-size",
            AtRunTime,
            number!(encodings.list_max_listpack_size, Plain, INT_RANGE),
            "Up to which size OBJECT ENCODING calls a list a listpack: a number of elements, or from -1
to -5 a size of 4, 8, 16, 32 or 64 kB. It steers that answer only.",
        ),
        Directive::new(
            "list-max-ziplist-size",
            AtRunTime,
            number!(encodings.list_max_listpack_size, Plain, INT_RANGE),
            "The older name of list-max-listpack-size.",
        ),
        Directive::new(
            "set-max-intset-entries",
            AtRunTime,
            number!(encodings.set_max_intset_entries, Plain, 0..=LONG_MAX),
            "Up to how many members OBJECT ENCODING calls a set of integers an intset.
Like the next two it steers the answer of OBJECT ENCODING only.",
        ),
        Directive::new(
            "set-max-listpack-entries",
            AtRunTime,
            number!(encodings.set_max_listpack_entries, Plain, 0..=LONG_MAX),
            "Up to how many members OBJECT ENCODING calls a set a listpack.",
        ),
        Directive::new(
            "set-max-listpack-value",
            AtRunTime,
            number!(encodings.set_max_listpack_value, Plain, 0..=LONG_MAX),
            "Up to how many bytes in its longest member OBJECT ENCODING calls a set a listpack.",
        ),
        Directive::new(
            "zset-max-listpack-entries",
            AtRunTime,
            number!(encodings.zset_max_listpack_entries, Plain, 0..=LONG_MAX),
            "Up to how many members OBJECT ENCODING calls a sorted set a listpack.
ZSCAN hands out such a set in one page.",
        ),
        Directive::new(
            "zset-max-listpack-value",
            AtRunTime,
            number!(encodings.zset_max_listpack_value, Plain, 0..=LONG_MAX),
            "Up to how many bytes in its longest member OBJECT ENCODING calls a sorted set a listpack.",
        ),
        Directive::new(
            "zset-max-ziplist-entries",
            AtRunTime,
            number!(encodings.zset_max_listpack_entries, Plain, 0..=LONG_MAX),
            "An older name of zset-max-listpack-entries.",
        ),
        Directive::new(
            "zset-max-ziplist-value",
            AtRunTime,
            number!(encodings.zset_max_listpack_value, Plain, 0..=LONG_MAX),
            "An older name of zset-max-listpack-value.",
        ),
    ],
};
