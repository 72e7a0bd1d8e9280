//! How a snapshot is pulled (C1): the learner asks for a stretch, the holder answers with it, until all is there. Either side may go
//! away at any time; the learner goes on where it was, as long as the holder still has the same snapshot.
use bytes::Bytes;
use group::Position;
use serde::{Deserialize, Serialize};

/// What a learner asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Pull {
    /// The snapshot it has begun to fetch, if any.
    pub(crate) of: Option<Position>,
    /// From this byte on.
    pub(crate) offset: u64,
}

/// What the holder answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Piece {
    /// A stretch of its newest snapshot (or of the one asked for, if it still is there).
    Bytes {
        /// Which snapshot.
        of: Position,
        /// How long it is in all, in bytes.
        total: u64,
        /// Where this stretch begins. 0 if the snapshot asked for is gone and this is another one.
        offset: u64,
        /// The stretch.
        bytes: Bytes,
        /// CRC-32C of the stretch.
        crc: u32,
    },
    /// It has none yet; ask again later.
    None,
}
