//! What both examples stand on: a group of three members in one process, each with a thread and a directory of its own, the view in
//! memory, and a small controller. In earnest each member is a process, and the view is in files or in a ConfigMap.
#![expect(clippy::unwrap_used, reason = "an example stops at the first surprise")]
use group::choose::{Decision, Seen as Observed, Store, Wish, choose};
use group::{GroupId, Now, Pod, Time, View};
use member::client::{self, Client, Watch};
use member::{Ask, Config, Directory, Machine, Seen, directory};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};

/// The view: one value, changed only by compare-and-swap.
#[derive(Clone)]
struct Views(Arc<watch::Sender<Option<View>>>);

impl Views {
    fn swap(&self, base: Option<u64>, next: View) -> bool {
        self.0.send_if_modified(|view| {
            let wins = view.as_ref().map(|view| view.version) == base;
            if wins {
                *view = Some(next);
            }
            wins
        })
    }
}

/// A running group.
pub(crate) struct Group {
    members: BTreeMap<Pod, (oneshot::Sender<()>, JoinHandle<()>)>,
    directory: Directory,
    views: Views,
    _dir: tempfile::TempDir,
}

impl Group {
    /// Starts three members with these machines, and a controller that sees to it that one of them leads.
    pub(crate) fn start<M: Machine + Send + 'static>(machine: impl Fn() -> M) -> Group {
        let dir = tempfile::tempdir().expect("make a temporary directory");
        let listeners: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let name = |number| Pod::new(&format!("member-{number}"));
        let addresses: BTreeMap<Pod, String> =
            listeners.iter().enumerate().map(|(n, l)| (name(n), l.local_addr().unwrap().to_string())).collect();
        let directory = directory(addresses);
        let views = Views(Arc::new(watch::channel(None).0));
        let mut members = BTreeMap::new();
        for (number, listener) in listeners.into_iter().enumerate() {
            let config = Config::new(name(number), dir.path().join(name(number).as_str()), listener, directory.clone());
            members.insert(name(number), run(config, machine(), views.clone()));
        }
        tokio::spawn(control(Watch::start("controller", directory.clone()), views.clone()));
        Group { members, directory, views, _dir: dir }
    }

    /// A client of this group.
    pub(crate) fn client(&self, name: &str) -> Client {
        Client::connect(client::Config { name: name.into(), replicas: self.directory.clone() })
    }

    /// Ends the primary without a word to anyone; tells who it was.
    pub(crate) fn kill_primary(&mut self) -> Pod {
        let primary = self.views.0.borrow().as_ref().map(|view| view.primary.clone()).expect("there is a view");
        let (stop, thread) = self.members.remove(&primary).expect("the primary runs");
        drop(stop);
        thread.join().expect("the member's thread ends");
        primary
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for (stop, thread) in std::mem::take(&mut self.members).into_values() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// One member on one thread: its own runtime, its own loop.
fn run<M: Machine + Send + 'static>(config: Config, machine: M, views: Views) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("make a runtime");
        runtime.block_on(async {
            let (seen, mut stream) = mpsc::unbounded_channel();
            let (asks, asked) = mpsc::unbounded_channel();
            let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context));
            let (_member, running) = member::join(config, machine, stream, asks).expect("open the data directory");
            tokio::spawn(wire(views, seen, asked));
            tokio::select! {
                ended = running.run() => println!("a member ended: {ended}"),
                _ = stopped => {}
            }
        });
    });
    (stop, thread)
}

/// The program's part: it brings views to the member and carries out what the member asks of the place where the view is kept.
async fn wire(views: Views, seen: mpsc::UnboundedSender<Seen>, mut asks: mpsc::UnboundedReceiver<Ask>) {
    let mut news = views.0.subscribe();
    news.mark_changed();
    loop {
        tokio::select! {
            Ok(()) = news.changed() => {
                if let Some(view) = news.borrow_and_update().clone() {
                    let _ = seen.send(Seen::View(view));
                }
            }
            Some(ask) = asks.recv() => match ask {
                Ask::Propose(proposal) => drop(views.swap(Some(proposal.base), proposal.next)),
                Ask::Read { held } => drop(seen.send(Seen::Stored { held, view: news.borrow().clone() })),
            },
            else => return,
        }
    }
}

/// A controller in its smallest form: what was seen goes into `group::choose`, and what that says is written.
async fn control(mut watch: Watch, views: Views) {
    let (began, mut seen) = (Instant::now(), Observed::default());
    let wish = Wish { members: watch.seen().into_keys().collect(), min_in_sync: 2, group: GroupId(1), jitter_ms: 0 };
    loop {
        let _ = tokio::time::timeout(Duration::from_millis(20), watch.changed()).await;
        let mono = Time(began.elapsed().as_micros() as u64);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let view = views.0.borrow().clone();
        seen.stored(view.map_or(Store::Missing, Store::Is), true, mono);
        for (pod, observation) in watch.seen() {
            seen.linked(&pod, observation.link.into(), mono);
            observation.status.into_iter().for_each(|status| seen.answered(status, mono));
        }
        match choose(&seen, &wish, Now { mono, wall }) {
            Decision::Birth(first) => drop(views.swap(None, first)),
            Decision::Write { base, next } => {
                println!("the controller names {} (epoch {})", next.primary, next.epoch);
                views.swap(Some(base), next);
            }
            Decision::Ask { pods, .. } => {
                watch.ask(&pods);
                seen.asked(&pods, mono);
            }
            Decision::Nothing | Decision::Wait { .. } | Decision::ReadStore | Decision::Lost(_) => {}
        }
    }
}
