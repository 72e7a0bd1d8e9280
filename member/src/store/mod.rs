//! A member's disk as one thing: superblock, log and snapshots that fit together. Plain code over `Disk`; knows no threads.
//!
//! [`open`] starts the threads and gives the [`Handle`] that the event loop uses. [`Store`] is the same without threads: every
//! call does its work before it returns, which is what simulations want.
pub mod error;
mod format;
mod handle;
mod hands;
mod inline;
mod keeper;
#[cfg(test)]
mod queue_tests;
mod recovered;
mod ring;
mod seam;
mod thread;
mod writer;

pub use error::StorageError;
pub use format::mark_reset;
pub use handle::{Done, Handle, Save, open, open_on};
pub(crate) use hands::{Hands, open_by_hand};
pub use recovered::Recovered;
pub use seam::{LogWriter, NoSuchWriter};

use crate::disk::Disk;
use crate::limits::SEGMENT_BYTES;
use crate::log::{Batch, Log, Replay, Segment, Supply, Whose, Write, prepare};
use crate::snapshot::{Fetch, SnapshotId, SnapshotWriter};
use crate::superblock::{Facts, Superblock};
use error::Place;
use group::{BootId, Position, StorageId};
use std::sync::Arc;

/// How a disk is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// The process that opens it.
    pub boot: BootId,
    /// What a blank disk is called from now on: fresh random bits.
    pub fresh: StorageId,
    /// The length of the segments of a blank disk, in bytes.
    pub segment_bytes: u32,
}

impl Opening {
    /// The ordinary way, with identities drawn at random by the caller.
    pub fn new(boot: BootId, fresh: StorageId) -> Opening {
        Opening { boot, fresh, segment_bytes: SEGMENT_BYTES }
    }
}

/// An open disk.
pub struct Store {
    disk: Arc<dyn Disk>,
    place: Place,
    superblock: Superblock,
    whose: Whose,
    log: State,
}

/// The log, or why there is none to write to.
enum State {
    Sound(Log),
    /// What was found, until a snapshot takes its place; and where segments would come from.
    Unsound(Option<(Replay, Box<dyn Supply>)>),
}

impl Store {
    /// Opens a disk, formatting it if it is blank. `dir` names it in messages.
    ///
    /// # Errors
    /// The disk refuses, is someone else's, or is damaged so far that not even its identity is known.
    pub fn open(disk: Arc<dyn Disk>, dir: &str, opening: Opening) -> Result<(Store, Recovered), StorageError> {
        let supply = Box::new(Inline { disk: disk.clone(), place: Place::new(dir), made: None });
        Store::open_with(disk, dir, opening, supply)
    }

    pub(crate) fn open_with(
        disk: Arc<dyn Disk>,
        dir: &str,
        opening: Opening,
        supply: Box<dyn Supply>,
    ) -> Result<(Store, Recovered), StorageError> {
        let place = Place::new(dir);
        let mut superblock = format::open_superblock(&*disk, &place, opening)?;
        format::clean(&*disk, superblock.facts(), &place)?;
        let Facts { storage, segment_bytes, log: start, .. } = *superblock.facts();
        let whose = Whose { storage, boot: opening.boot, segment_bytes, start, base: 0 };
        let (replay, recovered) = recovered::recover(&*disk, &place, &mut superblock, whose)?;
        let log = if recovered.unhealthy.is_none() {
            State::Sound(Log::resume(replay, recovered.tail().seq, whose, place.clone(), supply)?)
        } else {
            State::Unsound(Some((replay, supply)))
        };
        Ok((Store { disk, place, superblock, whose, log }, recovered))
    }

    /// What the superblock says.
    pub fn facts(&self) -> &Facts {
        self.superblock.facts()
    }

    /// Takes in a write; it is on the disk after the next `flush`. `false`: the log is unsound and takes no writes.
    ///
    /// # Errors
    /// The write does not fit the log, or the disk refuses: the process must end.
    pub fn write(&mut self, write: &Write) -> Result<bool, StorageError> {
        match &mut self.log {
            State::Sound(log) => log.push(write).map(|()| true),
            State::Unsound(_) => Ok(false),
        }
    }
    /// Bytes of entries that wait for `flush`.
    pub fn waiting_bytes(&self) -> usize {
        if let State::Sound(log) = &self.log { log.waiting_bytes() } else { 0 }
    }
    /// Writes everything taken in; it is on the disk when this returns.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn flush(&mut self) -> Result<(), StorageError> {
        if let State::Sound(log) = &mut self.log { log.flush() } else { Ok(()) }
    }

    /// Whether this write can be taken in and its batch begun without waiting for the disk.
    pub(crate) fn takes_at_once(&mut self, write: &Write) -> bool {
        if let State::Sound(log) = &mut self.log { log.takes_at_once(write) } else { true }
    }
    /// The first half of `flush`: what is to be written, if anything is.
    pub(crate) fn begin(&mut self) -> Result<Option<Batch>, StorageError> {
        if let State::Sound(log) = &mut self.log { log.begin() } else { Ok(None) }
    }
    /// The other half, when it was written.
    pub(crate) fn complete(&mut self, batch: Batch, written: std::io::Result<()>) -> Result<(), StorageError> {
        if let State::Sound(log) = &mut self.log { log.complete(batch, written) } else { Ok(()) }
    }

    /// Remembers promise and view; they are on the disk when this returns.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn save(&mut self, save: Save) -> Result<(), StorageError> {
        let Save { save: _, group, promised, view } = save;
        assert!(promised >= self.facts().promised, "a promise is never taken back (W2)");
        let facts = Facts { group, promised, view, ..self.facts().clone() };
        self.superblock.save(facts)
    }

    /// Begins a snapshot of a state that holds everything up to `from`.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn snapshot(&self, from: Position) -> Result<SnapshotWriter, StorageError> {
        SnapshotWriter::begin(self.disk.clone(), self.place.clone(), from)
    }

    /// Begins to collect a snapshot from a peer, or goes on with it.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn fetch(&self, id: SnapshotId) -> Result<Fetch, StorageError> {
        Fetch::begin(self.disk.clone(), self.place.clone(), id)
    }

    /// Makes a finished snapshot the one to recover from. The one before is kept too, and the log from its end on. `false`:
    /// the log is unsound, and only a fetched snapshot helps.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn publish(&mut self, id: SnapshotId) -> Result<bool, StorageError> {
        let (newest, oldest) = (self.facts().snapshot, self.facts().previous);
        let State::Sound(log) = &mut self.log else { return Ok(false) };
        if newest.is_some_and(|newest| newest.at.seq >= id.at.seq) {
            return Ok(true);
        }
        log.flush()?;
        if log.tail() < id.at.seq {
            return Err(StorageError::Gap { first: id.at.seq, tail: log.tail() });
        }
        let start = newest.and_then(|kept| log.start_after(kept.at.seq)).unwrap_or(self.superblock.facts().log);
        let facts = Facts { snapshot: Some(id), previous: newest, log: start, ..self.superblock.facts().clone() };
        self.superblock.save(facts)?;
        log.began_at(start);
        self.forget(oldest)?;
        Ok(true)
    }

    /// Makes a fetched snapshot the beginning of everything: log and older snapshots are left behind (C1).
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn install(&mut self, id: SnapshotId) -> Result<(), StorageError> {
        let (newest, oldest) = (self.facts().snapshot, self.facts().previous);
        let mut log = match std::mem::replace(&mut self.log, State::Unsound(None)) {
            State::Sound(log) => log,
            State::Unsound(found) => {
                let (replay, supply) = found.expect("taken only here, and then there is a log again");
                Log::fresh(replay, id.at.seq, self.whose, self.place.clone(), supply)?
            }
        };
        let start = log.restart(id.at.seq)?;
        let facts = Facts { snapshot: Some(id), previous: None, log: start, ..self.facts().clone() };
        self.superblock.save(facts)?;
        log.began_at(start);
        self.log = State::Sound(log);
        for old in [newest, oldest] {
            self.forget(old.filter(|old| *old != id))?;
        }
        Ok(())
    }

    /// Marks this disk to be formatted anew when it is opened next (P5, U1). The process should end.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub fn reset(&mut self) -> Result<(), StorageError> {
        let facts = Facts { reset: true, ..self.facts().clone() };
        self.superblock.save(facts)
    }

    /// Removes the file of a snapshot that nothing points to any more. That its name is gone need not be durable.
    fn forget(&self, old: Option<SnapshotId>) -> Result<(), StorageError> {
        let Some(old) = old else { return Ok(()) };
        self.disk.remove(&old.name()).map_err(|source| self.place.error("remove an old snapshot", source))
    }
}

/// Makes segments at the moment they are ordered.
struct Inline {
    disk: Arc<dyn Disk>,
    place: Place,
    made: Option<Segment>,
}
impl Supply for Inline {
    fn order(&mut self, number: u32, bytes: u32, old: Option<u32>) -> Result<(), StorageError> {
        self.made = Some(prepare(&*self.disk, &self.place, number, bytes, old, || ())?);
        Ok(())
    }
    fn take(&mut self) -> Result<Segment, StorageError> {
        Ok(self.made.take().expect("taken once for every order"))
    }
    fn is_ready(&mut self) -> bool {
        self.made.is_some()
    }
}
