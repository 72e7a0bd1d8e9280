//! Numbers by chance, to spread what would otherwise happen at one moment. Nothing secret and nothing decided by them.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of such numbers.
#[derive(Debug)]
pub struct Luck(AtomicU64);

impl Luck {
    /// Another one in every process.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU64::new(RandomState::new().hash_one(0)))
    }

    /// A number from 0 up to 1.
    pub fn share(&self) -> f64 {
        let drawn = mix(self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed));
        (drawn >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Default for Luck {
    fn default() -> Self {
        Self::new()
    }
}

/// Spreads every bit of its argument over all bits (the last steps of the generator SplitMix64).
#[must_use]
pub fn mix(mut seed: u64) -> u64 {
    seed = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    seed = (seed ^ seed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    seed ^ seed >> 31
}
