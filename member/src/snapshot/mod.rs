//! Snapshots: the machine's state and the log entries that complete it, in one self-contained file. Knows bytes and order, not the machine.
//!
//! A snapshot is *fuzzy* (W5): while the loop walks the state in slices, deltas go on being applied. The walk begins when the
//! state holds everything up to entry s0 and ends when it holds everything up to s1. Deltas are absolute, so loading the
//! slices and then applying the entries (s0, s1] gives exactly the state at s1. The file therefore holds
//!
//! ```text
//! Begin   { format, from: s0 }
//! Slice   bytes of the machine            any number
//! Entries postcard of entries             any number: (s0, s1], chained
//! End     { at: s1, starts, format of the log, slices, entries }, then the reigns
//! ```
//!
//! each as one chunk, so that a damaged or half-sent file is noticed at the first bad chunk:
//!
//! ```text
//!  0  4  length of the payload           little-endian, as all numbers
//!  4  4  index of the chunk, from 0      a chunk in the wrong place is a bad chunk
//!  8  1  kind: 1 Begin, 2 Slice, 3 Entries, 4 End
//!  9  3  zero
//! 12  4  crc32c of bytes 0..12 and the payload
//! 16  …  payload
//! ```
//!
//! The whole file is named by its [`SnapshotId`]: where it ends, how long it is, and a digest of all its bytes. The id is in
//! the file's name and in the superblock, and it is what makes fetching it from a peer resumable: the same id is the same bytes.
//!
//! It is finished only when everything up to s1 is committed. Slices of a primary hold changes that might still be lost;
//! published before s1 is committed they would bring back what the group has dropped.
mod chunk;
mod fetch;
mod read;
mod write;

pub use fetch::{Fetch, FetchError};
pub use read::{Item, Piece, SnapshotFile};
pub use write::SnapshotWriter;

use group::{Epoch, EpochStart, Position, Reign, Seq};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names the bytes of one snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SnapshotId {
    /// The last entry whose effect it holds.
    pub at: Position,
    /// The length of its file in bytes.
    pub bytes: u64,
    /// xxh3 of the whole file.
    pub digest: u64,
}

impl SnapshotId {
    /// The name of its file.
    pub(crate) fn name(&self) -> String {
        format!("{PREFIX}{:016x}-{:016x}", self.at.seq, self.digest)
    }
    /// The name of the file in which it is collected from a peer.
    pub(crate) fn part_name(&self) -> String {
        format!("{PART_PREFIX}{:016x}-{:016x}", self.at.seq, self.digest)
    }
}
impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "up to {:?}, {} bytes, digest {:016x}", self.at, self.bytes, self.digest)
    }
}

/// How names of finished snapshots begin.
pub(crate) const PREFIX: &str = "snapshot-";
/// How names of snapshots begin that are being fetched.
pub(crate) const PART_PREFIX: &str = "fetch-";
/// The file in which a snapshot is made.
pub(crate) const NEW: &str = "snapshot.new";

/// What the group needs to go on from a snapshot, beside the state.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Ending {
    /// s1: the last entry whose effect the snapshot holds.
    pub at: Position,
    /// The epoch-start table up to there.
    pub starts: Vec<EpochStart>,
    /// The last reigns up to there, oldest first: entries that told of them are gone.
    pub reigns: Vec<Reign>,
    /// The log format in force there (F1).
    pub format: u16,
}

/// The first chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Begin {
    format: u32,
    from: Position,
}

/// The last chunk. Behind it in the chunk come the reigns, which the first snapshots did not have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct End {
    at: Seq,
    epoch: Epoch,
    hash: u64,
    starts: Vec<EpochStart>,
    format: u16,
    slices: u64,
    entries: u64,
}
