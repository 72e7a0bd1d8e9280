//! A member between turns, and what its peers say to it. Knows no rule that is tested.
use crate::obliging::{Obliging, command, question};
use futures_util::FutureExt;
use group::limits::FORMAT;
use group::{
    BootId, Cause, Change, Epoch, EpochStart, GroupId, Message, Now, Peer, Pod, Position, Seq, StorageId, Time, View,
};
use member::disk::BLOCK;
use member::disk::simulated::SimulatedDisk;
use member::store::Opening;
use member::{Answer, Begin, Consistency, Cursor, Driven, Hand, History, Member, Rejection, Report, Seen};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) fn peer(pod: &str, storage: u128, boot: u128) -> Peer {
    Peer { pod: Pod::new(pod), storage: StorageId(storage), boot: BootId(boot) }
}

/// This process leads this epoch alone; there are two members.
pub(crate) fn led_by(primary: &Peer, version: u64, epoch: u64) -> View {
    View {
        group: GroupId(1),
        version,
        epoch: Epoch::new(0, epoch),
        in_sync: [(primary.pod.clone(), primary.storage)].into(),
        members: ["replica-0", "replica-1"].map(Pod::new).into(),
        primary: primary.pod.clone(),
        primary_boot: primary.boot,
        min_in_sync: 1,
        change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
    }
}

/// A member, driven: one turn each ms.
pub(crate) struct ByHand {
    pub(crate) driven: Driven<Obliging>,
    pub(crate) disk: SimulatedDisk,
    ms: u64,
    /// How far its wall clock is ahead, in ms.
    pub(crate) ahead_ms: u64,
}

impl ByHand {
    /// A process of this member. One small entry, but a whole block of the log, makes a snapshot due.
    pub(crate) fn start(disk: &SimulatedDisk, me: &Peer) -> ByHand {
        ByHand::open(disk, me, Opening::new(me.boot, me.storage), BLOCK)
    }
    /// The same, but it makes no snapshots, and keeps its whole log.
    pub(crate) fn without_snapshots(disk: &SimulatedDisk, me: &Peer) -> ByHand {
        ByHand::open(disk, me, Opening::new(me.boot, me.storage), usize::MAX)
    }
    pub(crate) fn open(disk: &SimulatedDisk, me: &Peer, opening: Opening, snapshot_every_bytes: usize) -> ByHand {
        let driven = Driven::start(Begin {
            pod: me.pod.clone(),
            disk: Arc::new(disk.clone()),
            opening,
            machine: Obliging::default(),
            snapshot_every_bytes,
            speaks: FORMAT,
        });
        ByHand { driven: driven.unwrap(), disk: disk.clone(), ms: 0, ahead_ms: 0 }
    }

    /// A turn in which this happens, and then all that the disk does about it.
    pub(crate) fn turn(&mut self, happens: impl FnOnce(&mut Driven<Obliging>)) {
        self.turn_without_load(happens);
        self.driven.load();
    }
    /// The same while a snapshot that was fetched is still on its way from the disk into the machine.
    pub(crate) fn turn_without_load(&mut self, happens: impl FnOnce(&mut Driven<Obliging>)) {
        self.turn_without_disk(happens);
        while self.driven.has_write() || self.driven.has_chore() {
            assert!(self.driven.write());
            self.driven.keep();
        }
    }
    pub(crate) fn turn_without_disk(&mut self, happens: impl FnOnce(&mut Driven<Obliging>)) {
        self.ms += 1;
        self.driven.begin(Now { mono: Time(self.ms * 1_000), wall: self.ms + self.ahead_ms });
        happens(&mut self.driven);
        self.driven.end(true);
    }
    /// As many turns as it takes to make a snapshot that is due.
    pub(crate) fn rest(&mut self) {
        (0..50).for_each(|_| self.turn(|_| ()));
    }
    pub(crate) fn sees(&mut self, view: View) {
        self.turn(|driven| driven.seen(Seen::View(view)));
    }
    pub(crate) fn hears(&mut self, from: &Peer, message: &Message) {
        self.turn(|driven| says(driven, from, message));
    }
    /// What it says of itself, a turn later.
    pub(crate) fn report(&mut self) -> Report {
        let mut asked = Asked::begun(self, |member| async move { member.report().await });
        self.turn(|_| ());
        asked.so_far().flatten().unwrap()
    }
    pub(crate) fn snapshots_made(&mut self) -> u64 {
        self.report().figures.snapshots
    }
    pub(crate) fn tail(&self) -> Position {
        self.driven.core().tail()
    }

    /// Its history after a cursor.
    pub(crate) fn history(&mut self, after: Cursor, max: usize) -> History {
        let mut asked = Asked::begun(self, move |member| async move { member.log(after, max).await });
        self.turn(|_| ());
        asked.so_far().flatten().unwrap()
    }
    /// A question whose answer is so long.
    pub(crate) fn asked(&mut self, consistency: Consistency, reply: usize) -> Asked<Answered> {
        Asked::begun(self, move |member| async move { member.read(consistency, question(reply)).await })
    }
    /// A command whose delta and reply are so long.
    pub(crate) fn told(&mut self, delta: usize, reply: usize) -> Asked<Answered> {
        Asked::begun(self, move |member| async move { member.submit(command(delta, reply)).await })
    }
}

/// `None`: the member has ended.
pub(crate) type Answered = Option<Result<Answer, Rejection>>;

/// What was asked inside the process and may not be answered yet.
pub(crate) struct Asked<T>(Pin<Box<dyn Future<Output = T>>>);

impl<T> Asked<T> {
    fn begun<F: Future<Output = T> + 'static>(of: &mut ByHand, ask: impl FnOnce(Member) -> F) -> Asked<T> {
        let mut asked = Asked(Box::pin(ask(of.driven.member().clone())));
        // It goes on its way when it is first looked at, and is heard in the next turn.
        assert!((&mut asked.0).now_or_never().is_none());
        asked
    }
    /// What came of it by the end of the next few turns.
    pub(crate) fn answer(&mut self, of: &mut ByHand) -> Option<T> {
        (0..5).for_each(|_| of.turn(|_| ()));
        self.so_far()
    }
    pub(crate) fn so_far(&mut self) -> Option<T> {
        (&mut self.0).now_or_never()
    }
}

/// A peer says this in the turn that is under way.
pub(crate) fn says(driven: &mut Driven<Obliging>, from: &Peer, message: &Message) {
    let body = postcard::to_stdvec(message).unwrap();
    let length = u32::try_from(body.len()).unwrap();
    driven.peer_said(from, &[&length.to_le_bytes()[..], &body].concat()).unwrap();
}

/// A backup that is played: it begins empty, holds all that it has heard of, and says so when it is told to.
pub(crate) struct Backup {
    me: Peer,
    line: Hand,
    epoch: Epoch,
    promised: bool,
    durable: Seq,
    nonce: u64,
}

impl Backup {
    /// The line to it is open, and it has heard what was said meanwhile.
    pub(crate) fn of(primary: &mut ByHand, me: Peer) -> Backup {
        let mut line = None;
        primary.turn(|driven| line = Some(driven.line_up(me.clone())));
        let epoch = primary.driven.core().view().unwrap().epoch;
        Backup { me, line: line.unwrap(), epoch, promised: false, durable: 0, nonce: 0 }
    }
    /// Takes in what was said to it, and promises what it is asked to promise.
    pub(crate) fn hear(&mut self, primary: &mut ByHand) {
        let said = self.line.take().unwrap();
        for message in messages(&said) {
            match message {
                // Until it has heard the promise the primary asks anew.
                Message::NewEpoch { .. } if self.promised => {}
                Message::NewEpoch { view } => {
                    self.promised = true;
                    let (starts, tail, format) =
                        (vec![EpochStart { epoch: Epoch::default(), seq: 0 }], Position::default(), FORMAT);
                    let promised = Message::Promised { epoch: view.epoch, starts, tail, commit: 0, format, clock: 1 };
                    primary.hears(&self.me, &promised);
                }
                Message::Append { nonce, entries, .. } => {
                    self.nonce = nonce;
                    self.durable = entries.last().map_or(self.durable, |entry| entry.seq);
                }
                other => panic!("a backup does not expect {other:?}"),
            }
        }
    }
    /// What it would say now.
    pub(crate) fn ack(&self) -> Message {
        Message::Ack { epoch: self.epoch, durable: self.durable, nonce: self.nonce, clock: 1 }
    }
    pub(crate) fn me(&self) -> &Peer {
        &self.me
    }
    /// Hears and says so, until nothing more is said to it.
    pub(crate) fn follow(&mut self, primary: &mut ByHand) {
        for _ in 0..5 {
            self.hear(primary);
            primary.hears(&self.me.clone(), &self.ack());
        }
    }
}

fn messages(mut said: &[u8]) -> Vec<Message> {
    let mut messages = vec![];
    while let Some((length, more)) = said.split_first_chunk::<4>() {
        let (body, others) = more.split_at(u32::from_le_bytes(*length) as usize);
        messages.push(postcard::from_bytes(body).unwrap());
        said = others;
    }
    messages
}

/// A primary of this name with one backup, which follows it so far.
pub(crate) fn followed(me: &Peer, other: &Peer) -> (ByHand, Backup) {
    let mut primary = ByHand::start(&SimulatedDisk::new(), me);
    let mut view = led_by(me, 2, 2);
    view.in_sync.insert(other.pod.clone(), other.storage);
    primary.sees(view);
    let mut backup = Backup::of(&mut primary, other.clone());
    backup.follow(&mut primary);
    assert_eq!(primary.driven.core().serving(), group::Serving::Yes);
    (primary, backup)
}
