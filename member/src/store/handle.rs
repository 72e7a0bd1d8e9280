//! The event loop's end of the storage: tasks go in, completions come out. Knows the queues and their bounds; does no I/O.
//!
//! Two stand behind it. The *log writer* owns superblock and log: it takes everything that waits, puts it on the disk
//! with one write and one sync, and reports. Who that is is chosen ([`LogWriter`]): a thread, the loop, or the kernel. The
//! *keeper* is a thread that does what takes long and may wait: zeroing the segment after the next, writing snapshots,
//! collecting fetched ones. The keeper never holds up the writer, except when a whole segment was filled in less time than
//! another could be zeroed.
//!
//! Neither queue blocks the loop. The loop must carry out what the group asks for, so the bound is kept where work enters:
//! while [`Handle::has_room`] says no it takes no more from clients and peers, and while [`Handle::slice`] gives a slice back
//! it waits with the next one.
use super::error::StorageError;
use super::keeper::{self, Chore, Hurry, Keeper};
use super::recovered::Recovered;
use super::seam::{LogWriter, Seam};
use super::thread::{self, Thread};
use super::writer::{Later, Task, Writer};
use super::{Opening, Store, format, inline, ring};
use crate::disk::{Disk, Lane};
use crate::limits::{LOG_QUEUE_BYTES, SLICE_QUEUE};
use crate::log::Write;
use crate::snapshot::{Ending, Piece, SnapshotFile, SnapshotId};
use crate::sync::thread::{self as threads, JoinHandle};
use crate::sync::{AtomicUsize, Ordering, mpsc};
use bytes::Bytes;
use group::{BootId, Entry, Epoch, GroupId, Position, StorageId, View};
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// What `group::Output::Save` asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Save {
    /// Its number.
    pub save: u64,
    /// The group, once known.
    pub group: Option<GroupId>,
    /// The epoch promised.
    pub promised: Epoch,
    /// The newest view seen.
    pub view: Option<View>,
}

/// Something is on the disk, or will never be.
#[derive(Debug)]
pub enum Done {
    /// All writes up to this one (`group::Input::Written`).
    Written {
        /// Its number.
        write: u64,
    },
    /// All saves up to this one (`group::Input::Saved`).
    Saved {
        /// Its number.
        save: u64,
    },
    /// The snapshot that was finished is the one to recover from (`group::Input::SnapshotTaken`).
    Published {
        /// For sending it to peers.
        snapshot: SnapshotFile,
    },
    /// The snapshot being fetched is wanted from here on: ask its owner for a piece. Comes after `fetch` and after every
    /// piece, good or bad.
    Wants {
        /// Which snapshot.
        id: SnapshotId,
        /// Where the next piece begins.
        offset: u64,
    },
    /// What was fetched is not that snapshot and was thrown away: ask for the newest one and begin again.
    FetchFailed {
        /// What was wrong.
        why: String,
    },
    /// The fetched snapshot is the beginning of everything now: load it, then `group::Input::SnapshotInstalled`.
    Installed {
        /// To load, and for sending it on.
        snapshot: SnapshotFile,
        /// What the group needs to go on from it.
        ending: Ending,
    },
    /// The disk is marked to be formatted anew when it is opened next: end the process.
    Reset,
    /// The process must end, saying this. Nothing that was not reported is acknowledged, so nothing is lost.
    Failed(StorageError),
}

/// Where completions go: called on the storage's threads, must not block.
pub(super) type Notify = Arc<dyn Fn(Done) + Send + Sync>;

/// The storage of a running member. Dropping it writes what waits, ends the threads and gives the directory free.
pub struct Handle {
    /// None only while it is put together.
    writer: Option<Seam>,
    chores: mpsc::Sender<Chore>,
    waiting_bytes: Arc<AtomicUsize>,
    waiting_slices: Arc<AtomicUsize>,
    keeper: Option<JoinHandle<()>>,
    hurry: Hurry,
}

/// Opens the data directory, makes it a member's if it is blank, and starts the threads.
///
/// # Errors
/// See [`StorageError`]; each says what to do.
pub fn open(
    dir: &Path,
    boot: BootId,
    how: LogWriter,
    notify: impl Fn(Done) + Send + Sync + 'static,
) -> Result<(Recovered, Handle), StorageError> {
    let disk = format::lock(dir)?;
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system gives random bits");
    let opening = Opening::new(boot, StorageId(u128::from_le_bytes(bits)));
    open_on(Arc::new(disk), &dir.display().to_string(), opening, how, notify)
}

/// The same on any disk; `dir` names it in messages.
///
/// # Errors
/// See [`StorageError`]; each says what to do.
pub fn open_on(
    disk: Arc<dyn Disk>,
    dir: &str,
    opening: Opening,
    how: LogWriter,
    notify: impl Fn(Done) + Send + Sync + 'static,
) -> Result<(Recovered, Handle), StorageError> {
    let notify: Notify = Arc::new(notify);
    let (chores, chore_queue) = mpsc::channel();
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let waiting_slices = Arc::new(AtomicUsize::new(0));
    let hurry = Hurry::default();
    let (supply, segments) = keeper::supply(chores.clone(), hurry.clone());
    let (queues, later) = Queues::of(how, &*disk);
    let keeper = Keeper::new(disk.clone(), dir, later, segments, notify.clone(), waiting_slices.clone(), hurry.clone());
    // The keeper runs first, because a log may want a segment as soon as it is opened.
    let keeper = Some(spawn("keeper", move || keeper.run(&chore_queue)));
    let mut handle = Handle { writer: None, chores, waiting_bytes, waiting_slices, keeper, hurry };
    let (store, recovered) = Store::open_with(disk, dir, opening, Box::new(supply))?;
    handle.writer = Some(queues.seam(Writer::new(store, notify, handle.waiting_bytes.clone())));
    Ok((recovered, handle))
}

/// What the writer will be made of.
enum Queues {
    Thread(mpsc::Sender<Task>, mpsc::Receiver<Task>),
    Inline(UnboundedReceiver<Task>),
    Ring(Box<dyn Lane>, UnboundedSender<ring::Word>, UnboundedReceiver<ring::Word>),
}

impl Queues {
    fn of(how: LogWriter, disk: &dyn Disk) -> (Queues, Later) {
        match how {
            LogWriter::Thread => {
                let (tasks, queue, later) = thread::queue();
                (Queues::Thread(tasks, queue), later)
            }
            LogWriter::Inline => {
                let (queue, later) = inline::queue();
                (Queues::Inline(queue), later)
            }
            LogWriter::IoUring => match disk.lane() {
                Ok(lane) => {
                    let (word, words, later) = ring::queue();
                    (Queues::Ring(lane, word, words), later)
                }
                Err(error) => {
                    tracing::warn!(%error, "io_uring cannot write the log here; a thread does");
                    Queues::of(LogWriter::Thread, disk)
                }
            },
        }
    }
    fn seam(self, writer: Writer) -> Seam {
        match self {
            Queues::Thread(tasks, queue) => Seam::Thread(Thread::start(writer, tasks, queue)),
            Queues::Inline(queue) => Seam::Inline(Box::new(inline::Inline::new(writer, queue))),
            Queues::Ring(lane, word, words) => Seam::Ring(Box::new(ring::Ring::new(writer, lane, word, words))),
        }
    }
}

pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    threads::Builder::new().name(name.to_owned()).spawn(work).expect("a process has room for three threads")
}

impl Handle {
    /// One that has nobody behind it.
    pub(super) fn without_threads(tasks: mpsc::Sender<Task>, chores: mpsc::Sender<Chore>) -> Handle {
        let (waiting_bytes, waiting_slices) = (Arc::default(), Arc::default());
        Handle {
            writer: Some(Seam::Hands(tasks)),
            chores,
            waiting_bytes,
            waiting_slices,
            keeper: None,
            hurry: Hurry::default(),
        }
    }
    pub(super) fn waiting_bytes(&self) -> Arc<AtomicUsize> {
        self.waiting_bytes.clone()
    }
    pub(super) fn waiting_slices(&self) -> Arc<AtomicUsize> {
        self.waiting_slices.clone()
    }

    /// Whether more work may be taken in.
    pub fn has_room(&self) -> bool {
        self.waiting_bytes.load(Ordering::Relaxed) < LOG_QUEUE_BYTES
    }
    /// Appends entries; answered by `Done::Written`, unless the disk is unsound.
    pub fn write(&mut self, write: Write) {
        let bytes: usize = write.entries.iter().map(Entry::weight).sum();
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.task(Task::Write(write, bytes));
    }
    /// Remembers promise and view; answered by `Done::Saved`.
    pub fn save(&mut self, save: Save) {
        self.task(Task::Save(save));
    }
    /// Marks the disk to be formatted anew; answered by `Done::Reset`.
    pub fn reset(&mut self) {
        self.task(Task::Reset);
    }

    /// Begins a snapshot of a state that holds everything up to `from`, giving up one that is being made.
    pub fn begin_snapshot(&self, from: Position) {
        self.chore(Chore::Begin(from));
    }
    /// Adds a slice of the state to the snapshot.
    ///
    /// # Errors
    /// Enough of them wait: here it is back, try again later.
    pub fn slice(&self, slice: Bytes) -> Result<(), Bytes> {
        if self.waiting_slices.load(Ordering::Relaxed) >= SLICE_QUEUE {
            return Err(slice);
        }
        self.waiting_slices.fetch_add(1, Ordering::Relaxed);
        self.chore(Chore::Slice(slice));
        Ok(())
    }
    /// Completes the snapshot: `entries` are those after where it began, up to `ending.at`, which **must be committed** (W5)
    /// and must have been given to `write`. Answered by `Done::Published`.
    pub fn finish_snapshot(&self, ending: Ending, entries: Vec<Entry>) {
        self.chore(Chore::Finish(ending, entries));
    }

    /// Begins to fetch this snapshot from a peer, or goes on with it; answered by `Done::Wants`.
    pub fn fetch(&self, id: SnapshotId) {
        self.chore(Chore::Fetch(id));
    }
    /// Takes a piece that `Done::Wants` asked for. Answered by `Done::Wants`; after the last one by `Done::Installed` or
    /// `Done::FetchFailed`.
    pub fn fetched(&self, piece: Piece) {
        self.chore(Chore::Piece(piece));
    }

    /// Does what of the writer's work is the loop's. Comes back when something was done, which `Done` may tell of; may be
    /// dropped at any time.
    pub async fn progress(&mut self) {
        std::future::poll_fn(|context| match &mut self.writer {
            Some(writer) => writer.poll(context),
            None => Poll::Pending,
        })
        .await;
    }

    // A writer that is gone has reported `Done::Failed`, and the loop ends at that.
    fn task(&mut self, task: Task) {
        if let Some(writer) = &mut self.writer {
            writer.task(task);
        }
    }
    fn chore(&self, chore: Chore) {
        drop(self.chores.send(chore));
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The writer first: it may be waiting for a segment of the keeper's.
        if let Some(mut writer) = self.writer.take() {
            writer.close();
        }
        self.hurry.set(true);
        self.chore(Chore::Stop);
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}
