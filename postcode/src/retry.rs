//! How many repetitions are affordable: a share of the calls made, so that an outage is not made worse. Pure.

use std::time::Duration;

use crate::limits;

/// What may still be repeated.
#[derive(Debug, Default)]
pub struct Budget {
    /// In hundredths of a repetition.
    saved: u32,
}

impl Budget {
    /// A first call was made; it earns a share of a repetition.
    pub fn earn(&mut self) {
        self.saved = (self.saved + limits::RETRY_PERCENT).min(limits::RETRY_SAVED_MAX * 100);
    }

    /// Takes one repetition, if there is one.
    pub fn take(&mut self) -> bool {
        let left = self.saved.checked_sub(100);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }
}

/// How long to wait before repeating; `luck` is between 0 and 1 (full jitter).
#[must_use]
pub fn wait(luck: f64) -> Duration {
    limits::RETRY.start + (limits::RETRY.end - limits::RETRY.start).mul_f64(luck)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_repetition_for_five_calls_however_often_it_is_tried() {
        let mut budget = Budget::default();
        let mut repeated = 0;
        for _ in 0..1_000 {
            budget.earn();
            repeated += u32::from(budget.take()) + u32::from(budget.take());
        }
        assert_eq!(repeated, 200);
    }

    #[test]
    fn a_quiet_day_saves_up_ten_and_no_more() {
        let mut budget = Budget::default();
        (0..10_000).for_each(|_| budget.earn());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10);
    }

    #[test]
    fn the_wait_lies_between_its_bounds() {
        assert_eq!((wait(0.0), wait(1.0)), (limits::RETRY.start, limits::RETRY.end));
    }
}
