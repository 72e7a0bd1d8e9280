//! When to try again, and when to stop. Pure: time and chance come in as arguments, nothing is sent from here.

use std::time::Duration;

/// The shortest wait: a front end that is being restarted is back within tens of milliseconds.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest wait that is ours to choose; a server's Retry-After may ask for more.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The longest time one attempt may take beyond the patience. The front end parks a request for at most as long as we
/// are patient by default, and its answer is worth waiting for: without it the outcome is unknown.
pub(crate) const ATTEMPT_GRACE: Duration = Duration::from_secs(2);

/// Whoever keeps an eye on the clock gives an attempt up after so long without an answer and repeats it on another
/// connection: the server it talks to may be frozen. Longer than any change of the primary takes.
pub(crate) const ATTEMPT_SILENCE: Duration = Duration::from_secs(2);

/// The pauses of one request that is repeated until it gets a definite answer.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    patience: Duration,
    attempts: u32,
}

impl Retry {
    pub(crate) fn new(patience: Duration) -> Retry {
        Retry { patience, attempts: 0 }
    }

    /// How long to wait before the next attempt, or None when patience is over. `since` is the time since the first
    /// attempt began, `asked` the server's Retry-After, `chance` a random number in 0..1 that keeps many clients from
    /// coming back in step.
    pub(crate) fn pause(&mut self, since: Duration, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        let doubled = PAUSE_MIN.saturating_mul(1 << self.attempts.min(10)).min(PAUSE_MAX);
        let pause = asked.unwrap_or(Duration::ZERO) + doubled.mul_f64(0.5 + chance / 2.0);
        self.attempts += 1;
        (since + pause <= self.patience).then_some(pause)
    }
}

/// A random number in 0..1 for [`Retry::pause`].
pub(crate) fn chance() -> f64 {
    // Without randomness the clients only come back in step, which is no reason to fail.
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn pauses_grow_to_a_bound_and_end_with_patience() {
        let mut retry = Retry::new(PATIENCE);
        let first = retry.pause(Duration::ZERO, None, 0.0).unwrap();
        assert_eq!(first, PAUSE_MIN / 2);
        let mut since = first;
        let mut last = first;
        while let Some(pause) = retry.pause(since, None, 0.99) {
            assert!(pause <= PAUSE_MAX);
            last = pause;
            since += pause;
        }
        assert!(last > PAUSE_MAX * 9 / 10);
        assert!(since <= PATIENCE && since > PATIENCE - PAUSE_MAX);
    }

    #[test]
    fn a_server_that_asks_for_a_pause_gets_at_least_that() {
        let asked = Duration::from_secs(2);
        assert!(Retry::new(PATIENCE).pause(Duration::ZERO, Some(asked), 0.0).unwrap() >= asked);
        assert_eq!(Retry::new(PATIENCE).pause(Duration::from_secs(9), Some(asked), 0.0), None);
    }
}
