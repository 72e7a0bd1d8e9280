//! Keeps answers while they are of use, and sees to it that many who ask for one postcode cause one load. Knows what may
//! be kept for how long; knows no provider and no HTTP.

mod age;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::timeout_at;
use tracing::error;

use crate::chain::{Chain, Resolution, Verdict};
use crate::clock::Clock;
use crate::code::Code;
use crate::limits;
use crate::provider::Deadline;
use crate::record::Journal;
use age::{Age, fresh_for};

/// Answers, from memory or by asking the chain. Copies share one memory.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    chain: RwLock<Arc<Chain>>,
    clock: Clock,
    /// Time for a load, whoever waits for it.
    load: Duration,
    kept: moka::sync::Cache<Code, Kept>,
    flights: Mutex<HashMap<Code, Flight>>,
    journal: Option<Journal>,
}

/// A load that is under way. It runs in a task of its own: a caller who leaves cancels nothing, and a slow load holds
/// its callers only until their own deadlines.
type Flight = Shared<BoxFuture<'static, Landed>>;

/// What a load came to, and whether it was kept.
type Landed = (Arc<Resolution>, bool);

#[derive(Clone)]
struct Kept {
    resolution: Arc<Resolution>,
    fresh_until_ms: u64,
    /// Not asked for anew before this moment: it was tried in vain.
    rests_until_ms: u64,
}

/// An answer, and the way it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What is known.
    pub resolution: Arc<Resolution>,
    /// How this caller got it.
    pub via: Via,
}

/// How an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// From memory; it stays fresh for so many seconds.
    Hit {
        /// Seconds.
        ttl_s: u64,
    },
    /// From memory, so many seconds older than fresh, while it is asked for anew.
    Stale {
        /// Seconds.
        over_s: u64,
    },
    /// From memory, so many seconds older than fresh, because no service could say.
    StaleIfError {
        /// Seconds.
        over_s: u64,
    },
    /// By asking, and it was kept if `stored`.
    Miss {
        /// Whether the next caller finds it in memory.
        stored: bool,
    },
    /// By waiting for a load that another caller began.
    Collapsed,
    /// Without waiting any longer: time was up, or too much was going on.
    Shed,
}

impl Via {
    /// The word that metrics use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hit { .. } => "hit",
            Self::Stale { .. } => "stale",
            Self::StaleIfError { .. } => "stale_if_error",
            Self::Miss { .. } => "miss",
            Self::Collapsed => "collapsed",
            Self::Shed => "shed",
        }
    }

    /// Whether the answer is older than it should be.
    #[must_use]
    pub fn is_stale(self) -> bool {
        matches!(self, Self::Stale { .. } | Self::StaleIfError { .. })
    }
}

impl Cache {
    /// An empty cache in front of a chain. What is kept is told to the journal too, if there is one.
    #[must_use]
    pub fn new(chain: Chain, clock: Clock, load: Duration, journal: Option<Journal>) -> Self {
        let told = journal.clone();
        let kept = moka::sync::Cache::builder()
            .max_capacity(limits::CACHE_BYTES_MAX)
            .weigher(weight)
            .eviction_listener(move |code, _, cause| {
                if cause.was_evicted()
                    && let Some(journal) = &told
                {
                    journal.forget(*code);
                }
            })
            .build();
        let chain = RwLock::new(Arc::new(chain));
        Self(Arc::new(Inner { chain, clock, load, kept, flights: Mutex::default(), journal }))
    }

    /// What is known of a postcode, by the deadline. Never waits longer; then answers what needs no waiting.
    pub async fn resolve(&self, code: Code, deadline: Deadline) -> Answer {
        let (known, age) = match self.0.kept(code) {
            Some((kept, Age::Fresh { ttl_s })) => {
                return Answer { resolution: kept.resolution, via: Via::Hit { ttl_s } };
            }
            Some((kept, Age::Usable { over_s })) => {
                self.refresh(code, &kept);
                return Answer { resolution: kept.resolution, via: Via::Stale { over_s } };
            }
            Some((kept, age)) => (Some(kept), age),
            None => (None, Age::Over),
        };
        let loaded = self.load(code, deadline).await;
        match (known, age) {
            (Some(kept), Age::IfError { over_s }) if !loaded.resolution.is_from_outside() => {
                Answer { resolution: kept.resolution, via: Via::StaleIfError { over_s } }
            }
            _ => loaded,
        }
    }

    /// From here on another chain is asked. What is kept stays.
    pub fn replace_chain(&self, chain: Chain) {
        *self.0.chain.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(chain);
    }

    /// The chain that is asked.
    #[must_use]
    pub fn chain(&self) -> Arc<Chain> {
        Arc::clone(&self.0.chain.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes of kept answers, as the cache weighs them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.kept.run_pending_tasks();
        self.0.kept.weighted_size()
    }

    /// Up to `count` kept answers, from the one with this place in the memory's order on: for another adapter.
    #[must_use]
    pub fn page(&self, from: usize, count: usize) -> Vec<(Code, Arc<Resolution>)> {
        let all = self.0.kept.iter().skip(from).take(count);
        all.map(|(code, kept)| (*code, kept.resolution)).collect()
    }

    /// Takes over what was kept elsewhere, unless something younger is known or it is of no use any longer.
    pub fn inherit(&self, code: Code, resolution: Resolution) {
        if self.0.is_of_use(code, &resolution) {
            self.0.keep(code, &Arc::new(resolution));
        }
    }

    /// Takes over what the journal has kept, and has the journal forget what is of no use any longer.
    pub fn restore(&self, code: Code, resolution: Resolution) {
        if self.0.is_of_use(code, &resolution) {
            self.0.remember(code, &Arc::new(resolution));
        } else if let Some(journal) = &self.0.journal {
            journal.forget(code);
        }
    }

    /// Forgets everything it keeps in memory.
    pub fn forget_all(&self) {
        self.0.kept.invalidate_all();
    }

    async fn load(&self, code: Code, deadline: Deadline) -> Answer {
        match self.join(code) {
            Joined::Kept(hit) => hit,
            Joined::Flight(flight, began) => match timeout_at(deadline.instant(), flight).await {
                Ok((resolution, stored)) if began => Answer { resolution, via: Via::Miss { stored } },
                Ok((resolution, _)) => Answer { resolution, via: Via::Collapsed },
                Err(_too_late) => self.shed(code).await,
            },
            Joined::Full => self.shed(code).await,
        }
    }

    async fn shed(&self, code: Code) -> Answer {
        let resolution = Arc::new(self.chain().resolve(code, Deadline::now()).await);
        Answer { resolution, via: Via::Shed }
    }

    /// Asks anew behind the caller's back, unless that is under way or was tried in vain a moment ago.
    fn refresh(&self, code: Code, kept: &Kept) {
        let now_ms = self.0.clock.now_ms();
        if now_ms < kept.rests_until_ms {
            return;
        }
        let mut flights = self.0.flights();
        if flights.len() < limits::FLIGHTS_MAX
            && let Entry::Vacant(place) = flights.entry(code)
        {
            let rests_until_ms = now_ms + limits::REFRESH_REST.as_millis() as u64;
            self.0.kept.insert(code, Kept { rests_until_ms, ..kept.clone() });
            place.insert(self.begin(code));
        }
    }

    fn join(&self, code: Code) -> Joined {
        let mut flights = self.0.flights();
        // A load that ended since this caller looked has put its answer in memory before it left the table.
        if let Some((kept, Age::Fresh { ttl_s })) = self.0.kept(code) {
            return Joined::Kept(Answer { resolution: kept.resolution, via: Via::Hit { ttl_s } });
        }
        let full = flights.len() >= limits::FLIGHTS_MAX;
        match flights.entry(code) {
            Entry::Occupied(flight) => Joined::Flight(flight.get().clone(), false),
            Entry::Vacant(_) if full => Joined::Full,
            Entry::Vacant(place) => Joined::Flight(place.insert(self.begin(code)).clone(), true),
        }
    }

    fn begin(&self, code: Code) -> Flight {
        let (landing, chain) = (Landing { inner: Arc::clone(&self.0), code }, self.chain());
        let task = tokio::spawn(async move {
            let inner = &landing.inner;
            let resolution = Arc::new(chain.resolve(code, Deadline::after(inner.load)).await);
            let stored = inner.keep(code, &resolution);
            (resolution, stored)
        });
        let inner = Arc::clone(&self.0);
        let flight = async move {
            task.await.unwrap_or_else(|broken| {
                error!(%broken, "a load ended without an answer");
                let chain = inner.chain.read().unwrap_or_else(PoisonError::into_inner);
                (Arc::new(chain.unresolved()), false)
            })
        };
        flight.boxed().shared()
    }
}

enum Joined {
    Kept(Answer),
    /// The flight, and whether this caller began it.
    Flight(Flight, bool),
    Full,
}

impl Inner {
    fn kept(&self, code: Code) -> Option<(Kept, Age)> {
        let kept = self.kept.get(&code)?;
        let age = age::of(&kept.resolution, kept.fresh_until_ms, self.clock.now_ms());
        Some((kept, age))
    }

    /// Remembers an answer if it may be kept, and has it written down; whether it was.
    fn keep(&self, code: Code, resolution: &Arc<Resolution>) -> bool {
        let is_kept = self.remember(code, resolution);
        if is_kept && let Some(journal) = &self.journal {
            journal.keep(code, resolution);
        }
        is_kept
    }

    fn remember(&self, code: Code, resolution: &Arc<Resolution>) -> bool {
        let Some(fresh) = fresh_for(code, resolution) else { return false };
        let fresh_until_ms = resolution.fetched_ms.saturating_add(fresh.as_millis() as u64);
        let kept = Kept { resolution: Arc::clone(resolution), fresh_until_ms, rests_until_ms: 0 };
        self.kept.insert(code, kept);
        true
    }

    fn is_of_use(&self, code: Code, resolution: &Resolution) -> bool {
        let now_ms = self.clock.now_ms();
        // What comes from the future would be believed for too long.
        let is_past = resolution.fetched_ms <= now_ms;
        let known_ms = self.kept.get(&code).map(|known| known.resolution.fetched_ms);
        let is_younger = known_ms.is_none_or(|known_ms| known_ms < resolution.fetched_ms);
        let is_good = fresh_for(code, resolution).is_some_and(|fresh| {
            let fresh_until_ms = resolution.fetched_ms.saturating_add(fresh.as_millis() as u64);
            age::of(resolution, fresh_until_ms, now_ms) != Age::Over
        });
        is_past && is_younger && is_good
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Code, Flight>> {
        // The table is whole between any two statements, so a panic elsewhere leaves nothing half done.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a load out of the table when it ends, in whatever way.
struct Landing {
    inner: Arc<Inner>,
    code: Code,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.inner.flights().remove(&self.code);
    }
}

/// Bytes that an answer holds, with a round sum for the cache's own bookkeeping.
fn weight(_: &Code, kept: &Kept) -> u32 {
    const BOOKKEEPING: usize = 160;
    let texts = match &kept.resolution.verdict {
        Verdict::Found(place) => {
            let list: usize = place.addresses.iter().map(|text| size_of::<String>() + text.capacity()).sum();
            place.name.as_ref().map_or(0, String::capacity) + list
        }
        Verdict::NotFound | Verdict::Terminated | Verdict::Unresolved => 0,
    };
    let steps = kept.resolution.steps.capacity() * size_of::<crate::chain::Step>();
    let rest = size_of::<Code>() + size_of::<Kept>() + size_of::<Resolution>() + BOOKKEEPING;
    u32::try_from(rest + texts + steps).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
