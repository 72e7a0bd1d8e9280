//! What callers give and get: consistency, cursors, answers and the ways to fail. Plain data, the same in process and on a wire.
use bytes::Bytes;
use group::{Epoch, Pod, Seq, Wall};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A place in the committed history, to subscribe from. Opaque to people; `Display` and `FromStr` are each other's inverse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Cursor {
    /// How often an operator had accepted a loss: a history before a loss is another history.
    pub loss: u64,
    /// The last entry seen.
    pub seq: Seq,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.loss, self.seq)
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a cursor: use one that an answer or an event gave")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Cursor, BadCursor> {
        let (loss, seq) = text.split_once('-').ok_or(BadCursor)?;
        let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse().map_err(|_| BadCursor),
            false => Err(BadCursor),
        };
        Ok(Cursor { loss: number(loss)?, seq: number(seq)? })
    }
}

/// How new the state must be that answers a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Consistency {
    /// At least as new as everything acknowledged before the read came (R1). Stops while the group cannot commit.
    Strong,
    /// Whatever a member has: answered by any one, always, and labelled.
    Eventual,
}

/// How new the state was that answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Freshness {
    /// Linearizable.
    Strong,
    /// Committed, perhaps not the newest.
    Eventual,
    /// The primary's own state, which it could not commit in time: a part of it may yet be lost. Only to eventual reads.
    Unsettled,
}

/// An answer to a command or a read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// What the machine said.
    pub reply: Bytes,
    /// The state that it was computed from (for a command: that it led to). Subscribing from here misses nothing.
    pub cursor: Cursor,
    /// How new that state was.
    pub freshness: Freshness,
}

/// Why a member does not answer. None of these has had an effect.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
pub enum Rejection {
    /// It does not lead.
    #[error("not the primary: epoch {epoch}")]
    NotPrimary {
        /// The epoch of the view it holds.
        epoch: Epoch,
        /// Whom that view names.
        primary: Option<Pod>,
    },
    /// It hands over: ask the primary of a higher epoch, or wait until it serves again (H1).
    #[error("handing over: epoch {epoch}")]
    Draining {
        /// The epoch that ends.
        epoch: Epoch,
    },
    /// More waits than it holds.
    #[error("too much is waiting")]
    Busy,
    /// The command is larger than `limits::COMMAND_BYTES`.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// The bound.
        max: usize,
    },
}

/// Why a call through the client failed (E4).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// Certainly without any effect: it was never sent on, or everyone it was sent to refused it.
    #[error("not executed: {0}")]
    NotExecuted(Why),
    /// It was sent on and no answer came: it may or may not have had its effect. Repeat it with the same key.
    #[error("outcome unknown: no answer came in time")]
    OutcomeUnknown,
}

/// What stood in the way of a request that was not executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Why {
    /// As many requests or bytes wait as may wait.
    #[error("too many requests are waiting")]
    Full,
    /// There was no primary that would take it for as long as a request may wait.
    #[error("there was no primary in time")]
    NoPrimary,
    /// The command is larger than `limits::COMMAND_BYTES`.
    #[error("the request is too large")]
    TooLarge,
    /// This process is stopping.
    #[error("stopping")]
    Stopping,
}

/// A committed entry of the application, as subscribers get it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivered {
    /// Where it stands; resume after it.
    pub cursor: Cursor,
    /// Log time, ms since 1970.
    pub at: Wall,
    /// The delta.
    pub body: Bytes,
}

/// A stretch of the committed history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The application's entries, in order.
    pub entries: Vec<Delivered>,
    /// Where to go on: entries that are not the application's are passed over but counted.
    pub next: Cursor,
    /// The last committed entry that the member knows.
    pub commit: Seq,
}

/// What a member tells of its history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum History {
    /// What comes after the cursor.
    Page(Page),
    /// The cursor is older than the log, or of a history that a forced loss ended: read the state and start at `now`.
    TooOld {
        /// A cursor from which it can go on.
        now: Cursor,
    },
    /// The member has not come as far as the cursor.
    NotYet,
}
