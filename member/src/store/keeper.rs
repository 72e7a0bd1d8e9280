//! The keeper's thread: segments made ahead, snapshots written and fetched. Knows nothing of the log's contents.
use super::error::{Place, StorageError};
use super::handle::{Done, Notify};
use super::writer::{Later, Task};
use crate::disk::Disk;
use crate::limits::SPARE_PAUSE_US;
use crate::log::{Segment, Supply, prepare};
use crate::snapshot::{Ending, Fetch, FetchError, Piece, SnapshotFile, SnapshotId, SnapshotWriter};
use crate::sync::mpsc::{self, Receiver, Sender};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use bytes::Bytes;
use group::{Entry, Position};
use std::sync::Arc;
use std::time::Duration;

/// What the thread is asked to do, in order.
pub(super) enum Chore {
    /// Make this segment, of this length, from that one's file.
    Segment(u32, u32, Option<u32>),
    Begin(Position),
    Slice(Bytes),
    Finish(Ending, Vec<Entry>),
    Fetch(SnapshotId),
    Piece(Piece),
    Stop,
}

/// Segments from the keeper, for the log.
pub(super) struct FromKeeper {
    chores: Sender<Chore>,
    segments: Receiver<Segment>,
    /// One that was found ready and not yet taken.
    ready: Option<Segment>,
    hurry: Hurry,
}

/// Whether somebody waits for the segment that is being made, or for the keeper's end. Until then its zeros leave the disk to the log.
#[derive(Clone, Default)]
pub(super) struct Hurry(Arc<AtomicBool>);

impl Hurry {
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
    pub(super) fn set(&self, is_there: bool) {
        self.0.store(is_there, Ordering::Relaxed);
    }
}

/// The two ends on which segments are handed over.
pub(super) fn supply(chores: Sender<Chore>, hurry: Hurry) -> (FromKeeper, Sender<Segment>) {
    let (sender, segments) = mpsc::channel();
    (FromKeeper { chores, segments, ready: None, hurry }, sender)
}

impl Supply for FromKeeper {
    fn order(&mut self, number: u32, bytes: u32, old: Option<u32>) -> Result<(), StorageError> {
        self.chores.send(Chore::Segment(number, bytes, old)).map_err(|_| StorageError::Ended)
    }
    fn take(&mut self) -> Result<Segment, StorageError> {
        if let Some(ready) = self.ready.take() {
            return Ok(ready);
        }
        self.hurry.set(true);
        let made = self.segments.recv().map_err(|_| StorageError::Ended);
        self.hurry.set(false);
        made
    }
    fn is_ready(&mut self) -> bool {
        self.ready = self.ready.take().or_else(|| self.segments.try_recv().ok());
        self.ready.is_some()
    }
}

pub(super) struct Keeper {
    disk: Arc<dyn Disk>,
    place: Place,
    tasks: Later,
    segments: Sender<Segment>,
    notify: Notify,
    waiting_slices: Arc<AtomicUsize>,
    hurry: Hurry,
    making: Option<SnapshotWriter>,
    fetching: Option<Fetch>,
}

impl Keeper {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        dir: &str,
        tasks: Later,
        segments: Sender<Segment>,
        notify: Notify,
        waiting_slices: Arc<AtomicUsize>,
        hurry: Hurry,
    ) -> Keeper {
        let place = Place::new(dir);
        Keeper { disk, place, tasks, segments, notify, waiting_slices, hurry, making: None, fetching: None }
    }

    pub(super) fn run(mut self, chores: &Receiver<Chore>) {
        while let Ok(chore) = chores.recv() {
            match self.take(chore) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return (self.notify)(Done::Failed(error)),
            }
        }
    }

    pub(super) fn take(&mut self, chore: Chore) -> Result<bool, StorageError> {
        match chore {
            Chore::Segment(number, bytes, old) => {
                let pause = || {
                    if !self.hurry.is_there() {
                        self.disk.pause(Duration::from_micros(SPARE_PAUSE_US));
                    }
                };
                let segment = prepare(&*self.disk, &self.place, number, bytes, old, pause)?;
                // Nobody takes it when the writer has ended; then nobody needs it.
                drop(self.segments.send(segment));
            }
            Chore::Begin(from) => {
                self.making = None;
                self.making = Some(SnapshotWriter::begin(self.disk.clone(), self.place.clone(), from)?);
            }
            Chore::Slice(slice) => {
                self.waiting_slices.fetch_sub(1, Ordering::Relaxed);
                self.making.as_mut().expect("slices follow a beginning").slice(&slice)?;
            }
            Chore::Finish(ending, entries) => {
                let making = self.making.take().expect("an ending follows a beginning");
                let id = making.finish(ending, &entries)?;
                let snapshot = SnapshotFile::open(&*self.disk, id, &id.name(), &self.place)?;
                (self.tasks)(Task::Publish(snapshot));
            }
            Chore::Fetch(id) => {
                self.fetching = Some(Fetch::begin(self.disk.clone(), self.place.clone(), id)?);
                self.go_on()?;
            }
            Chore::Piece(piece) => self.piece(&piece)?,
            Chore::Stop => return Ok(false),
        }
        Ok(true)
    }

    fn piece(&mut self, piece: &Piece) -> Result<(), StorageError> {
        // A piece may come late, when its fetch has been given up.
        let Some(fetch) = &mut self.fetching else { return Ok(()) };
        match fetch.take(piece) {
            Ok(()) => {}
            Err(FetchError::Storage(error)) => return Err(error),
            Err(error) => tracing::warn!(%error, "asking again"),
        }
        self.go_on()
    }

    /// Asks for the next piece, or installs what is complete.
    fn go_on(&mut self) -> Result<(), StorageError> {
        let Some(fetch) = self.fetching.take() else { return Ok(()) };
        let (id, offset) = (fetch.id(), fetch.wanted());
        if offset < id.bytes {
            self.fetching = Some(fetch);
            (self.notify)(Done::Wants { id, offset });
            return Ok(());
        }
        match fetch.finish() {
            Ok((snapshot, ending)) => (self.tasks)(Task::Install(snapshot, ending)),
            Err(StorageError::Snapshot { why, .. }) => (self.notify)(Done::FetchFailed { why }),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
