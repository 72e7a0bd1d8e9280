//! Opening connections: one line to one member is kept open for ever, redialled within milliseconds, and its ups and downs are told.
use super::pump::{Hear, Open, greet, run};
use crate::handle::Directory;
use crate::limits;
use crate::wire::{Broken, Hello, Kind, MAGIC, Outbox, PROTOCOL};
use group::{Peer, Pod};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
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
}

impl Line {
    /// Keeps the line open until the member is no longer in the directory.
    async fn keep<T: DeserializeOwned + Send>(mut self, mut tell: impl Hear<LineEvent<T>>) {
        let mut pause_ms = limits::REDIAL_FIRST_MS;
        let mut told_refused = false;
        while let Some(address) = self.caller.address(&self.pod) {
            let error = match self.caller.open(&self.pod, &address).await {
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
            let refused = matches!(&error, Broken::Io(io) if io.kind() == ErrorKind::ConnectionRefused);
            if refused && !told_refused {
                told_refused = true;
                if !tell.hear(LineEvent::Down { refused: true }).await {
                    return;
                }
            }
            tracing::trace!(pod = %self.pod, %address, %error, "dial");
            let pause = tokio::time::sleep(Duration::from_millis(pause_ms));
            tokio::select! {
                () = pause => {}
                () = self.poke.notified() => {}
            }
            pause_ms = (pause_ms * 2).min(limits::REDIAL_MAX_MS);
        }
    }

    async fn talk<T: DeserializeOwned + Send>(
        &mut self,
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
        let ended = tokio::select! {
            ended = talk => ended,
            () = moved(&mut self.caller.directory, &self.pod, address) => Err(Broken::Closed),
        };
        outbox.cut();
        ended.err().unwrap_or(Broken::Closed)
    }
}

/// Passes batches on as events of the line.
struct Frames<'a, H>(&'a mut H);
impl<T: Send, H: Hear<LineEvent<T>>> Hear<Vec<T>> for Frames<'_, H> {
    async fn hear(&mut self, batch: Vec<T>) -> bool {
        self.0.hear(LineEvent::Frames(batch)).await
    }
}

/// Waits until the member is somewhere else: the connection to the old place may never notice by itself.
async fn moved(directory: &mut Directory, pod: &Pod, address: &str) {
    let elsewhere = |members: &BTreeMap<Pod, String>| members.get(pod).is_none_or(|now| now != address);
    if directory.wait_for(elsewhere).await.is_err() {
        std::future::pending().await
    }
}
