//! Collects a snapshot from a peer, piece by piece, across interruptions. Knows where it stands, not who sends.
use super::{Ending, Piece, SnapshotFile, SnapshotId};
use crate::disk::{Disk, File};
use crate::limits::SNAPSHOT_SYNC_BYTES;
use crate::store::error::{Place, StorageError};
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// A snapshot on its way in.
///
/// Every piece carries a checksum against the way here, and the whole is read through before it is installed. A process that
/// dies leaves its file, and the next one goes on behind the last whole stretch in it. A stretch that was written and not
/// synced when the power failed may hold anything: reading the whole finds that, and then all of it is fetched again.
pub struct Fetch {
    disk: Arc<dyn Disk>,
    place: Place,
    id: SnapshotId,
    file: Arc<dyn File>,
    /// Received and not yet written: less than a stretch.
    pending: Vec<u8>,
    written: u64,
}

/// Why a piece was not taken.
#[derive(Debug, Error)]
pub enum FetchError {
    /// It was damaged on the way: ask for it again.
    #[error("take a piece of the snapshot at {offset}: its checksum does not fit")]
    Damaged {
        /// Where it begins.
        offset: u64,
    },
    /// It is not the next one: ask from `wanted` on.
    #[error("take a piece of the snapshot at {offset}: the next one wanted begins at {wanted}")]
    OutOfPlace {
        /// Where it begins.
        offset: u64,
        /// Where it should.
        wanted: u64,
    },
    /// The disk refused, or what was collected is not the snapshot it claims to be.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Fetch {
    /// Begins to collect this snapshot, or goes on with it if a part of it is here. Parts of others are thrown away.
    pub(crate) fn begin(disk: Arc<dyn Disk>, place: Place, id: SnapshotId) -> Result<Fetch, StorageError> {
        let fails = |source| place.error("begin to fetch a snapshot", source);
        let name = id.part_name();
        for other in disk.names().map_err(fails)? {
            if other.starts_with(super::PART_PREFIX) && other != name {
                disk.remove(&other).map_err(fails)?;
            }
        }
        let file = match disk.open(&name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&name).map_err(fails)?,
            Err(error) => return Err(fails(error)),
        };
        disk.sync_names().map_err(fails)?;
        // At least one piece is always wanted: whoever fetches learns by it that the end is near.
        let here = file.length().map_err(fails)?.min(id.bytes.saturating_sub(1));
        let written = here / SNAPSHOT_SYNC_BYTES * SNAPSHOT_SYNC_BYTES;
        Ok(Fetch { disk, place, id, file, pending: vec![], written })
    }

    /// The offset of the next piece wanted; the length of the snapshot when all are here.
    pub fn wanted(&self) -> u64 {
        self.written + self.pending.len() as u64
    }
    /// Which one it is.
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// It is damaged or out of place: ask again from `wanted`. Or the disk refuses: the process must end.
    pub fn take(&mut self, piece: &Piece) -> Result<(), FetchError> {
        let (offset, wanted) = (piece.offset, self.wanted());
        if crc32c::crc32c(&piece.bytes) != piece.crc {
            return Err(FetchError::Damaged { offset });
        }
        if offset != wanted || wanted + piece.bytes.len() as u64 > self.id.bytes {
            return Err(FetchError::OutOfPlace { offset, wanted });
        }
        self.pending.extend_from_slice(&piece.bytes);
        let stretch = usize::try_from(SNAPSHOT_SYNC_BYTES).expect("a few MiB");
        while self.pending.len() >= stretch {
            let rest = self.pending.split_off(stretch);
            let full = std::mem::replace(&mut self.pending, rest);
            self.put(&full)?;
        }
        Ok(())
    }

    /// Ends the collecting: the file is verified, durable, and has its own name. The superblock does not know it yet.
    ///
    /// # Errors
    /// What was collected is not that snapshot: it is thrown away, begin again. Or the disk refuses: the process must end.
    pub fn finish(mut self) -> Result<(SnapshotFile, Ending), StorageError> {
        let last = std::mem::take(&mut self.pending);
        self.put(&last)?;
        let (part, name) = (self.id.part_name(), self.id.name());
        let snapshot = SnapshotFile::open(&*self.disk, self.id, &part, &self.place)?;
        let fails = |source| self.place.error("install a snapshot", source);
        let ending = match snapshot.verify() {
            Ok(ending) => ending,
            Err(error) => {
                self.disk.remove(&part).map_err(fails)?;
                return Err(error);
            }
        };
        self.disk.rename(&part, &name).map_err(fails)?;
        self.disk.sync_names().map_err(fails)?;
        Ok((SnapshotFile::open(&*self.disk, self.id, &name, &self.place)?, ending))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let fails = |source| self.place.error("write a fetched snapshot", source);
        self.file.write(self.written, bytes).map_err(fails)?;
        self.file.sync().map_err(fails)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}
