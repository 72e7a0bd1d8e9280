//! Fetching another member's snapshot (C1) and giving mine: in resumable pieces, on a connection of its own, while orders flow. Knows
//! where the fetch stands; what is in the pieces is the storage's business.
use super::Running;
use super::event::Event;
use crate::limits;
use crate::machine::Machine;
use crate::net::{Caller, Open, run};
use crate::snapshot::{self, SnapshotFile, SnapshotId};
use crate::wire::{Broken, Kind, Outbox, Piece, Pull};
use group::{Epoch, Input, Pod, Position, Seq};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

/// A snapshot that is being fetched.
pub(super) struct Fetching {
    number: u64,
    /// The epoch promised when it was wanted.
    epoch: Epoch,
    asks: mpsc::UnboundedSender<Pull>,
    /// None in a member that is driven by hand.
    task: Option<AbortHandle>,
    id: Option<SnapshotId>,
    /// The end of the log when the fetch began. If the log grows, the primary has found another way, and what is acknowledged
    /// from then on must not be replaced by the snapshot.
    tail: Position,
    /// A pull was sent and not answered: one at a time.
    asked: bool,
}
impl Fetching {
    /// A view of this epoch leaves it wanted. In a later one the primary says anew what it wants of this member.
    pub(super) fn outlives(&self, epoch: Epoch) -> bool {
        epoch <= self.epoch
    }
}
impl Drop for Fetching {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl<M: Machine + Send + 'static> Running<M> {
    /// C1: fetches this member's snapshot, on a connection of its own, while everything else goes on.
    pub(super) fn fetch(&mut self, from: Pod, epoch: Epoch) {
        self.fetches += 1;
        let (asks, pulls) = mpsc::unbounded_channel();
        let task = match &mut self.by_hand {
            Some(by_hand) => {
                by_hand.fetch(from, self.fetches, pulls);
                None
            }
            None => {
                let caller = Caller { kind: Kind::Snapshot(self.core.me().clone()), ..self.caller.clone() };
                let fetcher = Fetcher { caller, from, number: self.fetches, inbox: self.inbox_sender.clone() };
                Some(self.tasks.spawn(fetcher.run(pulls)))
            }
        };
        self.fetching =
            Some(Fetching { number: self.fetches, epoch, asks, task, id: None, tail: self.core.tail(), asked: true });
        tracing::info!("fetching a snapshot");
    }

    pub(super) fn offered(&mut self, number: u64, id: SnapshotId) {
        if let Some(fetching) = self.wanted_fetch(number, id.at.seq) {
            fetching.id = Some(id);
            fetching.asked = false;
            self.store.fetch(id);
            self.making = None;
        }
    }
    /// The fetch of this number, unless it is overtaken: then it is given up. What arrives late of an earlier one says nothing about it.
    fn wanted_fetch(&mut self, number: u64, upto: Seq) -> Option<&mut Fetching> {
        let fetching = self.fetching.as_ref().filter(|fetching| fetching.number == number)?;
        if fetching.tail != self.core.tail() || upto <= self.core.commit() {
            self.fetching = None;
            self.step(Input::FetchGivenUp);
        }
        self.fetching.as_mut()
    }
    pub(super) fn wanted(&mut self, id: SnapshotId, offset: u64) {
        let wanted = |fetching: &&mut Fetching| fetching.id == Some(id) && !fetching.asked;
        if let Some(fetching) = self.fetching.as_mut().filter(wanted) {
            fetching.asked = true;
            let _ = fetching.asks.send(Pull { of: Some(id), offset });
        }
    }
    pub(super) fn piece(&mut self, number: u64, piece: snapshot::Piece) {
        let Some(id) = self.fetching.as_ref().and_then(|fetching| fetching.id) else { return };
        let Some(fetching) = self.wanted_fetch(number, id.at.seq) else { return };
        fetching.asked = false;
        let end = piece.offset + piece.bytes.len() as u64;
        // From the last piece on the storage may put the snapshot in the log's place at any moment. Until the group knows, no
        // message may make it write: the loop hears nobody.
        self.installing = id.bytes == end;
        self.store.fetched(piece);
    }
    pub(super) fn fetch_failed(&mut self, why: &str) {
        tracing::warn!(why, "the fetched snapshot is of no use; fetching again");
        self.installing = false;
        if let Some(fetching) = &mut self.fetching {
            fetching.id = None;
            fetching.asked = true;
            let _ = fetching.asks.send(Pull { of: None, offset: 0 });
        }
    }
}

/// Answers pulls from the newest snapshot, or from the one that was begun as long as this connection lasts.
pub(super) async fn serve<S>(newest: watch::Receiver<Option<SnapshotFile>>, open: Open<S>) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let outbox = Arc::new(Outbox::new(limits::OUTBOX_BYTES));
    let answers = outbox.clone();
    let mut held: Option<SnapshotFile> = None;
    let mut hear = move |pulls: Vec<Pull>| {
        for pull in &pulls {
            held = chosen(held.take(), &newest, pull);
        }
        let (held, outbox) = (held.clone(), answers.clone());
        async move {
            for pull in pulls {
                outbox.push(&answer(held.clone(), pull).await);
            }
            true
        }
    };
    run(open, &outbox, Some(limits::SNAPSHOT_SILENCE_MS), &mut hear).await
}

/// The snapshot that was begun, or the newest one.
pub(super) fn chosen(
    held: Option<SnapshotFile>,
    newest: &watch::Receiver<Option<SnapshotFile>>,
    pull: &Pull,
) -> Option<SnapshotFile> {
    held.filter(|file| Some(file.id()) == pull.of).or_else(|| newest.borrow().clone())
}

async fn answer(file: Option<SnapshotFile>, pull: Pull) -> Piece {
    // Reading may wait for the disk, and the loop shares this thread.
    tokio::task::spawn_blocking(move || piece_of(file, pull)).await.unwrap_or(Piece::None)
}
pub(super) fn piece_of(file: Option<SnapshotFile>, pull: Pull) -> Piece {
    let Some(file) = file else { return Piece::None };
    let id = file.id();
    if pull.of != Some(id) {
        return Piece::Offer(id);
    }
    match file.piece(pull.offset, limits::CHUNK_BYTES) {
        Ok(piece) => Piece::Stretch(piece),
        Err(error) => {
            tracing::warn!(%error, "read a piece of the snapshot");
            Piece::None
        }
    }
}

/// The task that pulls: it dials, asks, hands over, and begins again where the storage stands if the connection ends.
struct Fetcher {
    caller: Caller,
    from: Pod,
    number: u64,
    inbox: mpsc::Sender<Event>,
}

impl Fetcher {
    async fn run(self, mut pulls: mpsc::UnboundedReceiver<Pull>) {
        loop {
            if let Some(address) = self.caller.address(&self.from)
                && let Ok((_, open)) = self.caller.open(&self.from, &address).await
            {
                // What was asked on the last connection is asked anew: the storage may stand elsewhere.
                while pulls.try_recv().is_ok() {}
                let ended = self.caller.while_at(&self.from, &address, self.pull(open, &mut pulls)).await;
                tracing::debug!(from = %self.from, ?ended, "the connection for the snapshot ended");
            }
            tokio::time::sleep(Duration::from_millis(limits::REDIAL_MAX_MS)).await;
        }
    }

    async fn pull<S>(&self, open: Open<S>, pulls: &mut mpsc::UnboundedReceiver<Pull>) -> Result<(), Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let outbox = Outbox::new(limits::OUTBOX_BYTES);
        outbox.push(&Pull { of: None, offset: 0 });
        let mut hear = |pieces: Vec<Piece>| {
            let (inbox, fetch) = (self.inbox.clone(), self.number);
            async move {
                for piece in pieces {
                    let event = match piece {
                        Piece::Offer(id) => Event::Offered { fetch, id },
                        Piece::Stretch(piece) => Event::Piece { fetch, piece },
                        // It has none yet: end, and ask again after a pause.
                        Piece::None => return false,
                    };
                    if inbox.send(event).await.is_err() {
                        return false;
                    }
                }
                true
            }
        };
        let asks = async {
            while let Some(pull) = pulls.recv().await {
                outbox.push(&pull);
            }
        };
        tokio::select! {
            ended = run(open, &outbox, Some(limits::SNAPSHOT_SILENCE_MS), &mut hear) => ended,
            () = asks => Ok(()),
        }
    }
}
