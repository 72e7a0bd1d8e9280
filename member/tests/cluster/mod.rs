//! Three members in one process, each with a thread, a runtime and a directory of its own; the view in memory, changed by
//! compare-and-swap as everywhere. Loopback only. What the tests wait for has a deadline; nothing sleeps for luck.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
pub(crate) mod ledger;

use bytes::Bytes;
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, Role, Status, View};
use ledger::Ledger;
use member::client::{self, Client};
use member::store::LogWriter;
use member::{Ask, Config, Directory, Ended, Member, Report, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Nothing here takes longer on a machine that works.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The view, kept in memory.
#[derive(Clone)]
pub(crate) struct Views(Arc<watch::Sender<Option<View>>>);

impl Views {
    pub(crate) fn current(&self) -> Option<View> {
        self.0.borrow().clone()
    }
    /// Writes the view if its base is current.
    pub(crate) fn swap(&self, next: View) -> bool {
        self.0.send_if_modified(|view| {
            let wins = view.as_ref().map_or(0, |view| view.version) + 1 == next.version;
            if wins {
                *view = Some(next);
            }
            wins
        })
    }
    /// Serves one member.
    async fn serve(self, seen: mpsc::UnboundedSender<Seen>, mut asks: mpsc::UnboundedReceiver<Ask>) {
        let mut views = self.0.subscribe();
        views.mark_changed();
        loop {
            tokio::select! {
                Ok(()) = views.changed() => {
                    let view = views.borrow_and_update().clone();
                    if let Some(view) = view {
                        let _ = seen.send(Seen::View(view));
                    }
                }
                Some(ask) = asks.recv() => match ask {
                    Ask::Propose(proposal) => {
                        if self.current().is_some_and(|view| view.version == proposal.base) {
                            self.swap(proposal.next);
                        }
                    }
                    Ask::Read { held } => drop(seen.send(Seen::Stored { held, view: self.current() })),
                },
                else => return,
            }
        }
    }
}

/// Says that it is frozen, and waits for the thaw.
type Freeze = (oneshot::Sender<()>, std::sync::mpsc::Receiver<()>);

/// A member that runs.
pub(crate) struct Node {
    pub(crate) member: Member,
    stop: Option<oneshot::Sender<()>>,
    freeze: mpsc::UnboundedSender<Freeze>,
    thread: Option<JoinHandle<Option<Ended>>>,
}

impl Node {
    fn start(config: Config, views: Views) -> Node {
        let (stop, stopped) = oneshot::channel();
        let (freeze, mut freezes) = mpsc::unbounded_channel::<Freeze>();
        let (started, handle) = std::sync::mpsc::channel();
        let name = config.pod.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (seen, mut stream) = mpsc::unbounded_channel();
                let (asks, asked) = mpsc::unbounded_channel();
                let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context));
                let (member, running) = member::join(config, Ledger::default(), stream, asks).unwrap();
                started.send(member).unwrap();
                tokio::spawn(views.serve(seen, asked));
                // Stops this thread as SIGSTOP would: nothing is read, nothing is sent, no clock is looked at.
                tokio::spawn(async move {
                    while let Some((frozen, thaw)) = freezes.recv().await {
                        let _ = frozen.send(());
                        let _ = thaw.recv();
                    }
                });
                tokio::select! {
                    ended = running.run() => {
                        eprintln!("{name} ended: {ended:?}");
                        Some(ended)
                    }
                    _ = stopped => None,
                }
            })
        });
        let member = handle.recv().expect("the member starts");
        Node { member, stop: Some(stop), freeze, thread: Some(thread) }
    }

    /// Ends it without a word to anyone.
    pub(crate) fn kill(mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
    /// Freezes it until what comes back is dropped.
    pub(crate) async fn freeze(&self) -> std::sync::mpsc::Sender<()> {
        let ((frozen, is_frozen), (thaw, until)) = (oneshot::channel(), std::sync::mpsc::channel());
        assert!(self.freeze.send((frozen, until)).is_ok());
        is_frozen.await.unwrap();
        thaw
    }
    /// How it ended, once it has.
    pub(crate) async fn ended(mut self) -> Option<Ended> {
        let (stop, thread) = (self.stop.take(), self.thread.take().unwrap());
        let ended = tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
        drop(stop);
        ended
    }
    pub(crate) async fn report(&self) -> Report {
        self.member.report().await.expect("it runs")
    }
    pub(crate) async fn status(&self) -> Status {
        self.report().await.status
    }
}
impl Drop for Node {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A whole group.
pub(crate) struct Cluster {
    pub(crate) views: Views,
    pub(crate) nodes: BTreeMap<Pod, Node>,
    dir: tempfile::TempDir,
    addresses: BTreeMap<Pod, String>,
    directory: Directory,
    /// Small in tests about snapshots.
    pub(crate) snapshot_every_bytes: usize,
}

pub(crate) fn pod(number: usize) -> Pod {
    Pod::new(&format!("replica-{number}"))
}

impl Cluster {
    /// Three members without a view.
    pub(crate) fn blank(snapshot_every_bytes: usize) -> Cluster {
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_env_filter(std::env::var("RUST_LOG").unwrap_or_default())
            .try_init();
        let listeners: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: BTreeMap<Pod, String> =
            listeners.iter().enumerate().map(|(n, l)| (pod(n), l.local_addr().unwrap().to_string())).collect();
        let directory = member::directory(addresses.clone());
        let views = Views(Arc::new(watch::channel(None).0));
        let dir = tempfile::tempdir().unwrap();
        let nodes = BTreeMap::new();
        let mut cluster = Cluster { views, nodes, dir, addresses, directory, snapshot_every_bytes };
        for (number, listener) in listeners.into_iter().enumerate() {
            cluster.start_on(&pod(number), listener);
        }
        cluster
    }

    /// Three members, all in sync, the first one leads.
    pub(crate) async fn born(snapshot_every_bytes: usize) -> Cluster {
        let cluster = Cluster::blank(snapshot_every_bytes);
        let mut in_sync = BTreeMap::new();
        for (pod, node) in &cluster.nodes {
            in_sync.insert(pod.clone(), node.status().await.me.storage);
        }
        let primary = pod(0);
        let primary_boot = cluster.boot(&primary).await;
        let members: BTreeSet<Pod> = cluster.nodes.keys().cloned().collect();
        let change = Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 };
        let (group, epoch) = (GroupId(7), Epoch::new(0, 1));
        let view = View { group, version: 1, epoch, primary, primary_boot, in_sync, members, min_in_sync: 2, change };
        assert!(cluster.views.swap(view));
        cluster.until_role(&pod(0), Role::Primary).await;
        cluster
    }

    fn start_on(&mut self, pod: &Pod, listener: TcpListener) {
        let dir = self.dir_of(pod).to_owned();
        let peers = self.directory.clone();
        // One of each kind: whatever the tests show holds for all of them.
        let log_writer = match pod.as_str().as_bytes().last() {
            Some(b'0') => LogWriter::IoUring,
            Some(b'1') => LogWriter::Inline,
            _ => LogWriter::Thread,
        };
        let config = Config {
            log_writer,
            snapshot_every_bytes: self.snapshot_every_bytes,
            ..Config::new(pod.clone(), dir, listener, peers)
        };
        self.nodes.insert(pod.clone(), Node::start(config, self.views.clone()));
    }
    /// Starts a member again, on the same port and the same directory.
    pub(crate) fn start(&mut self, pod: &Pod) {
        let listener = TcpListener::bind(&self.addresses[pod]).expect("its port is free again");
        self.start_on(pod, listener);
    }
    pub(crate) fn kill(&mut self, pod: &Pod) {
        self.nodes.remove(pod).unwrap().kill();
    }
    pub(crate) fn dir_of(&self, pod: &Pod) -> std::path::PathBuf {
        Path::join(self.dir.path(), pod.as_str())
    }
    pub(crate) fn client(&self) -> Client {
        Client::connect(client::Config { name: "test".into(), replicas: self.directory.clone() })
    }
    pub(crate) fn directory(&self) -> Directory {
        self.directory.clone()
    }

    pub(crate) async fn boot(&self, pod: &Pod) -> BootId {
        self.nodes[pod].status().await.me.boot
    }

    /// What a controller does, by hand: the longest of the in-sync members that answer leads next.
    pub(crate) async fn promote(&self, gone: &Pod) -> Pod {
        let view = self.views.current().unwrap();
        let mut best: Option<Status> = None;
        for (pod, _) in view.pairs().filter(|(pod, _)| *pod != gone) {
            let status = self.nodes[pod].status().await;
            if best.as_ref().is_none_or(|best| best.tail.seq < status.tail.seq) {
                best = Some(status);
            }
        }
        let to = best.unwrap().me;
        let keep = view.in_sync.iter().filter(|(pod, _)| *pod != gone).map(|(pod, id)| (pod.clone(), *id)).collect();
        let change = Change { cause: Cause::Died, suspected_at: 1, decided_at: 2 };
        assert!(self.views.swap(view.promote(&to.pod, to.boot, &keep, change)), "nobody else promotes here");
        to.pod
    }

    pub(crate) async fn until_role(&self, pod: &Pod, role: Role) {
        self.until(pod, |report| report.status.role == role).await;
    }
    /// Waits until a member's report is as wanted.
    pub(crate) async fn until(&self, pod: &Pod, wanted: impl Fn(&Report) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let report = self.nodes[pod].report().await;
            if wanted(&report) {
                return;
            }
            assert!(Instant::now() < deadline, "{pod} is not as expected: {report:#?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Submits a number until it is acknowledged; the machine takes each once.
pub(crate) async fn put(client: &Client, number: u64) -> Bytes {
    let answer = client.submit(Bytes::copy_from_slice(&number.to_le_bytes())).await;
    answer.unwrap_or_else(|failure| panic!("{number}: {failure}")).reply
}
