//! The table of directives, by section. Within a section the names are in order.

mod cluster;
mod data;
mod general;
mod inert;
mod memory;
mod monitoring;
mod network;
mod security;
mod text;

pub use super::kind::{Change, Directive, Kind};

use super::Config;

/// A group of directives that belong together.
pub struct Section {
    pub title: &'static str,
    pub directives: &'static [Directive],
}

/// The directives that do something, in the order of the docs.
pub const SECTIONS: &[&Section] = &[
    &network::NETWORK,
    &network::CLIENTS,
    &security::SECURITY,
    &general::GENERAL,
    &memory::MEMORY,
    &memory::BACKGROUND,
    &cluster::CLUSTER,
    &data::PERSISTENCE,
    &data::ENCODINGS,
    &monitoring::MONITORING,
];

pub use inert::WITHOUT_EFFECT;

/// Every directive, in the order of the docs.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    SECTIONS.iter().flat_map(|section| section.directives).chain(WITHOUT_EFFECT.directives)
}

/// The directive of a name, in any case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Directive> {
    directives().find(|directive| directive.name.as_bytes().eq_ignore_ascii_case(name))
}

/// A `yes`/`no` field of `Config`.
macro_rules! yes_no {
    ($($field:ident).+) => {
        Kind::YesNo {
            get: |config| config.$($field).+,
            set: |config, value| config.$($field).+ = value,
        }
    };
}

/// A numeric field of `Config`.
macro_rules! number {
    ($($field:ident).+, $unit:ident, $range:expr) => {
        Kind::Number {
            unit: Unit::$unit,
            range: $range,
            get: |config| config.$($field).+.into(),
            set: |config, value| value.try_into().map(|value| config.$($field).+ = value).is_ok(),
        }
    };
}

/// A field of `Config` that is one of the `choice` enums.
macro_rules! choice {
    ($($field:ident).+, $choice:ident) => {
        Kind::Choice {
            names: $choice::NAMES,
            get: |config| config.$($field).+.name(),
            set: |config, name| {
                $choice::from_name(name).map(|choice| config.$($field).+ = choice).is_some()
            },
        }
    };
}

/// A field of `Config` that is a path, or none where it is empty.
macro_rules! optional_path {
    ($($field:ident).+) => {
        Kind::Text {
            get: |config| path_bytes(config.$($field).+.as_deref().unwrap_or(Path::new(""))),
            set: |config, value| {
                config.$($field).+ = (!value.is_empty()).then(|| path_of(value));
                Ok(())
            },
        }
    };
}

use {choice, number, optional_path, yes_no};

/// The bounds of the C types that hold Redis's numbers, which its error texts name.
const INT_MAX: i128 = i32::MAX as i128;
const UINT_MAX: i128 = u32::MAX as i128;
const LONG_MAX: i128 = i64::MAX as i128;
const ULONG_MAX: i128 = u64::MAX as i128;

/// A `yes`/`no` directive that can only be `no`.
const ALWAYS_NO: Kind = Kind::YesNo { get: |_: &Config| false, set: |_, _| {} };
