//! One provider and what protects it and us: pace, breaker, a bound on requests at a time. The decisions are made in
//! [`breaker`](crate::breaker), [`pace`](crate::pace) and [`hedge`](crate::hedge); here they are asked and obeyed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use crate::breaker::{Breaker, Permit, State};
use crate::code::Code;
use crate::hedge::Latencies;
use crate::limits;
use crate::luck::Luck;
use crate::metrics::Metrics;
use crate::pace::{Pace, Pacer};
use crate::provider::{Deadline, Outcome, Provider, Reply};
use crate::veil::veil;

/// A provider behind its guards.
pub struct Link {
    provider: Box<dyn Provider>,
    guard: Mutex<Guard>,
    places: Semaphore,
    queued: AtomicUsize,
    luck: Luck,
    metrics: Metrics,
}

struct Guard {
    breaker: Breaker,
    pacer: Pacer,
    latencies: Latencies,
    last: Option<(&'static str, Instant)>,
}

/// Leave to ask, which must be used or given back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// As usual.
    Usual,
    /// To see whether it works again.
    Probe,
}

/// Why a provider was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It failed lately.
    Open,
    /// It failed lately; one request is on its way to see whether it works again.
    Probing,
    /// It asked for a rest, or was asked as often as it allows.
    Paced,
    /// As many requests as are good for it are under way and waiting.
    Full,
}

impl Skip {
    /// The word that metrics use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Probing => "probing",
            Self::Paced => "paced",
            Self::Full => "full",
        }
    }
}

/// How a provider is doing, for people.
#[derive(Clone, Debug)]
pub struct Doing {
    /// Its name.
    pub name: &'static str,
    /// Whether it came with the program.
    pub is_embedded: bool,
    /// Whether the breaker lets requests through.
    pub breaker: State,
    /// Whether it asked for a rest.
    pub is_resting: bool,
    /// Requests under way.
    pub under_way: usize,
    /// Requests waiting for their turn.
    pub waiting: usize,
    /// What all but a twentieth of its last answers took.
    pub p95: Option<Duration>,
    /// Its last outcome, and how long ago.
    pub last: Option<(&'static str, Duration)>,
}

impl Link {
    pub(crate) fn new(provider: Box<dyn Provider>, pace: Pace, metrics: Metrics) -> Self {
        let pacer = Pacer::new(pace);
        let guard = Guard { breaker: Breaker::default(), pacer, latencies: Latencies::default(), last: None };
        Self {
            provider,
            guard: Mutex::new(guard),
            places: Semaphore::new(limits::SERVICE_CALLS_MAX),
            queued: AtomicUsize::new(0),
            luck: Luck::new(),
            metrics,
        }
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Asks for leave to ask the provider now.
    pub(crate) fn leave(&self) -> Result<Leave, Skip> {
        let now = Instant::now();
        let mut guard = self.guard();
        let leave = match guard.breaker.permit(now) {
            Permit::No if guard.breaker.state(now) == State::HalfOpen => return Err(Skip::Probing),
            Permit::No => return Err(Skip::Open),
            Permit::Yes => Leave::Usual,
            Permit::Probe => Leave::Probe,
        };
        if !guard.pacer.take(now) {
            if leave == Leave::Probe {
                guard.breaker.forgo();
            }
            return Err(Skip::Paced);
        }
        Ok(leave)
    }

    /// Asks the provider, with leave, and takes note of how it went. It is done even if nobody waits for it any longer:
    /// a service that is too slow for everybody has to be found out.
    pub(crate) async fn ask(&self, leave: Leave, code: Code, deadline: Deadline) -> Result<Reply, Skip> {
        let place =
            if let Ok(place) = self.places.try_acquire() { place } else { self.queue(&leave, deadline).await? };
        let began = Instant::now();
        // The provider is polled before the clock is looked at, so embedded data answers even when time is up.
        let answer = timeout_at(deadline.instant(), self.provider.lookup(code, deadline)).await;
        let reply = answer.unwrap_or_else(|_too_late| Outcome::Transient.into());
        drop(place);
        self.note(code, began, &reply.outcome);
        Ok(reply)
    }

    /// How it is doing.
    pub(crate) fn doing(&self, is_embedded: bool) -> Doing {
        let (now, guard) = (Instant::now(), self.guard());
        Doing {
            name: self.provider.name(),
            is_embedded,
            breaker: guard.breaker.state(now),
            is_resting: guard.pacer.is_resting(now),
            under_way: limits::SERVICE_CALLS_MAX - self.places.available_permits(),
            waiting: self.queued.load(Ordering::Relaxed),
            p95: guard.latencies.p95(),
            last: guard.last.map(|(word, at)| (word, now - at)),
        }
    }

    pub(crate) fn hedge_after(&self) -> Duration {
        self.guard().latencies.hedge_after()
    }

    async fn queue(&self, leave: &Leave, deadline: Deadline) -> Result<tokio::sync::SemaphorePermit<'_>, Skip> {
        let waiting = Waiting::join(&self.queued);
        let place = if waiting.ahead < limits::SERVICE_QUEUE_MAX {
            timeout_at(deadline.instant(), self.places.acquire()).await.ok().and_then(Result::ok)
        } else {
            None
        };
        if place.is_none() && *leave == Leave::Probe {
            self.guard().breaker.forgo();
        }
        place.ok_or(Skip::Full)
    }

    fn note(&self, code: Code, began: Instant, outcome: &Outcome) {
        let (now, provider) = (Instant::now(), self.provider.name());
        debug!(provider, postcode = veil(code), outcome = outcome.word(), took = ?now - began, "asked");
        self.metrics.asked(self.provider.name(), outcome);
        let mut guard = self.guard();
        guard.last = Some((outcome.word(), now));
        guard.breaker.record(now, outcome, self.luck.share());
        match outcome {
            Outcome::RateLimited(after) => guard.pacer.pause(now, *after),
            Outcome::Found(_) | Outcome::NotFound | Outcome::Terminated | Outcome::Invalid => {
                guard.latencies.note(now - began);
            }
            Outcome::Unauthorised | Outcome::Exhausted | Outcome::Transient | Outcome::Malformed => {}
        }
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        // Whole between any two statements, so a panic elsewhere leaves nothing half done.
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one that waits, also if it leaves without a word.
struct Waiting<'a> {
    queued: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Waiting<'a> {
    fn join(queued: &'a AtomicUsize) -> Self {
        Self { queued, ahead: queued.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }
}
