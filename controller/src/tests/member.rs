//! A member of a group that runs in this process, wired to a view directory as a replica is. Its machine only counts.
use bytes::Bytes;
use futures_util::stream;
use group::{Pod, Seq, View, Wall, Writer};
use member::{Ask, Config, Directory, Executed, LoadError, Machine, Member, Seen, Slice};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use view::{FileStore, Sight, ViewStore};

/// Counts commands; each carries the next number, so that doing one twice is doing it once.
#[derive(Default)]
struct Counter(u64);

impl Machine for Counter {
    fn execute(&self, _: Wall, _: &[u8]) -> Executed {
        let next = Bytes::copy_from_slice(&(self.0 + 1).to_le_bytes());
        Executed::Changed { delta: next.clone(), reply: next }
    }
    fn apply(&mut self, _: Wall, _: Seq, delta: &[u8]) {
        self.0 = delta.try_into().map_or(self.0, u64::from_le_bytes);
    }
    fn query(&self, _: Wall, _: &[u8]) -> Bytes {
        Bytes::copy_from_slice(&self.0.to_le_bytes())
    }
    fn blank(&self) -> Counter {
        Counter::default()
    }
    fn slice(&self, _: Option<&[u8]>, _: usize) -> Slice {
        Slice { bytes: Bytes::copy_from_slice(&self.0.to_le_bytes()), next: None }
    }
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        self.apply(0, 0, slice);
        Ok(())
    }
    fn digest(&self) -> u64 {
        self.0
    }
}

/// Where a member is and what it needs to be started again.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) pod: Pod,
    pub(super) dir: PathBuf,
    pub(super) views: PathBuf,
    pub(super) peers: Directory,
}

/// Holds a member up until it is dropped, as SIGSTOP would.
pub(super) type Ice = blocking::Sender<()>;

/// A member on a thread and a runtime of its own.
pub(super) struct Node {
    pub(super) member: Member,
    freeze: mpsc::UnboundedSender<(oneshot::Sender<()>, blocking::Receiver<()>)>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    pub(super) fn start(place: Place, listener: TcpListener) -> Node {
        let (stop, stopped) = oneshot::channel();
        let (freeze, mut freezes) = mpsc::unbounded_channel::<(oneshot::Sender<()>, blocking::Receiver<()>)>();
        let (started, handle) = blocking::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let Place { pod, dir, views, peers } = place;
                let (seen, mut stream) = mpsc::unbounded_channel();
                let (asks, asked) = mpsc::unbounded_channel();
                let stream = stream::poll_fn(move |context| stream.poll_recv(context));
                let config = Config::new(pod.clone(), dir, listener, peers);
                let (member, running) = member::join(config, Counter::default(), stream, asks).unwrap();
                started.send(member).unwrap();
                tokio::spawn(serve(pod, views, seen, asked));
                tokio::spawn(async move {
                    while let Some((frozen, thaw)) = freezes.recv().await {
                        let _ = frozen.send(());
                        let _ = thaw.recv();
                    }
                });
                tokio::select! {
                    _ = running.run() => {}
                    _ = stopped => {}
                }
            });
        });
        let member = handle.recv().expect("the member starts");
        Node { member, freeze, stop: Some(stop), thread: Some(thread) }
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Tells it to end, without waiting for it.
    pub(super) fn end(&mut self) {
        drop(self.stop.take());
    }

    pub(super) async fn freeze(&self) -> Ice {
        let ((frozen, is_frozen), (ice, thaw)) = (oneshot::channel(), blocking::channel());
        self.freeze.send((frozen, thaw)).unwrap();
        is_frozen.await.unwrap();
        ice
    }
}

/// Ends it without a word to anyone.
impl Drop for Node {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Carries what is seen of the view to the member, and its wishes to the store.
async fn serve(pod: Pod, views: PathBuf, seen: mpsc::UnboundedSender<Seen>, mut asks: mpsc::UnboundedReceiver<Ask>) {
    let store = Arc::new(FileStore::open(Path::new(&views)).unwrap());
    let mut sight = store.watch();
    loop {
        tokio::select! {
            Ok(()) = sight.changed() => {
                let view: Option<View> = sight.borrow_and_update().view().cloned();
                let _ = view.map(|view| drop(seen.send(Seen::View(view))));
            }
            Some(ask) = asks.recv() => {
                let (store, seen, pod) = (store.clone(), seen.clone(), pod.clone());
                tokio::spawn(async move {
                    match ask {
                        Ask::Propose(proposal) => {
                            let swap = store.compare_and_swap(proposal.base, proposal.next, Writer::Member(pod));
                            drop(swap.await);
                        }
                        Ask::Read { held } => match Sight::from(&store.get().await) {
                            Sight::Is(view) => drop(seen.send(Seen::Stored { held, view: Some(view) })),
                            Sight::Missing => drop(seen.send(Seen::Stored { held, view: None })),
                            Sight::Unread | Sight::Unreadable(_) => {}
                        },
                    }
                });
            }
            else => return,
        }
    }
}
