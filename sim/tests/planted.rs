//! Some planted mistakes, each of which must be found quickly. All of them: `cargo run --release -p sim --features mistakes -- --mistakes`.
#![cfg(feature = "mistakes")]
use sim::mistakes::{MISTAKES, plant};
use sim::{Length, Trace, run};
use std::collections::BTreeSet;
use std::panic::catch_unwind;

/// One at least of each part: the set, the log, the disk, snapshots, keys, events, demotion.
const QUICK: &[u8] = &[3, 5, 9, 15, 17, 32, 35, 36, 37, 43];
/// Each must be found within so many seeds.
const SEEDS: u64 = 20;

#[test]
fn some_planted_mistakes_are_found_within_a_few_seeds() {
    for (mistake, name) in MISTAKES.iter().filter(|(mistake, _)| QUICK.contains(mistake)) {
        // The code under test may find one by an assertion of its own.
        let breaks = |seed| {
            let ran = catch_unwind(|| run(seed, Length::Whole, &BTreeSet::new(), Trace::none()).violation.is_some());
            ran.unwrap_or(true)
        };
        plant(*mistake);
        let found = (0..SEEDS).find(|seed| breaks(*seed));
        plant(0);
        assert!(found.is_some(), "{name} is not found in {SEEDS} seeds");
    }
}
