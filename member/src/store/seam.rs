//! The seam between the event loop and its log: who writes a batch, and on which thread. Knows three answers; `docs/decisions/0007-a-thread-writes-the-log.md` measures them.
use super::inline::Inline;
use super::ring::Ring;
use super::thread::Thread;
use super::writer::Task;
use crate::sync::mpsc::Sender;
use std::str::FromStr;
use std::task::{Context, Poll};

/// Who writes the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogWriter {
    /// A thread of its own: the loop never waits for the disk.
    #[default]
    Thread,
    /// The loop itself, which stands still for as long as the disk does.
    Inline,
    /// The kernel, by `io_uring`: the loop begins a write and hears when it is done. Where the kernel or the file system does not
    /// allow that, the thread.
    IoUring,
}

/// A name that is none of a log writer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} writes no log: choose thread, inline or io-uring")]
pub struct NoSuchWriter(String);

impl FromStr for LogWriter {
    type Err = NoSuchWriter;
    fn from_str(name: &str) -> Result<LogWriter, NoSuchWriter> {
        match name {
            "thread" => Ok(LogWriter::Thread),
            "inline" => Ok(LogWriter::Inline),
            "io-uring" => Ok(LogWriter::IoUring),
            _ => Err(NoSuchWriter(name.to_owned())),
        }
    }
}

/// What stands behind the seam: tasks go in, `Done` comes out where the storage was told to put it.
pub(super) enum Seam {
    Thread(Thread),
    Inline(Box<Inline>),
    Ring(Box<Ring>),
    /// Somebody takes the tasks by hand.
    Hands(Sender<Task>),
}

impl Seam {
    /// Takes a task; never waits.
    pub(super) fn task(&mut self, task: Task) {
        match self {
            Seam::Thread(thread) => thread.task(task),
            Seam::Inline(inline) => inline.task(task),
            Seam::Ring(ring) => ring.task(task),
            Seam::Hands(tasks) => drop(tasks.send(task)),
        }
    }
    /// Goes on with what needs the loop. Ready: something was done.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Seam::Thread(_) | Seam::Hands(_) => Poll::Pending,
            Seam::Inline(inline) => inline.poll(context),
            Seam::Ring(ring) => ring.poll(context),
        }
    }
    /// Does all that waits, and ends.
    pub(super) fn close(&mut self) {
        match self {
            Seam::Thread(thread) => thread.close(),
            Seam::Inline(inline) => inline.close(),
            Seam::Ring(ring) => ring.close(),
            Seam::Hands(_) => {}
        }
    }
}
