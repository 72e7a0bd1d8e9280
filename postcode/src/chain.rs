//! Asks one provider after the other until one knows, the next one early if the last is slow. Knows the rules by which an
//! answer is believed; knows no cache and no HTTP.

mod search;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::code::Code;
use crate::limits;
use crate::link::{Doing, Link, Skip};
use crate::luck::Luck;
use crate::metrics::Metrics;
use crate::provider::{Deadline, Place, Provider, Terms};
use crate::retry::Budget;

/// Providers in the order in which they are asked.
pub struct Chain {
    links: Vec<Arc<Link>>,
    clock: Clock,
    metrics: Metrics,
    /// Time for one provider within a load.
    attempt: Duration,
    budget: Mutex<Budget>,
    luck: Luck,
}

/// What is known of a postcode after asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// What it is.
    pub verdict: Verdict,
    /// Whose word that is; [`NOBODY`] if nobody could say.
    pub source: &'static str,
    /// What may be done with it.
    pub terms: Terms,
    /// When it was asked, in ms since 1970; for embedded data, the day of the data.
    pub fetched_ms: u64,
    /// Why this is believed.
    pub grounds: Grounds,
    /// What was asked of whom, in the order in which it ended.
    pub steps: Vec<Step>,
}

/// The source of what nobody could say.
pub const NOBODY: &str = "none";

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

/// Why an answer is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// A service knows it.
    ServiceKnows,
    /// No service is asked about it: the pack is the authority.
    PackAlone,
    /// No service could say; the pack has it.
    PackForWant,
    /// A service was too far from the pack's point.
    PackOverSuspect,
    /// A service does not know it; the pack has it.
    PackOverDenial,
    /// A service does not know it, nor does the pack.
    DeniedWithPack,
    /// Two services do not know it.
    DeniedTwice,
    /// One service does not know it, and nobody else could say.
    DeniedOnce,
    /// Nobody could say.
    NobodyKnows,
    /// It was kept from an earlier run, or came from another adapter.
    Inherited,
}

/// One provider's part in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub provider: &'static str,
    /// Why it was asked at that moment.
    pub cause: Cause,
    /// When, in ms after the search began.
    pub began_ms: u32,
    /// How long it took, in ms.
    pub took_ms: u32,
    /// How it ended.
    pub end: End,
}

/// Why a provider was asked at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its turn.
    Turn,
    /// The one before was slow.
    Hedge,
    /// It failed in a way that may pass.
    Repeat,
}

/// How asking a provider ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an outcome of this word, and the HTTP status if there was one.
    Said(&'static str, Option<u16>),
    /// With a place so many metres from the pack's.
    Suspect(u32),
    /// It was not asked.
    Skipped(Skip),
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

impl Resolution {
    /// Whether it is the word of an outside service (or of two), not of the pack and not of nobody.
    #[must_use]
    pub fn is_from_outside(&self) -> bool {
        self.terms.embedded_ms.is_none() && self.verdict != Verdict::Unresolved
    }
}

impl Chain {
    /// A chain of these.
    #[must_use]
    pub fn new(providers: Vec<Box<dyn Provider>>, clock: Clock, metrics: Metrics) -> Self {
        let link = |provider: Box<dyn Provider>| {
            let pace = provider.pace();
            Arc::new(Link::new(provider, pace, metrics.clone()))
        };
        let links = providers.into_iter().map(link).collect();
        Self::of(links, clock, metrics)
    }

    /// A chain of providers that have been asked before, so that what is known of their health stays known.
    pub(crate) fn of(links: Vec<Arc<Link>>, clock: Clock, metrics: Metrics) -> Self {
        Self { links, clock, metrics, attempt: limits::ATTEMPT, budget: Mutex::default(), luck: Luck::new() }
    }

    /// The same, with another time for each provider.
    #[must_use]
    pub fn with_attempt(self, attempt: Duration) -> Self {
        Self { attempt, ..self }
    }

    /// Asks until one knows or the deadline is there. Embedded data is asked even after it, for it answers at once.
    pub async fn resolve(&self, code: Code, deadline: Deadline) -> Resolution {
        search::search(self, code, deadline).await
    }

    /// The answer if nobody can say.
    #[must_use]
    pub fn unresolved(&self) -> Resolution {
        let terms = Terms { cacheable: false, attribution: &[], embedded_ms: None };
        let (grounds, steps, fetched_ms) = (Grounds::NobodyKnows, Vec::new(), self.clock.now_ms());
        Resolution { verdict: Verdict::Unresolved, source: NOBODY, terms, fetched_ms, grounds, steps }
    }

    /// What is sent to a provider about a postcode; `None` if it is not of this chain.
    #[must_use]
    pub fn request(&self, provider: &str, code: Code) -> Option<String> {
        let link = self.links.iter().find(|link| link.provider().name() == provider)?;
        Some(link.provider().request(code))
    }

    /// The terms of a provider's answers about a postcode; `None` if it is not of this chain.
    #[must_use]
    pub fn terms(&self, provider: &str, code: Code) -> Option<(&'static str, Terms)> {
        let link = self.links.iter().find(|link| link.provider().name() == provider)?;
        Some((link.provider().name(), link.provider().terms(code)))
    }

    /// How each provider is doing.
    #[must_use]
    pub fn doing(&self) -> Vec<Doing> {
        let pack_code = Code::British(order::postcode::Postcode::parse("DH1 3LE").expect("it is a postcode"));
        let is_embedded = |link: &Arc<Link>| link.provider().terms(pack_code).embedded_ms.is_some();
        self.links.iter().map(|link| link.doing(is_embedded(link))).collect()
    }

    fn covering(&self, code: Code) -> impl Iterator<Item = &Arc<Link>> {
        self.links.iter().filter(move |link| link.provider().covers(code))
    }
}
