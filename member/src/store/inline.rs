//! The loop writes its log itself and waits for the disk. Knows when: after what the same turn sends to peers is on its way (W1).
use super::error::StorageError;
use super::writer::{Later, Task, Writer};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The writer on the loop's thread.
pub(super) struct Inline {
    /// None when the disk has failed.
    writer: Option<Writer>,
    waiting: VecDeque<Task>,
    later: UnboundedReceiver<Task>,
    /// The connections had their turn since the first of `waiting` came.
    yielded: bool,
}

/// Where the keeper puts tasks, and where they come out.
pub(super) fn queue() -> (UnboundedReceiver<Task>, Later) {
    let (tasks, queue) = unbounded_channel();
    (queue, Arc::new(move |task| drop(tasks.send(task))))
}

impl Inline {
    pub(super) fn new(writer: Writer, later: UnboundedReceiver<Task>) -> Inline {
        Inline { writer: Some(writer), waiting: VecDeque::new(), later, yielded: false }
    }
    pub(super) fn task(&mut self, task: Task) {
        self.waiting.push_back(task);
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Some(task)) = self.later.poll_recv(context) {
            self.waiting.push_back(task);
        }
        if self.waiting.is_empty() {
            return Poll::Pending;
        }
        // What the turn sends leaves first: peers write to their disks while this one does.
        if !std::mem::replace(&mut self.yielded, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.work();
        Poll::Ready(())
    }

    fn work(&mut self) {
        self.yielded = false;
        let Some(writer) = &mut self.writer else { return self.waiting.clear() };
        if let Err(error) = all(writer, &mut self.waiting) {
            writer.failed(error);
            self.writer = None;
        }
    }
    pub(super) fn close(&mut self) {
        self.work();
        self.writer = None;
    }
}

/// Does everything that waits; one sync covers as many writes as fit in a batch.
pub(super) fn all(writer: &mut Writer, waiting: &mut VecDeque<Task>) -> Result<(), StorageError> {
    while let Some(first) = waiting.pop_front() {
        writer.batch(first, || waiting.pop_front())?;
    }
    Ok(())
}
