//! The only writing: carries a plan out on the view store and tells the members. Chooses nothing.
use crate::limits::{AGAIN_MS, STORE_TIME};
use crate::observe::Observer;
use crate::plan::{Plan, Step};
use group::choose::{Repair, Store};
use group::limits::DECISION_MS;
use group::{Time, View, Writer};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use view::{Outcome, StoreError, ViewStore};

/// What came of a plan.
#[derive(Debug)]
pub(crate) enum Applied {
    /// Nothing was to be written.
    Nothing,
    /// This view is written and told.
    Wrote {
        /// The view.
        next: View,
        /// How long the store took.
        took: Duration,
    },
    /// Nothing was written, as far as is known; not to be tried again before this moment, if there is one.
    Not {
        /// The moment.
        again: Option<Time>,
    },
}

/// Carries the plan out.
pub(crate) async fn apply(plan: Plan, observer: &mut Observer, store: &dyn ViewStore) -> Applied {
    let Plan { step, at, conditions: _, look_again: _ } = plan;
    if observer.clock.now().mono.ms_since(at) > DECISION_MS {
        // This process was stopped in between; what it saw is old news (P1).
        return Applied::Not { again: None };
    }
    match step {
        Step::Nothing => Applied::Nothing,
        Step::Ask(pods) => {
            observer.members.ask(&pods);
            observer.seen.asked(&pods, observer.clock.now().mono);
            Applied::Nothing
        }
        Step::Read => {
            let _ = read(observer, store).await;
            Applied::Nothing
        }
        Step::Create(first) => write(observer, store, store.create(first.clone()), first).await,
        Step::Write { base, next } => {
            let swap = store.compare_and_swap(base, next.clone(), Writer::Controller);
            write(observer, store, swap, next).await
        }
    }
}

/// Carries an operator's repair out.
pub(crate) async fn repair(repair: Repair, observer: &mut Observer, store: &dyn ViewStore) -> Applied {
    let Repair { stored, next } = repair;
    write(observer, store, store.rebuild(stored, next.clone()), next).await
}

/// Reads the view afresh. A failure is both taken in and returned.
pub(crate) async fn read(observer: &mut Observer, store: &dyn ViewStore) -> Result<Option<View>, StoreError> {
    let began = observer.clock.now().mono;
    let read = timeout(STORE_TIME, store.get()).await.unwrap_or(Err(StoreError::Late { after: STORE_TIME }));
    observer.take_read(&read, began);
    read
}

/// Waits for a write and, if it won, tells all members before anyone else notices.
async fn write(
    observer: &mut Observer,
    store: &dyn ViewStore,
    writing: impl Future<Output = Outcome>,
    next: View,
) -> Applied {
    let began = Instant::now();
    let late = || Outcome::Unknown(StoreError::Late { after: STORE_TIME });
    let outcome = timeout(STORE_TIME, writing).await.unwrap_or_else(|_| late());
    let now = observer.clock.now().mono;
    match outcome {
        Outcome::Written => {
            observer.members.push_view(&next);
            observer.seen.stored(Store::Is(next.clone()), false, now);
            return Applied::Wrote { next, took: began.elapsed() };
        }
        Outcome::Lost => {
            tracing::debug!(version = next.version, "another write of the view won");
            let _ = read(observer, store).await;
            return Applied::Not { again: None };
        }
        Outcome::Refused(refusal) => tracing::error!(version = next.version, %refusal, "the store refuses a view"),
        Outcome::Unknown(error) => tracing::warn!(version = next.version, %error, "write the view: outcome unknown"),
    }
    let _ = read(observer, store).await;
    Applied::Not { again: Some(now.plus_ms(AGAIN_MS)) }
}
