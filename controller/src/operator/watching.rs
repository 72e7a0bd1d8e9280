//! What is followed of the cluster: resources, replicas' pods, and that our objects are still there. Keeps copies and wakes those
//! concerned; judges nothing.
use super::installation::{Component, Key, MANAGER, NAME};
use super::observed::Replica;
use super::resource::JustHungry;
use futures_util::{Stream, StreamExt};
use group::Pod;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod as PodObject, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{Config, Error};
use kube::runtime::{WatchStreamExt, watcher as follow};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

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
        let (resources, resources_writer) = reflector::store();
        let (pods, pods_writer) = reflector::store();
        let news = Arc::new(News::default());
        let mut tasks = JoinSet::new();
        let all = follow(Api::<JustHungry>::all(client.clone()), Config::default());
        tasks.spawn(tell(all.default_backoff().reflect(resources_writer).touched_objects(), news.clone(), |it| {
            Some(Key { namespace: it.namespace()?, name: it.name_any() })
        }));
        let replicas = format!("app.kubernetes.io/name={NAME},app.kubernetes.io/component={}", Component::Replica);
        let all = follow(Api::<PodObject>::all(client.clone()), Config::default().labels(&replicas));
        tasks.spawn(tell(all.default_backoff().reflect(pods_writer).touched_objects(), news.clone(), instance));
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
        let all = follow(Api::<PartialObjectMeta<K>>::all(client.clone()), config);
        self._tasks.spawn(tell(all.default_backoff().touched_objects(), self.news.clone(), instance));
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

/// Passes changes on until the end.
async fn tell<K: ResourceExt>(
    changes: impl Stream<Item = Result<K, Error>> + Send,
    news: Arc<News>,
    key: impl Fn(&K) -> Option<Key> + Send,
) {
    let mut changes = std::pin::pin!(changes);
    while let Some(change) = changes.next().await {
        match change {
            Ok(object) => {
                if let Some(key) = key(&object) {
                    news.tell(&key);
                }
                news.any.send_modify(|count| *count += 1);
            }
            // The API server is away or refuses. The stream tries again by itself, ever more slowly.
            Err(error) => tracing::warn!(%error, "watch the cluster"),
        }
    }
}
