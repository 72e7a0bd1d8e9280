//! How often a service may be asked: a steady pace with a small burst, and the pauses it asks for. Pure: time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits;

/// What a service allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time from one request to the next, in the long run.
    pub every: Duration,
    /// Requests that may come at once after a rest.
    pub burst: u32,
}

impl Pace {
    /// As often as one likes.
    #[must_use]
    pub const fn free() -> Self {
        Self { every: Duration::ZERO, burst: u32::MAX }
    }

    /// So many a second, and as many at once.
    #[must_use]
    pub const fn per_second(requests: u32) -> Self {
        Self { every: Duration::from_micros(1_000_000 / requests as u64), burst: requests }
    }

    /// The share that one of several adapters may take.
    #[must_use]
    pub fn shared_by(self, adapters: u32) -> Self {
        Self { every: self.every * adapters.max(1), burst: (self.burst / adapters.max(1)).max(1) }
    }
}

/// Keeps to a pace (the generic cell rate algorithm: one moment is all it remembers) and to pauses asked for.
#[derive(Debug)]
pub struct Pacer {
    pace: Pace,
    /// When the requests so far would have been made one by one at the pace.
    due: Option<Instant>,
    rests_until: Option<Instant>,
}

impl Pacer {
    /// Nothing asked yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace, due: None, rests_until: None }
    }

    /// Whether a request may be made now; if so it is counted.
    pub fn take(&mut self, now: Instant) -> bool {
        if self.is_resting(now) {
            return false;
        }
        let due = self.due.map_or(now, |due| due.max(now));
        let ahead = self.pace.every.saturating_mul(self.pace.burst.saturating_sub(1));
        if due > now + ahead.min(limits::PAUSE_MAX) {
            return false;
        }
        self.due = Some(due + self.pace.every);
        true
    }

    /// The service asks for a pause; without a time, for the usual one.
    pub fn pause(&mut self, now: Instant, time: Option<Duration>) {
        let time = time.unwrap_or(limits::PAUSE).min(limits::PAUSE_MAX);
        self.rests_until = self.rests_until.max(Some(now + time));
    }

    /// Whether the service asked not to be asked now.
    #[must_use]
    pub fn is_resting(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn one_a_second_is_one_a_second_however_hard_it_is_tried() {
        let (start, mut pacer) = (Instant::now(), Pacer::new(Pace::per_second(1)));
        let taken = (0..10_000).filter(|ms| pacer.take(start + Duration::from_millis(*ms))).count();
        assert_eq!(taken, 10);
    }

    #[test]
    fn a_burst_is_allowed_after_a_rest_and_no_more_in_the_long_run() {
        let (start, mut pacer) = (Instant::now(), Pacer::new(Pace::per_second(30)));
        assert_eq!((0..100).filter(|_| pacer.take(start)).count(), 30);
        let later = (1..=10_000).filter(|ms| pacer.take(start + Duration::from_millis(*ms))).count();
        assert!((299..=301).contains(&later), "{later}");
    }

    #[test]
    fn adapters_that_share_a_pace_keep_it_together() {
        let start = Instant::now();
        let pace = Pace::per_second(1).shared_by(3);
        let mut pacers = [(); 3].map(|()| Pacer::new(pace));
        let taken: usize = pacers
            .iter_mut()
            .map(|pacer| (0..30_000).filter(|ms| pacer.take(start + Duration::from_millis(*ms))).count())
            .sum();
        assert_eq!(taken, 30);
    }

    #[test]
    fn a_pause_is_kept_and_has_a_bound() {
        let (start, mut pacer) = (Instant::now(), Pacer::new(Pace::free()));
        pacer.pause(start, Some(5 * SECOND));
        pacer.pause(start, Some(SECOND));
        assert!(!pacer.take(start + 4 * SECOND) && pacer.take(start + 5 * SECOND));
        pacer.pause(start, Some(Duration::from_secs(u64::MAX / 4)));
        assert!(!pacer.take(start + 6 * SECOND) && pacer.take(start + limits::PAUSE_MAX));
        pacer.pause(start + limits::PAUSE_MAX, None);
        assert!(pacer.take(start + limits::PAUSE_MAX + limits::PAUSE));
    }
}
