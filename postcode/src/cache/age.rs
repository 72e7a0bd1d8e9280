//! How long an answer is of use, and for what. Pure: the time is an argument.

use std::time::Duration;

use crate::chain::{Resolution, Verdict};
use crate::code::Code;
use crate::limits;
use crate::luck::mix;

/// What a kept answer is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// To be given, for so many seconds more.
    Fresh { ttl_s: u64 },
    /// To be given while it is asked for anew; so many seconds over.
    Usable { over_s: u64 },
    /// To be given if nobody can be asked; so many seconds over.
    IfError { over_s: u64 },
    /// Nothing.
    Over,
}

pub(super) fn of(resolution: &Resolution, fresh_until_ms: u64, now_ms: u64) -> Age {
    // A clock that was set back makes answers come from the future: those are fresh, and not for longer than usual.
    if now_ms < fresh_until_ms {
        return Age::Fresh { ttl_s: (fresh_until_ms - now_ms) / 1000 };
    }
    let (age_ms, over_s) = (now_ms.saturating_sub(resolution.fetched_ms), (now_ms - fresh_until_ms) / 1000);
    let within = |time: Duration| age_ms < time.as_millis() as u64;
    match resolution.verdict {
        Verdict::Found(_) | Verdict::Terminated if within(limits::FOUND_USABLE) => Age::Usable { over_s },
        Verdict::Found(_) | Verdict::Terminated if within(limits::FOUND_KEPT) => Age::IfError { over_s },
        // That something does not exist is soon untrue, and never given when it is old.
        _ => Age::Over,
    }
}

/// How long an answer stays fresh; `None` if it must not be kept. What nobody could say is never kept.
pub(super) fn fresh_for(code: Code, resolution: &Resolution) -> Option<Duration> {
    let fresh = match resolution.verdict {
        Verdict::Found(_) => limits::FOUND_FRESH,
        Verdict::Terminated => limits::TERMINATED_FRESH,
        Verdict::NotFound => limits::NOT_FOUND_FRESH,
        Verdict::Unresolved => return None,
    };
    resolution.terms.cacheable.then(|| jittered(fresh, code, resolution.fetched_ms))
}

/// Up to the jitter's percentage more or less, decided by the postcode and the moment alone: two adapters agree.
pub(super) fn jittered(fresh: Duration, code: Code, fetched_ms: u64) -> Duration {
    let seed = code.to_string().bytes().fold(fetched_ms, |seed, byte| mix(seed ^ u64::from(byte)));
    let span = u64::from(u32::MAX);
    let share = u64::from((seed >> 32) as u32); // of span
    let fresh_ms = fresh.as_millis() as u64;
    let reach_ms = fresh_ms / 100 * limits::JITTER_PERCENT;
    Duration::from_millis(fresh_ms - reach_ms + (2 * reach_ms).saturating_mul(share >> 8) / (span >> 8))
}
