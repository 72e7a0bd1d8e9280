//! Opening connections: one line to one member is kept open for ever, redialled within milliseconds, and its ups and downs are told.
use super::pump::{Hear, Open, greet, run};
use crate::handle::Directory;
use crate::limits;
use crate::wire::{Broken, Hello, Kind, MAGIC, Outbox, PROTOCOL};
use group::{Peer, Pod};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Who calls, and where to look addresses up.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) directory: Directory,
}

/// What happened to a line.
pub(crate) enum LineEvent<T> {
    /// It is open; this is who answered, and what is put in here is sent.
    Up(Peer, Arc<Outbox>),
    /// This came.
    Frames(Vec<T>),
    /// It is not open. `refused`: its port refuses, so nobody listens there any more.
    Down { refused: bool },
}

/// A line to one member.
struct Line {
    caller: Caller,
    pod: Pod,
    /// The line is cut when nothing comes for this long, in ms.
    silence_ms: Option<u64>,
    /// Dial now: there is a sign that somebody is there.
    poke: Arc<Notify>,
}

/// Keeps one line to every member in the directory but `me`. `members` is told who they are before their lines are dialled;
/// `hearer` makes the one who hears a line.
pub(crate) async fn keep_lines<T, H>(
    caller: Caller,
    me: Option<Pod>,
    silence_ms: Option<u64>,
    members: impl Fn(&BTreeSet<Pod>) + Send,
    hearer: impl Fn(&Pod) -> H + Send,
    poke: impl Fn(&Pod) -> Arc<Notify> + Send,
) where
    T: DeserializeOwned + Send + 'static,
    H: Hear<LineEvent<T>> + 'static,
{
    let mut directory = caller.directory.clone();
    let mut lines: JoinSet<Pod> = JoinSet::new();
    let mut kept = BTreeSet::new();
    loop {
        let mut there: BTreeSet<Pod> = directory.borrow_and_update().keys().cloned().collect();
        there.retain(|pod| Some(pod) != me.as_ref());
        members(&there);
        for pod in there {
            if kept.insert(pod.clone()) {
                let line = Line { caller: caller.clone(), pod: pod.clone(), silence_ms, poke: poke(&pod) };
                let hearer = hearer(&pod);
                lines.spawn(async move {
                    line.keep(hearer).await;
                    pod
                });
            }
        }
        tokio::select! {
            Some(Ok(ended)) = lines.join_next() => drop(kept.remove(&ended)),
            Ok(()) = directory.changed() => {}
            else => return,
        }
    }
}

impl Caller {
    /// Opens one connection to this member.
    pub(crate) async fn open(&self, pod: &Pod, address: &str) -> Result<(Peer, Open<TcpStream>), Broken> {
        let dial = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            // A host that vanished acknowledges nothing and closes nothing; the kernel would try for a quarter of an hour.
            rustix::net::sockopt::set_tcp_user_timeout(&stream, limits::UNACKNOWLEDGED_MS)
                .map_err(std::io::Error::from)?;
            Ok::<_, Broken>(stream)
        };
        let ms = limits::DIAL_MS;
        let stream = timeout(Duration::from_millis(ms), dial).await.map_err(|_| Broken::Silent { ms })??;
        let (name, kind) = (self.name.clone(), self.kind.clone());
        greet(stream, &Hello { magic: MAGIC, protocol: PROTOCOL, to: pod.clone(), kind, name }).await
    }

    /// Where this member is now.
    pub(crate) fn address(&self, pod: &Pod) -> Option<String> {
        self.directory.borrow().get(pod).cloned()
    }

    /// What `work` comes to, unless this member turns out to be somewhere else before: a connection to the old place may never
    /// notice by itself.
    pub(crate) async fn while_at<T>(&self, pod: &Pod, address: &str, work: impl Future<Output = T>) -> Option<T> {
        let mut directory = self.directory.clone();
        let moved = async {
            let elsewhere = |members: &BTreeMap<Pod, String>| members.get(pod).is_none_or(|now| now != address);
            if directory.wait_for(elsewhere).await.is_err() {
                std::future::pending().await
            }
        };
        tokio::select! {
            biased;
            () = moved => None,
            done = work => Some(done),
        }
    }
}

/// Only a refusal proves that nobody listens there. A host or network that cannot be reached is silence: the process may be
/// alive behind it.
fn is_refusal(error: &Broken) -> bool {
    matches!(error, Broken::Io(io) if io.kind() == ErrorKind::ConnectionRefused)
}

impl Line {
    /// Keeps the line open until the member is no longer in the directory. Its address is looked up anew for every attempt.
    async fn keep<T: DeserializeOwned + Send>(self, mut tell: impl Hear<LineEvent<T>>) {
        let mut last = String::new();
        let (mut pause_ms, mut told_refused) = (limits::REDIAL_FIRST_MS, false);
        while let Some(address) = self.caller.address(&self.pod) {
            if last != address {
                (pause_ms, told_refused) = (limits::REDIAL_FIRST_MS, false);
                last.clone_from(&address);
            }
            let dial = self.caller.open(&self.pod, &address);
            let Some(opened) = self.caller.while_at(&self.pod, &address, dial).await else { continue };
            let error = match opened {
                Ok((peer, open)) => {
                    (pause_ms, told_refused) = (limits::REDIAL_FIRST_MS, false);
                    let error = self.talk(peer, open, &address, &mut tell).await;
                    tracing::debug!(pod = %self.pod, %error, "line down");
                    if !tell.hear(LineEvent::Down { refused: false }).await {
                        return;
                    }
                    // Dialled again at once: whether its port refuses is what everybody wants to know.
                    continue;
                }
                Err(error) => error,
            };
            if is_refusal(&error) && !told_refused {
                told_refused = true;
                if !tell.hear(LineEvent::Down { refused: true }).await {
                    return;
                }
            }
            tracing::trace!(pod = %self.pod, %address, %error, "dial");
            self.pause(&address, pause_ms).await;
            pause_ms = (pause_ms * 2).min(limits::REDIAL_MAX_MS);
        }
    }

    /// Waits before the next attempt, unless there is a sign that somebody is there.
    async fn pause(&self, address: &str, ms: u64) {
        let over = tokio::time::sleep(Duration::from_millis(ms));
        let pause = async {
            tokio::select! {
                () = over => {}
                () = self.poke.notified() => {}
            }
        };
        self.caller.while_at(&self.pod, address, pause).await;
    }

    async fn talk<T: DeserializeOwned + Send>(
        &self,
        peer: Peer,
        open: Open<TcpStream>,
        address: &str,
        tell: &mut impl Hear<LineEvent<T>>,
    ) -> Broken {
        let outbox = Arc::new(Outbox::new(limits::OUTBOX_BYTES));
        if !tell.hear(LineEvent::Up(peer, outbox.clone())).await {
            return Broken::Closed;
        }
        let mut frames = Frames(tell);
        let talk = run(open, &outbox, self.silence_ms, &mut frames);
        let ended = self.caller.while_at(&self.pod, address, talk).await;
        outbox.cut();
        ended.and_then(Result::err).unwrap_or(Broken::Closed)
    }
}

/// Passes batches on as events of the line.
struct Frames<'a, H>(&'a mut H);
impl<T: Send, H: Hear<LineEvent<T>>> Hear<Vec<T>> for Frames<'_, H> {
    async fn hear(&mut self, batch: Vec<T>) -> bool {
        self.0.hear(LineEvent::Frames(batch)).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::pump::receive;
    use super::*;
    use group::{BootId, StorageId};
    use std::io;
    use tokio::net::TcpListener;
    use tokio::sync::{mpsc, watch};

    const DEADLINE: Duration = Duration::from_secs(20);

    struct World {
        places: watch::Sender<BTreeMap<Pod, String>>,
        caller: Caller,
        pod: Pod,
    }
    impl World {
        fn new(address: String) -> World {
            let pod = Pod::new("replica-1");
            let (places, directory) = watch::channel(BTreeMap::from([(pod.clone(), address)]));
            World { places, caller: Caller { name: "test".into(), kind: Kind::Client, directory }, pod }
        }
        fn moves_to(&self, address: String) {
            self.places.send_modify(|places| drop(places.insert(self.pod.clone(), address)));
        }
        /// Keeps a line to the member; what happens to it comes out.
        fn line(&self) -> mpsc::UnboundedReceiver<LineEvent<u64>> {
            let (sender, events) = mpsc::unbounded_channel();
            let hearer = move |_: &Pod| {
                let sender = sender.clone();
                move |event: LineEvent<u64>| std::future::ready(sender.send(event).is_ok())
            };
            tokio::spawn(keep_lines(self.caller.clone(), None, None, |_| (), hearer, |_| Arc::default()));
            events
        }
    }
    async fn next(events: &mut mpsc::UnboundedReceiver<LineEvent<u64>>) -> LineEvent<u64> {
        timeout(DEADLINE, events.recv()).await.expect("something happens to the line").expect("it is kept")
    }
    async fn listener() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (listener, address)
    }
    /// A member of this boot that greets one caller.
    async fn greets(listener: &TcpListener, pod: &Pod, boot: u128) -> Open<TcpStream> {
        let me = Peer { pod: pod.clone(), storage: StorageId(1), boot: BootId(boot) };
        let (stream, _) = timeout(DEADLINE, listener.accept()).await.expect("it is dialled").unwrap();
        receive(stream, &me, true).await.unwrap_or_else(|error| panic!("{error}")).1
    }
    /// An address where nobody listens.
    async fn nowhere() -> String {
        listener().await.1
    }

    #[tokio::test]
    async fn a_member_that_moves_is_left_at_the_old_place_and_dialled_at_the_new_one() {
        let ((old, here), (new, there)) = (listener().await, listener().await);
        let world = World::new(here);
        let mut events = world.line();
        let mut left = greets(&old, &world.pod, 7).await;
        assert!(matches!(next(&mut events).await, LineEvent::Up(peer, _) if peer.boot == BootId(7)));
        world.moves_to(there);
        let _found = greets(&new, &world.pod, 8).await;
        assert!(matches!(next(&mut events).await, LineEvent::Down { refused: false }), "the old place did not refuse");
        assert!(matches!(next(&mut events).await, LineEvent::Up(peer, _) if peer.boot == BootId(8)));
        let mut rest = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut left.stream, &mut rest);
        timeout(DEADLINE, read).await.expect("the old connection is dropped").unwrap();
    }

    #[tokio::test]
    async fn a_refusal_is_told_once_for_each_place() {
        let world = World::new(nowhere().await);
        let mut events = world.line();
        assert!(matches!(next(&mut events).await, LineEvent::Down { refused: true }));
        world.moves_to(nowhere().await);
        assert!(matches!(next(&mut events).await, LineEvent::Down { refused: true }));
        let (listener, address) = listener().await;
        world.moves_to(address);
        let _open = greets(&listener, &world.pod, 7).await;
        assert!(matches!(next(&mut events).await, LineEvent::Up(..)), "attempts in between are not told");
    }

    #[tokio::test]
    async fn whatever_is_tried_at_a_place_ends_when_the_member_is_somewhere_else() {
        let world = World::new("127.0.0.1:1".into());
        let (caller, pod) = (world.caller.clone(), world.pod.clone());
        let mut trying = Box::pin(caller.while_at(&pod, "127.0.0.1:1", std::future::pending::<()>()));
        assert!(futures_util::poll!(&mut trying).is_pending());
        world.moves_to("127.0.0.1:1".into());
        assert!(futures_util::poll!(&mut trying).is_pending(), "told again where it is, it has not moved");
        world.moves_to("127.0.0.1:2".into());
        assert_eq!(timeout(DEADLINE, trying).await, Ok(None));
        let gone = World { places: watch::channel(BTreeMap::new()).0, ..world };
        let caller = Caller { directory: gone.places.subscribe(), ..caller };
        assert_eq!(caller.while_at(&pod, "127.0.0.1:2", std::future::pending::<()>()).await, None, "it is nowhere");
    }

    #[test]
    fn a_place_that_cannot_be_reached_proves_no_death() {
        let of = |kind: ErrorKind| is_refusal(&Broken::Io(io::Error::from(kind)));
        assert!(of(ErrorKind::ConnectionRefused));
        for kind in [
            ErrorKind::HostUnreachable,
            ErrorKind::NetworkUnreachable,
            ErrorKind::NetworkDown,
            ErrorKind::TimedOut,
            ErrorKind::ConnectionReset,
            ErrorKind::AddrNotAvailable,
        ] {
            assert!(!of(kind), "{kind}");
        }
        assert!(!is_refusal(&Broken::Silent { ms: limits::DIAL_MS }) && !is_refusal(&Broken::Closed));
    }
}
