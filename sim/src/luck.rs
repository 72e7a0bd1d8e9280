//! The only source of chance: a small generator whose seed decides a whole run (SplitMix64, Steele et al. 2014). Knows nothing else.

/// A stream of chance.
#[derive(Clone, Debug)]
pub struct Luck(u64);

impl Luck {
    /// The stream of this seed and purpose: streams of two purposes do not disturb each other.
    pub fn new(seed: u64, purpose: u64) -> Luck {
        let mut luck = Luck(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ purpose.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        luck.draw();
        luck
    }
    /// 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high - low + 1)
    }
    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        percent > 0 && self.draw() % 100 < percent
    }
    /// An index below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.draw() % bound as u64).expect("below a usize")
    }
}
