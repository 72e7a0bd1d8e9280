//! Mistakes that can be planted, each in the seed that was seen to find it: a law that goes blind is noticed. How many seeds each
//! takes from nothing: `cargo run --release -p sim --features mistakes -- --mistakes`.
#![cfg(feature = "mistakes")]
use sim::mistakes::{MISTAKES, plant};
use sim::{Length, Trace, run};
use std::collections::BTreeSet;
use std::iter::once;
use std::panic::catch_unwind;

/// Which seed finds which mistake. A change of the code under test may change what a seed does: then the first seeds are tried too.
const FOUND: &[(u8, u64)] = &[
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 8),
    (5, 0),
    (6, 7),
    (7, 10),
    (8, 3),
    (9, 3),
    (10, 0),
    (11, 4),
    (12, 4),
    (13, 0),
    (14, 4),
    (15, 0),
    (16, 16),
    (17, 0),
    (18, 13),
    (19, 4),
    (20, 0),
    (21, 39),
    (22, 108),
    (23, 4),
    (24, 10),
    (25, 25),
    (26, 7),
    (27, 8),
    (28, 81),
    (29, 0),
    (30, 4),
    (31, 2),
    (32, 0),
    (33, 208),
    (34, 0),
    (35, 0),
    (36, 0),
    (37, 0),
    (38, 29),
    (39, 37),
    (40, 187),
    (41, 4),
    (42, 4),
    (43, 0),
    (44, 0),
    (45, 23),
    (46, 27),
];
/// So many seeds are tried where the one that is known finds nothing any more.
const SPARE: u64 = 500;
/// The mistakes are tested in so many shares, side by side.
const SHARES: u8 = 4;

/// Whether a law is broken, or an assertion of the code under test fails.
fn breaks(mistake: u8, seed: u64) -> bool {
    plant(mistake);
    let ran = catch_unwind(|| run(seed, Length::Whole, &BTreeSet::new(), Trace::none()).violation.is_some());
    plant(0);
    ran.unwrap_or(true)
}
fn share(number: u8) {
    for (mistake, seed) in FOUND.iter().filter(|(mistake, _)| mistake % SHARES == number) {
        let name = MISTAKES.iter().find(|(known, _)| known == mistake).map(|(_, name)| name);
        let found = once(*seed).chain(0..SPARE).any(|seed| breaks(*mistake, seed));
        assert!(found, "neither seed {seed} nor those below {SPARE} find {name:?}: look for another");
    }
}

#[test]
fn planted_mistakes_are_found_first_share() {
    share(0);
}
#[test]
fn planted_mistakes_are_found_second_share() {
    share(1);
}
#[test]
fn planted_mistakes_are_found_third_share() {
    share(2);
}
#[test]
fn planted_mistakes_are_found_fourth_share() {
    share(3);
}
