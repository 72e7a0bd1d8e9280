//! Snapshots in a running member: walking the state in slices while it changes (W5), giving the newest one to whoever asks, and
//! fetching one (C1). Knows when; how they lie on the disk is the storage's business.
use super::Running;
use super::event::Event;
use super::state;
use crate::handle::{Ended, Event as News};
use crate::limits;
use crate::machine::Machine;
use crate::net::{Caller, Open, run};
use crate::snapshot::{self, Ending, SnapshotFile, SnapshotId};
use crate::wire::{Broken, Kind, Outbox, Piece, Pull};
use bytes::Bytes;
use group::{Input, Pod, Position, Seq, Time};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};

/// A snapshot that is being made.
pub(super) enum Making {
    /// The state is walked.
    Walking { from: Position, at: Option<Bytes>, waits: Option<(Bytes, Option<Bytes>)>, last: Time },
    /// The walk has ended at this entry, which is not yet committed.
    Completing { from: Position, upto: Seq },
    /// The storage puts it in place.
    Publishing,
}

/// A snapshot that is being fetched.
pub(super) struct Fetching {
    number: u64,
    asks: mpsc::UnboundedSender<Pull>,
    task: AbortHandle,
    id: Option<SnapshotId>,
    /// The end of the log when the fetch began. If the log grows, the primary has found another way, and what is acknowledged
    /// from then on must not be replaced by the snapshot.
    tail: Position,
    /// A pull was sent and not answered: one at a time.
    asked: bool,
}
impl Drop for Fetching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A fetched snapshot on its way into a machine.
pub(super) type Loading<M> = JoinHandle<Result<(M, Ending, SnapshotFile), state::BadSnapshot>>;

impl<M: Machine + Send + 'static> Running<M> {
    /// One step towards the next snapshot, if one is due.
    pub(super) fn make_snapshot(&mut self) {
        match self.making.take() {
            None if self.state.bytes >= self.snapshot_every_bytes && self.fetching.is_none() && !self.installing => {
                let Some(from) = self.core.position(self.state.applied) else { return };
                self.state.bytes = 0;
                self.store.begin_snapshot(from);
                self.making = Some(Making::Walking { from, at: None, waits: None, last: Time(0) });
            }
            None => {}
            Some(Making::Walking { from, at, waits, last }) => self.walk(from, at, waits, last),
            Some(Making::Completing { from, upto }) => self.complete(from, upto),
            Some(Making::Publishing) => self.making = Some(Making::Publishing),
        }
    }

    fn walk(&mut self, from: Position, at: Option<Bytes>, waits: Option<(Bytes, Option<Bytes>)>, last: Time) {
        if self.now.mono.0 < last.0 + limits::SLICE_PAUSE_US {
            self.making = Some(Making::Walking { from, at, waits, last });
            return;
        }
        let last = self.now.mono;
        let (bytes, next) = waits.unwrap_or_else(|| {
            let slice = self.state.machine.slice(at.as_deref(), limits::SLICE_BYTES);
            (slice.bytes, slice.next)
        });
        self.making = Some(match (self.store.slice(bytes), next) {
            (Err(bytes), next) => Making::Walking { from, at, waits: Some((bytes, next)), last },
            (Ok(()), Some(next)) => Making::Walking { from, at: Some(next), waits: None, last },
            (Ok(()), None) => Making::Completing { from, upto: self.state.applied },
        });
    }

    fn complete(&mut self, from: Position, upto: Seq) {
        let ending = match self.core.position(upto) {
            Some(at) if self.core.commit() >= upto => at,
            Some(_) => {
                self.making = Some(Making::Completing { from, upto });
                return;
            }
            // The log was replaced under the walk; begin again.
            None => return,
        };
        let starts = self.core.starts().iter().filter(|start| start.seq <= upto).copied().collect();
        let entries = self.core.entries(from.seq, upto).cloned().collect();
        self.store.finish_snapshot(Ending { at: ending, starts, format: self.core.format() }, entries);
        self.making = Some(Making::Publishing);
    }

    pub(super) fn published(&mut self, snapshot: SnapshotFile) {
        let at = snapshot.id().at;
        tracing::info!(snapshot = %snapshot.id(), "snapshot taken");
        self.making = None;
        self.figures.snapshots += 1;
        self.newest_snapshot.send_replace(Some(snapshot));
        self.step(Input::SnapshotTaken { at });
    }

    /// C1: fetches this member's snapshot, on a connection of its own, while everything else goes on.
    pub(super) fn fetch(&mut self, from: Pod) {
        if self.installing {
            return;
        }
        self.fetches += 1;
        let (asks, pulls) = mpsc::unbounded_channel();
        let caller = Caller { kind: Kind::Snapshot(self.core.me().clone()), ..self.caller.clone() };
        let fetcher = Fetcher { caller, from, number: self.fetches, inbox: self.inbox_sender.clone() };
        let task = self.tasks.spawn(fetcher.run(pulls));
        self.fetching =
            Some(Fetching { number: self.fetches, asks, task, id: None, tail: self.core.tail(), asked: true });
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
    /// The fetch of this number, unless it is overtaken: then it is given up.
    fn wanted_fetch(&mut self, number: u64, upto: Seq) -> Option<&mut Fetching> {
        let (tail, commit) = (self.core.tail(), self.core.commit());
        self.fetching = self.fetching.take().filter(|fetching| fetching.tail == tail && upto > commit);
        self.fetching.as_mut().filter(|fetching| fetching.number == number)
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

    /// The snapshot is on the disk in the log's place: load it beside the loop.
    pub(super) fn load(&mut self, snapshot: SnapshotFile) {
        self.fetching = None;
        let mut machine = self.state.machine.blank();
        self.loading = Some(tokio::task::spawn_blocking(move || {
            let ending = state::load(&mut machine, &snapshot)?;
            Ok((machine, ending, snapshot))
        }));
    }
    pub(super) fn loaded(&mut self, loaded: Result<(M, Ending, SnapshotFile), state::BadSnapshot>) {
        self.loading = None;
        self.installing = false;
        match loaded {
            Ok((machine, ending, snapshot)) => {
                tracing::info!(snapshot = %snapshot.id(), "snapshot installed");
                let Ending { at, starts, format } = ending;
                self.state = state::State::new(machine, at.seq);
                self.newest_snapshot.send_replace(Some(snapshot));
                self.step(Input::SnapshotInstalled { at, starts, format });
            }
            Err(state::BadSnapshot::Load(error)) => self.ended = Some(Ended::Load(error)),
            Err(state::BadSnapshot::Storage(error)) => self.ended = Some(Ended::Disk(error)),
        }
    }
    pub(super) fn state_requested(&self) {
        let _ = self.member.events.send(News::StateRequested);
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
            let same = |file: &SnapshotFile| Some(file.id()) == pull.of;
            held = held.take().filter(same).or_else(|| newest.borrow().clone());
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

async fn answer(file: Option<SnapshotFile>, pull: Pull) -> Piece {
    let Some(file) = file else { return Piece::None };
    let id = file.id();
    if pull.of != Some(id) {
        return Piece::Offer(id);
    }
    // Reading may wait for the disk, and the loop shares this thread.
    let read = tokio::task::spawn_blocking(move || file.piece(pull.offset, limits::CHUNK_BYTES)).await;
    match read {
        Ok(Ok(piece)) => Piece::Stretch(piece),
        Ok(Err(error)) => {
            tracing::warn!(%error, "read a piece of the snapshot");
            Piece::None
        }
        Err(_) => Piece::None,
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
                let ended = self.pull(open, &mut pulls).await;
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
