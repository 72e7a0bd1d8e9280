//! The tables of explorations: small ones for every test run, large ones for the command, and one for each planted mistake.
mod big;
mod mistaken;
mod small;

pub use big::BIG;
pub use mistaken::mistaken;
pub use small::SMALL;

use crate::play::Budget;

/// Nothing may happen.
const NONE: Budget = Budget {
    operations: 0,
    repeats: 0,
    reads: 0,
    promotions: 0,
    doubts: 0,
    crashes: 0,
    power_cuts: 0,
    restarts: 0,
    wipes: 0,
    set_backs: 0,
    breaks: 0,
    leaves: 0,
    hand_overs: 0,
    waits: 0,
    snapshots: 0,
    wishes: 0,
    losses: 0,
    rollbacks: 0,
    rebuilds: 0,
    forces: 0,
};
/// One operation.
const ONE: Budget = Budget { operations: 1, ..NONE };
