//! Entries and openings for tests of the storage. Knows no test.
#![allow(dead_code, reason = "each test file uses a part of it")]
use bytes::Bytes;
use group::{Body, BootId, Entry, Epoch, Position, Seq, StorageId};
use member::log::Write;
use member::store::Opening;

/// Small, so that a few entries fill one.
pub(crate) const SEGMENT_BYTES: u32 = 32 << 10;

pub(crate) fn opening(boot: u128) -> Opening {
    Opening { boot: BootId(boot), fresh: StorageId(0x5707 + boot), segment_bytes: SEGMENT_BYTES }
}

/// The entry after `at`, in this epoch, of so many bytes.
pub(crate) fn entry(at: Position, epoch: u64, bytes: usize) -> Entry {
    let fill = u8::try_from((at.seq + epoch) % 255).expect("below 255") + 1;
    let body = Body::App(Bytes::from(vec![fill; bytes]));
    Entry { epoch: Epoch::new(0, epoch), seq: at.seq + 1, prev_hash: at.hash, at: 7 * at.seq, body }
}

/// So many entries after `at`.
pub(crate) fn entries(at: Position, epoch: u64, count: usize, bytes: usize) -> Vec<Entry> {
    let mut at = at;
    std::iter::repeat_with(|| {
        let next = entry(at, epoch, bytes);
        at = next.position();
        next
    })
    .take(count)
    .collect()
}

pub(crate) fn end(entries: &[Entry]) -> Position {
    entries.last().map_or(Position::default(), Entry::position)
}

pub(crate) fn write(number: u64, cut: Option<Seq>, entries: &[Entry], commit: Seq) -> Write {
    Write { write: number, cut, entries: entries.to_vec(), commit }
}
