//! How long to wait before a child is started again. Pure: told how long it lived, reads no clock.

use std::time::Duration;

/// A child that lived shorter than this died quickly.
const QUICK: Duration = Duration::from_secs(2);
/// So many quick deaths in a row are restarted at once: a server that is killed must be back in milliseconds, and one
/// that finds its port still held for a moment just tries again.
const FREE_DEATHS: u32 = 3;
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// At a longest pause of some seconds, about a minute.
const SAY_EVERY: u32 = 12;

/// Counts quick deaths.
#[derive(Debug)]
pub(crate) struct Backoff {
    quick_deaths: u32,
    pause_max: Duration,
}

impl Backoff {
    pub(crate) fn new(pause_max: Duration) -> Backoff {
        Backoff { quick_deaths: 0, pause_max }
    }

    pub(crate) fn died(&mut self, lived: Duration) {
        self.quick_deaths = if lived < QUICK { self.quick_deaths + 1 } else { 0 };
    }

    /// The child cannot stay alive; somebody should look.
    pub(crate) fn keeps_dying(&self) -> bool {
        self.quick_deaths > FREE_DEATHS
    }

    /// Whether that is to be said: the first time, and from then on now and then, about once a minute.
    pub(crate) fn is_news(&self) -> bool {
        self.keeps_dying() && (self.quick_deaths - FREE_DEATHS - 1).is_multiple_of(SAY_EVERY)
    }

    pub(crate) fn pause(&self) -> Duration {
        match self.quick_deaths.checked_sub(FREE_DEATHS + 1) {
            None => Duration::ZERO,
            Some(more) => PAUSE_MIN.saturating_mul(1 << more.min(10)).min(self.pause_max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_repeated_quick_deaths_are_slowed_down() {
        const PAUSE_MAX: Duration = Duration::from_secs(5);
        let mut backoff = Backoff::new(PAUSE_MAX);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            backoff.died(Duration::from_millis(50));
            pauses.push(backoff.pause());
            assert_eq!(backoff.is_news(), pauses.len() == 4, "it is said once");
        }
        assert_eq!(pauses[..3], [Duration::ZERO; 3]);
        assert_eq!(pauses[3..5], [PAUSE_MIN, PAUSE_MIN * 2]);
        assert_eq!(pauses[11], PAUSE_MAX);
        assert!(backoff.keeps_dying() && !backoff.is_news());
        backoff.died(Duration::from_secs(60));
        assert_eq!((backoff.pause(), backoff.keeps_dying()), (Duration::ZERO, false));
    }
}
