//! What must be there, by what clients were answered.

use std::collections::{BTreeMap, BTreeSet};

use redis::Connection;

use crate::clients::{ask, members};

/// In which clients keep members of their own.
pub const SHARED_SET: &str = "online";

/// The sum of what clients have been told was done.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// What was added to counters that all count on and nobody deletes, in quarters.
    pub sums: BTreeMap<String, i64>,
    /// Whether a member is in [`SHARED_SET`]; only its owner adds and removes it.
    pub members: BTreeMap<String, bool>,
    /// The values of keys that only one client writes.
    pub own: BTreeMap<String, Option<i64>>,
    /// All values that were SET of keys that all SET.
    pub registers: BTreeMap<String, BTreeSet<String>>,
}

impl Expected {
    /// Adds what another client was answered, or the same one later.
    pub fn add(&mut self, more: Expected) {
        for (key, sum) in more.sums {
            *self.sums.entry(key).or_default() += sum;
        }
        self.members.extend(more.members);
        self.own.extend(more.own);
        for (key, values) in more.registers {
            self.registers.entry(key).or_default().extend(values);
        }
    }

    /// Asks a node whether it is so.
    pub fn check(&self, node: &mut Connection) {
        for (key, sum) in &self.sums {
            // Quarters have no rounding.
            assert_eq!(ask::<f64>(node, &format!("GET {key}")) * 4.0, *sum as f64, "{key}");
        }
        for (key, value) in &self.own {
            assert_eq!(ask::<Option<i64>>(node, &format!("GET {key}")), *value, "{key}");
        }
        let expected: Vec<_> =
            self.members.iter().filter(|(_, is_in)| **is_in).map(|(name, _)| name).collect();
        let found = members(node, SHARED_SET);
        assert!(found.iter().eq(expected.iter().copied()), "{found:?}\ninstead of {expected:?}");
        assert_eq!(ask::<usize>(node, &format!("SCARD {SHARED_SET}")), expected.len());
        for (key, values) in &self.registers {
            let value: String = ask(node, &format!("GET {key}"));
            assert!(values.contains(&value), "{key}: nobody has SET {value}");
        }
    }
}
