//! The clock of a client: the machine's, or one that is moved by hand. Knows no reason for asking.
use group::Time;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time since a client began.
#[derive(Debug)]
pub(super) struct Clock {
    began: Instant,
    /// µs since `began`, if somebody moves it by hand.
    by_hand: Option<AtomicU64>,
}

impl Clock {
    pub(super) fn real() -> Clock {
        Clock { began: Instant::now(), by_hand: None }
    }
    pub(super) fn by_hand() -> Clock {
        Clock { began: Instant::now(), by_hand: Some(AtomicU64::new(0)) }
    }
    /// It is that late now, on a clock that is moved by hand.
    pub(super) fn set(&self, now: Time) {
        if let Some(micros) = &self.by_hand {
            micros.store(now.0, Ordering::Relaxed);
        }
    }
    pub(super) fn now(&self) -> Time {
        match &self.by_hand {
            Some(micros) => Time(micros.load(Ordering::Relaxed)),
            None => Time(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)),
        }
    }
    pub(super) fn instant(&self) -> Instant {
        match &self.by_hand {
            Some(_) => self.began + Duration::from_micros(self.now().0),
            None => Instant::now(),
        }
    }
    /// The moment, on this clock.
    pub(super) fn time_of(&self, instant: Instant) -> Time {
        Time(u64::try_from(instant.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX))
    }
}
