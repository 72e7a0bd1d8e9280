//! Memory at an address that writes past the page cache accept. Knows alignment only.
use super::BLOCK;
use std::ops::{Deref, DerefMut};

/// Zeroed bytes that begin at a multiple of `BLOCK`.
///
/// Made without unsafe code: a vector one block longer than needed contains an aligned stretch. It never grows, so it
/// never moves.
pub struct Aligned {
    bytes: Box<[u8]>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// No bytes: what stands where some were taken.
    pub fn none() -> Aligned {
        Aligned { bytes: Box::default(), start: 0, length: 0 }
    }
    /// So many zero bytes, rounded up to whole blocks.
    pub fn zeroed(bytes: usize) -> Aligned {
        let length = bytes.next_multiple_of(BLOCK);
        let bytes = vec![0; length + BLOCK].into_boxed_slice();
        let start = bytes.as_ptr().align_offset(BLOCK);
        assert!(start < BLOCK, "an aligned address is less than a block away");
        Aligned { bytes, start, length }
    }
}
impl Deref for Aligned {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}
impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_for_direct_writes_is_aligned_and_zero_wherever_it_is_moved() {
        for wanted in [1, BLOCK, BLOCK + 1, 10 * BLOCK] {
            let moved = Box::new(Aligned::zeroed(wanted));
            assert_eq!(moved.as_ptr() as usize % BLOCK, 0);
            assert_eq!(moved.len(), wanted.next_multiple_of(BLOCK));
            assert!(moved.iter().all(|byte| *byte == 0));
        }
    }
}
