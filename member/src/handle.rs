//! The application's handle on its running member: submit, read, leave, events. Knows the channel to the loop and nothing behind it.
use crate::answer::{Answer, Consistency, Cursor, History, Rejection};
use crate::limits;
use crate::machine::LoadError;
use crate::running::BadSnapshot;
use crate::store::{LogWriter, StorageError};
use bytes::Bytes;
use group::{Epoch, Pod, Proposal, Role, Status, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Where members are: name → `host:port`. Looked up at every dial, so that a pod that moved is found again.
pub type Directory = watch::Receiver<BTreeMap<Pod, String>>;

/// A directory that never changes.
pub fn directory(members: impl IntoIterator<Item = (Pod, String)>) -> Directory {
    watch::channel(members.into_iter().collect()).1
}

/// What a member needs to run.
pub struct Config {
    /// Its own name.
    pub pod: Pod,
    /// Its data directory; one process at a time.
    pub dir: PathBuf,
    /// Where peers, front ends and controllers reach it.
    pub listener: std::net::TcpListener,
    /// The members to keep connections to (its own name in there is passed over).
    pub peers: Directory,
    /// Who writes the log.
    pub log_writer: LogWriter,
    /// A snapshot is taken when the log since the last one has this many bytes; `limits::SNAPSHOT_EVERY_BYTES`, less in tests.
    pub snapshot_every_bytes: usize,
}

impl Config {
    /// The ordinary configuration.
    pub fn new(pod: Pod, dir: PathBuf, listener: std::net::TcpListener, peers: Directory) -> Config {
        Config {
            pod,
            dir,
            listener,
            peers,
            log_writer: LogWriter::default(),
            snapshot_every_bytes: limits::SNAPSHOT_EVERY_BYTES,
        }
    }
}

/// Why a member cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The machine cannot read its own snapshot.
    #[error(transparent)]
    Load(#[from] LoadError),
}
impl From<BadSnapshot> for JoinError {
    fn from(bad: BadSnapshot) -> JoinError {
        match bad {
            BadSnapshot::Load(error) => JoinError::Load(error),
            BadSnapshot::Storage(error) => JoinError::Storage(error),
        }
    }
}

/// From the place where the view is kept to the member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// A watch event; may be old.
    View(View),
    /// The answer to `Ask::Read { held }`: what a fresh read gave.
    Stored {
        /// The version that was asked with.
        held: u64,
        /// The view object, or none.
        view: Option<View>,
    },
}

/// From the member to the place where the view is kept. The program carries it out; outcomes are *seen*, never reported (V4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Write this view if its base is still current.
    Propose(Proposal),
    /// Read the view afresh and answer with `Seen::Stored`.
    Read {
        /// The version this member holds.
        held: u64,
    },
}

/// What happens in the group, for the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A higher view was adopted.
    ViewChanged(View),
    /// A committed entry of the application was applied here.
    Delivered(crate::answer::Delivered),
    /// A member fetches this one's snapshot.
    StateRequested,
    /// This member's role changed.
    RoleChanged(Role),
}

/// How the life of a member ended. The process should exit; its supervisor starts another (crash-only).
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It left by plan (H1).
    #[error("left by plan")]
    Left,
    /// Another leads: come back as a backup or learner (D1).
    #[error("demoted by epoch {by}")]
    Demoted {
        /// The epoch that ended it.
        by: Epoch,
    },
    /// Its disk was set back (P5) or a forced loss did not keep it (U1); it is formatted anew.
    #[error("the disk was out of date and has been formatted anew: {why}")]
    Reset {
        /// Which of the two.
        why: &'static str,
    },
    /// The disk failed. Nothing in memory may be trusted to be on it.
    #[error("the disk failed: {0}")]
    Disk(StorageError),
    /// The disk was found corrupt while this member led.
    #[error("the disk was found corrupt while leading")]
    Unsound,
    /// The machine cannot take in a snapshot.
    #[error(transparent)]
    Load(LoadError),
    /// The listener cannot be used.
    #[error("use the listener: {0}")]
    Listener(std::io::Error),
}

/// A request of this process itself.
pub(crate) enum Local {
    Submit(Bytes, oneshot::Sender<Result<Answer, Rejection>>),
    Read(Consistency, Bytes, oneshot::Sender<Result<Answer, Rejection>>),
    Log(Cursor, usize, oneshot::Sender<History>),
    Report(oneshot::Sender<Report>),
    HandOver(Pod, Epoch),
    Leave,
}

/// A member's account of itself: what the protocol knows, and what only the shell does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The protocol's.
    pub status: Status,
    /// The reigns still known: the history of failovers, oldest first.
    pub reigns: Vec<group::Reign>,
    /// Figures for metrics.
    pub figures: Figures,
}

/// Figures of a running member, all counted since it started.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Commands that changed the state.
    pub changes: u64,
    /// Reads, refusals and duplicates.
    pub reads: u64,
    /// Requests sent away because it does not lead or drains.
    pub sent_away: u64,
    /// Requests refused because too much waits.
    pub busy: u64,
    /// Answers held at this moment.
    pub held: usize,
    /// Connections open at this moment.
    pub connections: usize,
    /// Turns of the loop.
    pub turns: u64,
    /// Snapshots published.
    pub snapshots: u64,
    /// Entries applied to the state.
    pub applied: u64,
}

/// A running member, as its application holds it. Cheap to clone; may be used from any thread.
#[derive(Clone)]
pub struct Member {
    pub(crate) requests: mpsc::Sender<Local>,
    pub(crate) events: broadcast::Sender<Event>,
}

impl Member {
    /// Executes a command if this member leads.
    ///
    /// # Errors
    /// It does not lead, drains, or holds too much. Nothing was executed.
    /// If the member ends before the answer may leave, `None` comes back: the outcome is unknown.
    pub async fn submit(&self, command: Bytes) -> Option<Result<Answer, Rejection>> {
        self.ask(|reply| Local::Submit(command, reply)).await
    }

    /// Answers a read; see [`Consistency`]. `None` if the member ends first.
    pub async fn read(&self, consistency: Consistency, request: Bytes) -> Option<Result<Answer, Rejection>> {
        self.ask(|reply| Local::Read(consistency, request, reply)).await
    }

    /// Committed entries after a cursor, at most `max`. `None` if the member has ended.
    pub async fn log(&self, after: Cursor, max: usize) -> Option<History> {
        self.ask(|reply| Local::Log(after, max, reply)).await
    }

    /// What the member says of itself. `None` if it has ended.
    pub async fn report(&self) -> Option<Report> {
        self.ask(Local::Report).await
    }

    /// Asks that `to` lead, if the epoch is still `epoch` and this member leads (H1).
    pub async fn hand_over(&self, to: Pod, epoch: Epoch) {
        let _ = self.requests.send(Local::HandOver(to, epoch)).await;
    }

    /// Leaves the group by plan (H1): a backup is shrunk out, a primary hands over; then `Running::run` returns. At most
    /// `group::limits::LEAVE_MS`.
    pub async fn leave(&self) {
        let _ = self.requests.send(Local::Leave).await;
    }

    /// Events from here on. A listener that falls more than `limits::EVENTS` behind is told how many it missed.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn new() -> (Member, mpsc::Receiver<Local>) {
        let (requests, inbox) = mpsc::channel(limits::LOCAL_REQUESTS);
        let events = broadcast::channel(limits::EVENTS).0;
        (Member { requests, events }, inbox)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Local) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.ok()?;
        answer.await.ok()
    }
}
