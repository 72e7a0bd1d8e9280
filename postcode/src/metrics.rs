//! What the adapter counts, in the words of Prometheus. Counts only: no decision is made from it.

use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::breaker::State;
use crate::cache::Via;
use crate::chain::Verdict;
use crate::link::{Doing, Skip};
use crate::provider::Outcome;

type Labels = [(&'static str, &'static str); 2];
type Provider = [(&'static str, &'static str); 1];

/// The counters; copies count into the same ones.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    asked: Family<Labels, Counter>,
    answered: Family<Labels, Counter>,
    cached_bytes: Gauge,
    skipped: Family<Labels, Counter>,
    repeated: Family<Provider, Counter>,
    hedge_wins: Family<Provider, Counter>,
    mismatches: Family<Provider, Counter>,
    breaker: Family<Provider, Gauge>,
    pack_age_s: Gauge,
}

/// What is measured at the moment of asking.
pub struct Now<'a> {
    /// Bytes of cached answers.
    pub cached_bytes: u64,
    /// Seconds since the day of the pack's data.
    pub pack_age_s: u64,
    /// The providers and their breakers.
    pub doing: &'a [Doing],
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            asked: Family::default(),
            answered: Family::default(),
            cached_bytes: Gauge::default(),
            skipped: Family::default(),
            repeated: Family::default(),
            hedge_wins: Family::default(),
            mismatches: Family::default(),
            breaker: Family::default(),
            pack_age_s: Gauge::default(),
        };
        Self { registry: Arc::new(metrics.registry()), ..metrics }
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("jh_postcode");
        all.register("provider_outcomes", "What providers answered", Family::clone(&self.asked));
        all.register("provider_skips", "Why providers were not asked", Family::clone(&self.skipped));
        all.register("provider_repeats", "Requests made once more", Family::clone(&self.repeated));
        all.register("hedge_wins", "Answers by a service asked because another was slow", self.hedge_wins.clone());
        all.register("mismatches", "Places too far from the pack's point", Family::clone(&self.mismatches));
        all.register("breaker", "0 closed, 1 tries one request, 2 open", Family::clone(&self.breaker));
        all.register("answers", "What callers were answered, and by which way", Family::clone(&self.answered));
        all.register("cached_bytes", "Size of the cached answers", Gauge::clone(&self.cached_bytes));
        all.register("pack_age_seconds", "Time since the day of the embedded data", Gauge::clone(&self.pack_age_s));
        all
    }

    pub(crate) fn asked(&self, provider: &'static str, outcome: &Outcome) {
        self.asked.get_or_create(&[("provider", provider), ("outcome", outcome.word())]).inc();
    }

    pub(crate) fn answered(&self, via: Via, verdict: &Verdict) {
        self.answered.get_or_create(&[("via", via.word()), ("verdict", verdict.word())]).inc();
    }

    pub(crate) fn skipped(&self, provider: &'static str, skip: Skip) {
        self.skipped.get_or_create(&[("provider", provider), ("reason", skip.word())]).inc();
    }

    pub(crate) fn repeated(&self, provider: &'static str) {
        self.repeated.get_or_create(&[("provider", provider)]).inc();
    }

    pub(crate) fn hedge_won(&self, provider: &'static str) {
        self.hedge_wins.get_or_create(&[("provider", provider)]).inc();
    }

    pub(crate) fn mismatched(&self, provider: &'static str) {
        self.mismatches.get_or_create(&[("provider", provider)]).inc();
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self, now: &Now<'_>) -> String {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.cached_bytes.set(whole(now.cached_bytes));
        self.pack_age_s.set(whole(now.pack_age_s));
        for doing in now.doing.iter().filter(|doing| !doing.is_embedded) {
            let state = match doing.breaker {
                State::Closed => 0,
                State::HalfOpen => 1,
                State::Open(_) => 2,
            };
            self.breaker.get_or_create(&[("provider", doing.name)]).set(state);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
