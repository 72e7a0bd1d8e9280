//! Mistakes that can be planted in the shell around the core, never in the core: the test of the test. Each must be refuted.
use std::fmt;

/// One mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// W2: an entry is reported written before it is synced.
    AcknowledgesBeforeSync,
    /// W2: the promised epoch is not put on the disk.
    ForgetsPromise,
    /// The store takes a write whatever version it was made for.
    WritesBlindly,
    /// P1, U1: a controller promotes a pod from outside the set.
    PromotesOutsider,
    /// V1: a controller adds a pod to the set.
    AddsToSet,
    /// R1, W4: what appended nothing is answered at once.
    AnswersAtOnce,
    /// W4: an operation is answered before it is committed.
    AnswersBeforeCommit,
    /// An emptied disk keeps its name.
    KeepsStorage,
    /// W5: a snapshot is published before its end is committed.
    PublishesUncommitted,
    /// V3: a view is rebuilt though not all disks of its set answer.
    RebuildsFromSome,
    /// V3: a view is rebuilt before its members have promised to follow nothing older.
    RebuildsUnfenced,
    /// E3: the keys are not part of what a new primary takes over.
    ForgetsKeys,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
