//! Follows a few objects of one kind: a fresh list, then what changes, and again. Outages and restarts of the API server included.
//!
//! kube's own watcher resumes from the version it saw last. That is not enough here: after a restore of etcd the server is behind
//! that version, and whoever resumes from it sees nothing until it is reached again. So every round begins with a fresh list.
use super::answer::words;
use crate::limits::{FOLLOW_PAUSE_MAX, FOLLOW_PAUSE_MIN, READ_TIME, WATCH_GRACE, WATCH_SECS};
use futures_util::StreamExt;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

/// What is followed, by name.
pub(super) type Objects<K> = BTreeMap<String, K>;

/// Which objects to follow.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    /// The one of this name.
    Name(String),
    /// Those with this label.
    Label(String),
}

/// Follows until it is dropped.
#[derive(Debug)]
pub(super) struct Following {
    task: AbortHandle,
    failed: Arc<Notify>,
}

impl Following {
    /// Told, and kept for whoever asks later, when the API server could not be asked.
    pub(super) fn failed(&self) -> Arc<Notify> {
        Arc::clone(&self.failed)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Begins to follow; `told` is given all objects at first and after every change. An outage tells nothing. Needs a tokio runtime.
pub(super) fn follow<K>(
    api: Api<K>,
    selector: Selector,
    what: String,
    mut told: impl FnMut(&Objects<K>) + Send + 'static,
) -> Following
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let failed = Arc::new(Notify::new());
    let failing = Arc::clone(&failed);
    let task = tokio::spawn(async move {
        let mut pause = Pause::default();
        loop {
            let mut listed = None;
            let told = |objects: &Objects<K>| {
                listed.get_or_insert_with(Instant::now);
                told(objects);
            };
            let ended = round(&api, &selector, told).await;
            if ended.is_err() {
                failing.notify_one();
            }
            let lived = listed.map(|since| since.elapsed()).unwrap_or_default();
            if let Some(wait) = pause.after(ended.as_ref().err(), lived, &what) {
                sleep(wait).await;
            }
        }
    });
    Following { task: task.abort_handle(), failed }
}

/// One list and one watch. `Ok` when the server ended the watch in peace.
async fn round<K>(api: &Api<K>, selector: &Selector, mut told: impl FnMut(&Objects<K>)) -> Result<(), String>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let (list, watch) = parameters(selector);
    let listed = in_time(READ_TIME, api.list(&list)).await?.map_err(|error| words(&error))?;
    let version = listed.metadata.resource_version.unwrap_or_default();
    let mut objects: Objects<K> = listed.items.into_iter().map(|object| (object.name_any(), object)).collect();
    told(&objects);
    let events = in_time(READ_TIME, api.watch(&watch, &version)).await?.map_err(|error| words(&error))?;
    let mut events = std::pin::pin!(events);
    let patience = Duration::from_secs(WATCH_SECS.into()) + WATCH_GRACE;
    while let Some(event) = in_time(patience, events.next()).await? {
        match event.map_err(|error| words(&error))? {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                objects.insert(object.name_any(), object);
            }
            WatchEvent::Deleted(object) => drop(objects.remove(&object.name_any())),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(status) => return Err(format!("{} ({})", status.message, status.code)),
        }
        told(&objects);
    }
    Ok(())
}

fn parameters(selector: &Selector) -> (ListParams, WatchParams) {
    let (list, watch) = (ListParams::default(), WatchParams::default().timeout(WATCH_SECS));
    match selector {
        Selector::Name(name) => {
            let field = format!("metadata.name={name}");
            (list.fields(&field), watch.fields(&field))
        }
        Selector::Label(label) => (list.labels(label), watch.labels(label)),
    }
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, String> {
    timeout(limit, work).await.map_err(|_| format!("no answer in {limit:?}"))
}

/// How long to wait between two rounds, and what is said about it: the first failure, and that it is over.
#[derive(Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    /// `lived`: since the list was there.
    fn after(&mut self, failed: Option<&String>, lived: Duration, what: &str) -> Option<Duration> {
        // A round that lasted was a good one, however it ended; one that ends at once in peace must not spin.
        if lived > FOLLOW_PAUSE_MAX {
            if self.failures > 1 {
                info!(what, "the API server answers again");
            }
            self.failures = 0;
        }
        match failed {
            None if lived > FOLLOW_PAUSE_MAX => return None,
            None => {}
            Some(why) if self.failures == 1 => warn!(why, what, "follow; what was seen last stays"),
            Some(why) => debug!(why, what, "follow"),
        }
        let wait = FOLLOW_PAUSE_MIN.saturating_mul(1 << self.failures.min(10)).min(FOLLOW_PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        Some(wait)
    }
}
