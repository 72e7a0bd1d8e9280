//! A thread that writes the log: takes all tasks that wait, does one sync for all of them, reports. Knows its queue.
use super::error::StorageError;
use super::handle::spawn;
use super::writer::{Later, Task, Writer};
use crate::sync::mpsc::{self, Receiver, Sender};
use crate::sync::thread::JoinHandle;
use std::sync::Arc;

/// The loop's end of the thread.
pub(super) struct Thread {
    tasks: Sender<Task>,
    thread: Option<JoinHandle<()>>,
}

/// The queue of a thread that is yet to be started, and where the keeper puts its tasks.
pub(super) fn queue() -> (Sender<Task>, Receiver<Task>, Later) {
    let (tasks, queue) = mpsc::channel();
    let later = tasks.clone();
    // A thread that is gone has reported `Done::Failed`, and the loop ends at that.
    (tasks, queue, Arc::new(move |task| drop(later.send(task))))
}

impl Thread {
    pub(super) fn start(writer: Writer, tasks: Sender<Task>, queue: Receiver<Task>) -> Thread {
        Thread { tasks, thread: Some(spawn("log", move || run(writer, &queue))) }
    }
    pub(super) fn task(&self, task: Task) {
        drop(self.tasks.send(task));
    }
    pub(super) fn close(&mut self) {
        self.task(Task::Stop);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(mut writer: Writer, tasks: &Receiver<Task>) {
    if let Err(error) = work(&mut writer, tasks) {
        writer.failed(error);
    }
}

/// Until `Task::Stop`.
fn work(writer: &mut Writer, tasks: &Receiver<Task>) -> Result<(), StorageError> {
    while let Ok(first) = tasks.recv() {
        if !writer.batch(first, || tasks.try_recv().ok())? {
            break;
        }
    }
    Ok(())
}
