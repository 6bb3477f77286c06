//! Commands on keys of any type, on databases, and on what values cost.

mod browse;
mod copy;
mod database;
mod dump;
mod expire;
mod expire_condition;
mod index;
mod memory;
mod memory_doctor;
mod memory_report;
mod object;
mod once;
mod presence;
mod rename;
mod restore;
mod sort;
mod ttl;
mod wait;

use super::table::{Command, Place};

pub const ROWS: &[Command] = &[
    presence::DEL,
    presence::UNLINK,
    presence::EXISTS,
    presence::TOUCH,
    presence::TYPE,
    expire::EXPIRE,
    expire::PEXPIRE,
    expire::EXPIREAT,
    expire::PEXPIREAT,
    ttl::TTL,
    ttl::PTTL,
    ttl::EXPIRETIME,
    ttl::PEXPIRETIME,
    ttl::PERSIST,
    browse::KEYS,
    browse::SCAN,
    browse::RANDOMKEY,
    browse::DBSIZE,
    rename::RENAME,
    rename::RENAMENX,
    copy::COPY,
    copy::MOVE,
    dump::DUMP,
    restore::RESTORE,
    database::SELECT,
    database::SWAPDB,
    database::FLUSHDB,
    database::FLUSHALL,
    object::OBJECT,
    memory::MEMORY,
    once::ONCE,
    sort::SORT,
    sort::SORT_RO,
    wait::WAIT,
    wait::WAITAOF,
];

/// Where the keys of this family stand.
const FIRST: Place = Place::Range { first: 1, last: 1, step: 1 };
const SECOND: Place = Place::Range { first: 2, last: 2, step: 1 };
const EVERY: Place = Place::Range { first: 1, last: -1, step: 1 };
