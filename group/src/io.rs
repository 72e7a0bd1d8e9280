//! The two lists: everything that can happen to a member, and everything it can ask of the world. Nothing else passes in or out.
use crate::entry::{Entry, Reign};
use crate::ids::{Pod, Position, Seq, Wall};
use crate::message::{EpochStart, Message, Peer};
use crate::status::Role;
use crate::view::{Fence, Proposal, View};
use crate::{Epoch, GroupId};
use bytes::Bytes;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// `limits::TICK_MS` have passed, and every message that had arrived before was given first.
    Tick,
    /// A view seen somewhere: a watch event, or pushed by a controller. May be old.
    View(View),
    /// The answer to `Output::ReadView`: what the store holds, read after `held` was this member's version.
    /// `None`: there is no view object.
    Stored {
        /// The version that `ReadView` named.
        held: u64,
        /// What a fresh read gave.
        view: Option<View>,
    },
    /// A connection to this peer was opened, in either direction; it is this disk and process.
    Connected(Peer),
    /// The last connection to this pod ended. `refused`: a new attempt was refused at once, so its process is dead.
    Disconnected {
        /// Who.
        pod: Pod,
        /// Whether its port refuses connections.
        refused: bool,
    },
    /// A message arrived.
    Receive {
        /// Who sent it (as told when the connection opened).
        from: Peer,
        /// What it says.
        message: Message,
    },
    /// All writes up to this one (`Output::Write::write`) are on the disk.
    Written {
        /// Its number.
        write: u64,
    },
    /// All saves up to this one (`Output::Save::save`) are on the disk.
    Saved {
        /// Its number.
        save: u64,
    },
    /// The application's change, computed on the state that includes everything appended. Only given while `Core::serving`
    /// says yes. It becomes the entry `Core::tail().seq + 1`.
    Propose {
        /// The log time it was computed for (`Core::log_time`).
        at: Wall,
        /// Delta and what else the application wants to find again.
        body: Bytes,
    },
    /// An answer was computed that appended nothing (W4): tell when it may leave (R1).
    Read {
        /// The caller's number for it; must grow.
        ticket: u64,
    },
    /// A snapshot that covers everything up to here is published on this disk.
    SnapshotTaken {
        /// Its last entry; it must be committed.
        at: Position,
    },
    /// The snapshot fetched after `Output::FetchSnapshot` is on this disk and in the machine; log and state now begin here.
    SnapshotInstalled {
        /// Its last entry.
        at: Position,
        /// The epoch-start table up to it.
        starts: Vec<EpochStart>,
        /// The last reigns up to it, oldest first.
        reigns: Vec<Reign>,
        /// The log format in force there (F1).
        format: u16,
    },
    /// The snapshot asked for by `Output::FetchSnapshot` is not fetched any more: if it is still wanted, ask again.
    FetchGivenUp,
    /// The operator is about to rebuild a lost view (V3): promise to follow nothing below it. Said again until the status shows it.
    Fence(Fence),
    /// Stop by plan: SIGTERM (H1).
    Leave,
    /// Someone asks that another member lead, if the epoch is still this one (H1).
    HandOver {
        /// Who shall lead.
        to: Pod,
        /// The epoch that the asker saw.
        epoch: Epoch,
    },
    /// The disk can no longer be trusted (a read found corruption): give up membership.
    DiskUnsound {
        /// What was found.
        why: String,
    },
}

/// Something the world is asked to do. Outputs are carried out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Append these entries; if `cut` is set, first drop everything after it. Answer with `Input::Written`.
    Write {
        /// Number of this write; grows by one.
        write: u64,
        /// Keep entries up to here and drop the rest.
        cut: Option<Seq>,
        /// What to append; never empty.
        entries: Vec<Entry>,
        /// The commit index to note in the frame: a floor for recovery.
        commit: Seq,
    },
    /// Put promised epoch and view in the superblock. Answer with `Input::Saved`.
    Save {
        /// Number of this save; grows by one.
        save: u64,
        /// The group, once known.
        group: Option<GroupId>,
        /// The epoch promised (W2).
        promised: Epoch,
        /// The newest view seen (V3).
        view: Option<View>,
    },
    /// Send to this pod on the open connection; drop it if there is none.
    Send {
        /// To whom.
        to: Pod,
        /// What.
        message: Message,
    },
    /// Write this view if its base is still current. The outcome is not reported: it is *seen* (V4).
    Propose(Proposal),
    /// Read the view afresh from the store and answer with `Input::Stored { held, .. }`.
    ReadView {
        /// The version this member holds.
        held: u64,
    },
    /// The log is committed up to here: apply what is not applied, tell subscribers, let answers of writes leave.
    Committed {
        /// The last committed entry.
        seq: Seq,
    },
    /// Answers of reads up to this ticket may leave.
    ReadReady {
        /// The last one.
        ticket: u64,
    },
    /// This member leads now: apply the whole log, committed or not, and take requests. Answers are held anyway (W4).
    Lead {
        /// Its epoch.
        epoch: Epoch,
    },
    /// The role changed, or a primary began or ceased to drain: tell front ends and controllers (`Core::status`).
    Changed(Role),
    /// A higher view was adopted: push it to front ends and controllers, and look for its members.
    Viewed(View),
    /// Fetch the snapshot of this pod, install it, and answer with `Input::SnapshotInstalled` (C1).
    FetchSnapshot {
        /// Whose.
        from: Pod,
        /// The epoch promised: a view of a later one makes the fetch void, no other view does.
        epoch: Epoch,
    },
    /// Entries up to here are no longer needed: the log may drop them on disk too.
    Trim {
        /// The last one that may go.
        upto: Seq,
    },
    /// This disk is as good as wiped (P5, U1): format it anew with another storage id, then exit.
    Reset {
        /// Why.
        why: Stop,
    },
    /// End the process, dropping held answers (D1); the supervisor starts it again if it should.
    Exit {
        /// Why.
        why: Stop,
    },
}

/// Why a process ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Another leads; come back as a backup or learner (D1).
    Demoted {
        /// The epoch that ended it.
        by: Epoch,
    },
    /// It left by plan and is out of the set, or the time for that is over.
    Left,
    /// Its disk is older than what it acknowledged (P5).
    Outdated,
    /// Its disk was found corrupt while it led.
    Unsound,
    /// A loss was forced and this disk was not kept (U1).
    LossForced,
}
