//! MEMORY DOCTOR: Redis's rules of thumb for a server's use of memory.

use super::memory_report::{difference, ratio};
use crate::node::MemoryFigures;

const MB: u64 = 1 << 20;

/// Below this nothing can be said.
const SMALL_BYTES: u64 = 5 * MB;
const PEAK_RATIO: f64 = 1.5;
const FRAGMENTATION_RATIO: f64 = 1.4;
const FRAGMENTATION_BYTES: i64 = 10 * MB as i64;
const CLIENT_BYTES: u64 = 200 << 10;

const EMPTY: &str = "Hi Sam, this instance is empty or is using very little memory, \
    my issues detector can't be used in these conditions. \
    Please, leave for your mission on Earth and fill it with some data. \
    The new Sam and I will be back to our programming as soon as I finished rebooting.\n";
const HEALTHY: &str = "Hi Sam, I can't find any memory issue in your instance. \
    I can only account for what occurs on this base.\n";
const PEAK: &str = " * Peak memory: this instance once used more than 150% of the memory that it \
    uses now. What the allocator has kept since then is used again when the data grows; MEMORY \
    PURGE asks it to give that back.\n\n";
const FRAGMENTATION: &str = " * High total RSS: the process holds more than 1.4 times the memory \
    that its data needs. After a peak of memory use (see above) that is harmless; otherwise \
    values of very different sizes come and go, and MEMORY PURGE may help.\n\n";
const CLIENTS: &str = " * Big client buffers: clients use more than 200 kB each on average. \
    Clients that read slowly, very long pipelines or very large replies do that; CLIENT LIST \
    shows which.\n\n";

/// The report on a server with so many `clients`.
#[must_use]
pub fn diagnosis(memory: &MemoryFigures, clients: usize) -> String {
    if memory.used_bytes < SMALL_BYTES {
        return EMPTY.to_owned();
    }
    let findings = findings(memory, clients);
    if findings.is_empty() {
        return HEALTHY.to_owned();
    }
    format!(
        "Sam, I detected a few issues in this instance memory implants:\n\n{}\
         I'm here to keep you safe, Sam. I want to help you.\n",
        findings.concat()
    )
}

fn findings(memory: &MemoryFigures, clients: usize) -> Vec<&'static str> {
    let peak = ratio(memory.peak_bytes, memory.used_bytes) > PEAK_RATIO;
    let fragmented = ratio(memory.resident_bytes, memory.used_bytes) > FRAGMENTATION_RATIO
        && difference(memory.resident_bytes, memory.used_bytes) > FRAGMENTATION_BYTES;
    let big_clients =
        memory.clients_bytes.checked_div(clients as u64).is_some_and(|each| each > CLIENT_BYTES);
    [(peak, PEAK), (fragmented, FRAGMENTATION), (big_clients, CLIENTS)]
        .into_iter()
        .filter_map(|(found, text)| found.then_some(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: MemoryFigures = MemoryFigures {
        used_bytes: 100 * MB,
        peak_bytes: 110 * MB,
        startup_bytes: MB,
        resident_bytes: 120 * MB,
        clients_bytes: MB,
    };

    #[test]
    fn finds_what_exceeds_the_thresholds_of_redis() {
        assert!(findings(&WELL, 10).is_empty());
        assert_eq!(findings(&MemoryFigures { peak_bytes: 151 * MB, ..WELL }, 10), [PEAK]);
        assert!(findings(&MemoryFigures { peak_bytes: 150 * MB, ..WELL }, 10).is_empty());
        let swollen = MemoryFigures { resident_bytes: 141 * MB, ..WELL };
        assert_eq!(findings(&swollen, 10), [FRAGMENTATION]);
        let small = MemoryFigures { used_bytes: 6 * MB, peak_bytes: 6 * MB, ..WELL };
        assert!(findings(&MemoryFigures { resident_bytes: 16 * MB, ..small }, 10).is_empty());
        let slow = MemoryFigures { clients_bytes: 10 * MB, ..WELL };
        assert_eq!(findings(&slow, 10), [CLIENTS]);
        assert!(findings(&slow, 100).is_empty());
        assert!(findings(&slow, 0).is_empty());
    }

    #[test]
    fn says_so_when_there_is_little_to_look_at() {
        let empty = MemoryFigures { used_bytes: 5 * MB - 1, ..WELL };
        assert_eq!(diagnosis(&empty, 1), EMPTY);
        assert_eq!(diagnosis(&WELL, 10), HEALTHY);
    }
}
