//! Keeps answers while they are fresh, and sees to it that many who ask for one postcode cause one load. Knows what may
//! be kept for how long; knows no provider and no HTTP.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use order::postcode::Postcode;
use tokio::time::timeout_at;
use tracing::error;

use crate::chain::{Chain, Resolution, Verdict};
use crate::clock::Clock;
use crate::limits;
use crate::provider::Deadline;

/// Answers, from memory or by asking the chain. Copies share one memory.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    chain: Chain,
    clock: Clock,
    kept: moka::sync::Cache<Postcode, Kept>,
    flights: Mutex<HashMap<Postcode, Flight>>,
}

/// A load that is under way. It runs in a task of its own: a caller who leaves cancels nothing, and a slow load holds
/// its callers only until their own deadlines.
type Flight = Shared<BoxFuture<'static, Arc<Resolution>>>;

#[derive(Clone)]
struct Kept {
    resolution: Arc<Resolution>,
    fresh_until_ms: u64,
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
            Self::Miss { .. } => "miss",
            Self::Collapsed => "collapsed",
            Self::Shed => "shed",
        }
    }
}

impl Cache {
    /// An empty cache in front of a chain.
    #[must_use]
    pub fn new(chain: Chain, clock: Clock) -> Self {
        let kept = moka::sync::Cache::builder().max_capacity(limits::CACHE_BYTES_MAX).weigher(weight).build();
        Self(Arc::new(Inner { chain, clock, kept, flights: Mutex::default() }))
    }

    /// What is known of a postcode, by the deadline. Never waits longer; then answers what needs no waiting.
    pub async fn resolve(&self, postcode: Postcode, deadline: Deadline) -> Answer {
        if let Some(hit) = self.0.fresh(postcode) {
            return hit;
        }
        match self.join(postcode) {
            Joined::Kept(hit) => hit,
            Joined::Flight(flight, began) => match timeout_at(deadline.instant(), flight).await {
                Ok(resolution) if began => {
                    let stored = fresh_for(postcode, &resolution).is_some();
                    Answer { resolution, via: Via::Miss { stored } }
                }
                Ok(resolution) => Answer { resolution, via: Via::Collapsed },
                Err(_too_late) => self.shed(postcode).await,
            },
            Joined::Full => self.shed(postcode).await,
        }
    }

    /// Bytes of kept answers, as the cache weighs them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.kept.run_pending_tasks();
        self.0.kept.weighted_size()
    }

    async fn shed(&self, postcode: Postcode) -> Answer {
        let resolution = Arc::new(self.0.chain.resolve(postcode, Deadline::now()).await);
        Answer { resolution, via: Via::Shed }
    }

    fn join(&self, postcode: Postcode) -> Joined {
        let mut flights = self.0.flights();
        // A load that ended since this caller looked has put its answer in memory before it left the table.
        if let Some(hit) = self.0.fresh(postcode) {
            return Joined::Kept(hit);
        }
        let full = flights.len() >= limits::FLIGHTS_MAX;
        match flights.entry(postcode) {
            Entry::Occupied(flight) => Joined::Flight(flight.get().clone(), false),
            Entry::Vacant(_) if full => Joined::Full,
            Entry::Vacant(place) => Joined::Flight(place.insert(self.begin(postcode)).clone(), true),
        }
    }

    fn begin(&self, postcode: Postcode) -> Flight {
        let landing = Landing { inner: Arc::clone(&self.0), postcode };
        let task = tokio::spawn(async move {
            let inner = &landing.inner;
            let resolution = Arc::new(inner.chain.resolve(postcode, Deadline::after(limits::LOAD)).await);
            inner.keep(postcode, &resolution);
            resolution
        });
        let inner = Arc::clone(&self.0);
        let flight = async move {
            task.await.unwrap_or_else(|broken| {
                error!(%broken, "a load ended without an answer");
                Arc::new(inner.chain.unresolved())
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
    fn fresh(&self, postcode: Postcode) -> Option<Answer> {
        let kept = self.kept.get(&postcode)?;
        let left_ms = kept.fresh_until_ms.checked_sub(self.clock.now_ms()).filter(|left_ms| *left_ms > 0)?;
        Some(Answer { resolution: kept.resolution, via: Via::Hit { ttl_s: left_ms / 1000 } })
    }

    fn keep(&self, postcode: Postcode, resolution: &Arc<Resolution>) {
        if let Some(fresh) = fresh_for(postcode, resolution) {
            let fresh_until_ms = resolution.fetched_ms.saturating_add(fresh.as_millis() as u64);
            self.kept.insert(postcode, Kept { resolution: Arc::clone(resolution), fresh_until_ms });
        }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Postcode, Flight>> {
        // The table is whole between any two statements, so a panic elsewhere leaves nothing half done.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a load out of the table when it ends, in whatever way.
struct Landing {
    inner: Arc<Inner>,
    postcode: Postcode,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.inner.flights().remove(&self.postcode);
    }
}

/// How long an answer stays fresh; `None` if it must not be kept. What nobody could say is never kept.
fn fresh_for(postcode: Postcode, resolution: &Resolution) -> Option<Duration> {
    let fresh = match resolution.verdict {
        Verdict::Found(_) => limits::FOUND_FRESH,
        Verdict::Terminated => limits::TERMINATED_FRESH,
        Verdict::NotFound => limits::NOT_FOUND_FRESH,
        Verdict::Unresolved => return None,
    };
    resolution.terms.cacheable.then(|| jittered(fresh, postcode, resolution.fetched_ms))
}

/// Up to the jitter's percentage more or less, decided by the postcode and the moment alone.
fn jittered(fresh: Duration, postcode: Postcode, fetched_ms: u64) -> Duration {
    let seed = postcode.to_bytes().iter().fold(fetched_ms, |seed, byte| mix(seed ^ u64::from(*byte)));
    let span = u64::from(u32::MAX);
    let share = u64::from((seed >> 32) as u32); // of span
    let fresh_ms = fresh.as_millis() as u64;
    let reach_ms = fresh_ms / 100 * limits::JITTER_PERCENT;
    Duration::from_millis(fresh_ms - reach_ms + (2 * reach_ms).saturating_mul(share >> 8) / (span >> 8))
}

/// Spreads every bit of its argument over all bits (the last steps of the generator SplitMix64).
fn mix(mut seed: u64) -> u64 {
    seed = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    seed = (seed ^ seed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    seed ^ seed >> 31
}

/// Bytes that an answer holds, with a round sum for the cache's own bookkeeping.
fn weight(_: &Postcode, kept: &Kept) -> u32 {
    const BOOKKEEPING: usize = 160;
    let text = match &kept.resolution.verdict {
        Verdict::Found(place) => place.district.as_ref().map_or(0, String::capacity),
        Verdict::NotFound | Verdict::Terminated | Verdict::Unresolved => 0,
    };
    u32::try_from(size_of::<Postcode>() + size_of::<Kept>() + size_of::<Resolution>() + text + BOOKKEEPING)
        .unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
