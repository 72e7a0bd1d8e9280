//! The world of a run: virtual time and everything that happens in it, in one order decided by the seed. Who does what is in the files
//! beside it.
use crate::clients::Client;
use crate::controllers::Controller;
use crate::fronts::Front;
use crate::history::Heard;
use crate::laws::Laws;
use crate::luck::Luck;
use crate::mix::{Fault, Kind, Length, MS, Mix};
use crate::network::{Actor, Ends, Network};
use crate::replicas::Replica;
use crate::store::{Store, Write};
use crate::trace::Trace;
use group::{Now, Pod, Time, View, Wall};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Noon of some day, in ms since 1970.
const NOON: Wall = 1_800_000_000_000;

/// Something that happens at a moment.
pub(crate) enum Event {
    /// A replica's loop wakes.
    Wake(usize, u128),
    Tick(usize, u128),
    /// The log's writer of a replica has got so far.
    Written(usize, u128),
    /// Its keeper has.
    Kept(usize, u128),
    /// A machine is loaded from a snapshot.
    Loaded(usize, u128),
    Start(usize),
    Dial(Actor, u64, usize),
    Opened(u64),
    /// Frames arrive that were said at this moment; `true`: at the one who was called.
    Arrive(u64, bool, Vec<u8>, u64),
    /// One side hears that a connection has ended; `true`: the one who was called.
    Ended(Ends, bool),
    Refused(Actor, u64, usize),
    Pull(usize, u128, u64),
    Pulled(usize, u128, u64, member::Given),
    FrontTick(usize, u64),
    ControllerTick(usize, u64),
    ControllerLook(usize, u64),
    /// A front end's word reaches a controller.
    Told(usize, usize, Pod, group::BootId, group::Sign),
    Land(Write),
    /// The store's answer to a write of a controller.
    Answered(usize, u64, u64, Option<bool>, View),
    /// The store's answer to a read of a controller.
    Read(usize, u64, Time, Option<Option<View>>),
    /// A replica hears of the view.
    Seen(usize, u128, member::Seen),
    /// A controller's watch shows the store.
    Sight(usize, u64, Option<View>),
    Operator,
    Client(usize),
    Fault(usize),
    /// Something of a fault is over.
    Over(Over),
}

/// What ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    Full(usize),
    Outage,
    Leave(usize),
    Kill(usize),
    Calm,
}

/// What is to happen, by time and, at one time, in the order of asking. The events lie beside the heap, which moves its entries about.
#[derive(Default)]
struct Agenda {
    order: u64,
    due: BinaryHeap<Reverse<(u64, u64, usize)>>,
    events: Vec<Option<Event>>,
    free: Vec<usize>,
}

impl Agenda {
    fn put(&mut self, at: u64, event: Event) {
        self.order += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() - 1
        });
        self.events[place] = Some(event);
        self.due.push(Reverse((at, self.order, place)));
    }
    fn take(&mut self) -> Option<(u64, Event)> {
        let Reverse((at, _, place)) = self.due.pop()?;
        self.free.push(place);
        self.events[place].take().map(|event| (at, event))
    }
}

/// A law was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which one, and how.
    pub law: String,
    /// When, in µs.
    pub at: u64,
}

/// What a run came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Events handled.
    pub events: u64,
    /// Reigns that began.
    pub reigns: u64,
    /// Requests that clients made.
    pub asked: u64,
    /// Answers they had, by kind.
    pub answers: BTreeMap<Heard, u64>,
    /// Requests whose outcome stayed unknown.
    pub unknown: u64,
    /// Snapshots fetched.
    pub fetched: u64,
    /// Disks found unsound, or lost.
    pub unsound: u64,
    /// The last committed entry.
    pub committed: u64,
    /// Faults that happened, by kind.
    pub faults: BTreeMap<Kind, u64>,
}

impl Sums {
    pub(crate) fn heard(&mut self, what: Heard) {
        *self.answers.entry(what).or_default() += 1;
    }
    /// Adds what another run came to.
    pub fn add(&mut self, other: &Sums) {
        self.events += other.events;
        self.reigns += other.reigns;
        self.asked += other.asked;
        self.unknown += other.unknown;
        self.fetched += other.fetched;
        self.unsound += other.unsound;
        self.committed += other.committed;
        for (kind, count) in &other.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        for (kind, count) in &other.answers {
            *self.answers.entry(*kind).or_default() += count;
        }
    }
}

/// A run with more events than this goes round in circles.
const MOST_EVENTS: u64 = 5_000_000;

pub(crate) struct World {
    pub(crate) mix: Mix,
    pub(crate) luck: Luck,
    pub(crate) now: u64,
    agenda: Agenda,
    pub(crate) net: Network,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) fronts: Vec<Front>,
    pub(crate) controllers: Vec<Controller>,
    pub(crate) clients: Vec<Client>,
    pub(crate) store: Store,
    pub(crate) laws: Laws,
    pub(crate) trace: Trace,
    pub(crate) sums: Sums,
    pub(crate) violation: Option<Violation>,
    /// Identities are drawn from here.
    pub(crate) names: u128,
    /// Nothing else goes wrong before this moment: what just went wrong is all that the promise covers.
    pub(crate) guarded: u64,
    /// No program is renewed before this moment: it is not noticed yet that another has become older (F1).
    pub(crate) upgrades_after: u64,
    pub(crate) faults: Vec<Fault>,
    /// What waits for the next one who is let in.
    pub(crate) ambush: Option<[u64; 4]>,
    /// Which process says what a front end hears just now.
    pub(crate) answers: Option<(usize, u128)>,
}

impl World {
    /// The world of a seed, without the faults whose indices are `left_out`.
    pub(crate) fn new(seed: u64, length: Length, left_out: &BTreeSet<usize>, trace: Trace) -> World {
        let mix = Mix::draw(seed, length);
        let faults: Vec<Fault> = mix.faults.clone();
        let mut world = World {
            luck: Luck::new(seed, 2),
            now: 0,
            agenda: Agenda::default(),
            net: Network::default(),
            replicas: vec![],
            fronts: vec![],
            controllers: vec![],
            clients: vec![],
            store: Store::default(),
            laws: Laws::default(),
            trace,
            sums: Sums::default(),
            violation: None,
            names: 1,
            guarded: 0,
            upgrades_after: 0,
            faults,
            ambush: None,
            answers: None,
            mix,
        };
        world.people(seed);
        for (index, fault) in world.faults.clone().into_iter().enumerate() {
            if !left_out.contains(&index) {
                world.at(fault.at, Event::Fault(index));
            }
        }
        world.at(world.mix.course.calm, Event::Over(Over::Calm));
        world
    }

    fn people(&mut self, seed: u64) {
        let pods: Vec<Pod> = (0..self.mix.replicas).map(|i| Pod::new(&format!("r{i}"))).collect();
        for (i, pod) in pods.iter().enumerate() {
            let replica = Replica::new(pod.clone(), &self.mix);
            self.replicas.push(replica);
            self.start_at(i, i as u64 * MS);
        }
        let members: BTreeSet<Pod> = pods.into_iter().collect();
        for k in 0..2 {
            self.controllers.push(Controller::new(&members, self.mix.min_in_sync, k));
            self.start_controller(k);
        }
        for f in 0..2 {
            self.fronts.push(Front::new(&members));
            self.start_front(f);
        }
        for c in 0..self.mix.clients {
            self.clients.push(Client::new(seed, c));
            self.at((500 + c as u64 * 3) * MS, Event::Client(c));
        }
        self.at(300 * MS, Event::Operator);
    }

    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.agenda.put(at.max(self.now), event);
    }
    pub(crate) fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }
    pub(crate) fn draw(&mut self, low: u64, high: u64) -> u64 {
        self.luck.between(low, high)
    }
    pub(crate) fn name(&mut self) -> u128 {
        self.names += 1;
        self.names
    }
    pub(crate) fn say(&mut self, text: impl FnOnce() -> String) {
        self.trace.say(self.now, text);
    }
    pub(crate) fn broken(&mut self, law: impl Into<String>) {
        let law = law.into();
        self.say(|| format!("BROKEN {law}"));
        let at = self.now;
        self.violation.get_or_insert(Violation { law, at });
    }
    pub(crate) fn calm(&self) -> bool {
        self.now >= self.mix.course.calm
    }
    /// What the clocks show, on a machine whose wall clock is so many ms wrong.
    pub(crate) fn clock(&self, wrong_ms: i64) -> Now {
        let wall = (NOON + self.now / MS).saturating_add_signed(wrong_ms);
        Now { mono: Time(self.now), wall }
    }

    /// Runs to the end, or to the first violation.
    pub(crate) fn run(&mut self) {
        while let Some((at, event)) = self.agenda.take() {
            if at > self.mix.course.end || self.violation.is_some() {
                break;
            }
            self.now = at;
            self.sums.events += 1;
            self.handle(event);
            if self.sums.events > MOST_EVENTS {
                self.broken("it goes round in circles");
            }
        }
        if self.violation.is_none() {
            self.now = self.mix.course.end;
            self.judge();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake(i, boot) => self.wake(i, boot, false),
            Event::Tick(i, boot) => self.tick(i, boot),
            Event::Written(i, boot) => self.written(i, boot),
            Event::Kept(i, boot) => self.kept(i, boot),
            Event::Loaded(i, boot) => self.loaded(i, boot),
            Event::Start(i) => self.start(i),
            Event::Dial(from, life, to) => self.dial(from, life, to),
            Event::Opened(id) => self.opened(id),
            Event::Arrive(id, called, bytes, said) => self.arrive(id, called, bytes, said),
            Event::Ended(conn, called) => self.ended(&conn, called),
            Event::Refused(from, life, to) => self.refused(from, life, to),
            Event::Pull(i, boot, number) => self.pull(i, boot, number),
            Event::Pulled(i, boot, number, given) => self.pulled(i, boot, number, given),
            Event::FrontTick(f, life) => self.front_tick(f, life),
            Event::ControllerTick(k, life) => self.controller_tick(k, life),
            Event::ControllerLook(k, life) => self.controller_look(k, life),
            Event::Told(k, f, pod, boot, sign) => self.told(k, f, &pod, boot, sign),
            Event::Land(write) => self.land(write),
            Event::Answered(k, life, write, outcome, next) => self.store_answered(k, life, write, outcome, next),
            Event::Read(k, life, began, read) => self.store_read(k, life, began, read),
            Event::Seen(i, boot, seen) => self.view_seen(i, boot, seen),
            Event::Sight(k, life, view) => self.sight(k, life, view),
            Event::Operator => self.operator(),
            Event::Client(c) => self.client(c),
            Event::Fault(index) => self.fault(index),
            Event::Over(over) => self.over(over),
        }
    }

    pub(crate) fn index(&self, pod: &Pod) -> Option<usize> {
        self.replicas.iter().position(|replica| replica.pod == *pod)
    }
}
