//! A batch: entries to blocks and back. Knows how the body is laid around the marks; `log/mod.rs` draws it.
use super::header::{HEADER, Header, MARK, Salt, Spot, batch_bytes, mark};
use crate::disk::{Aligned, SECTOR};
use group::{Entry, Seq};

/// Entries encoded so far, on their way into one batch.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) first: Seq,
    pub(super) last: Seq,
    pub(super) cuts: bool,
    pub(super) commit: Seq,
    pub(super) count: u32,
    pub(super) body: Vec<u8>,
}

impl Draft {
    /// Adds an entry and tells how many bytes it took.
    pub(super) fn push(&mut self, entry: &Entry) -> usize {
        let before = self.body.len();
        let body = std::mem::take(&mut self.body);
        self.body = postcard::to_extend(entry, body).expect("an entry is plain data");
        if self.count == 0 {
            self.first = entry.seq;
        }
        self.last = entry.seq;
        self.count += 1;
        self.body.len() - before
    }
    /// Takes the last entry back, which took so many bytes.
    pub(super) fn pop(&mut self, bytes: usize) {
        self.body.truncate(self.body.len() - bytes);
        self.last -= 1;
        self.count -= 1;
    }
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// The bytes that it takes on the disk.
    pub(super) fn bytes(&self) -> usize {
        batch_bytes(self.body.len())
    }
    pub(super) fn clear(&mut self) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        *self = Draft { body, ..Draft::default() };
    }

    /// Lays the batch out in `blocks`, of which it takes the first `self.bytes()`.
    pub(super) fn lay(&self, salt: Salt, place: Spot, number: u64, blocks: &mut Aligned) {
        let bytes = self.bytes();
        let blocks = &mut blocks[..bytes];
        let mark = mark(number);
        let mut rest = &self.body[..];
        for (index, sector) in blocks.chunks_exact_mut(SECTOR).enumerate() {
            sector[..MARK].copy_from_slice(&mark);
            let space = &mut sector[if index == 0 { HEADER } else { MARK }..];
            let (now, later) = rest.split_at(rest.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            space[now.len()..].fill(0);
            rest = later;
        }
        let header = Header {
            cuts: self.cuts,
            salt,
            place,
            number,
            first: self.first,
            commit: self.commit.min(self.last),
            count: self.count,
            length: u32::try_from(self.body.len()).expect("a batch is bounded"),
            crc: crc32c::crc32c(&blocks[HEADER..]),
        };
        header.encode(blocks);
    }
}

/// The header at the start of `rest` if the whole batch behind it is undamaged and of this disk and place.
pub(super) fn valid(rest: &[u8], storage: u64, place: Spot) -> Option<Header> {
    let header = Header::decode(rest)?;
    let batch = rest.get(..header.bytes())?;
    let right = (header.salt.storage, header.place) == (storage, place);
    (right && crc32c::crc32c(&batch[HEADER..]) == header.crc).then_some(header)
}

/// The entries of a valid batch. `None` if they are not as many as the header says, or not consecutive.
pub(super) fn entries(header: &Header, batch: &[u8]) -> Option<Vec<Entry>> {
    let mut body = Vec::with_capacity(header.length as usize + SECTOR);
    for (index, sector) in batch[..header.bytes()].chunks_exact(SECTOR).enumerate() {
        body.extend_from_slice(&sector[if index == 0 { HEADER } else { MARK }..]);
    }
    let mut rest = body.get(..header.length as usize)?;
    let mut entries: Vec<Entry> = vec![];
    for seq in header.first..header.first.saturating_add(header.count.into()) {
        let (entry, after) = postcard::take_from_bytes::<Entry>(rest).ok()?;
        if entry.seq != seq || entries.last().is_some_and(|before| before.hash() != entry.prev_hash) {
            return None;
        }
        entries.push(entry);
        rest = after;
    }
    (rest.is_empty() && !entries.is_empty()).then_some(entries)
}
