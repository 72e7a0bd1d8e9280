//! The event loop of a member: one thread that drains sockets, timers and completions, steps the core, and carries out what it says.
//! A turn takes in everything that is there and sends what it caused together: one write to the log, one message to each peer.
mod carry;
mod clients;
mod driven;
mod event;
mod feeds;
mod fetch;
mod held;
mod join;
mod links;
mod snapshots;
mod state;
mod work;

use crate::answer::Cursor;
use crate::disk::BLOCK;
use crate::handle::{Ask, Ended, Figures, Local, Member, Seen};
use crate::limits;
use crate::machine::Machine;
use crate::mistake::planted;
use crate::net::{Caller, LineEvent, drained};
use crate::snapshot::SnapshotFile;
use crate::store::{Done, Handle};
use clients::Clients;
use driven::ByHand;
pub(crate) use driven::frames;
pub use driven::{Asked, Begin, Driven, Garbled, Given, Hand};
use event::{Doors, Event};
use fetch::Fetching;
use futures_util::{FutureExt, Stream, StreamExt};
use group::{Core, Input, Now, Output, Seq, Stop, Time, Wall};
use held::Held;
pub use join::join;
use links::Links;
use snapshots::{Loading, Making};
pub(crate) use state::BadSnapshot;
use state::State;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// A member that is ready to run.
pub struct Running<M> {
    core: Core,
    state: State<M>,
    store: Handle,
    held: Held,
    links: Links,
    clients: Clients,
    member: Member,
    caller: Caller,

    inbox: mpsc::Receiver<Event>,
    inbox_sender: mpsc::Sender<Event>,
    local: mpsc::Receiver<Local>,
    done: mpsc::UnboundedReceiver<Done>,
    views: Pin<Box<dyn Stream<Item = Seen>>>,
    asks: mpsc::UnboundedSender<Ask>,
    listener: Option<std::net::TcpListener>,
    tasks: JoinSet<()>,
    doors: Doors,

    began: Instant,
    now: Now,
    /// The log time of this turn, once somebody needed it.
    at: Option<Wall>,
    outputs: Vec<Output>,
    /// The last read ticket given to the core, and whether answers of this turn wait for the next.
    ticket: u64,
    ticket_due: bool,
    ticks: u64,
    status_due: bool,
    feed_due: bool,
    feed_alive: bool,
    delivered: Seq,
    outage_ms: Option<u64>,

    making: Option<Making>,
    fetching: Option<Fetching>,
    fetches: u64,
    /// The storage is putting a fetched snapshot in the log's place: nobody is heard until the group knows.
    installing: bool,
    loading: Option<Loading<M>>,
    /// What is done beside the loop waits here, if somebody drives the member by hand.
    by_hand: Option<ByHand>,
    newest_snapshot: watch::Sender<Option<SnapshotFile>>,
    snapshot_every_bytes: usize,

    figures: Figures,
    reset_why: Option<Stop>,
    ended: Option<Ended>,
}

fn now(began: Instant) -> Now {
    let mono = Time(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono, wall: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
}

/// What woke the loop.
enum Woken<M> {
    Tick,
    Event(Event),
    Done(Done),
    /// The storage did something on this thread.
    Stored,
    Seen(Option<Seen>),
    Local(Local),
    Loaded(Result<(M, crate::snapshot::Ending, SnapshotFile), state::BadSnapshot>),
}

impl<M: Machine + Send + 'static> Running<M> {
    /// Runs the member until it ends, on this thread: give it a current-thread runtime. Dropping the future kills the member as
    /// a crash would.
    pub async fn run(mut self) -> Ended {
        if let Err(error) = self.open_doors() {
            return Ended::Listener(error);
        }
        let mut ticks = interval(Duration::from_millis(group::limits::TICK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let woken = self.wait(&mut ticks).await;
            let tick = matches!(woken, Woken::Tick);
            if tick {
                // A member that was stopped for a while hears first what had come meanwhile; only then may it miss anyone.
                drained().await;
            }
            self.begin_turn(now(self.began));
            self.take(woken);
            self.take_waiting();
            self.end_turn(tick);
            if let Some(ended) = self.ended.take() {
                self.farewell().await;
                return ended;
            }
        }
    }

    fn begin_turn(&mut self, now: Now) {
        self.now = now;
        self.at = None;
        self.figures.turns += 1;
    }

    /// Everything was taken in; what it causes goes out.
    fn end_turn(&mut self, tick: bool) {
        if tick {
            self.tick();
        }
        self.tell_outage();
        self.flush();
        self.make_snapshot();
        self.push_status();
    }

    fn open_doors(&mut self) -> std::io::Result<()> {
        let listener = self.listener.take().expect("a member runs once");
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        self.doors.clone().open(listener, self.caller.clone(), &mut self.tasks);
        Ok(())
    }

    async fn wait(&mut self, ticks: &mut Interval) -> Woken<M> {
        let listens = self.listens();
        let loading = async {
            match &mut self.loading {
                Some(loading) => loading.await.expect("loading does not panic and is not aborted"),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = ticks.tick() => Woken::Tick,
            Some(done) = self.done.recv() => Woken::Done(done),
            () = self.store.progress() => Woken::Stored,
            loaded = loading => Woken::Loaded(loaded),
            seen = self.views.next() => Woken::Seen(seen),
            Some(local) = self.local.recv() => Woken::Local(local),
            Some(event) = self.inbox.recv(), if listens => Woken::Event(event),
        }
    }

    /// Whether connections may be heard: not while a snapshot takes the log's place, nor while the disk is far behind.
    fn listens(&self) -> bool {
        !self.installing && self.store.has_room()
    }

    fn take(&mut self, woken: Woken<M>) {
        match woken {
            Woken::Tick | Woken::Stored => {}
            Woken::Event(event) => self.event(event),
            Woken::Done(done) => self.done(done),
            Woken::Seen(seen) => self.seen(seen),
            Woken::Local(local) => self.local(local),
            Woken::Loaded(loaded) => self.loaded(loaded),
        }
    }

    /// Takes in what else is there, up to a bound.
    fn take_waiting(&mut self) {
        while let Ok(done) = self.done.try_recv() {
            self.done(done);
        }
        while let Some(seen) = self.views.next().now_or_never() {
            let ended = seen.is_none();
            self.seen(seen);
            if ended {
                break;
            }
        }
        for _ in 0..limits::TURN_EVENTS {
            if self.ended.is_some() || !self.listens() {
                return;
            }
            let Ok(event) = self.inbox.try_recv() else { break };
            self.event(event);
        }
        for _ in 0..limits::TURN_EVENTS {
            let Ok(local) = self.local.try_recv() else { break };
            self.local(local);
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::PeerSaid { peer, messages } => {
                for message in messages {
                    self.step(Input::Receive { from: peer.clone(), message });
                }
            }
            Event::Requests { connection, requests } => {
                for (number, request) in requests {
                    self.request(connection, number, request);
                }
            }
            Event::PeerOpened { connection, peer, outbox } => {
                let input = self.links.heard_up(connection, peer, outbox);
                self.link(Some(input));
            }
            Event::Line(pod, event) => self.line(pod, event),
            Event::ClientOpened { connection, controller, outbox } => {
                self.clients.open(connection, controller, outbox);
                self.clients.greet(connection, &self.core);
                self.status_due |= controller;
            }
            Event::Closed { connection } => {
                self.clients.close(connection);
                let input = self.links.heard_down(connection);
                self.link(input);
            }
            Event::StateRequested => self.state_requested(),
            Event::Offered { fetch, id } => self.offered(fetch, id),
            Event::Piece { fetch, piece } => self.piece(fetch, piece),
        }
    }

    fn line(&mut self, pod: group::Pod, event: LineEvent<crate::wire::Told>) {
        match event {
            LineEvent::Up(peer, outbox) => {
                let input = self.links.line_up(peer, outbox);
                self.link(Some(input));
            }
            LineEvent::Down { refused } => {
                let input = self.links.line_down(pod, refused);
                self.link(input);
            }
            // Members answer on lines of their own.
            LineEvent::Frames(_) => {}
        }
    }

    /// Who is there has changed: controllers want to know at once.
    fn link(&mut self, input: Option<Input>) {
        if let Some(input) = input {
            self.step(input);
            self.status_due = true;
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Written { write } => {
                // A batch fills whole blocks: where each is small, the blocks are what a restart reads.
                self.state.bytes += BLOCK;
                self.step(Input::Written { write });
            }
            Done::Saved { save } => self.step(Input::Saved { save }),
            Done::Published { snapshot } => self.published(snapshot),
            Done::Wants { id, offset } => self.wanted(id, offset),
            Done::FetchFailed { why } => self.fetch_failed(&why),
            Done::Installed { snapshot, ending: _ } => self.load(snapshot),
            Done::Reset => self.ended = Some(carry::reset(self.reset_why.take())),
            // Nothing in memory may be trusted to be on the disk: the process ends, and recovery looks.
            Done::Failed(error) => self.ended = Some(Ended::Disk(error)),
        }
    }

    fn seen(&mut self, seen: Option<Seen>) {
        match seen {
            Some(Seen::View(view)) => self.step(Input::View(view)),
            Some(Seen::Stored { held, view }) => self.step(Input::Stored { held, view }),
            // Whoever watched the view is gone: the member goes on with what peers and controllers tell.
            None => self.views = Box::pin(futures_util::stream::pending()),
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        self.step(Input::Tick);
        self.run_timers();
        while let Some((asker, mut answer)) = self.held.next_unsettled(self.now.mono) {
            answer.freshness = crate::answer::Freshness::Unsettled;
            self.give(asker, Ok(answer));
        }
        self.feed_alive |= self.ticks.is_multiple_of(limits::FEED_ALIVE_MS / group::limits::TICK_MS);
        self.status_due |= self.ticks.is_multiple_of(limits::STATUS_MS / group::limits::TICK_MS);
    }

    /// Controllers are told every so often, and at once when something changed.
    fn push_status(&mut self) {
        if std::mem::take(&mut self.status_due) && self.clients.have_controllers() {
            self.clients.push_status(self.core.status(self.now));
        }
    }

    fn send_all_away(&mut self) {
        while let (true, Some((asker, answer))) = (planted(38), self.held.next_write(Seq::MAX)) {
            self.give(asker, Ok(answer));
        }
        self.clients.push_all(&clients::elsewhere(&self.core));
        self.clients.close_all();
    }

    /// Held answers are dropped (D1); whoever asks is told where to go, if it is quick to listen.
    async fn farewell(&mut self) {
        self.tasks.abort_all();
        self.send_all_away();
        let told = async {
            while !self.clients.are_told() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(limits::FAREWELL_MS), told).await;
    }
}

/// Where a history begins for somebody who has seen nothing of it.
pub const BEGINNING: Cursor = Cursor { loss: 0, seq: 0 };
