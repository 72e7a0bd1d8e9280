//! The replicas of a run: each is a real member, driven by hand, on a disk that may fail. Gives what happened, carries out what is asked.
use crate::disk::LyingDisk;
use crate::fetch::Fetch;
use crate::machine::Orders;
use crate::mix::{MS, Mix};
use crate::network::{Actor, Ends, STORE};
use crate::rules::Ears;
use crate::world::{Event, World};
use group::limits::FORMAT;
use group::{BootId, Epoch, Peer, Pod, Position, Role, StorageId};
use member::disk::simulated::Luck;
use member::store::Opening;
use member::{Ask, Begin, Driven, Ended, Seen};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// Something that waits for the loop.
pub(crate) enum Item {
    Seen(Seen),
    LineUp(u64, Peer),
    LineDown(Pod, bool),
    Called(Ends),
    Gone(u64),
    Said(Rc<Peer>, Vec<u8>),
    Asks(u64, Vec<u8>),
    Given(u64, member::Given),
    Leave,
    HandOver(Pod, Epoch),
}

pub(crate) struct Replica {
    pub(crate) pod: Pod,
    pub(crate) disk: LyingDisk,
    pub(crate) driven: Option<Box<Driven<Orders>>>,
    pub(crate) boot: u128,
    pub(crate) life: u64,
    pub(crate) storage: StorageId,
    pub(crate) paused_until: u64,
    pub(crate) wrong_ms: i64,
    /// The newest log format that the program installed here writes (F1).
    pub(crate) speaks: u16,
    /// When it begins again.
    pub(crate) starts_at: u64,
    /// Since when it was told to leave.
    pub(crate) leaves_since: Option<u64>,
    pub(crate) slow_until: u64,
    /// It is killed as soon as it has run for a moment, until then.
    pub(crate) restless_until: u64,
    /// This disk may hold less, or something else, than it said: laws about it are not asked.
    pub(crate) damaged: bool,
    /// What was certainly on the disk.
    pub(crate) durable: Position,
    inbox: VecDeque<Item>,
    woken: bool,
    writing: bool,
    keeping: bool,
    loading: bool,
    pub(crate) fetch: Option<Fetch>,
    pub(crate) backup: Option<(LyingDisk, StorageId)>,
    /// The disk fails at the next operation but these.
    pub(crate) tears: bool,
    /// The highest epoch promised that is certainly on the disk.
    pub(crate) promise: Epoch,
    /// What was done to its disk must be noticed when it is opened, or nothing of it is wanted any more: bits were inverted, or a write was
    /// not done and others came after it.
    pub(crate) noticeable: bool,
    /// When its machine was replaced: what the old one had said and was still under way is lost with it.
    pub(crate) replaced_at: u64,
    /// When it ended, a snapshot was taking the log's place.
    pub(crate) installs: bool,
    /// What was done to its disk is at most a write that was not done.
    pub(crate) lied: bool,
    /// Since when it runs without having been stopped.
    pub(crate) awake_since: u64,
    /// When its last reign began.
    pub(crate) leads_since: u64,
    pub(crate) ears: Ears,
}

/// What a simulated disk says when the power fails.
const POWER_CUT: &str = "the power is cut";

impl Replica {
    pub(crate) fn new(pod: Pod, mix: &Mix) -> Replica {
        Replica {
            pod,
            disk: LyingDisk::new(mix.cached_reads),
            driven: None,
            boot: 0,
            life: 0,
            storage: StorageId(0),
            paused_until: 0,
            wrong_ms: 0,
            speaks: FORMAT,
            starts_at: 0,
            leaves_since: None,
            slow_until: 0,
            restless_until: 0,
            damaged: false,
            durable: Position::default(),
            inbox: VecDeque::new(),
            woken: false,
            writing: false,
            keeping: false,
            loading: false,
            fetch: None,
            backup: None,
            tears: false,
            promise: Epoch::default(),
            noticeable: false,
            installs: false,
            replaced_at: 0,
            lied: false,
            awake_since: 0,
            leads_since: 0,
            ears: Ears::default(),
        }
    }
    pub(crate) fn peer(&self) -> Peer {
        Peer { pod: self.pod.clone(), storage: self.storage, boot: BootId(self.boot) }
    }
}

impl World {
    /// Something happened for a replica; its loop wakes soon.
    pub(crate) fn put(&mut self, i: usize, item: Item) {
        if self.replicas[i].driven.is_some() {
            self.replicas[i].inbox.push_back(item);
            self.stir(i);
        }
    }
    fn stir(&mut self, i: usize) {
        if !std::mem::replace(&mut self.replicas[i].woken, true) {
            let (delay, boot) = (self.draw(1, 60), self.replicas[i].boot);
            self.after(delay, Event::Wake(i, boot));
        }
    }

    pub(crate) fn start(&mut self, i: usize) {
        if self.replicas[i].driven.is_some() || self.replicas[i].starts_at != self.now {
            return;
        }
        let (boot, fresh) = (self.name(), StorageId(self.name()));
        let opening = Opening { boot: BootId(boot), fresh, segment_bytes: self.mix.segment_bytes };
        let replica = &mut self.replicas[i];
        let begin = Begin {
            pod: replica.pod.clone(),
            disk: Arc::new(replica.disk.clone()),
            opening,
            machine: Orders::new(),
            snapshot_every_bytes: self.mix.snapshot_every_bytes,
            speaks: replica.speaks,
        };
        match Driven::start(begin) {
            Ok(driven) => self.started(i, boot, driven),
            Err(error) => {
                let text = error.to_string();
                self.say(|| format!("r{i} cannot start: {text}"));
                // A disk of which not even the identity is known is given up by its operator.
                if text.contains("are damaged") || text.contains("it holds") {
                    self.new_disk(i);
                }
                if text.contains(POWER_CUT) {
                    let seed = self.luck.draw();
                    self.replicas[i].disk = self.replicas[i].disk.after(Luck::Seed(seed));
                }
                let delay = self.draw(20, 200) * MS;
                self.start_at(i, self.now + delay);
            }
        }
    }
    pub(crate) fn start_at(&mut self, i: usize, at: u64) {
        self.replicas[i].starts_at = at;
        self.at(at, Event::Start(i));
    }
    fn started(&mut self, i: usize, boot: u128, driven: Driven<Orders>) {
        let replica = &mut self.replicas[i];
        let me = driven.core().me().clone();
        let tail = driven.core().tail();
        let same = replica.storage == me.storage;
        replica.damaged &= same;
        replica.noticeable &= same;
        replica.lied &= same;
        replica.ears = Ears::default();
        replica.awake_since = self.now;
        if !same {
            replica.promise = Epoch::default();
        }
        let before = if same { replica.durable } else { Position::default() };
        (replica.boot, replica.storage, replica.durable) = (boot, me.storage, tail);
        replica.life += 1;
        replica.paused_until = 0;
        replica.leaves_since = None;
        (replica.woken, replica.writing, replica.keeping, replica.loading) = (false, false, false, false);
        replica.inbox.clear();
        replica.fetch = None;
        replica.driven = Some(Box::new(driven));
        let life = replica.life;
        self.laws.begun(i);
        self.say(|| format!("r{i} starts #{boot} on {:?}, log to {tail:?}", me.storage));
        self.law_of_recovery(i, before);
        let delay = self.draw(1, 20) * MS;
        self.after(delay, Event::Tick(i, boot));
        for j in 0..self.replicas.len() {
            if j != i {
                self.redial(Actor::Replica(i), life, j, 100);
            }
        }
        let view = self.store.current.clone();
        if let Some(view) = view {
            self.show(i, boot, Seen::View(view), MS);
        }
        if self.replicas[i].restless_until > self.now {
            let delay = self.draw(1, 400) * MS;
            self.after(delay, Event::Over(crate::world::Over::Kill(i)));
        }
    }
    /// A view is on its way to a replica, unless it is cut off from the store.
    pub(crate) fn show(&mut self, i: usize, boot: u128, seen: Seen, delay: u64) {
        self.after(delay, Event::Seen(i, boot, seen));
    }
    pub(crate) fn view_seen(&mut self, i: usize, boot: u128, seen: Seen) {
        if self.replicas[i].boot != boot || self.replicas[i].driven.is_none() {
            return;
        }
        let held = self.net.held.get(&(STORE, i)).copied().filter(|until| *until > self.now);
        match held {
            Some(until) if matches!(seen, Seen::View(_)) => self.at(until, Event::Seen(i, boot, seen)),
            Some(_) => {}
            None => self.put(i, Item::Seen(seen)),
        }
    }

    pub(crate) fn tick(&mut self, i: usize, boot: u128) {
        if self.replicas[i].driven.is_none() || self.replicas[i].boot != boot {
            return;
        }
        let pause = self.pause_of(Actor::Replica(i));
        if pause > 0 {
            return self.after(pause + 1, Event::Tick(i, boot));
        }
        self.after(group::limits::TICK_MS * MS, Event::Tick(i, boot));
        self.wake(i, boot, true);
    }

    /// A turn of a replica's loop.
    pub(crate) fn wake(&mut self, i: usize, boot: u128, tick: bool) {
        if self.replicas[i].boot != boot || self.replicas[i].driven.is_none() {
            return;
        }
        let pause = self.pause_of(Actor::Replica(i));
        if pause > 0 {
            return self.after(pause, Event::Wake(i, boot));
        }
        if !tick {
            self.replicas[i].woken = false;
        }
        let now = self.clock(self.replicas[i].wrong_ms);
        let Some(mut driven) = self.replicas[i].driven.take() else { return };
        driven.begin(now);
        let mut kept = VecDeque::new();
        while let Some(item) = self.replicas[i].inbox.pop_front() {
            // Connections are not heard while a snapshot takes the log's place.
            let of_connection = matches!(
                item,
                Item::Said(..)
                    | Item::Asks(..)
                    | Item::Called(_)
                    | Item::Gone(_)
                    | Item::LineUp(..)
                    | Item::LineDown(..)
                    | Item::Given(..)
            );
            if of_connection && !driven.listens() {
                kept.push_back(item);
            } else {
                self.take(i, &mut driven, item);
            }
        }
        let waits = !kept.is_empty();
        self.replicas[i].inbox = kept;
        driven.end(tick);
        self.replicas[i].driven = Some(driven);
        self.look(i);
        self.carry_out(i, boot);
        if waits && self.replicas[i].boot == boot && self.replicas[i].driven.as_deref().is_some_and(Driven::listens) {
            self.stir(i);
        }
    }

    fn take(&mut self, i: usize, driven: &mut Driven<Orders>, item: Item) {
        let heard = match item {
            Item::Seen(seen) => {
                driven.seen(seen);
                Ok(())
            }
            Item::LineUp(id, peer) => {
                let hand = driven.line_up(peer);
                if let Some(conn) = self.net.conns.get_mut(&id) {
                    conn.opener = Some(hand);
                }
                Ok(())
            }
            Item::LineDown(pod, refused) => {
                driven.line_down(&pod, refused);
                Ok(())
            }
            Item::Called(conn) => {
                self.called(i, driven, &conn);
                Ok(())
            }
            Item::Gone(id) => {
                driven.closed(id);
                Ok(())
            }
            Item::Said(peer, bytes) => driven.peer_said(&peer, &bytes),
            Item::Asks(id, bytes) => driven.requests(id, &bytes),
            Item::Given(number, given) => {
                let there_is_some = driven.given(number, given);
                let boot = self.replicas[i].boot;
                if let Some(fetch) = self.replicas[i].fetch.as_mut().filter(|fetch| fetch.number == number) {
                    fetch.waits = !there_is_some;
                    if !there_is_some {
                        fetch.boot = 0;
                        self.after(100 * MS, Event::Pull(i, boot, number));
                    }
                }
                Ok(())
            }
            Item::Leave => {
                self.replicas[i].leaves_since.get_or_insert(self.now);
                driven.leave();
                Ok(())
            }
            Item::HandOver(to, epoch) => {
                driven.hand_over(to, epoch);
                Ok(())
            }
        };
        if let Err(garbled) = heard {
            self.broken(format!("frames cannot be read: {garbled}"));
        }
    }
    fn called(&mut self, i: usize, driven: &mut Driven<Orders>, conn: &Ends) {
        let hand = match conn.from {
            Actor::Replica(j) => {
                let Some(peer) = conn.peer.clone() else { return };
                let life = self.replicas[i].life;
                self.redial(Actor::Replica(i), life, j, 100);
                driven.heard_up(conn.id, Peer::clone(&peer))
            }
            Actor::Front(_) => driven.client_up(conn.id, false),
            Actor::Controller(_) => driven.client_up(conn.id, true),
        };
        if let Some(conn) = self.net.conns.get_mut(&conn.id) {
            conn.called = Some(hand);
        }
    }

    /// What a turn asks of the world.
    fn carry_out(&mut self, i: usize, boot: u128) {
        let ended = self.replicas[i].driven.as_deref_mut().and_then(Driven::ended);
        let due = self.net.to_send(Actor::Replica(i));
        due.into_iter().for_each(|(id, called)| self.send(id, called));
        while let Some(ask) = self.replicas[i].driven.as_deref_mut().and_then(Driven::ask) {
            self.asked(i, boot, ask);
        }
        if let Some(ended) = ended {
            return self.has_ended(i, &ended);
        }
        self.use_disk(i, boot);
        self.go_on_fetching(i, boot);
    }
    fn asked(&mut self, i: usize, boot: u128, ask: Ask) {
        if let Ask::Propose(proposal) = &ask {
            self.law_of_letting_in(i, proposal);
            self.replicas[i].ears.proposed(proposal, self.now);
            self.spring_ambush(i, proposal);
        }
        if self.net.is_held(i, STORE, self.now) {
            return;
        }
        match ask {
            Ask::Propose(proposal) => self.propose(i, boot, proposal),
            Ask::Read { held } => {
                if !self.store.is_out(self.now) {
                    let seen = Seen::Stored { held, view: self.store.current.clone() };
                    let delay = self.draw(300, 5 * MS);
                    self.show(i, boot, seen, delay);
                }
            }
        }
    }
    fn has_ended(&mut self, i: usize, ended: &Ended) {
        let text = ended.to_string();
        self.say(|| format!("r{i} ends: {text}"));
        let delay = if matches!(ended, Ended::Left) { self.draw(50, 1_500) } else { self.draw(5, 100) } * MS;
        if matches!(ended, Ended::Left) {
            self.law_of_leaving(i);
        }
        self.sums.unsound += u64::from(matches!(ended, Ended::Reset { .. } | Ended::Unsound));
        let luck = if text.contains(POWER_CUT) { Luck::Seed(self.luck.draw()) } else { Luck::Everything };
        self.stop(i, luck, delay);
    }

    fn use_disk(&mut self, i: usize, boot: u128) {
        let slow = if self.replicas[i].slow_until > self.now { 100 } else { 1 };
        let disk = if self.calm() { 100 } else { self.mix.disk_us };
        let (one, other) = (self.draw(disk / 2, disk * 2) * slow, self.draw(disk, disk * 4) * slow);
        let replica = &mut self.replicas[i];
        let Some(driven) = &mut replica.driven else { return };
        let (writes, keeps, loads) = (driven.has_write(), driven.has_chore(), driven.has_load());
        if writes && !std::mem::replace(&mut replica.writing, true) {
            self.after(one, Event::Written(i, boot));
        }
        let replica = &mut self.replicas[i];
        if keeps && !std::mem::replace(&mut replica.keeping, true) {
            self.after(other, Event::Kept(i, boot));
        }
        let replica = &mut self.replicas[i];
        if loads && !std::mem::replace(&mut replica.loading, true) {
            self.after(other, Event::Loaded(i, boot));
        }
    }
    /// The process is there, and not stopped; if it is stopped, the event comes later.
    fn runs(&mut self, i: usize, boot: u128, event: fn(usize, u128) -> Event) -> bool {
        if self.replicas[i].boot != boot || self.replicas[i].driven.is_none() {
            return false;
        }
        let pause = self.pause_of(Actor::Replica(i));
        if pause > 0 {
            self.after(pause, event(i, boot));
        }
        pause == 0
    }
    pub(crate) fn written(&mut self, i: usize, boot: u128) {
        if !self.runs(i, boot, Event::Written) {
            return;
        }
        let replica = &mut self.replicas[i];
        replica.writing = false;
        let Some(driven) = &mut replica.driven else { return };
        let tail = driven.core().tail();
        let (lies, writes) = (replica.disk.lies_told(), replica.disk.writes());
        let sound = driven.write() && driven.core().role() != Role::Halted;
        if replica.disk.lies_told() > lies {
            (replica.damaged, replica.noticeable) = (true, false);
        } else if replica.lied && replica.disk.writes() > writes {
            replica.noticeable = true;
        }
        if std::mem::take(&mut replica.tears) {
            return self.stop_after_tear(i);
        }
        if sound && !driven.has_write() {
            replica.durable = tail;
        }
        self.after_disk(i, boot);
    }
    pub(crate) fn kept(&mut self, i: usize, boot: u128) {
        if !self.runs(i, boot, Event::Kept) {
            return;
        }
        let replica = &mut self.replicas[i];
        replica.keeping = false;
        if let Some(driven) = &mut replica.driven {
            driven.keep();
        }
        self.after_disk(i, boot);
    }
    pub(crate) fn loaded(&mut self, i: usize, boot: u128) {
        if !self.runs(i, boot, Event::Loaded) {
            return;
        }
        let now = self.clock(self.replicas[i].wrong_ms);
        let replica = &mut self.replicas[i];
        replica.loading = false;
        if let Some(driven) = &mut replica.driven {
            driven.begin(now);
            driven.load();
            driven.end(false);
            replica.durable = driven.core().tail();
            self.sums.fetched += 1;
        }
        self.say(|| format!("r{i} has installed a snapshot"));
        self.look(i);
        self.carry_out(i, boot);
        self.stir(i);
    }
    fn after_disk(&mut self, i: usize, boot: u128) {
        if self.replicas[i].driven.as_deref().is_some_and(Driven::has_news) {
            self.stir(i);
        }
        self.use_disk(i, boot);
    }
    fn stop_after_tear(&mut self, i: usize) {
        self.say(|| format!("r{i} loses power in the middle of a write"));
        let (seed, delay) = (self.luck.draw(), self.draw(20, 1_500) * MS);
        self.stop(i, Luck::Seed(seed), delay);
    }

    // Connections.

    pub(crate) fn replica_line_up(&mut self, i: usize, id: u64, peer: Peer) {
        self.put(i, Item::LineUp(id, peer));
    }
    pub(crate) fn replica_line_down(&mut self, i: usize, to: usize, refused: bool) {
        let pod = self.replicas[to].pod.clone();
        self.put(i, Item::LineDown(pod, refused));
    }
    pub(crate) fn accept(&mut self, conn: &Ends) {
        self.put(conn.to, Item::Called(conn.clone()));
    }
    pub(crate) fn caller_gone(&mut self, conn: &Ends) {
        self.put(conn.to, Item::Gone(conn.id));
    }
    pub(crate) fn hear(&mut self, conn: &Ends, bytes: Vec<u8>) {
        if self.replicas[conn.to].boot != conn.boot {
            return;
        }
        match conn.from {
            Actor::Replica(_) => {
                if let Some(peer) = conn.peer.clone() {
                    self.put(conn.to, Item::Said(peer, bytes));
                }
            }
            Actor::Front(_) | Actor::Controller(_) => self.put(conn.to, Item::Asks(conn.id, bytes)),
        }
    }

    // The end of a process.

    /// A process ends, and begins again after a while on what `luck` leaves of its disk.
    pub(crate) fn stop(&mut self, i: usize, luck: Luck, delay: u64) {
        let Some(driven) = self.replicas[i].driven.take() else { return };
        self.replicas[i].installs = driven.installs();
        self.close_all(Actor::Replica(i));
        let replica = &mut self.replicas[i];
        replica.inbox.clear();
        replica.tears = false;
        replica.disk = replica.disk.after(luck);
        let delay = if self.calm() { delay.min(100 * MS) } else { delay };
        let again = self.now + delay;
        self.start_at(i, again);
    }
    pub(crate) fn new_disk(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        replica.disk = LyingDisk::new(self.mix.cached_reads);
        replica.storage = StorageId(0);
        (replica.durable, replica.damaged) = (Position::default(), false);
        (replica.promise, replica.noticeable, replica.lied) = (Epoch::default(), false, false);
        self.sums.unsound += 1;
        self.say(|| format!("r{i} has a blank disk"));
    }
}
