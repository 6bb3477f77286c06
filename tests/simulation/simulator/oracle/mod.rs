//! What must be, told without the code under test: from the commands that were acknowledged, and what
//! the node of each had seen, by the design's table.

pub mod clerk;
pub mod expect;
pub mod history;
pub mod sight;

pub use clerk::{Author, FirstLife, Intent, record};
pub use expect::{Fate, Spent, expect};
pub use history::{Event, EventId, History, LifeId, Mark, Origin, What};
pub use sight::{Sight, View};
