//! What the adapter counts, in the words of Prometheus. Counts only: no decision is made from it.

use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::cache::Via;
use crate::chain::Verdict;
use crate::provider::Outcome;

type Labels = [(&'static str, &'static str); 2];

/// The counters; copies count into the same ones.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    asked: Family<Labels, Counter>,
    answered: Family<Labels, Counter>,
    cached_bytes: Gauge,
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let (asked, answered, cached_bytes) = (Family::default(), Family::default(), Gauge::default());
        let mut registry = Registry::with_prefix("jh_postcode");
        registry.register("provider_outcomes", "What providers answered", Family::clone(&asked));
        registry.register("answers", "What callers were answered, and by which way", Family::clone(&answered));
        registry.register("cached_bytes", "Size of the cached answers", Gauge::clone(&cached_bytes));
        Self { registry: Arc::new(registry), asked, answered, cached_bytes }
    }

    pub(crate) fn asked(&self, provider: &'static str, outcome: &Outcome) {
        self.asked.get_or_create(&[("provider", provider), ("outcome", outcome.word())]).inc();
    }

    pub(crate) fn answered(&self, via: Via, verdict: &Verdict) {
        self.answered.get_or_create(&[("via", via.word()), ("verdict", verdict.word())]).inc();
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self, cached_bytes: u64) -> String {
        self.cached_bytes.set(i64::try_from(cached_bytes).unwrap_or(i64::MAX));
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
