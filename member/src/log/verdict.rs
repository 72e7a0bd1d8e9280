//! What to make of bytes that are not the batch which should come next. Pure; `log/mod.rs` says why each verdict is right.
use super::batch::valid;
use super::header::{Header, Spot};
use crate::disk::{BLOCK, SECTOR};
use crate::mistake::planted;

/// What lies at the end of what can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// A batch that was never finished: to be zeroed.
    Torn,
    /// Something that was finished has changed since.
    Corrupt(String),
}

/// What is looked for: the batch of this number, written by this disk, at this place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) storage: u64,
    pub(super) number: u64,
    pub(super) spot: Spot,
}

/// Judges `rest`, the bytes from `wanted.spot` to the end of its segment, which are neither all zero nor begin with the
/// batch that is wanted.
pub(super) fn judge(rest: &[u8], wanted: Wanted) -> Verdict {
    let Wanted { storage, number, spot } = wanted;
    let at = format!("batch {number} in segment {} at block {}", spot.segment, spot.block);
    if let Some(found) = valid(rest, storage, spot) {
        return Verdict::Corrupt(format!("{at} is missing: batch {} is in its place", found.number));
    }
    if let Some(later) = valid_behind(rest, wanted).filter(|_| !planted(31)) {
        return Verdict::Corrupt(format!("{at} is damaged: batch {later} lies behind it"));
    }
    let header = Header::decode(rest);
    let header = header.filter(|header| (header.salt.storage, header.place, header.number) == (storage, spot, number));
    let extent = header.map_or(BLOCK, |header| header.bytes());
    match rest.get(..extent) {
        None => Verdict::Corrupt(format!("{at} is damaged: it would not fit in its segment")),
        Some(batch) if planted(18) || batch.chunks_exact(SECTOR).any(is_zero) => Verdict::Torn,
        Some(_) => Verdict::Corrupt(format!("{at} is damaged: all of it was written, and its checksum does not fit")),
    }
}

/// The number of the first valid batch in `rest` that comes after the one wanted.
fn valid_behind(rest: &[u8], wanted: Wanted) -> Option<u64> {
    let blocks = u32::try_from(rest.len() / BLOCK).expect("a segment's blocks are counted in 32 bits");
    (1..blocks).find_map(|ahead| {
        let spot = Spot { block: wanted.spot.block + ahead, ..wanted.spot };
        let found = valid(&rest[ahead as usize * BLOCK..], wanted.storage, spot)?;
        (found.number > wanted.number).then_some(found.number)
    })
}

/// Whether there are only zeros.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    // By blocks: recovery looks at whole segments, and comparing slices is what machines are fast at.
    const ZEROS: [u8; BLOCK] = [0; BLOCK];
    bytes.chunks(BLOCK).all(|block| *block == ZEROS[..block.len()])
}
