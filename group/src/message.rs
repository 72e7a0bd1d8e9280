//! What members say to each other. Meaning only: the bytes and the connections belong to the shell.
use crate::entry::Entry;
use crate::ids::{BootId, Epoch, Pod, Position, Seq, StorageId, Wall};
use crate::view::View;
use serde::{Deserialize, Serialize};

/// Who is at the other end of a connection. Told once, when it opens; every message of it speaks for this disk and process.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Peer {
    /// Its name.
    pub pod: Pod,
    /// Its disk.
    pub storage: StorageId,
    /// Its process.
    pub boot: BootId,
}

/// Where an epoch's first entry stands in a log: a row of Kafka's leader-epoch cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: Epoch,
    /// Its first entry in this log (or, for the oldest row, the place before which nothing is known).
    pub seq: Seq,
}

/// A message between two members. Any of them proves that the sender lives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Primary to member: I lead this epoch by this view; promise it and tell me your log (P3).
    NewEpoch {
        /// The view that says so.
        view: View,
    },
    /// Member to primary: promised and on disk; this is my log. Also the answer to an `Append` that did not fit.
    Promised {
        /// The epoch promised.
        epoch: Epoch,
        /// The epoch-start table of my log.
        starts: Vec<EpochStart>,
        /// The end of my log.
        tail: Position,
        /// How far I know it committed.
        commit: Seq,
        /// The newest log format this process can write (F1).
        format: u16,
        /// My wall clock (T1).
        clock: Wall,
    },
    /// Primary to member: entries after `prev` (W3), the commit index, and a nonce that the answer repeats. With no
    /// entries it is a heartbeat and a read barrier (R1).
    Append {
        /// The primary's epoch.
        epoch: Epoch,
        /// Grows with every message to anyone; an answer with this number was made after it was sent.
        nonce: u64,
        /// The entry before the first one sent.
        prev: Position,
        /// The entries.
        entries: Vec<Entry>,
        /// How far the primary knows the log committed.
        commit: Seq,
    },
    /// Member to primary: I hold all entries up to `durable` on my disk, and have answered up to `nonce`.
    Ack {
        /// The epoch it is said in.
        epoch: Epoch,
        /// Synced, and verified to be the primary's entries.
        durable: Seq,
        /// The highest nonce received.
        nonce: u64,
        /// My wall clock (T1).
        clock: Wall,
    },
    /// Primary to learner: the log no longer reaches back to you; fetch my snapshot (C1).
    TakeSnapshot {
        /// The primary's epoch.
        epoch: Epoch,
    },
    /// Member to a sender of a lower epoch: this is the view I hold; step down.
    Stale {
        /// The epoch promised.
        promised: Epoch,
        /// The newest view seen.
        view: Option<View>,
    },
    /// Backup to primary: I leave by plan; shrink me out (H1).
    Leave,
    /// Primary to member: your disk lacks what it once acknowledged; start anew, empty (P5).
    Reset {
        /// The primary's epoch.
        epoch: Epoch,
    },
    /// Anyone to anyone: a view that you may not have seen.
    News {
        /// The view.
        view: View,
    },
}
