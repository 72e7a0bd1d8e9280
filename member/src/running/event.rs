//! What arrives at the loop from connections, and the tasks that bring it. They decode and hand over; they decide nothing.
use super::fetch;
use crate::limits;
use crate::net::{Caller, LineEvent, Open, accept_all, keep_lines, run};
use crate::snapshot::{self, SnapshotFile, SnapshotId};
use crate::wire::{Broken, Hello, Kind, Outbox, Request, Told};
use group::{Message, Peer, Pod};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

/// Something from a connection.
pub(super) enum Event {
    /// Another member opened a connection to me; it will speak on it.
    PeerOpened { connection: u64, peer: Peer, outbox: Arc<Outbox> },
    /// It said this.
    PeerSaid { peer: Peer, messages: Vec<Message> },
    /// My own line to another member.
    Line(Pod, LineEvent<Told>),
    /// A client came; controllers are told the status all the time.
    ClientOpened { connection: u64, controller: bool, outbox: Arc<Outbox> },
    /// It asks these.
    Requests { connection: u64, requests: Vec<(u64, Request)> },
    /// A connection that was opened to me ended.
    Closed { connection: u64 },
    /// Somebody fetches my snapshot.
    StateRequested,
    /// The member that I fetch a snapshot from has this one.
    Offered { fetch: u64, id: SnapshotId },
    /// A piece of it.
    Piece { fetch: u64, piece: snapshot::Piece },
}

/// Lets a line be dialled at once when its member shows up.
#[derive(Clone, Default)]
pub(super) struct Pokes(Arc<Mutex<HashMap<Pod, Arc<Notify>>>>);
impl Pokes {
    pub(super) fn of(&self, pod: &Pod) -> Arc<Notify> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(pod.clone()).or_default().clone()
    }
}

/// What the tasks of a member need.
#[derive(Clone)]
pub(super) struct Doors {
    pub(super) me: Peer,
    pub(super) inbox: mpsc::Sender<Event>,
    /// The newest snapshot, for whoever wants it.
    pub(super) snapshot: watch::Receiver<Option<SnapshotFile>>,
    pub(super) pokes: Pokes,
}

impl Doors {
    /// Starts to accept connections and to dial the other members.
    pub(super) fn open(self, listener: TcpListener, caller: Caller, tasks: &mut JoinSet<()>) {
        let (pokes, inbox, me) = (self.pokes.clone(), self.inbox.clone(), self.me.clone());
        let hearer = move |pod: &Pod| {
            let (pod, inbox) = (pod.clone(), inbox.clone());
            move |event: LineEvent<Told>| {
                let (pod, inbox) = (pod.clone(), inbox.clone());
                async move { inbox.send(Event::Line(pod, event)).await.is_ok() }
            }
        };
        tasks.spawn(keep_lines(caller, Some(me.pod.clone()), None, |_| (), hearer, move |pod| pokes.of(pod)));
        let connections = Arc::new(AtomicU64::new(1));
        let serve = move |hello: Hello, open| {
            let (doors, connection) = (self.clone(), connections.fetch_add(1, Ordering::Relaxed));
            async move { doors.serve(connection, hello, open).await }
        };
        tasks.spawn(accept_all(listener, me, serve));
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(self, connection: u64, hello: Hello, open: Open<S>) {
        let Hello { kind, name, .. } = hello;
        let ended = match kind {
            Kind::Peer(peer) => self.serve_peer(connection, peer, open).await,
            Kind::Client => self.serve_client(connection, false, open).await,
            Kind::Controller => self.serve_client(connection, true, open).await,
            Kind::Snapshot(_) => {
                let _ = self.inbox.send(Event::StateRequested).await;
                fetch::serve(self.snapshot, open).await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(name, %error, "connection ended");
        }
    }

    async fn serve_peer<S>(&self, connection: u64, peer: Peer, open: Open<S>) -> Result<(), Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let outbox = Arc::new(Outbox::new(limits::OUTBOX_BYTES));
        let opened = Event::PeerOpened { connection, peer: peer.clone(), outbox: outbox.clone() };
        let mut hear = |messages: Vec<Message>| {
            let (peer, inbox) = (peer.clone(), self.inbox.clone());
            async move { inbox.send(Event::PeerSaid { peer, messages }).await.is_ok() }
        };
        let _ = self.inbox.send(opened).await;
        let ended = run(open, &outbox, None, &mut hear).await;
        let _ = self.inbox.send(Event::Closed { connection }).await;
        ended
    }

    async fn serve_client<S>(&self, connection: u64, controller: bool, open: Open<S>) -> Result<(), Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let outbox = Arc::new(Outbox::new(limits::OUTBOX_BYTES));
        let opened = Event::ClientOpened { connection, controller, outbox: outbox.clone() };
        let mut hear = |requests: Vec<(u64, Request)>| {
            let inbox = self.inbox.clone();
            async move { inbox.send(Event::Requests { connection, requests }).await.is_ok() }
        };
        let _ = self.inbox.send(opened).await;
        let ended = run(open, &outbox, Some(limits::SILENCE_MS), &mut hear).await;
        let _ = self.inbox.send(Event::Closed { connection }).await;
        ended
    }
}
