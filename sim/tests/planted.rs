//! Every mistake that can be planted, in the seed that was seen to find it: a law that goes blind is noticed. How many seeds each
//! takes from nothing: `cargo run --release -p sim --features mistakes -- --mistakes`.
#![cfg(feature = "mistakes")]
use sim::mistakes::{MISTAKES, plant};
use sim::{Length, Trace, run};
use std::collections::BTreeSet;
use std::panic::catch_unwind;

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
    for (mistake, name, seed) in MISTAKES.iter().filter(|(mistake, ..)| mistake % SHARES == number) {
        assert!(breaks(*mistake, *seed), "seed {seed} does not find {name}");
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
