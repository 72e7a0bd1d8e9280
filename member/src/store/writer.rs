//! Does what the loop asks of superblock and log, and reports. Knows the order of tasks, not their reason, nor on which thread it is.
use super::Store;
use super::error::StorageError;
use super::handle::{Done, Notify, Save};
use crate::limits::BATCH_BYTES;
use crate::log::Write;
use crate::mistake::{self, planted};
use crate::snapshot::{Ending, SnapshotFile};
use crate::sync::{AtomicUsize, Ordering};
use std::sync::Arc;

/// What is to be done, in order.
pub(super) enum Task {
    /// Append; and what that counts in the queue, in bytes.
    Write(Write, usize),
    Save(Save),
    Publish(SnapshotFile),
    Install(SnapshotFile, Ending),
    Reset,
    Stop,
}

/// Where the keeper puts what is the writer's to do.
pub(super) type Later = Arc<dyn Fn(Task) + Send + Sync>;

pub(super) struct Writer {
    pub(super) store: Store,
    notify: Notify,
    waiting_bytes: Arc<AtomicUsize>,
    /// The last write taken in and not yet reported.
    taken: Option<u64>,
}

impl Writer {
    pub(super) fn new(store: Store, notify: Notify, waiting_bytes: Arc<AtomicUsize>) -> Writer {
        Writer { store, notify, waiting_bytes, taken: None }
    }

    /// This task and those that wait behind it, with one sync; `false` after the last one. One sync covers whatever had come when
    /// the one before was done: nobody waits for company, and under load company is there.
    pub(super) fn batch(
        &mut self,
        first: Task,
        mut behind: impl FnMut() -> Option<Task>,
    ) -> Result<bool, StorageError> {
        let mut next = Some(first);
        let mut goes_on = true;
        while let Some(task) = next {
            goes_on = self.take(task)?;
            let more = goes_on && self.store.waiting_bytes() < BATCH_BYTES;
            next = if more { behind() } else { None };
        }
        if goes_on || !planted(mistake::STOPS_AT_ONCE) {
            self.flush()?;
        }
        Ok(goes_on)
    }

    /// Takes in one task; `false` if it is the last one. All but writes are done at once, behind the writes before them.
    pub(super) fn take(&mut self, task: Task) -> Result<bool, StorageError> {
        match task {
            Task::Write(write, bytes) => {
                if !planted(mistake::ROOM_TOO_LATE) {
                    self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                }
                if self.store.write(&write)? {
                    self.taken = Some(write.write);
                }
                return Ok(true);
            }
            Task::Stop => return Ok(false),
            Task::Save(_) if planted(mistake::PROMISE_OVERTAKES) => {}
            _ => self.flush()?,
        }
        let done = match task {
            Task::Save(save) => {
                let number = save.save;
                self.store.save(save)?;
                Done::Saved { save: number }
            }
            Task::Publish(snapshot) => {
                if !self.store.publish(snapshot.id())? {
                    return Ok(true);
                }
                Done::Published { snapshot }
            }
            Task::Install(snapshot, ending) => {
                self.store.install(snapshot.id())?;
                Done::Installed { snapshot, ending }
            }
            Task::Reset => {
                self.store.reset()?;
                Done::Reset
            }
            Task::Write(..) | Task::Stop => unreachable!("handled above"),
        };
        (self.notify)(done);
        Ok(true)
    }

    /// Puts on the disk what was taken in.
    pub(super) fn flush(&mut self) -> Result<(), StorageError> {
        if planted(mistake::REPORTED_EARLY) {
            self.flushed();
        }
        self.store.flush()?;
        self.flushed();
        Ok(())
    }
    /// What was taken in is on the disk.
    pub(super) fn flushed(&mut self) {
        if let Some(write) = self.taken.take() {
            (self.notify)(Done::Written { write });
            if planted(mistake::ROOM_TOO_LATE) {
                self.waiting_bytes.store(0, Ordering::Relaxed);
            }
        }
    }
    /// Nothing more can be done.
    pub(super) fn failed(&self, error: StorageError) {
        (self.notify)(Done::Failed(error));
    }
}
