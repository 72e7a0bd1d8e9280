//! The log writer's thread: takes all tasks that wait, does one sync for all of them, reports. Knows the order of tasks, not their reason.
use super::Store;
use super::error::StorageError;
use super::handle::{Done, Notify, Save};
use crate::limits::BATCH_BYTES;
use crate::log::Write;
use crate::snapshot::{Ending, SnapshotFile};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

/// What the thread is asked to do, in order.
pub(super) enum Task {
    /// Append; and what that counts in the queue, in bytes.
    Write(Write, usize),
    Save(Save),
    Publish(SnapshotFile),
    Install(SnapshotFile, Ending),
    Reset,
    Stop,
}

pub(super) struct Writer {
    store: Store,
    notify: Notify,
    waiting_bytes: Arc<AtomicUsize>,
    /// The last write taken in and not yet reported.
    taken: Option<u64>,
}

impl Writer {
    pub(super) fn new(store: Store, notify: Notify, waiting_bytes: Arc<AtomicUsize>) -> Writer {
        Writer { store, notify, waiting_bytes, taken: None }
    }

    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        if let Err(error) = self.work(tasks) {
            (self.notify)(Done::Failed(error));
        }
    }

    /// Until `Task::Stop`. One sync covers whatever had come when the one before was done: nobody waits for company, and
    /// under load company is there.
    fn work(&mut self, tasks: &Receiver<Task>) -> Result<(), StorageError> {
        while let Ok(first) = tasks.recv() {
            if !self.batch(first, tasks)? {
                break;
            }
        }
        Ok(())
    }

    /// This task and those that wait behind it, with one sync; `false` after the last one.
    pub(super) fn batch(&mut self, first: Task, tasks: &Receiver<Task>) -> Result<bool, StorageError> {
        let mut next = Some(first);
        let mut goes_on = true;
        while let Some(task) = next {
            goes_on = self.take(task)?;
            let more = goes_on && self.store.waiting_bytes() < BATCH_BYTES;
            next = if more { tasks.try_recv().ok() } else { None };
        }
        self.flush()?;
        Ok(goes_on)
    }

    /// Takes in one task; `false` if it is the last one. All but writes are done at once, behind the writes before them.
    fn take(&mut self, task: Task) -> Result<bool, StorageError> {
        match task {
            Task::Write(write, bytes) => {
                self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                if self.store.write(&write)? {
                    self.taken = Some(write.write);
                }
                return Ok(true);
            }
            Task::Stop => return Ok(false),
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

    fn flush(&mut self) -> Result<(), StorageError> {
        self.store.flush()?;
        if let Some(write) = self.taken.take() {
            (self.notify)(Done::Written { write });
        }
        Ok(())
    }
}
