//! The event loop's end of the storage: tasks go in, completions come out. Knows the queues and their bounds; does no I/O.
//!
//! Two threads stand behind it. The *log writer* owns superblock and log: it takes everything that waits, puts it on the disk
//! with one write and one sync, and reports. The *keeper* does what takes long and may wait: zeroing the segment after the
//! next, writing snapshots, collecting fetched ones. The keeper never holds up the writer, except when a whole segment was
//! filled in less time than another could be zeroed.
//!
//! Neither queue blocks the loop. The loop must carry out what the group asks for, so the bound is kept where work enters:
//! while [`Handle::has_room`] says no it takes no more from clients and peers, and while [`Handle::slice`] gives a slice back
//! it waits with the next one.
use super::error::StorageError;
use super::keeper::{self, Chore};
use super::recovered::Recovered;
use super::writer::{self, Task};
use super::{Opening, Store, format};
use crate::disk::Disk;
use crate::limits::{LOG_QUEUE_BYTES, SLICE_QUEUE};
use crate::log::Write;
use crate::snapshot::{Ending, Piece, SnapshotFile, SnapshotId};
use bytes::Bytes;
use group::{BootId, Entry, Epoch, GroupId, Position, StorageId, View};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

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
    tasks: mpsc::Sender<Task>,
    chores: mpsc::Sender<Chore>,
    waiting_bytes: Arc<AtomicUsize>,
    waiting_slices: Arc<AtomicUsize>,
    writer: Option<JoinHandle<()>>,
    keeper: Option<JoinHandle<()>>,
}

/// Opens the data directory, makes it a member's if it is blank, and starts the threads.
///
/// # Errors
/// See [`StorageError`]; each says what to do.
pub fn open(
    dir: &Path,
    boot: BootId,
    notify: impl Fn(Done) + Send + Sync + 'static,
) -> Result<(Recovered, Handle), StorageError> {
    let disk = format::lock(dir)?;
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system gives random bits");
    let opening = Opening::new(boot, StorageId(u128::from_le_bytes(bits)));
    open_on(Arc::new(disk), &dir.display().to_string(), opening, notify)
}

/// The same on any disk; `dir` names it in messages.
///
/// # Errors
/// See [`StorageError`]; each says what to do.
pub fn open_on(
    disk: Arc<dyn Disk>,
    dir: &str,
    opening: Opening,
    notify: impl Fn(Done) + Send + Sync + 'static,
) -> Result<(Recovered, Handle), StorageError> {
    let notify: Notify = Arc::new(notify);
    let (tasks, task_queue) = mpsc::channel();
    let (chores, chore_queue) = mpsc::channel();
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let waiting_slices = Arc::new(AtomicUsize::new(0));
    let (supply, segments) = keeper::supply(chores.clone());
    let keeper =
        keeper::Keeper::new(disk.clone(), dir, tasks.clone(), segments, notify.clone(), waiting_slices.clone());
    // The keeper runs first, because a log may want a segment as soon as it is opened.
    let keeper = Some(spawn("keeper", move || keeper.run(&chore_queue)));
    let mut handle = Handle { tasks, chores, waiting_bytes, waiting_slices, writer: None, keeper };
    let (store, recovered) = Store::open_with(disk, dir, opening, Box::new(supply))?;
    let writer = writer::Writer::new(store, notify, handle.waiting_bytes.clone());
    handle.writer = Some(spawn("log", move || writer.run(&task_queue)));
    Ok((recovered, handle))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).expect("a process has room for three threads")
}

impl Handle {
    /// One that has nobody behind it.
    pub(super) fn without_threads(tasks: mpsc::Sender<Task>, chores: mpsc::Sender<Chore>) -> Handle {
        let (waiting_bytes, waiting_slices) = (Arc::default(), Arc::default());
        Handle { tasks, chores, waiting_bytes, waiting_slices, writer: None, keeper: None }
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
    pub fn write(&self, write: Write) {
        let bytes: usize = write.entries.iter().map(Entry::weight).sum();
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.task(Task::Write(write, bytes));
    }
    /// Remembers promise and view; answered by `Done::Saved`.
    pub fn save(&self, save: Save) {
        self.task(Task::Save(save));
    }
    /// Marks the disk to be formatted anew; answered by `Done::Reset`.
    pub fn reset(&self) {
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

    // A thread that is gone has reported `Done::Failed`, and the loop ends at that.
    fn task(&self, task: Task) {
        drop(self.tasks.send(task));
    }
    fn chore(&self, chore: Chore) {
        drop(self.chores.send(chore));
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The writer first: it may be waiting for a segment of the keeper's.
        self.task(Task::Stop);
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
        self.chore(Chore::Stop);
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}
