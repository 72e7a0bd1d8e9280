//! What is remembered of every order of a drill: small and flat, since there may be millions. Knows no sockets.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Counts microseconds from the start of a drill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    /// Wall clock at the start, in ms since 1970.
    wall_ms: u64,
}

impl Clock {
    pub(super) fn start() -> Clock {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { start: Instant::now(), wall_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX) }
    }

    pub(super) fn now_us(&self) -> u64 {
        self.us_of(Instant::now())
    }

    pub(super) fn us_of(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.start).as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn instant_of(&self, us: u64) -> Instant {
        self.start + std::time::Duration::from_micros(us)
    }

    /// Wall time at `us`, in ms since 1970.
    pub(super) fn wall_ms(&self, us: u64) -> u64 {
        self.wall_ms + us / 1000
    }
}

/// How an order ended for the client that repeated it with one key for as long as the promise says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Acknowledged, under this id.
    Placed([u8; 26]),
    /// A definite no, with this HTTP status: a refusal.
    Refused(u16),
    /// Patience ended; it may have been placed.
    Unknown,
    /// Patience ended; it was certainly not placed.
    NotExecuted,
}

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Its number in this drill; key and note follow from it.
    pub(super) seq: u64,
    /// When it should have begun: latency counts from here, so that a client kept waiting counts too.
    pub(super) due_us: u64,
    /// When its first attempt began.
    pub(super) begun_us: u64,
    pub(super) done_us: u64,
    pub(super) attempts: u16,
    pub(super) outcome: Outcome,
}

/// An order read back by its own client as soon as it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) seq: u64,
    pub(super) begun_us: u64,
    pub(super) done_us: u64,
    pub(super) saw: Saw,
}

/// What reading an acknowledged order gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saw {
    /// The order.
    Order,
    /// That there is no such order: an answer from the past.
    Nothing,
    /// No answer while patience lasted.
    NoAnswer,
}

impl Record {
    pub(super) fn latency_us(&self) -> u64 {
        self.done_us.saturating_sub(self.due_us)
    }

    pub(super) fn is_placed(&self) -> bool {
        matches!(self.outcome, Outcome::Placed(_))
    }

    /// What a client calls an error: no answer, or no definite one, in spite of repeating.
    pub(super) fn is_error(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown | Outcome::NotExecuted)
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self.outcome, Outcome::Refused(_))
    }
}
