//! The log on disk: its format, its writer, and how it is read again after a crash. Knows entries, not who wrote them or who has acknowledged.
//!
//! # The format, byte by byte
//!
//! The log is a run of *segments*, files `log-00000001`, `log-00000002`, …, all of one length. A segment is zeroed and synced,
//! with the directory, before it gets its name; a number is never used twice. **The segment after the one being written always
//! exists**: if it is missing, so may be others.
//!
//! The unit of writing is the *batch*: everything that waited when the writer became free, written at once and synced once. It
//! lies in one segment, fills whole blocks of 4 KiB, and the next batch begins behind it. Numbers are little-endian.
//!
//! ```text
//!          0         1         2         3
//!      0  │ mark              │ format  │ flags   │  mark: 'J' 'H', low 16 bits of the batch's number
//!      8  │ storage                               │  low half of the disk's id        ┐
//!     16  │ boot                                  │  low half of the process's id     │ the salt
//!     24  │ segment           │ block             │  where this batch lies            ┘
//!     32  │ number of the batch                   │  one more than the batch before
//!     40  │ seq of the first entry                │
//!     48  │ commit index when it was written      │  a floor: never above the batch's last entry
//!     56  │ count of entries  │ length of body    │
//!     64  │ crc of the rest   │ crc of 0..68      │  crc32c; "the rest" is 72..end, padding and marks included
//!     72  │ body: the entries in postcard, one after the other …
//!    512  │ mark │ body …                              every sector begins with the mark
//!   1024  │ mark │ body …
//!         …
//!         │ mark │ zeros up to a multiple of 4096
//! ```
//!
//! A batch whose first entry is not behind the tail, and whose flag `CUTS` is set, first drops everything from that entry on:
//! a backup's tail that the new primary does not have (P4). Replaying does the same, after checking that the batch continues
//! the chain of hashes there. Batches are numbered without gaps, so their order is never in doubt; the entries' epochs cannot
//! decide it, because a new primary's suffix may have been made in a lower epoch than the tail it replaces.
//!
//! # Verdicts, and why each is right
//!
//! Reading goes batch by batch until something is not the batch that should come next. One batch is written and synced before
//! the next one begins, so **only the last batch can be unfinished, and a batch that was acknowledged is complete**: each of its
//! sectors has been written and has a mark that is not zero. The space it was written to was all zero. Sectors are written
//! whole or not at all. Therefore, looking at what is there instead:
//!
//! - *Only zeros to the end of the log*: nothing was begun. **Sound**, the log ends here.
//! - *A valid batch lies somewhere behind*, with a higher number: the bad one was finished, for its successor was begun.
//!   **Corrupt**. (Of the same disk, in its right place; anything else is a leftover and proves nothing. Segment numbers are
//!   never used twice, so a leftover of an earlier use of the file is never in its right place.)
//! - *One of its sectors is still zero*: it was never finished, hence never acknowledged, and nothing was written after it.
//!   **Torn**: what there is of it is zeroed, durably, and the log ends before it. One flipped bit does not make this of a
//!   finished batch, because a mark has several bits set; and the header, which says how many sectors there are, has a checksum
//!   of its own, because a flipped bit in the length would otherwise make zeros of the free space behind it "missing sectors".
//!   If the header itself cannot be read, the first block decides alone, which every batch has.
//! - *Anything else*: every sector was written and the checksum does not fit, so what was finished has changed since. **Corrupt**.
//!
//! Corrupt means: what lies before is right, and whether more was acknowledged cannot be known. The member keeps what is right
//! for others to see, says why, takes no writes and never leads; it must get a snapshot from a peer, or a new disk. What no
//! single disk can notice (the last batches vanished as if never written) is noticed by the group (P5).
//!
//! # Not trusting the page cache
//!
//! After a failed sync Linux marks pages clean that never reached the disk, and a process that starts then reads them as if they
//! had. Recovery therefore syncs every segment first and reads past the cache where the file system allows it; where not, it
//! writes the batches that it found again, through to the disk, before anything of them is claimed.
mod batch;
mod end;
mod header;
mod recover;
mod segment;
mod verdict;
mod writer;

pub(crate) use end::Supply;
pub(crate) use recover::{Replay, Whose, replay};
#[cfg(test)]
pub(crate) use segment::STRETCH;
pub(crate) use segment::{NEW, Segment, number, prepare};
pub use writer::Write;
pub(crate) use writer::{Batch, Log};

#[cfg(test)]
mod tests;
