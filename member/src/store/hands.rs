//! What the storage's two threads do, as steps that somebody takes by hand: for members without threads. Knows when work waits, not why.
use super::error::StorageError;
use super::handle::{Done, Handle, Notify};
use super::keeper::{Chore, Hurry, Keeper};
use super::recovered::Recovered;
use super::writer::{Task, Writer};
use super::{Opening, Store};
use crate::disk::Disk;
use crate::sync::mpsc::{self, Receiver};
use std::sync::Arc;

/// The work of the storage of one member.
pub(crate) struct Hands {
    writer: Writer,
    tasks: Receiver<Task>,
    task: Option<Task>,
    keeper: Keeper,
    chores: Receiver<Chore>,
    chore: Option<Chore>,
    notify: Notify,
    failed: bool,
}

/// Opens a disk as `open_on` does; nothing happens on it but by hand.
pub(crate) fn open_by_hand(
    disk: Arc<dyn Disk>,
    dir: &str,
    opening: Opening,
    notify: impl Fn(Done) + Send + Sync + 'static,
) -> Result<(Recovered, Handle, Hands), StorageError> {
    let notify: Notify = Arc::new(notify);
    let (sender, tasks) = mpsc::channel();
    let (chore_sender, chores) = mpsc::channel();
    let handle = Handle::without_threads(sender.clone(), chore_sender);
    let (store, recovered) = Store::open(disk.clone(), dir, opening)?;
    // Segments are made at the moment they are ordered, so that nobody waits for the other thread.
    let (segments, _) = mpsc::channel();
    let keeper = Keeper::new(
        disk,
        dir,
        Arc::new(move |task| drop(sender.send(task))),
        segments,
        notify.clone(),
        handle.waiting_slices(),
        Hurry::default(),
    );
    let writer = Writer::new(store, notify.clone(), handle.waiting_bytes());
    let hands = Hands { writer, tasks, task: None, keeper, chores, chore: None, notify, failed: false };
    Ok((recovered, handle, hands))
}

impl Hands {
    /// Whether work for the log's writer waits.
    pub(crate) fn has_task(&mut self) -> bool {
        self.task = self.task.take().or_else(|| self.tasks.try_recv().ok());
        self.task.is_some() && !self.failed
    }
    /// Does everything that waits for the log's writer, with one sync. `false`: the disk has failed.
    pub(crate) fn write(&mut self) -> bool {
        if self.has_task()
            && let Some(task) = self.task.take()
        {
            let done = self.writer.batch(task, || self.tasks.try_recv().ok());
            self.report(done);
        }
        !self.failed
    }
    /// Whether work for the keeper waits.
    pub(crate) fn has_chore(&mut self) -> bool {
        self.chore = self.chore.take().or_else(|| self.chores.try_recv().ok());
        self.chore.is_some() && !self.failed
    }
    /// Does the oldest thing that waits for the keeper.
    pub(crate) fn keep(&mut self) {
        if self.has_chore()
            && let Some(chore) = self.chore.take()
        {
            let done = self.keeper.take(chore);
            self.report(done);
        }
    }
    fn report(&mut self, done: Result<bool, StorageError>) {
        if let Err(error) = done {
            self.failed = true;
            (self.notify)(Done::Failed(error));
        }
    }
}
