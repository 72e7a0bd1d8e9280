//! What is remembered of every order of a drill: small and flat, since there may be millions. Knows no sockets.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::linearity::{Answered, Asked, Call};

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

/// What came of the calls about some orders that were already acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Glances {
    /// Looks at orders and changes of them, as they ended.
    pub(super) calls: Vec<Call>,
    /// Calls that got no answer while patience lasted.
    pub(super) unanswered: usize,
}

impl Glances {
    /// How often an order was looked at.
    pub(super) fn looks(&self) -> usize {
        self.calls.iter().filter(|call| call.asked == Asked::Look).count()
    }

    /// How often an acknowledged order was not there: an answer from the past.
    pub(super) fn stale(&self) -> usize {
        self.calls.iter().filter(|call| call.done_us.is_some() && call.answered == Answered::Nothing).count()
    }
}

impl Record {
    pub(super) fn latency_us(&self) -> u64 {
        self.done_us.saturating_sub(self.due_us)
    }

    /// As a call about the order, if its id is known: of the others nobody can learn anything.
    pub(super) fn call(&self) -> Option<Call> {
        let Outcome::Placed(id) = self.outcome else { return None };
        Some(Call {
            order: String::from_utf8_lossy(&id).into_owned(),
            begun_us: self.begun_us,
            done_us: Some(self.done_us),
            asked: Asked::Place,
            answered: Answered::Version(1),
        })
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
