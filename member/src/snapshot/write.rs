//! Writes a snapshot: slices as the loop hands them over, then the entries that complete them. Knows when to sync, not when to begin.
use super::chunk::{self, Kind};
use super::{Begin, End, Ending, NEW, SnapshotId};
use crate::disk::{Disk, File};
use crate::limits::{ENTRY_BYTES, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_SYNC_BYTES};
use crate::store::error::{Place, StorageError};
use crate::superblock::FORMAT;
use group::{Entry, Position};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// A snapshot in the making. Dropped before `finish`, it leaves a file that the next one replaces.
pub struct SnapshotWriter {
    disk: Arc<dyn Disk>,
    place: Place,
    file: Arc<dyn File>,
    from: Position,
    bytes: u64,
    synced: u64,
    chunks: u32,
    slices: u64,
    digest: Box<Xxh3>,
}

impl SnapshotWriter {
    /// Begins a snapshot; the state holds everything up to `from`.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub(crate) fn begin(disk: Arc<dyn Disk>, place: Place, from: Position) -> Result<SnapshotWriter, StorageError> {
        let file = disk.create(NEW).map_err(|source| place.error("begin a snapshot", source))?;
        let (bytes, synced, chunks, slices) = (0, 0, 0, 0);
        let digest = Box::new(Xxh3::new());
        let mut writer = SnapshotWriter { disk, place, file, from, bytes, synced, chunks, slices, digest };
        writer.put(Kind::Begin, &encode(&Begin { format: FORMAT, from }))?;
        Ok(writer)
    }

    /// Takes the next slice of the state.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn slice(&mut self, slice: &[u8]) -> Result<(), StorageError> {
        if slice.len() > SNAPSHOT_CHUNK_BYTES {
            let why = format!("a slice of {} bytes is more than {SNAPSHOT_CHUNK_BYTES}", slice.len());
            return Err(StorageError::Snapshot { name: NEW.to_owned(), why });
        }
        self.slices += 1;
        self.put(Kind::Slice, slice)
    }

    /// Completes the snapshot with the entries after the place where it began, up to `ending.at`, which must be committed.
    /// When this returns, the file is durable under its own name; the superblock does not know it yet.
    ///
    /// # Errors
    /// The disk refuses, or the entries are not those: the process must end.
    pub fn finish(mut self, ending: Ending, entries: &[Entry]) -> Result<SnapshotId, StorageError> {
        self.check(&ending, entries)?;
        let mut payload = Vec::new();
        for entry in entries {
            payload = postcard::to_extend(entry, payload).expect("an entry is plain data");
            if payload.len() > SNAPSHOT_CHUNK_BYTES - ENTRY_BYTES {
                self.put(Kind::Entries, &std::mem::take(&mut payload))?;
            }
        }
        if !payload.is_empty() {
            self.put(Kind::Entries, &payload)?;
        }
        let Ending { at, starts, reigns, format } = ending;
        let (slices, entries) = (self.slices, entries.len() as u64);
        let end = End { at: at.seq, epoch: at.epoch, hash: at.hash, starts, format, slices, entries };
        self.put(Kind::End, &[encode(&end), encode(&reigns)].concat())?;
        let id = SnapshotId { at, bytes: self.bytes, digest: self.digest.digest() };
        let fails = |source| self.place.error("finish a snapshot", source);
        self.file.sync().map_err(fails)?;
        self.disk.rename(NEW, &id.name()).map_err(fails)?;
        self.disk.sync_names().map_err(fails)?;
        Ok(id)
    }

    fn check(&self, ending: &Ending, entries: &[Entry]) -> Result<(), StorageError> {
        let mut at = self.from;
        for entry in entries {
            if (entry.seq, entry.prev_hash) != (at.seq + 1, at.hash) {
                return Err(self.refuse(format!("entry {} does not follow {at:?}", entry.seq)));
            }
            at = entry.position();
        }
        if at == ending.at {
            Ok(())
        } else {
            Err(self.refuse(format!("its entries end at {at:?}, not {:?}", ending.at)))
        }
    }
    fn refuse(&self, why: String) -> StorageError {
        StorageError::Snapshot { name: NEW.to_owned(), why }
    }

    fn put(&mut self, kind: Kind, payload: &[u8]) -> Result<(), StorageError> {
        let chunk = chunk::encode(self.chunks, kind, payload);
        let fails = |source| self.place.error("write a snapshot", source);
        self.file.write(self.bytes, &chunk).map_err(fails)?;
        self.digest.update(&chunk);
        self.bytes += chunk.len() as u64;
        self.chunks += 1;
        if self.bytes - self.synced >= SNAPSHOT_SYNC_BYTES {
            self.file.sync().map_err(fails)?;
            self.synced = self.bytes;
        }
        Ok(())
    }
}

fn encode(value: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("it is plain data")
}
