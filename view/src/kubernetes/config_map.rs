//! The view in a ConfigMap: one string a key, replaced only on the version that was read. Knows the API server's answers, not who leads.
use super::answer::{Failed, failure};
use super::follow::{Following, Objects, Selector, follow};
use super::versioned::{Versioned, parameters};
use crate::limits::{READ_TIME, SWAPS, WRITE_TIME};
use crate::{Denial, Outcome, Sight, StoreError, ViewStore, json};
use futures_util::future::BoxFuture;
use group::{View, Writer};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::ObjectMeta;
use kube::{Api, Client};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// A view kept in the ConfigMap of this name.
///
/// Following goes on by itself while the store is there. When the API server is away, the watch keeps what it showed last, reads fail and
/// writes are unknown.
#[derive(Debug)]
pub struct ConfigMapStore {
    object: Object,
    sight: Arc<watch::Sender<Sight>>,
    _following: Following,
}

/// The object, and what is known of it. Cheap to clone.
#[derive(Clone)]
struct Object {
    api: Api<ConfigMap>,
    name: String,
    /// Kind, namespace and name, for people.
    place: String,
    /// The newest readable one: a swap on it needs no read before.
    held: Arc<Mutex<Option<Held>>>,
    labels: BTreeMap<String, String>,
    owners: Vec<OwnerReference>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)
    }
}

/// A readable object.
#[derive(Clone)]
struct Held {
    object: Versioned,
    view: View,
}

impl ConfigMapStore {
    /// Begins to follow the ConfigMap. Take the client from [`super::connect`]. Needs a tokio runtime.
    pub fn open(client: Client, namespace: &str, name: &str) -> ConfigMapStore {
        let object = Object {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            place: format!("ConfigMap {namespace}/{name}"),
            held: Arc::default(),
            labels: BTreeMap::new(),
            owners: Vec::new(),
        };
        let sight = Arc::new(watch::Sender::new(Sight::Unread));
        let (following, shown) = (object.clone(), Arc::clone(&sight));
        let told = move |objects: &Objects<ConfigMap>| {
            let seen = following.see(objects.get(&following.name));
            shown.send_if_modified(|held| (*held != seen).then(|| *held = seen).is_some());
        };
        let selector = Selector::Name(name.to_owned());
        let following = follow(object.api.clone(), selector, object.place.clone(), told);
        ConfigMapStore { object, sight, _following: following }
    }

    /// What the object has besides the view when this store creates it. Later writes leave both as they are.
    pub fn born_with(mut self, labels: BTreeMap<String, String>, owners: Vec<OwnerReference>) -> ConfigMapStore {
        (self.object.labels, self.object.owners) = (labels, owners);
        self
    }

    /// A write goes on when whoever asked for it is gone, but not for ever.
    fn write<F>(&self, work: impl FnOnce(Object) -> F) -> BoxFuture<'_, Outcome>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let work = tokio::spawn(timeout(WRITE_TIME, work(self.object.clone())));
        Box::pin(async move {
            match work.await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Outcome::Unknown(StoreError::Late { after: WRITE_TIME }),
                Err(_) => Outcome::Unknown(StoreError::Stopped),
            }
        })
    }
}

impl ViewStore for ConfigMapStore {
    fn get(&self) -> BoxFuture<'_, Result<Option<View>, StoreError>> {
        Box::pin(async move {
            let read = in_time(READ_TIME, self.object.read()).await?;
            read.map(|found| self.object.judge(found).map(|held| held.view)).transpose()
        })
    }

    fn watch(&self) -> watch::Receiver<Sight> {
        let mut watch = self.sight.subscribe();
        // What was seen before is news to whoever asks only now.
        watch.mark_changed();
        watch
    }

    fn compare_and_swap(&self, base: u64, next: View, writer: Writer) -> BoxFuture<'_, Outcome> {
        self.write(move |object| async move { object.swap(base, &next, &writer).await })
    }

    fn create(&self, first: View) -> BoxFuture<'_, Outcome> {
        self.write(move |object| async move { object.create(&first).await })
    }

    fn rebuild(&self, stored: Option<u64>, next: View) -> BoxFuture<'_, Outcome> {
        self.write(move |object| async move {
            match stored {
                None => object.create(&next).await,
                Some(version) => object.rebuild(version, &next).await,
            }
        })
    }
}

impl Object {
    /// Takes in what following shows.
    fn see(&self, shown: Option<&ConfigMap>) -> Sight {
        let judged = shown.map(|object| self.judge(object.clone())).transpose();
        *self.held() = judged.as_ref().ok().cloned().flatten();
        Sight::from(&judged.map(|held| held.map(|held| held.view)))
    }

    /// A fresh read: without a resourceVersion the API server asks a quorum.
    async fn read(&self) -> Result<Option<ConfigMap>, StoreError> {
        self.api.get_opt(&self.name).await.map_err(|error| failure(&error, "read", &self.place))
    }

    /// Whether the object holds a view, and which.
    fn judge(&self, object: ConfigMap) -> Result<Held, StoreError> {
        let (version, view) = (version(&object), json::from_map(&object.data.clone().unwrap_or_default()));
        let damaged = |why| StoreError::Damaged { place: self.place.clone(), version, why };
        let view = view.map_err(damaged)?;
        let object = Versioned::of(object).ok_or_else(|| damaged("it has no uid or no resourceVersion".to_owned()))?;
        Ok(Held { object, view })
    }

    /// The object whose view has version `base`, as it is held or else fresh. `None`: another version is there, or nothing.
    async fn on(&self, base: u64) -> Result<Option<Held>, StoreError> {
        let held = self.held().clone().filter(|held| held.view.version == base);
        if held.is_some() {
            return Ok(held);
        }
        let found = self.read().await?.map(|object| self.judge(object)).transpose()?;
        Ok(found.filter(|held| held.view.version == base))
    }

    async fn swap(&self, base: u64, next: &View, writer: &Writer) -> Outcome {
        let mut on = match self.on(base).await {
            Ok(Some(held)) => held,
            Ok(None) => return Outcome::Lost,
            Err(error) => return Outcome::Unknown(error),
        };
        for _ in 0..SWAPS {
            if let Err(refusal) = on.view.admits(next, writer) {
                return Outcome::Refused(refusal.into());
            }
            match on.object.replace(&self.api, next).await {
                Ok(written) => return self.won(written),
                Err(error) => match Failed::of(&error, "write", &self.place) {
                    Failed::Conflict => {}
                    settled => return settled.into(),
                },
            }
            // This one did not take effect. If only labels or the like were changed meanwhile, the base is still there.
            match self.read().await.map(|found| found.map(|object| self.judge(object))) {
                Ok(Some(Ok(found))) if found.view == on.view => on = found,
                // A proxy, or a client that repeats by itself, sent it twice: the first one did take effect.
                Ok(Some(Ok(found))) if found.view == *next => return Outcome::Written,
                _ => return Outcome::Lost,
            }
        }
        Outcome::Lost
    }

    async fn create(&self, first: &View) -> Outcome {
        let metadata = ObjectMeta {
            name: Some(self.name.clone()),
            labels: Some(self.labels.clone()),
            owner_references: Some(self.owners.clone()),
            ..ObjectMeta::default()
        };
        let object = ConfigMap { metadata, data: Some(json::to_map(first)), ..ConfigMap::default() };
        match self.api.create(&parameters(), &object).await {
            Ok(written) => self.won(written),
            // Of a creation it says that the namespace is not there.
            Err(kube::Error::Api(status)) if status.code == 404 => {
                Outcome::Refused(Denial::Server { code: 404, why: status.message })
            }
            Err(error) => Failed::of(&error, "create", &self.place).into(),
        }
    }

    async fn rebuild(&self, stored: u64, next: &View) -> Outcome {
        let found = match self.read().await {
            Ok(Some(found)) if version(&found) == stored && stored < next.version => found,
            Ok(_) => return Outcome::Lost,
            Err(error) => return Outcome::Unknown(error),
        };
        if is_foreign(&found) {
            return Outcome::Refused(Denial::Foreign { place: self.place.clone() });
        }
        let Some(object) = Versioned::of(found) else { return Outcome::Lost };
        match object.replace(&self.api, next).await {
            Ok(written) => self.won(written),
            Err(error) => Failed::of(&error, "write", &self.place).into(),
        }
    }

    /// The next swap is likely to be on top of this one.
    fn won(&self, written: ConfigMap) -> Outcome {
        if let Ok(held) = self.judge(written) {
            *self.held() = Some(held);
        }
        Outcome::Written
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version that the object tells, readable or not; 0 if it tells none.
fn version(object: &ConfigMap) -> u64 {
    let text = object.data.as_ref().and_then(|data| data.get("version"));
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether someone else keeps something under our name.
fn is_foreign(object: &ConfigMap) -> bool {
    let data = object.data.as_ref().filter(|data| !data.is_empty());
    data.is_some_and(|data| !data.contains_key("groupId")) || object.binary_data.is_some()
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(limit, work).await.unwrap_or(Err(StoreError::Late { after: limit }))
}
