//! One failover loop and one builder for every resource, in both controllers. Starts and ends them as resources come and go.
use super::api::Server;
use super::builder::{Builder, Memory};
use super::directory::Directory;
use super::installation::{Component, Installation, Key};
use super::watching::Watching;
use crate::admin::{Admin, app};
use crate::clock::Clock;
use crate::control::{Control, Request};
use crate::limits::REQUESTS;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::picture::Picture;
use crate::run::{draw_jitter_ms, random};
use group::choose::Wish;
use group::{GroupId, Pod};
use kube::Client;
use kube::runtime::events::Recorder;
use member::client::Watch;
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use view::ViewStore;
use view::kubernetes::ConfigMapStore;

/// What all groups share.
pub(crate) struct Common {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) watching: Arc<Watching>,
    pub(crate) leading: watch::Receiver<bool>,
}

/// A group that is looked after.
pub(crate) struct Group {
    uid: String,
    members: watch::Sender<BTreeSet<Pod>>,
    directory: Directory,
    addresses: watch::Sender<BTreeMap<Pod, String>>,
    picture: watch::Receiver<Picture>,
    requests: mpsc::Sender<Request>,
    wished: (BTreeSet<Pod>, usize, bool),
    pub(crate) port: axum::Router,
    pub(crate) metrics: Metrics,
    /// End with the group.
    _tasks: JoinSet<()>,
}

impl Group {
    /// Begins to look after a group.
    pub(crate) fn start(common: &Common, installation: &Installation) -> anyhow::Result<Group> {
        let key = installation.key.clone();
        tracing::info!(installation = %key, "looks after a group");
        let store = store(common, installation);
        let wished = wished(common, installation);
        let (addresses, known) = watch::channel(BTreeMap::new());
        let (told, picture) = watch::channel(Picture::default());
        let (requests, inbox) = mpsc::channel(REQUESTS);
        let (members, names) = watch::channel(installation.members());
        let metrics = Metrics::labelled(&[("namespace", &key.namespace), ("installation", &key.name)]);
        let ready = Arc::new(AtomicBool::new(false));
        let draw = jitter(common.leading.clone());
        let jitter_ms = draw();
        let group = GroupId(random()?);
        let observer = Observer::new(Clock::start(), Watch::start(&common.name, known), store.watch());
        let wish = Wish { members: wished.0.clone(), min_in_sync: wished.1, group, jitter_ms };
        let name = common.name.clone();
        let control = Control::new(name, observer, Arc::new(store), wish, draw, metrics.clone(), ready.clone());
        let control = Control { picture: told, ..control };
        let builder = builder(common, &key, picture.clone(), requests.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(control.run(inbox, pending()));
        tasks.spawn(builder.run());
        let port = app(Admin { requests: requests.clone(), members: names, ready, metrics: metrics.clone() });
        let uid = installation.uid.clone();
        let directory = Directory::default();
        Ok(Group { uid, members, directory, addresses, picture, requests, wished, port, metrics, _tasks: tasks })
    }

    /// Whether this is the group of that very resource, and not of an earlier one of its name.
    pub(crate) fn is_of(&self, uid: Option<&str>) -> bool {
        Some(self.uid.as_str()) == uid
    }

    /// Takes in what is wished by now.
    pub(crate) fn wish(&mut self, common: &Common, installation: &Installation) {
        let wished = wished(common, installation);
        if wished == self.wished {
            return;
        }
        let (members, min_in_sync) = (wished.0.clone(), wished.1);
        // A full queue is tried again at the next change.
        if self.requests.try_send(Request::Wish { members, min_in_sync }).is_ok() {
            self.members.send_replace(wished.0.clone());
            self.wished = wished;
        }
    }

    /// Takes in where the pods are by now.
    pub(crate) fn locate(&mut self, common: &Common, key: &Key) {
        let pods = common.watching.replicas(key);
        let mut counting = self.wished.0.clone();
        if let Some(view) = &self.picture.borrow().view {
            counting.extend(view.members.iter().chain(view.in_sync.keys()).cloned());
        }
        let now = self.directory.take(&pods, &counting, Instant::now());
        self.addresses.send_if_modified(|known| (*known != *now).then(|| known.clone_from(now)).is_some());
    }
}

fn wished(common: &Common, installation: &Installation) -> (BTreeSet<Pod>, usize, bool) {
    let min_in_sync = usize::try_from(installation.spec.min_in_sync).unwrap_or(2);
    (installation.members(), min_in_sync, *common.leading.borrow())
}

fn store(common: &Common, installation: &Installation) -> ConfigMapStore {
    let labels = serde_json::from_value(installation.labels(Component::View)).unwrap_or_default();
    let owner = serde_json::from_value(installation.owner()).expect("it has every field of an owner reference");
    let name = installation.name(Component::View);
    ConfigMapStore::open(common.client.clone(), &installation.key.namespace, &name).born_with(labels, vec![owner])
}

/// Whoever holds the Lease goes first (P1): the other lets it, and whoever goes first need not wait.
fn jitter(leading: watch::Receiver<bool>) -> Box<dyn Fn() -> u64 + Send> {
    Box::new(move || if *leading.borrow() { 0 } else { draw_jitter_ms() })
}

fn builder(common: &Common, key: &Key, picture: watch::Receiver<Picture>, requests: mpsc::Sender<Request>) -> Builder {
    Builder {
        key: key.clone(),
        server: Server::new(common.client.clone(), key),
        recorder: common.recorder.clone(),
        watching: common.watching.clone(),
        picture,
        requests,
        leading: common.leading.clone(),
        memory: Memory::default(),
    }
}
