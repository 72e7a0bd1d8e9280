//! Stops asking a service that fails, and tries one request now and then. Pure: time and luck are arguments.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits;
use crate::provider::Outcome;

/// What is remembered of a service's last answers.
#[derive(Debug, Default)]
pub struct Breaker {
    /// When each of the last calls ended, and whether it failed.
    calls: VecDeque<(Instant, bool)>,
    /// Whether it has ever worked. One that has not is given no benefit of the doubt: its first failure opens.
    has_worked: bool,
    open: Option<Open>,
    /// How often it opened without working in between.
    openings: u32,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    /// When the one probe that is allowed afterwards was let through.
    probed: Option<Instant>,
}

/// Whether a service may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Yes.
    Yes,
    /// Yes, by this one caller, to see whether it works again.
    Probe,
    /// No.
    No,
}

/// What a breaker does, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All are let through.
    Closed,
    /// One is let through.
    HalfOpen,
    /// Nobody is, for so long.
    Open(Duration),
}

impl Breaker {
    /// Whether the service may be asked now. A probe that is allowed counts as under way.
    pub fn permit(&mut self, now: Instant) -> Permit {
        match &mut self.open {
            None => Permit::Yes,
            Some(open) if now < open.until => Permit::No,
            // A probe whose end is never reported must not keep the breaker open for ever.
            Some(open) if open.probed.is_some_and(|at| now < at + limits::PROBE) => Permit::No,
            Some(open) => {
                open.probed = Some(now);
                Permit::Probe
            }
        }
    }

    /// A probe that was allowed did not take place.
    pub fn forgo(&mut self) {
        if let Some(open) = &mut self.open {
            open.probed = None;
        }
    }

    /// Takes note of how asking ended; `luck` is between 0 and 1 and spreads the probes of several adapters.
    pub fn record(&mut self, now: Instant, outcome: &Outcome, luck: f64) {
        match outcome {
            Outcome::Found(_) | Outcome::NotFound | Outcome::Terminated | Outcome::Invalid => self.worked(now),
            // The service works, and the pace is kept elsewhere. As a probe it has shown nothing.
            Outcome::RateLimited(_) => self.forgo(),
            // Repeating cannot help: someone has to see to it.
            Outcome::Unauthorised | Outcome::Exhausted => {
                self.open = Some(Open { until: now + limits::OPEN_HOPELESS, probed: None });
            }
            Outcome::Transient | Outcome::Malformed => self.failed(now, luck),
        }
    }

    /// What it does now.
    #[must_use]
    pub fn state(&self, now: Instant) -> State {
        match &self.open {
            None => State::Closed,
            Some(open) if now < open.until => State::Open(open.until - now),
            Some(_) => State::HalfOpen,
        }
    }

    fn worked(&mut self, now: Instant) {
        if self.open.take().is_some() {
            self.calls.clear();
        }
        (self.has_worked, self.openings) = (true, 0);
        self.note(now, false);
    }

    fn failed(&mut self, now: Instant, luck: f64) {
        self.note(now, true);
        let (all, bad) = (self.calls.len(), self.calls.iter().filter(|(_, failed)| *failed).count());
        let probe_failed = self.open.as_ref().is_some_and(|open| open.probed.is_some());
        let broken = all >= limits::BREAKER_CALLS_MIN && bad * 2 >= all;
        if probe_failed || self.open.is_none() && (broken || !self.has_worked) {
            let time = limits::OPEN_FIRST.saturating_mul(1 << self.openings.min(16)).min(limits::OPEN_MAX);
            self.openings += 1;
            self.open = Some(Open { until: now + time.mul_f64(0.9 + 0.2 * luck), probed: None });
        }
    }

    fn note(&mut self, now: Instant, failed: bool) {
        self.calls.push_back((now, failed));
        let old = |(at, _): &(Instant, bool)| now.duration_since(*at) > limits::BREAKER_WINDOW;
        while self.calls.len() > limits::BREAKER_CALLS || self.calls.front().is_some_and(old) {
            self.calls.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUCK: f64 = 0.5;

    struct Bench {
        now: Instant,
        breaker: Breaker,
    }

    impl Bench {
        /// A service that has worked once.
        fn new() -> Self {
            let mut bench = Self { now: Instant::now(), breaker: Breaker::default() };
            bench.say(&Outcome::NotFound);
            bench
        }

        fn say(&mut self, outcome: &Outcome) {
            self.now += Duration::from_millis(10);
            self.breaker.record(self.now, outcome, LUCK);
        }

        fn wait(&mut self, time: Duration) -> Permit {
            self.now += time;
            self.breaker.permit(self.now)
        }

        fn is_open(&self) -> bool {
            matches!(self.breaker.state(self.now), State::Open(_))
        }
    }

    #[test]
    fn half_of_at_least_five_calls_failing_opens_it() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.say(&Outcome::Transient);
            assert!(!bench.is_open());
        }
        bench.say(&Outcome::Malformed);
        assert!(bench.is_open());
        assert_eq!(bench.breaker.permit(bench.now), Permit::No);
    }

    #[test]
    fn a_failure_now_and_then_does_not_open_it() {
        let mut bench = Bench::new();
        for _ in 0..100 {
            bench.say(&Outcome::NotFound);
            bench.say(&Outcome::NotFound);
            bench.say(&Outcome::Transient);
        }
        assert_eq!(bench.breaker.state(bench.now), State::Closed);
    }

    #[test]
    fn old_failures_are_forgotten() {
        let mut bench = Bench::new();
        for _ in 0..20 {
            bench.say(&Outcome::Transient);
            bench.now += limits::BREAKER_WINDOW / 3;
        }
        assert!(!bench.is_open());
    }

    #[test]
    fn a_service_that_has_never_worked_is_left_alone_after_one_failure() {
        let mut breaker = Breaker::default();
        let now = Instant::now();
        breaker.record(now, &Outcome::Transient, LUCK);
        assert_eq!(breaker.permit(now), Permit::No);
    }

    #[test]
    fn one_probe_is_let_through_and_the_pause_doubles_up_to_its_bound() {
        let mut bench = Bench::new();
        for _ in 0..4 {
            bench.say(&Outcome::Transient);
        }
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let State::Open(pause) = bench.breaker.state(bench.now) else { panic!("not open") };
            pauses.push(pause.as_secs());
            assert_eq!(bench.wait(pause - Duration::from_millis(1)), Permit::No);
            assert_eq!(bench.wait(Duration::from_millis(1)), Permit::Probe);
            assert_eq!(bench.wait(Duration::ZERO), Permit::No, "one probe only");
            bench.say(&Outcome::Transient);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(bench.wait(limits::OPEN_MAX), Permit::Probe);
        bench.say(&Outcome::NotFound);
        assert_eq!(bench.wait(Duration::ZERO), Permit::Yes);
        bench.say(&Outcome::Transient);
        assert!(!bench.is_open(), "it begins anew");
    }

    #[test]
    fn a_probe_that_is_never_heard_of_again_is_followed_by_another() {
        let mut bench = Bench::new();
        for _ in 0..4 {
            bench.say(&Outcome::Transient);
        }
        assert_eq!(bench.wait(limits::OPEN_FIRST), Permit::Probe);
        assert_eq!(bench.wait(limits::PROBE), Permit::Probe);
        bench.breaker.forgo();
        assert_eq!(bench.wait(Duration::ZERO), Permit::Probe);
    }

    #[test]
    fn a_wrong_key_or_an_empty_account_rests_for_a_quarter_of_an_hour() {
        for outcome in [Outcome::Unauthorised, Outcome::Exhausted] {
            let mut bench = Bench::new();
            bench.say(&outcome);
            assert_eq!(bench.breaker.state(bench.now), State::Open(Duration::from_secs(900)));
            assert_eq!(bench.wait(Duration::from_secs(900)), Permit::Probe);
        }
    }

    #[test]
    fn being_asked_too_often_is_no_failure() {
        let mut bench = Bench::new();
        for _ in 0..50 {
            bench.say(&Outcome::RateLimited(None));
        }
        assert_eq!(bench.wait(Duration::ZERO), Permit::Yes);
    }

    proptest::proptest! {
        /// Whatever happens, an open breaker closes only after an answer that works, and never stays shut for good.
        #[test]
        fn no_history_breaks_it(steps in proptest::collection::vec((0..6_u8, 0..30_000_u64), 0..200)) {
            let (mut now, mut breaker) = (Instant::now(), Breaker::default());
            for (what, ms) in steps {
                now += Duration::from_millis(ms);
                let outcomes = [Outcome::NotFound, Outcome::Transient, Outcome::Malformed, Outcome::RateLimited(None),
                    Outcome::Exhausted];
                let was_open = breaker.state(now) != State::Closed;
                match outcomes.get(usize::from(what)) {
                    Some(outcome) => breaker.record(now, outcome, LUCK),
                    None => { breaker.permit(now); }
                }
                proptest::prop_assert!(!was_open || what == 0 || breaker.state(now) != State::Closed);
            }
            now += limits::OPEN_HOPELESS + limits::PROBE;
            proptest::prop_assert!(breaker.permit(now) != Permit::No);
        }
    }
}
