//! Asks one provider after the other until one knows. Knows the rule by which "it does not exist" is believed; knows no
//! cache and no HTTP.

use order::postcode::Postcode;
use tokio::time::timeout_at;
use tracing::debug;

use crate::clock::Clock;
use crate::limits;
use crate::metrics::Metrics;
use crate::provider::{Deadline, Outcome, Place, Provider, Terms};

/// Providers in the order in which they are asked.
pub struct Chain {
    providers: Vec<Box<dyn Provider>>,
    clock: Clock,
    metrics: Metrics,
}

/// What is known of a postcode after asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// What it is.
    pub verdict: Verdict,
    /// Whose word that is; `none` if nobody could say.
    pub source: &'static str,
    /// What may be done with it.
    pub terms: Terms,
    /// When it was asked, in ms since 1970; for embedded data, the day of the data.
    pub fetched_ms: u64,
}

/// The end of asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is live.
    Found(Place),
    /// It does not exist, on good authority.
    NotFound,
    /// It no longer exists.
    Terminated,
    /// Nobody could say in time.
    Unresolved,
}

impl Verdict {
    /// The word that metrics use.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::NotFound => "not_found",
            Self::Terminated => "terminated",
            Self::Unresolved => "unresolved",
        }
    }
}

impl Chain {
    /// A chain of these.
    #[must_use]
    pub fn new(providers: Vec<Box<dyn Provider>>, clock: Clock, metrics: Metrics) -> Self {
        Self { providers, clock, metrics }
    }

    /// Asks until one knows or the deadline is there. Embedded data is asked even after it, for it answers at once.
    ///
    /// One outside service may be wrong or behind: that a postcode does not exist is believed of two of them, or of
    /// embedded data.
    pub async fn resolve(&self, postcode: Postcode, deadline: Deadline) -> Resolution {
        let mut denied_by: Option<&dyn Provider> = None;
        for provider in self.covering(postcode) {
            let embedded = provider.terms().embedded_ms.is_some();
            if deadline.is_over() && !embedded {
                continue;
            }
            match self.ask(provider, postcode, deadline).await {
                Outcome::Found(place) => return self.resolution(provider, Verdict::Found(place)),
                Outcome::Terminated => return self.resolution(provider, Verdict::Terminated),
                Outcome::NotFound | Outcome::Invalid => {
                    if embedded || denied_by.is_some() {
                        return self.resolution(denied_by.unwrap_or(provider), Verdict::NotFound);
                    }
                    denied_by = Some(provider);
                }
                Outcome::RateLimited(_)
                | Outcome::Unauthorised
                | Outcome::Exhausted
                | Outcome::Transient
                | Outcome::Malformed => {}
            }
        }
        self.unresolved()
    }

    /// The answer if nobody can say.
    #[must_use]
    pub fn unresolved(&self) -> Resolution {
        let terms = Terms { cacheable: false, attribution: &[], embedded_ms: None };
        Resolution { verdict: Verdict::Unresolved, source: "none", terms, fetched_ms: self.clock.now_ms() }
    }

    fn covering(&self, postcode: Postcode) -> impl Iterator<Item = &dyn Provider> {
        self.providers.iter().map(AsRef::as_ref).filter(move |provider| provider.covers(postcode))
    }

    async fn ask(&self, provider: &dyn Provider, postcode: Postcode, deadline: Deadline) -> Outcome {
        let deadline = deadline.within(limits::ATTEMPT);
        // The provider is polled before the clock is looked at, so embedded data answers even when time is up.
        let answer = timeout_at(deadline.instant(), provider.lookup(postcode, deadline)).await;
        let outcome = answer.unwrap_or(Outcome::Transient);
        debug!(provider = provider.name(), outcome = outcome.word(), "asked");
        self.metrics.asked(provider.name(), &outcome);
        outcome
    }

    fn resolution(&self, provider: &dyn Provider, verdict: Verdict) -> Resolution {
        let terms = provider.terms();
        let fetched_ms = terms.embedded_ms.unwrap_or_else(|| self.clock.now_ms());
        Resolution { verdict, source: provider.name(), terms, fetched_ms }
    }
}
