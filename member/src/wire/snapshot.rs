//! How a snapshot is pulled (C1): the learner asks for a stretch, the holder answers with it, until all is there. Either side may go
//! away at any time; the learner goes on where its disk stands, as long as the holder still has the same snapshot.
use crate::snapshot::{self, SnapshotId};
use serde::{Deserialize, Serialize};

/// What a learner asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Pull {
    /// The snapshot it has begun to fetch, if any.
    pub(crate) of: Option<SnapshotId>,
    /// From this byte on.
    pub(crate) offset: u64,
}

/// What the holder answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Piece {
    /// This is my newest snapshot; the one you asked for, if any, is gone.
    Offer(SnapshotId),
    /// A stretch of the one asked for.
    Stretch(snapshot::Piece),
    /// It has none yet; ask again later.
    None,
}
