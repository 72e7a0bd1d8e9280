//! Three members, two controllers, one view directory: birth, failovers of every kind, loss and repair.
use super::member::{Ice, Node, Place};
use super::{Running, pods};
use crate::control::Request;
use crate::repair::Repair;
use api::v1::cluster::ForceLoss;
use bytes::Bytes;
use group::{Cause, Pod, View};
use member::Directory;
use member::client::{self, Client};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::oneshot;
use view::{FileStore, Sight, ViewStore};

/// Nothing here takes longer on a machine that works.
const DEADLINE: Duration = Duration::from_secs(20);

struct Group {
    dir: TempDir,
    directory: Directory,
    nodes: BTreeMap<Pod, Node>,
    controllers: Vec<Running>,
    store: FileStore,
    client: Client,
}

impl Group {
    /// Three blank members and two controllers that let a group be born.
    async fn born() -> Group {
        let filter = std::env::var("RUST_LOG").unwrap_or_default();
        let _ = tracing_subscriber::fmt().with_test_writer().with_env_filter(filter).try_init();
        let dir = TempDir::new().unwrap();
        let listeners: Vec<_> = pods().iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses = pods().into_iter().zip(listeners.iter().map(|at| at.local_addr().unwrap().to_string()));
        let directory = member::directory(addresses);
        let store = FileStore::open(&dir.path().join("view")).unwrap();
        let client = Client::connect(client::Config { name: "test".into(), replicas: directory.clone() });
        let (nodes, controllers) = (BTreeMap::new(), Vec::new());
        let mut group = Group { dir, directory, nodes, controllers, store, client };
        for (pod, listener) in pods().into_iter().zip(listeners) {
            let node = Node::start(group.place(&pod), listener);
            group.nodes.insert(pod, node);
        }
        group.controllers.push(group.controller("controller-0", || 0));
        group.controllers.push(group.controller("controller-1", || 40));
        group.sees(|view| view.version == 1).await;
        group.put().await;
        group
    }

    fn place(&self, pod: &Pod) -> Place {
        let (dir, views) = (self.dir.path().join(pod.as_str()), self.dir.path().join("view"));
        Place { pod: pod.clone(), dir, views, peers: self.directory.clone() }
    }
    fn controller(&self, name: &str, draw_jitter_ms: fn() -> u64) -> Running {
        Running::start(name, &self.dir.path().join("view"), self.directory.clone(), draw_jitter_ms)
    }
    fn kill(&mut self, pod: &Pod) {
        drop(self.nodes.remove(pod).unwrap());
    }
    fn start(&mut self, pod: &Pod) {
        let address = self.directory.borrow()[pod].clone();
        let node = Node::start(self.place(pod), TcpListener::bind(address).unwrap());
        self.nodes.insert(pod.clone(), node);
    }
    /// Waits until all are in sync, and starts again whoever has ended itself (D1, U1), as a supervisor does.
    async fn all_in_sync(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while self.view().await.in_sync.len() < 3 {
            for pod in pods() {
                if self.nodes.get(&pod).is_none_or(Node::has_ended) {
                    self.nodes.remove(&pod);
                    self.start(&pod);
                }
            }
            assert!(Instant::now() < deadline, "{:?}", self.view().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    /// One acknowledged command; answers how many there are.
    async fn put(&self) -> u64 {
        let reply = self.client.submit(Bytes::new()).await.expect("it is acknowledged").reply;
        u64::from_le_bytes((&*reply).try_into().unwrap())
    }
    async fn sees(&self, wanted: impl Fn(&View) -> bool) -> View {
        let mut sight = self.store.watch();
        let seen = tokio::time::timeout(DEADLINE, sight.wait_for(|sight| sight.view().is_some_and(&wanted))).await;
        match &*seen.expect("the view is written in time").unwrap() {
            Sight::Is(view) => view.clone(),
            other => panic!("{other:?}"),
        }
    }
    async fn view(&self) -> View {
        self.store.get().await.unwrap().expect("there is a view")
    }
    fn delete_view(&self) {
        for file in std::fs::read_dir(self.dir.path().join("view")).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
    }
    async fn repair(&self, repair: Repair) -> Result<View, String> {
        let (reply, answer) = oneshot::channel();
        self.controllers[0].requests.send(Request::Repair(repair, reply)).await.unwrap();
        answer.await.unwrap().map_err(|problem| format!("{}: {}", problem.code, problem.detail))
    }
    /// The page of the first controller.
    async fn page(&self) -> serde_json::Value {
        let (reply, answer) = oneshot::channel();
        self.controllers[0].requests.send(Request::Status(reply)).await.unwrap();
        answer.await.unwrap()
    }
    /// Waits until that is as wanted.
    async fn shows(&self, wanted: impl Fn(&serde_json::Value) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let page = self.page().await;
            if wanted(&page) {
                return;
            }
            assert!(Instant::now() < deadline, "{page:#}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn holds(page: &serde_json::Value, kind: &str) -> bool {
    let conditions = page["conditions"].as_array().unwrap();
    conditions.iter().any(|condition| condition["type"] == kind && condition["status"] == "True")
}

#[tokio::test]
async fn a_killed_primary_is_replaced_and_nothing_is_lost() {
    let mut group = Group::born().await;
    let before = group.view().await;
    assert_eq!((before.primary.as_str(), before.change.cause), ("replica-0", Cause::Birth));
    assert_eq!(group.put().await, 2);
    let killed = Instant::now();
    group.kill(&before.primary);
    let after = group.sees(|view| view.epoch > before.epoch).await;
    let written = killed.elapsed();
    assert_eq!(group.put().await, 3);
    println!("killed; view written after {written:?}, first answer after {:?}", killed.elapsed());
    assert_eq!((after.change.cause, after.in_sync.len()), (Cause::Died, 2));
    group.all_in_sync().await;
    group.shows(|page| holds(page, "FullyReplicated") && holds(page, "Available")).await;
    assert_eq!(group.view().await.epoch, after.epoch, "one failover, however many controllers there are");
}

#[tokio::test]
async fn a_frozen_primary_is_replaced_within_a_second() {
    let group = Group::born().await;
    let before = group.view().await;
    let frozen = Instant::now();
    let ice: Ice = group.nodes[&before.primary].freeze().await;
    let after = group.sees(|view| view.epoch > before.epoch).await;
    let written = frozen.elapsed();
    assert_eq!(group.put().await, 2);
    println!("frozen; view written after {written:?}, first answer after {:?}", frozen.elapsed());
    assert_eq!((after.change.cause, after.in_sync.len()), (Cause::Silent, 2));
    assert!(written < Duration::from_millis(1_500), "{written:?}");
    drop(ice);
}

#[tokio::test]
async fn without_controllers_orders_flow_and_a_primary_that_leaves_hands_over() {
    let mut group = Group::born().await;
    for controller in std::mem::take(&mut group.controllers) {
        controller.stop().await;
    }
    let before = group.view().await;
    assert_eq!(group.put().await, 2);
    group.nodes[&before.primary].member.leave().await;
    let after = group.sees(|view| view.epoch > before.epoch).await;
    assert_eq!((after.change.cause, group.put().await), (Cause::Leaving, 3));
}

#[tokio::test]
async fn a1_all_killed_at_once_come_back_with_everything() {
    let mut group = Group::born().await;
    assert_eq!(group.put().await, 2);
    let mut nodes = std::mem::take(&mut group.nodes);
    nodes.values_mut().for_each(Node::end);
    tokio::task::spawn_blocking(move || drop(nodes)).await.unwrap();
    group.shows(|page| holds(page, "QuorumLost")).await;
    // "At once" takes its time: the last to die may have been named primary when the first was dead.
    let before = group.view().await;
    pods().iter().for_each(|pod| group.start(pod));
    let after = group.sees(|view| view.epoch > before.epoch).await;
    assert_eq!((after.change.cause, after.in_sync.len()), (Cause::Restarted, before.in_sync.len()));
    assert_eq!(group.put().await, 3);
}

#[tokio::test]
async fn v3_a_deleted_view_stops_nothing_and_is_rebuilt_by_command() {
    let mut group = Group::born().await;
    let before = group.view().await;
    group.delete_view();
    group.shows(|page| holds(page, "ViewLost") && holds(page, "Available")).await;
    assert_eq!(group.put().await, 2, "members serve on");
    assert!(group.repair(Repair::Rebuild(9)).await.unwrap_err().starts_with("epoch_changed"));
    let rebuilt = group.repair(Repair::Rebuild(before.epoch.number)).await.unwrap();
    assert_eq!((rebuilt.epoch.loss, &rebuilt.in_sync), (1, &before.in_sync));
    assert_eq!(group.put().await, 3);
    group.shows(|page| !holds(page, "ViewLost") && holds(page, "Available")).await;
    let again = group.repair(Repair::Rebuild(rebuilt.epoch.number)).await.unwrap_err();
    assert!(again.contains("not lost"), "{again}");
    // And the group fails over as ever.
    group.sees(|view| view.in_sync.len() == 2).await;
    group.all_in_sync().await;
    group.kill(&rebuilt.primary);
    assert_eq!(group.put().await, 4);
}

#[tokio::test]
async fn v3_a_rebuild_that_fails_half_way_is_said_and_repeated() {
    let group = Group::born().await;
    let before = group.view().await;
    group.delete_view();
    group.shows(|page| holds(page, "ViewLost")).await;
    // Connected, and says nothing: the others promise, and the view cannot be written.
    let deadline = Instant::now() + DEADLINE;
    let ice: Ice = loop {
        let ice = group.nodes[&Pod::new("replica-2")].freeze().await;
        let refused = group.repair(Repair::Rebuild(before.epoch.number)).await.unwrap_err();
        assert!(refused.contains("replica-2") && Instant::now() < deadline, "{refused}");
        let page = group.page().await;
        if !holds(&page, "Available") && holds(&page, "ViewLost") {
            break ice;
        }
        // This test was held up so long that the silence was noticed before anyone was asked.
    };
    drop(ice);
    let rebuilt = loop {
        match group.repair(Repair::Rebuild(before.epoch.number)).await {
            Ok(rebuilt) => break rebuilt,
            Err(refused) => assert!(Instant::now() < deadline, "{refused}"),
        }
    };
    assert!(rebuilt.epoch.loss > 1, "each attempt has a number of its own");
    assert_eq!(rebuilt.in_sync, before.in_sync);
    assert_eq!(group.put().await, 2);
}

#[tokio::test]
async fn v3_of_two_commands_at_once_one_rebuilds_the_view_and_both_are_answered() {
    let group = Group::born().await;
    let before = group.view().await;
    group.delete_view();
    group.shows(|page| holds(page, "ViewLost")).await;
    let command = || group.repair(Repair::Rebuild(before.epoch.number));
    let (one, other) = tokio::join!(command(), command());
    assert_eq!(one.unwrap().epoch.loss, 1);
    let refused = other.unwrap_err();
    // Which of them, is a matter of how quick the first one was.
    let reasons = ["an earlier command", "not lost", "epoch_changed"];
    assert!(reasons.iter().any(|reason| refused.contains(reason)), "{refused}");
    assert_eq!(group.put().await, 2);
}

#[tokio::test]
async fn u1_one_disk_is_kept_by_command_and_the_others_are_copied_anew() {
    let mut group = Group::born().await;
    assert_eq!(group.put().await, 2);
    let before = group.view().await;
    let gone: Vec<Pod> = pods().into_iter().filter(|pod| *pod != Pod::new("replica-2")).collect();
    for pod in &gone {
        group.kill(pod);
        std::fs::remove_dir_all(group.dir.path().join(pod.as_str())).unwrap();
    }
    let epoch = group.sees(|view| view.primary == Pod::new("replica-2")).await.epoch;
    assert!(epoch > before.epoch, "the last disk leads, and commits nothing alone");
    let force = ForceLoss { expect_epoch: epoch.number, keep: "replica-2".into() };
    let forced = group.repair(Repair::Force(force)).await.unwrap();
    assert_eq!((forced.epoch.loss, forced.in_sync.len()), (1, 1));
    group.all_in_sync().await;
    assert_eq!(group.put().await, 3);
}
