//! Both clocks as the pure parts want them. The only place of this crate that asks what time it is.
use group::{Now, Time};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock begins well above zero, so that a moment shortly before this process began still has a number.
const BEGIN_US: u64 = 3_600_000_000;

/// This process's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock(Instant::now())
    }
    pub(crate) fn now(self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        Now { mono: self.at(Instant::now()), wall }
    }
    pub(crate) fn at(self, moment: Instant) -> Time {
        let after = moment.saturating_duration_since(self.0).as_micros() as u64;
        let before = self.0.saturating_duration_since(moment).as_micros() as u64;
        Time((BEGIN_US + after).saturating_sub(before))
    }
    pub(crate) fn instant(self, time: Time) -> Instant {
        self.0 + std::time::Duration::from_micros(time.0.saturating_sub(BEGIN_US))
    }
}
