//! The header of a batch. Knows the offsets of its fields and its checksum; `log/mod.rs` draws it.
use crate::disk::BLOCK;
use group::{BootId, Seq, StorageId};

/// Bytes before the body.
pub(super) const HEADER: usize = 72;
/// Bytes of the mark that begins every sector.
pub(super) const MARK: usize = 4;
const FORMAT: u16 = 1;
const CUTS: u16 = 1;

/// What a batch says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) cuts: bool,
    pub(super) salt: Salt,
    pub(super) place: Spot,
    pub(super) number: u64,
    pub(super) first: Seq,
    pub(super) commit: Seq,
    pub(super) count: u32,
    pub(super) length: u32,
    pub(super) crc: u32,
}

/// Which disk wrote a batch, and which process: batches of another disk never count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Salt {
    pub(super) storage: u64,
    pub(super) boot: u64,
}

/// Where a batch lies. A batch found elsewhere was misdirected, by a disk or by someone's copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Spot {
    pub(super) segment: u32,
    pub(super) block: u32,
}

impl Salt {
    pub(super) fn new(storage: StorageId, boot: BootId) -> Salt {
        Salt { storage: low(storage.0), boot: low(boot.0) }
    }
}
fn low(id: u128) -> u64 {
    u64::try_from(id & u128::from(u64::MAX)).expect("masked to 64 bits")
}

impl Spot {
    /// Its offset in the segment, in bytes.
    pub(super) fn offset(self) -> usize {
        self.block as usize * BLOCK
    }
}

/// The mark of every sector of a batch. Several of its bits are set whatever the number is.
pub(super) fn mark(number: u64) -> [u8; MARK] {
    let [low, high, ..] = number.to_le_bytes();
    [b'J', b'H', low, high]
}

/// The bytes of a batch on the disk, for a body of this length.
pub(super) fn batch_bytes(body: usize) -> usize {
    use crate::disk::SECTOR;
    let first = SECTOR - HEADER;
    let more = body.saturating_sub(first).div_ceil(SECTOR - MARK);
    ((1 + more) * SECTOR).next_multiple_of(BLOCK)
}

impl Header {
    /// The bytes of the whole batch on the disk.
    pub(super) fn bytes(&self) -> usize {
        batch_bytes(self.length as usize)
    }

    pub(super) fn encode(&self, into: &mut [u8]) {
        let flags = if self.cuts { CUTS } else { 0 };
        into[0..4].copy_from_slice(&mark(self.number));
        into[4..6].copy_from_slice(&FORMAT.to_le_bytes());
        into[6..8].copy_from_slice(&flags.to_le_bytes());
        into[8..16].copy_from_slice(&self.salt.storage.to_le_bytes());
        into[16..24].copy_from_slice(&self.salt.boot.to_le_bytes());
        into[24..28].copy_from_slice(&self.place.segment.to_le_bytes());
        into[28..32].copy_from_slice(&self.place.block.to_le_bytes());
        into[32..40].copy_from_slice(&self.number.to_le_bytes());
        into[40..48].copy_from_slice(&self.first.to_le_bytes());
        into[48..56].copy_from_slice(&self.commit.to_le_bytes());
        into[56..60].copy_from_slice(&self.count.to_le_bytes());
        into[60..64].copy_from_slice(&self.length.to_le_bytes());
        into[64..68].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32c::crc32c(&into[..68]);
        into[68..72].copy_from_slice(&crc.to_le_bytes());
    }

    /// `None` if these bytes are not a header that this build wrote.
    pub(super) fn decode(from: &[u8]) -> Option<Header> {
        let two = |at: usize| u16::from_le_bytes(from[at..at + 2].try_into().expect("two bytes"));
        let four = |at: usize| u32::from_le_bytes(from[at..at + 4].try_into().expect("four bytes"));
        let eight = |at: usize| u64::from_le_bytes(from[at..at + 8].try_into().expect("eight bytes"));
        if from.len() < HEADER || crc32c::crc32c(&from[..68]) != four(68) {
            return None;
        }
        let number = eight(32);
        if from[..MARK] != mark(number) || two(4) != FORMAT || two(6) > CUTS {
            return None;
        }
        Some(Header {
            cuts: two(6) == CUTS,
            salt: Salt { storage: eight(8), boot: eight(16) },
            place: Spot { segment: four(24), block: four(28) },
            number,
            first: eight(40),
            commit: eight(48),
            count: four(56),
            length: four(60),
            crc: four(64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written_and_no_flipped_bit_passes(
            number: u64, first: u64, commit: u64, count: u32, length: u32, crc: u32, cuts: bool,
            salt: (u64, u64), place: (u32, u32), flip in 0..HEADER * 8,
        ) {
            let salt = Salt { storage: salt.0, boot: salt.1 };
            let place = Spot { segment: place.0, block: place.1 };
            let header = Header { cuts, salt, place, number, first, commit, count, length, crc };
            let mut bytes = [0; HEADER];
            header.encode(&mut bytes);
            prop_assert_eq!(Header::decode(&bytes), Some(header));
            bytes[flip / 8] ^= 1 << (flip % 8);
            prop_assert_eq!(Header::decode(&bytes), None);
        }
    }

    #[test]
    fn one_flipped_bit_never_makes_a_mark_zero() {
        for number in [0, 1, 0x1_0000, u64::MAX] {
            let set: u32 = mark(number).iter().map(|byte| byte.count_ones()).sum();
            assert!(set > 1);
        }
    }
}
