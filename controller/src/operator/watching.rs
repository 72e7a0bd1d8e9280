//! What is followed of the cluster: resources, replicas' pods, and that our objects are still there. Keeps copies and wakes those
//! concerned; judges nothing.
use super::installation::{Component, Key, MANAGER, NAME};
use super::observed::Replica;
use super::resource::JustHungry;
use crate::limits::{WATCH_AFRESH, WATCH_AGAIN, WATCH_SECS};
use futures_util::StreamExt;
use group::Pod;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod as PodObject, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Copies of what is in the cluster, kept up to date while this is there.
pub(crate) struct Watching {
    resources: Store<JustHungry>,
    pods: Store<PodObject>,
    news: Arc<News>,
    _tasks: JoinSet<()>,
}

/// Who is told that something has changed.
#[derive(Default)]
struct News {
    /// Counts changes of resources and pods.
    any: watch::Sender<u64>,
    /// Who builds what.
    builders: Mutex<HashMap<Key, Arc<Notify>>>,
}

impl News {
    fn builders(&self) -> MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.builders.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn tell(&self, key: &Key) {
        if let Some(builder) = self.builders().get(key) {
            builder.notify_one();
        }
    }
}

impl Watching {
    /// Begins to follow. Needs a tokio runtime.
    pub(crate) fn start(client: &Client) -> Watching {
        let (resources, mut resources_writer) = reflector::store();
        let (pods, mut pods_writer) = reflector::store();
        let news = Arc::new(News::default());
        let mut tasks = JoinSet::new();
        let own = |it: &JustHungry| Some(Key { namespace: it.namespace()?, name: it.name_any() });
        let mut tell = teller(news.clone(), own);
        tasks.spawn(follow(Api::<JustHungry>::all(client.clone()), Config::default(), move |event| {
            resources_writer.apply_watcher_event(event);
            tell(event);
        }));
        let replicas = format!("app.kubernetes.io/name={NAME},app.kubernetes.io/component={}", Component::Replica);
        let mut tell = teller(news.clone(), instance);
        tasks.spawn(follow(Api::<PodObject>::all(client.clone()), Config::default().labels(&replicas), move |event| {
            pods_writer.apply_watcher_event(event);
            tell(event);
        }));
        let watching = Watching { resources, pods, news, _tasks: tasks };
        watching.own(client)
    }

    /// Follows every kind of object that is built, to notice when one is changed or deleted by hand.
    fn own(mut self, client: &Client) -> Watching {
        self.own_kind::<StatefulSet>(client);
        self.own_kind::<Deployment>(client);
        self.own_kind::<Service>(client);
        self.own_kind::<ServiceAccount>(client);
        self.own_kind::<ConfigMap>(client);
        self.own_kind::<PersistentVolumeClaim>(client);
        self.own_kind::<NetworkPolicy>(client);
        self.own_kind::<PodDisruptionBudget>(client);
        self.own_kind::<Role>(client);
        self.own_kind::<RoleBinding>(client);
        self
    }

    fn own_kind<K>(&mut self, client: &Client)
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
    {
        let config = Config::default().labels(&format!("app.kubernetes.io/managed-by={MANAGER}"));
        // Their metadata is enough: whoever builds reads the rest when it is needed.
        let mut tell = teller(self.news.clone(), instance);
        self._tasks.spawn(follow(Api::<PartialObjectMeta<K>>::all(client.clone()), config, move |event| tell(event)));
    }

    /// Counts changes of resources and pods.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.news.any.subscribe()
    }

    /// Whoever builds this is told of changes from here on.
    pub(crate) fn wakes(&self, key: &Key) -> Arc<Notify> {
        self.news.builders().entry(key.clone()).or_default().clone()
    }

    /// Nobody builds this any more.
    pub(crate) fn forget(&self, key: &Key) {
        self.news.builders().remove(key);
    }

    /// Whether both lists have been read once.
    pub(crate) async fn ready(&self) {
        // An error means that the writer is gone, and the program is about to end.
        let _ = self.resources.wait_until_ready().await;
        let _ = self.pods.wait_until_ready().await;
    }

    /// All resources.
    pub(crate) fn resources(&self) -> Vec<Arc<JustHungry>> {
        self.resources.state()
    }

    /// One of them.
    pub(crate) fn resource(&self, key: &Key) -> Option<Arc<JustHungry>> {
        self.resources.get(&ObjectRef::new(&key.name).within(&key.namespace))
    }

    /// The pods of an installation's replicas.
    pub(crate) fn replicas(&self, key: &Key) -> BTreeMap<Pod, Replica> {
        let owner = format!("{}-{}", key.name, Component::Replica);
        let all = self.pods.state();
        let ours = all.iter().filter(|pod| instance(&***pod).as_ref() == Some(key));
        ours.map(|pod| (Pod::new(&pod.name_any()), Replica::read(pod, &owner))).collect()
    }
}

/// The installation that an object belongs to, by its label.
fn instance<K: ResourceExt>(object: &K) -> Option<Key> {
    let name = object.labels().get("app.kubernetes.io/instance")?.clone();
    Some(Key { namespace: object.namespace()?, name })
}

/// Tells those concerned of what an event is about.
fn teller<K: ResourceExt>(news: Arc<News>, key: impl Fn(&K) -> Option<Key> + Send) -> impl FnMut(&Event<K>) + Send {
    move |event| {
        match event {
            Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) => {
                if let Some(key) = key(object) {
                    news.tell(&key);
                }
            }
            // What is gone from a fresh list is not told one by one.
            Event::InitDone => {}
            Event::Init => return,
        }
        news.any.send_modify(|count| *count += 1);
    }
}

/// Follows everything of one kind for ever.
///
/// kube's watcher goes on from the version that it saw last. A server that was set back is behind that version, and says nothing
/// until it is reached again: so there is a fresh list now and then, whatever was seen.
async fn follow<K>(api: Api<K>, config: Config, mut told: impl FnMut(&Event<K>) + Send)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let (what, mut is_lost) = (K::kind(&()), false);
    loop {
        let mut events = std::pin::pin!(watcher(api.clone(), config.clone().timeout(WATCH_SECS)).backoff(Again));
        let round = async {
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => {
                        if std::mem::take(&mut is_lost) {
                            tracing::info!(%what, "the API server answers again");
                        }
                        told(&event);
                    }
                    // It is away or refuses. That is told once; it is asked several times a second.
                    Err(error) if !std::mem::replace(&mut is_lost, true) => {
                        tracing::warn!(%error, %what, "watch the cluster; what was seen last stays");
                    }
                    Err(error) => tracing::debug!(%error, %what, "watch the cluster"),
                }
            }
        };
        let _over = timeout(WATCH_AFRESH, round).await;
    }
}

/// After a failure always the same short pause. What kube does by default grows to half a minute, and so much longer a controller
/// would not see what happens when the API server is back.
struct Again;

impl Iterator for Again {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(WATCH_AGAIN)
    }
}

impl Backoff for Again {
    fn reset(&mut self) {}
}

#[cfg(test)]
#[path = "watching_tests.rs"]
mod tests;
