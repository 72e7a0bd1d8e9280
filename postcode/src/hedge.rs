//! How long to wait for a service before the next one is asked as well: what all but a twentieth of its answers took.
//! Pure: durations come in as arguments.

use std::time::Duration;

use crate::limits;

/// How long a service's last answers took.
#[derive(Debug)]
pub struct Latencies {
    last_ms: [u16; limits::LATENCIES],
    count: usize,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { last_ms: [0; limits::LATENCIES], count: 0 }
    }
}

impl Latencies {
    /// Takes note of one.
    pub fn note(&mut self, took: Duration) {
        self.last_ms[self.count % limits::LATENCIES] = u16::try_from(took.as_millis()).unwrap_or(u16::MAX);
        self.count += 1;
    }

    /// The 95th percentile of the last ones; `None` before there are enough.
    #[must_use]
    pub fn p95(&self) -> Option<Duration> {
        let known = self.count.min(limits::LATENCIES);
        if known < limits::LATENCIES_MIN {
            return None;
        }
        let mut sorted = self.last_ms;
        let sorted = &mut sorted[..known];
        sorted.sort_unstable();
        Some(Duration::from_millis(u64::from(sorted[(known * 95).div_ceil(100) - 1])))
    }

    /// When to ask the next service as well.
    #[must_use]
    pub fn hedge_after(&self) -> Duration {
        self.p95().unwrap_or(limits::HEDGE_MIN).clamp(limits::HEDGE_MIN, limits::HEDGE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(times_ms: impl IntoIterator<Item = u64>) -> Duration {
        let mut latencies = Latencies::default();
        times_ms.into_iter().for_each(|ms| latencies.note(Duration::from_millis(ms)));
        latencies.hedge_after()
    }

    #[test]
    fn the_slowest_twentieth_does_not_count_and_old_answers_are_forgotten() {
        assert_eq!(after((1..=100).map(|i| if i % 25 == 0 { 600 } else { 300 })), Duration::from_millis(300));
        assert_eq!(after((0..200).map(|i| if i < 100 { 600 } else { 250 })), Duration::from_millis(250));
    }

    #[test]
    fn it_is_never_hasty_and_never_too_late_to_help() {
        assert_eq!(after([]), limits::HEDGE_MIN);
        assert_eq!(after([1; 100]), limits::HEDGE_MIN);
        assert_eq!(after([699; 100]), limits::HEDGE_MAX);
        assert_eq!(after([100_000_000; 100]), limits::HEDGE_MAX);
    }
}
