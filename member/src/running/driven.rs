//! A member without sockets, threads and clock, driven by hand: for simulators, and for tests of machines. It is the same loop as
//! [`Running`], with the same storage; whoever drives it brings time, bytes and the disk's progress. Decides nothing.
use super::event::Event;
use super::fetch::{chosen, piece_of};
use super::join::{Parts, assemble};
use super::{Running, state};
use crate::disk::Disk;
use crate::handle::{Ask, Ended, JoinError, Member, Seen, directory};
use crate::limits;
use crate::machine::Machine;
use crate::net::LineEvent;
use crate::snapshot::SnapshotFile;
use crate::store::{Hands, Opening, open_by_hand};
use crate::wire::{Broken, Frames, Outbox, Piece, Pull};
use group::{Core, Epoch, Input, Now, Peer, Pod, Seq};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a driven member begins with.
pub struct Begin<M> {
    /// Its name.
    pub pod: Pod,
    /// Its disk.
    pub disk: Arc<dyn Disk>,
    /// How the disk is opened, with the identities of disk and process.
    pub opening: Opening,
    /// An empty machine; what the disk holds is loaded into it.
    pub machine: M,
    /// As in `Config`.
    pub snapshot_every_bytes: usize,
    /// The newest log format that this version of the program writes (F1).
    pub speaks: u16,
}

/// What waits to be done beside the loop.
#[derive(Default)]
pub(super) struct ByHand {
    pub(super) load: Option<SnapshotFile>,
    fetch: Option<(Pod, u64, mpsc::UnboundedReceiver<Pull>)>,
}
impl ByHand {
    pub(super) fn fetch(&mut self, from: Pod, number: u64, pulls: mpsc::UnboundedReceiver<Pull>) {
        self.fetch = Some((from, number, pulls));
    }
}

/// One end of a connection: what the member says on it.
#[derive(Clone)]
pub struct Hand(pub(crate) Arc<Outbox>);
impl Hand {
    pub(crate) fn new() -> Hand {
        Hand(Arc::new(Outbox::new(limits::OUTBOX_BYTES)))
    }
    /// Whether there is nothing to take.
    pub fn is_quiet(&self) -> bool {
        self.0.is_quiet()
    }
    /// All frames that wait, one behind the other; `None`: the member has ended the connection.
    pub fn take(&self) -> Option<Vec<u8>> {
        self.0.take_now()
    }
}

/// What a member that fetches a snapshot asks its holder.
#[derive(Clone, Debug)]
pub struct Asked(Pull);
/// What the holder answers.
#[derive(Clone, Debug)]
pub struct Given(Piece);

/// A member that is driven by hand. Give it what happens between [`Driven::begin`] and [`Driven::end`].
pub struct Driven<M> {
    running: Running<M>,
    member: Member,
    hands: Hands,
    asks: mpsc::UnboundedReceiver<Ask>,
}

impl<M: Machine + Send + 'static> Driven<M> {
    /// Opens the disk and loads what it holds.
    ///
    /// # Errors
    /// As [`super::join`].
    pub fn start(begin: Begin<M>) -> Result<Driven<M>, JoinError> {
        let Begin { pod, disk, opening, machine, snapshot_every_bytes, speaks } = begin;
        let (notify, done) = mpsc::unbounded_channel();
        let (found, store, hands) = open_by_hand(disk, pod.as_str(), opening, move |done| drop(notify.send(done)))?;
        let (asker, asks) = mpsc::unbounded_channel();
        let (boot, peers, views) = (opening.boot, directory([]), Box::pin(futures_util::stream::pending()));
        let parts = Parts {
            pod,
            boot,
            found,
            store,
            done,
            machine,
            peers,
            views,
            asks: asker,
            listener: None,
            snapshot_every_bytes,
            speaks,
        };
        let (member, mut running) = assemble(parts)?;
        running.by_hand = Some(ByHand::default());
        Ok(Driven { running, member, hands, asks })
    }

    /// Its core, to look at.
    pub fn core(&self) -> &Core {
        &self.running.core
    }
    /// Its machine, to look at.
    pub fn machine(&self) -> &M {
        &self.running.state.machine
    }
    /// The last entry that the machine holds.
    pub fn applied(&self) -> Seq {
        self.running.state.applied
    }
    /// Its handle, for requests from inside the process.
    pub fn member(&self) -> &Member {
        &self.member
    }
    /// Whether a snapshot takes the log's place: at any moment the disk holds the one or the other.
    pub fn installs(&self) -> bool {
        self.running.installing
    }
    /// Whether connections may be heard now; if not, what comes must wait.
    pub fn listens(&self) -> bool {
        self.running.listens()
    }

    /// A turn of the loop begins, with what came of the disk, and with what was asked inside the process.
    pub fn begin(&mut self, now: Now) {
        self.running.begin_turn(now);
        while let Ok(done) = self.running.done.try_recv() {
            self.running.done(done);
        }
        while let Ok(local) = self.running.local.try_recv() {
            self.running.local(local);
        }
    }
    /// Everything that had come was given: what it causes goes out. `tick`: `group::limits::TICK_MS` have passed.
    pub fn end(&mut self, tick: bool) {
        self.running.end_turn(tick);
    }
    /// How it ended, once it has. Its connections say farewell then.
    pub fn ended(&mut self) -> Option<Ended> {
        let ended = self.running.ended.take()?;
        self.running.send_all_away();
        Some(ended)
    }

    /// Something was seen of the view.
    pub fn seen(&mut self, seen: Seen) {
        self.running.seen(Some(seen));
    }
    /// What is to be written or read where the view is kept.
    pub fn ask(&mut self) -> Option<Ask> {
        self.asks.try_recv().ok()
    }
    /// Stop by plan (H1).
    pub fn leave(&mut self) {
        self.running.step(Input::Leave);
    }
    /// Let another lead, if the epoch is still this one (H1).
    pub fn hand_over(&mut self, to: Pod, epoch: Epoch) {
        self.running.step(Input::HandOver { to, epoch });
    }

    /// My line to this member is open.
    pub fn line_up(&mut self, peer: Peer) -> Hand {
        let hand = Hand::new();
        self.running.line(peer.pod.clone(), LineEvent::Up(peer, hand.0.clone()));
        hand
    }
    /// My line to this member has ended, or could not be opened. `refused`: its port refuses.
    pub fn line_down(&mut self, pod: &Pod, refused: bool) {
        self.running.line(pod.clone(), LineEvent::Down { refused });
    }
    /// Another member has opened its line to me. `connection` is a number of its own.
    pub fn heard_up(&mut self, connection: u64, peer: Peer) -> Hand {
        let hand = Hand::new();
        self.running.event(Event::PeerOpened { connection, peer, outbox: hand.0.clone() });
        hand
    }
    /// It said these frames.
    ///
    /// # Errors
    /// They cannot be read: the connection must end.
    pub fn peer_said(&mut self, peer: &Peer, bytes: &[u8]) -> Result<(), Garbled> {
        let messages = frames(bytes)?;
        self.running.event(Event::PeerSaid { peer: peer.clone(), messages });
        Ok(())
    }
    /// A front end or controller has connected.
    pub fn client_up(&mut self, connection: u64, controller: bool) -> Hand {
        let hand = Hand::new();
        self.running.event(Event::ClientOpened { connection, controller, outbox: hand.0.clone() });
        hand
    }
    /// It asks these.
    ///
    /// # Errors
    /// They cannot be read: the connection must end.
    pub fn requests(&mut self, connection: u64, bytes: &[u8]) -> Result<(), Garbled> {
        let requests = frames(bytes)?;
        self.running.event(Event::Requests { connection, requests });
        Ok(())
    }
    /// A connection that was opened to me has ended.
    pub fn closed(&mut self, connection: u64) {
        self.running.event(Event::Closed { connection });
    }

    /// From whom a snapshot is to be fetched, and the number of the fetch, once it has begun; what is to be asked comes from
    /// [`Driven::next_pull`].
    pub fn fetches(&self) -> Option<(Pod, u64)> {
        let fetch = self.running.by_hand.as_ref()?.fetch.as_ref()?;
        let going_on = !fetch.2.is_closed();
        going_on.then(|| (fetch.0.clone(), fetch.1))
    }
    /// The first thing to ask on a new connection for a snapshot. What was asked on the last one is asked anew.
    pub fn first_pull(&mut self) -> Asked {
        while self.next_pull().is_some() {}
        Asked(Pull { of: None, offset: 0 })
    }
    /// What is to be asked next.
    pub fn next_pull(&mut self) -> Option<Asked> {
        self.running.by_hand.as_mut()?.fetch.as_mut()?.2.try_recv().ok().map(Asked)
    }
    /// Answers what another member asks of my snapshot; `held` is what its connection remembers.
    pub fn give(&self, held: &mut Option<SnapshotFile>, asked: Asked) -> Given {
        *held = chosen(held.take(), &self.running.doors.snapshot, &asked.0);
        Given(piece_of(held.clone(), asked.0))
    }
    /// The answer has arrived. `false`: there is nothing to be had yet; begin again after a pause.
    pub fn given(&mut self, fetch: u64, given: Given) -> bool {
        self.running.event(match given.0 {
            Piece::Offer(id) => Event::Offered { fetch, id },
            Piece::Stretch(piece) => Event::Piece { fetch, piece },
            Piece::None => return false,
        });
        true
    }
    /// Whether an installed snapshot waits to be loaded into the machine.
    pub fn has_load(&self) -> bool {
        self.running.by_hand.as_ref().is_some_and(|by_hand| by_hand.load.is_some())
    }
    /// Loads it.
    pub fn load(&mut self) {
        let Some(snapshot) = self.running.by_hand.as_mut().and_then(|by_hand| by_hand.load.take()) else { return };
        let mut machine = self.running.state.machine.blank();
        let loaded = state::load(&mut machine, &snapshot).map(|ending| (machine, ending, snapshot));
        self.running.loaded(loaded);
    }

    /// Whether work for the log's writer waits.
    pub fn has_write(&mut self) -> bool {
        self.hands.has_task()
    }
    /// Does everything that waits for the log's writer, with one sync. What came of it is heard in the next turn. `false`: the
    /// disk has failed.
    pub fn write(&mut self) -> bool {
        self.hands.write()
    }
    /// Whether work for segments and snapshots waits.
    pub fn has_chore(&mut self) -> bool {
        self.hands.has_chore()
    }
    /// Does the oldest of it.
    pub fn keep(&mut self) {
        self.hands.keep();
    }
    /// Whether the loop has something to hear from the disk.
    pub fn has_news(&self) -> bool {
        !self.running.done.is_empty()
    }
}

/// Bytes that are no frames of this protocol.
#[derive(Debug, thiserror::Error)]
#[error("read frames: {0}")]
pub struct Garbled(String);

pub(crate) fn frames<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Garbled> {
    let mut frames = Frames::new(limits::FRAME_BYTES);
    frames.room().extend_from_slice(bytes);
    frames.drain().map_err(|error: Broken| Garbled(error.to_string()))
}
