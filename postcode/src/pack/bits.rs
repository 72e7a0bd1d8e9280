//! Reads whole numbers of a few bits from the pack, the least significant bit first. Knows nothing of postcodes.

/// A place in a string of bits. The bytes must go on for eight bytes behind the last bit read.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    bytes: &'static [u8],
    at: usize,
}

impl Bits {
    pub(super) fn new(bytes: &'static [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Takes the next `width` bits, at most 32.
    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u32 {
        let from = self.at / 8;
        let word = u64::from_le_bytes(self.bytes[from..from + 8].try_into().expect("eight bytes were taken"));
        self.at += width as usize;
        (word >> ((self.at - width as usize) % 8) & ((1 << width) - 1)) as u32
    }

    /// Passes over `width` bits.
    #[inline]
    pub(super) fn skip(&mut self, width: u32) {
        self.at += width as usize;
    }
}
