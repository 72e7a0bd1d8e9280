//! Where the log ends and what it goes on with. Knows segments and what they hold, not how they are written.
use super::header::Salt;
use super::segment::Segment;
use crate::store::error::StorageError;
use group::Seq;
use std::collections::VecDeque;

/// Where segments come from. Two implementers: one makes them when they are wanted, one has a thread make them ahead.
pub(crate) trait Supply: Send {
    /// Asks for segment `number` of this length, using the file of `old` again if there is one. At most one is asked for at
    /// a time.
    fn order(&mut self, number: u32, bytes: u32, old: Option<u32>) -> Result<(), StorageError>;
    /// The segment asked for, waiting for it if need be.
    fn take(&mut self) -> Result<Segment, StorageError>;
    /// Whether `take` would not wait.
    fn is_ready(&mut self) -> bool;
}

/// A segment that holds batches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) segment: u32,
    /// Its first batch.
    pub(super) batch: u64,
    /// The highest entry in it.
    pub(super) highest: Seq,
}

/// Where the log ends and how it goes on.
pub(super) struct End {
    pub(super) salt: Salt,
    /// The number of the next batch.
    pub(super) number: u64,
    /// The next block of the first of `segments`.
    pub(super) block: u32,
    /// The segment being written and those ready behind it.
    pub(super) segments: VecDeque<Segment>,
    pub(super) spans: VecDeque<Span>,
}
impl Default for End {
    fn default() -> End {
        let salt = Salt { storage: 0, boot: 0 };
        End { salt, number: 1, block: 0, segments: VecDeque::new(), spans: VecDeque::new() }
    }
}

impl End {
    /// Batch `batch`, whose last entry is `last`, lies in this segment.
    pub(super) fn note(&mut self, segment: u32, batch: u64, last: Seq) {
        self.number = batch + 1;
        match self.spans.back_mut() {
            Some(span) if span.segment == segment => span.highest = span.highest.max(last),
            _ => self.spans.push_back(Span { segment, batch, highest: last }),
        }
    }
}
