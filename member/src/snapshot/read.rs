//! Reads a snapshot: whole, to verify it or to load the machine; in pieces, to send it to a peer. Trusts no byte of it.
use super::chunk::{self, HEADER, Kind};
use super::{Begin, End, Ending, SnapshotId};
use crate::disk::{Disk, File};
use crate::store::error::{Place, StorageError};
use crate::superblock::FORMAT;
use bytes::Bytes;
use group::{Entry, Position};
use std::fmt;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// A published snapshot. Stays readable while it is held, even when a newer one has replaced it on the disk.
#[derive(Clone)]
pub struct SnapshotFile {
    id: SnapshotId,
    name: String,
    file: Arc<dyn File>,
}

/// What loading a snapshot consists of, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A slice of the state.
    Slice(Bytes),
    /// An entry to apply after all slices.
    Entry(Entry),
}

/// A stretch of a snapshot's file on its way to a peer.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Piece {
    /// Where it begins in the file.
    pub offset: u64,
    /// crc32c of `bytes`.
    pub crc: u32,
    /// The bytes.
    pub bytes: Bytes,
}

impl fmt::Debug for SnapshotFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot {}", self.id)
    }
}

impl SnapshotFile {
    pub(crate) fn open(disk: &dyn Disk, id: SnapshotId, name: &str, place: &Place) -> Result<Self, StorageError> {
        let file = disk.open(name).map_err(|source| place.error(format!("open {name}"), source))?;
        Ok(SnapshotFile { id, name: name.to_owned(), file })
    }
    /// Which one it is.
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    /// Goes through all of it, gives every slice and entry to `take`, and tells how the group goes on from it. What was
    /// given before an error is of no use.
    ///
    /// # Errors
    /// `StorageError::Snapshot`: it is damaged, or not the one its id names; or what `take` returned.
    pub fn read<E: From<StorageError>>(&self, mut take: impl FnMut(Item) -> Result<(), E>) -> Result<Ending, E> {
        let mut walk = Walk::new(self);
        let ending = loop {
            let (kind, payload) = walk.next_chunk()?;
            match walk.meet(kind, payload)? {
                Met::Items(items) => {
                    for item in items {
                        take(item)?;
                    }
                }
                Met::End(ending) => break ending,
            }
        };
        walk.close(&ending)?;
        Ok(ending)
    }

    /// Whether every byte of it is the one that was written, without making sense of them.
    ///
    /// # Errors
    /// `StorageError::Snapshot` if not.
    pub fn verify(&self) -> Result<Ending, StorageError> {
        let mut walk = Walk::new(self);
        loop {
            let (kind, payload) = walk.next_chunk()?;
            if kind == Kind::End {
                let (ending, _, _) = walk.ending(&payload)?;
                walk.must_be_named(&ending)?;
                return Ok(ending);
            }
        }
    }

    /// At most `most` bytes from `offset`, for a peer; empty at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn piece(&self, offset: u64, most: usize) -> Result<Piece, StorageError> {
        let left = self.id.bytes.saturating_sub(offset);
        let mut bytes = vec![0; most.min(usize::try_from(left).unwrap_or(usize::MAX))];
        self.file.read(offset, &mut bytes).map_err(|error| self.bad(error.to_string()))?;
        Ok(Piece { offset, crc: crc32c::crc32c(&bytes), bytes: bytes.into() })
    }

    fn bad(&self, why: impl Into<String>) -> StorageError {
        StorageError::Snapshot { name: self.name.clone(), why: why.into() }
    }
}

/// Where reading stands.
struct Walk<'a> {
    snapshot: &'a SnapshotFile,
    offset: u64,
    index: u32,
    digest: Xxh3,
    slices: u64,
    entries: u64,
    /// The end of the entries so far; none before the first chunk.
    at: Option<Position>,
}

enum Met {
    Items(Vec<Item>),
    End(Ending),
}

impl<'a> Walk<'a> {
    fn new(snapshot: &'a SnapshotFile) -> Walk<'a> {
        Walk { snapshot, offset: 0, index: 0, digest: Xxh3::new(), slices: 0, entries: 0, at: None }
    }

    fn next_chunk(&mut self) -> Result<(Kind, Bytes), StorageError> {
        let bad = |why: String| self.snapshot.bad(why);
        let mut head = [0; HEADER];
        self.snapshot.file.read(self.offset, &mut head).map_err(|error| bad(error.to_string()))?;
        let header = chunk::decode_header(self.index, head).map_err(|why| bad(why.to_owned()))?;
        let mut payload = vec![0; header.length];
        self.snapshot.file.read(self.offset + HEADER as u64, &mut payload).map_err(|error| bad(error.to_string()))?;
        header.admits(&payload).map_err(|why| bad(why.to_owned()))?;
        self.digest.update(&head);
        self.digest.update(&payload);
        self.offset += (HEADER + payload.len()) as u64;
        self.index += 1;
        Ok((header.kind, payload.into()))
    }

    fn meet(&mut self, kind: Kind, payload: Bytes) -> Result<Met, StorageError> {
        let unreadable = |_| self.snapshot.bad("a chunk cannot be read");
        match (kind, self.at) {
            (Kind::Begin, None) => {
                let begin: Begin = postcard::from_bytes(&payload).map_err(unreadable)?;
                if begin.format != FORMAT {
                    return Err(self.snapshot.bad(format!("its format {} is not {FORMAT}", begin.format)));
                }
                self.at = Some(begin.from);
                Ok(Met::Items(vec![]))
            }
            (Kind::Slice, Some(_)) if self.entries == 0 => {
                self.slices += 1;
                Ok(Met::Items(vec![Item::Slice(payload)]))
            }
            (Kind::Entries, Some(at)) => self.entries(at, &payload).map(Met::Items),
            (Kind::End, Some(_)) => {
                let (ending, slices, entries) = self.ending(&payload)?;
                if (slices, entries) != (self.slices, self.entries) {
                    return Err(self.snapshot.bad("chunks are missing"));
                }
                Ok(Met::End(ending))
            }
            _ => Err(self.snapshot.bad("its chunks are out of order")),
        }
    }

    fn entries(&mut self, mut at: Position, mut payload: &[u8]) -> Result<Vec<Item>, StorageError> {
        let mut items = vec![];
        while !payload.is_empty() {
            let (entry, rest): (Entry, _) =
                postcard::take_from_bytes(payload).map_err(|_| self.snapshot.bad("an entry cannot be read"))?;
            if (entry.seq, entry.prev_hash) != (at.seq + 1, at.hash) {
                return Err(self.snapshot.bad(format!("entry {} does not follow {at:?}", entry.seq)));
            }
            at = entry.position();
            payload = rest;
            items.push(Item::Entry(entry));
        }
        self.entries += items.len() as u64;
        self.at = Some(at);
        Ok(items)
    }

    /// What the last chunk says: how the group goes on, and how many slices and entries there should be.
    fn ending(&self, payload: &[u8]) -> Result<(Ending, u64, u64), StorageError> {
        let unreadable = |_| self.snapshot.bad("a chunk cannot be read");
        let (end, rest) = postcard::take_from_bytes(payload).map_err(unreadable)?;
        let End { at, epoch, hash, starts, format, slices, entries } = end;
        let reigns = if rest.is_empty() { vec![] } else { postcard::from_bytes(rest).map_err(unreadable)? };
        Ok((Ending { at: Position { seq: at, epoch, hash }, starts, reigns, format }, slices, entries))
    }

    fn close(self, ending: &Ending) -> Result<(), StorageError> {
        if self.at != Some(ending.at) {
            return Err(self.snapshot.bad("its entries do not lead to its end"));
        }
        self.must_be_named(ending)
    }
    fn must_be_named(&self, ending: &Ending) -> Result<(), StorageError> {
        let found = SnapshotId { at: ending.at, bytes: self.offset, digest: self.digest.digest() };
        let named = self.snapshot.id;
        if found == named { Ok(()) } else { Err(self.snapshot.bad(format!("it is {found}, and should be {named}"))) }
    }
}
