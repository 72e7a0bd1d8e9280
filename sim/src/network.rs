//! Connections between replicas, front ends and controllers: they open, carry frames in order, are held up, and end. Reads no frame.
use crate::mix::{MS, YOUNG};
use crate::world::{Event, World};
use group::Peer;
use member::Hand;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::rc::Rc;

/// Somebody with connections. Front ends and controllers are counted from these places on in tables of directions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Actor {
    Replica(usize),
    Front(usize),
    Controller(usize),
}
/// The place of the view's store in tables of directions.
pub(crate) const STORE: usize = 99;

impl Actor {
    /// Its place in tables of directions.
    pub(crate) fn place(self) -> usize {
        match self {
            Actor::Replica(i) => i,
            Actor::Front(f) => 20 + f,
            Actor::Controller(k) => 30 + k,
        }
    }
}

/// Between whom a connection is: who opened it to which replica, and in which of their lives.
#[derive(Clone)]
pub(crate) struct Ends {
    pub(crate) id: u64,
    pub(crate) from: Actor,
    pub(crate) life: u64,
    pub(crate) to: usize,
    pub(crate) boot: u128,
    /// Who opened it, if that was a replica.
    pub(crate) peer: Option<Rc<Peer>>,
}

/// A connection.
pub(crate) struct Conn {
    pub(crate) ends: Ends,
    /// What its opener says on it.
    pub(crate) opener: Option<Hand>,
    /// What the one who was called says on it.
    pub(crate) called: Option<Hand>,
    /// When the last frames each way arrive.
    due: [u64; 2],
    /// When each side last heard something.
    pub(crate) heard: [u64; 2],
    /// When it was opened.
    since: u64,
    pub(crate) open: bool,
    /// It has ended, and this many sides have not heard of it.
    deaf: u8,
}

impl Deref for Conn {
    type Target = Ends;
    fn deref(&self) -> &Ends {
        &self.ends
    }
}

#[derive(Default)]
pub(crate) struct Network {
    pub(crate) conns: BTreeMap<u64, Conn>,
    /// Whose connections they are, in the order of their numbers: everybody looks at his own in every turn.
    of: BTreeMap<Actor, Vec<u64>>,
    last: u64,
    /// Nothing passes in this direction before this moment.
    pub(crate) held: BTreeMap<(usize, usize), u64>,
    /// Who dials whom at this moment, and how often in vain.
    dialling: BTreeMap<(Actor, usize), u32>,
    told_refused: BTreeSet<(Actor, usize)>,
}

const DIAL_MS: u64 = 500;
const HELLO_MS: u64 = 2_000;

impl Network {
    pub(crate) fn is_held(&self, from: usize, to: usize, now: u64) -> bool {
        self.held.get(&(from, to)).is_some_and(|until| *until > now)
    }
    pub(crate) fn hold(&mut self, from: usize, to: usize, until: u64) {
        let held = self.held.entry((from, to)).or_default();
        *held = until.max(*held);
    }
    /// The connections that somebody opened or was called on, and on which he has something to say; `true`: he was called.
    pub(crate) fn to_send(&self, who: Actor) -> Vec<(u64, bool)> {
        let said = |conn: &Conn| {
            let called = Actor::Replica(conn.to) == who;
            let hand = if called { &conn.called } else { &conn.opener };
            hand.as_ref().is_some_and(|hand| !hand.is_quiet()).then_some((conn.id, called))
        };
        self.conns_of(who).filter_map(said).collect()
    }
    /// The connections that somebody opened or was called on.
    pub(crate) fn conns_of(&self, who: Actor) -> impl Iterator<Item = &Conn> {
        self.of.get(&who).into_iter().flatten().filter_map(|id| self.conns.get(id))
    }
    fn insert(&mut self, conn: Conn) {
        for who in [conn.from, Actor::Replica(conn.to)] {
            self.of.entry(who).or_default().push(conn.id);
        }
        self.conns.insert(conn.id, conn);
    }
    fn remove(&mut self, id: u64) {
        let Some(conn) = self.conns.remove(&id) else { return };
        for who in [conn.from, Actor::Replica(conn.to)] {
            self.of.entry(who).or_default().retain(|other| *other != id);
        }
    }
    pub(crate) fn line(&self, from: Actor, to: usize) -> Option<u64> {
        self.conns_of(from).find(|conn| conn.deaf == 0 && (conn.from, conn.to) == (from, to)).map(|conn| conn.id)
    }
}

impl World {
    /// Begins to dial, unless there is a line already or it is being dialled.
    pub(crate) fn redial(&mut self, from: Actor, life: u64, to: usize, delay: u64) {
        if self.net.line(from, to).is_none() && !self.net.dialling.contains_key(&(from, to)) {
            self.net.dialling.insert((from, to), 0);
            self.after(delay, Event::Dial(from, life, to));
        }
    }
    /// Nobody dials for somebody who has ended.
    pub(crate) fn forget_dials(&mut self, from: Actor) {
        self.net.dialling.retain(|(who, _), _| *who != from);
        self.net.told_refused.retain(|(who, _)| *who != from);
    }

    pub(crate) fn dial(&mut self, from: Actor, life: u64, to: usize) {
        if !self.lives(from, life) || !self.net.dialling.contains_key(&(from, to)) {
            return;
        }
        let pause = self.pause_of(from);
        if pause > 0 {
            return self.after(pause, Event::Dial(from, life, to));
        }
        let (a, b) = (from.place(), to);
        if self.net.is_held(a, b, self.now) || self.net.is_held(b, a, self.now) {
            return self.dial_again(from, life, to, DIAL_MS * MS);
        }
        if self.replicas[to].driven.is_none() {
            if self.net.told_refused.insert((from, to)) {
                let delay = self.flight();
                self.after(delay, Event::Refused(from, life, to));
            }
            return self.dial_again(from, life, to, 0);
        }
        if self.pause_of(Actor::Replica(to)) > 0 {
            return self.dial_again(from, life, to, HELLO_MS * MS);
        }
        self.net.last += 1;
        let (id, boot) = (self.net.last, self.replicas[to].boot);
        let heard = [self.now; 2];
        let peer = if let Actor::Replica(i) = from { Some(Rc::new(self.replicas[i].peer())) } else { None };
        let ends = Ends { id, from, life, to, boot, peer };
        let conn = Conn { ends, opener: None, called: None, due: [0; 2], heard, since: self.now, open: false, deaf: 0 };
        self.net.dialling.remove(&(from, to));
        self.net.insert(conn);
        let delay = self.flight() + self.flight();
        self.after(delay, Event::Opened(id));
    }
    fn dial_again(&mut self, from: Actor, life: u64, to: usize, at_least: u64) {
        let Some(tries) = self.net.dialling.get_mut(&(from, to)) else { return };
        *tries += 1;
        let pause_ms = (2u64 << (*tries).min(6)).min(100);
        self.after(at_least + pause_ms * MS, Event::Dial(from, life, to));
    }

    pub(crate) fn opened(&mut self, id: u64) {
        let Some(conn) = self.net.conns.get(&id).map(|conn| conn.ends.clone()) else { return };
        let (a, b) = (conn.from.place(), conn.to);
        let cut = self.net.is_held(a, b, self.now) || self.net.is_held(b, a, self.now);
        let there =
            self.lives(conn.from, conn.life) && self.lives(Actor::Replica(conn.to), self.replicas[conn.to].life);
        let same = self.replicas[conn.to].boot == conn.boot;
        if cut || !there || !same || self.pause_of(Actor::Replica(conn.to)) > 0 {
            self.net.remove(id);
            let delay = if cut { DIAL_MS * MS } else { MS };
            if self.lives(conn.from, conn.life) {
                self.redial(conn.from, conn.life, conn.to, delay);
            }
            return;
        }
        self.net.told_refused.remove(&(conn.from, conn.to));
        if let Some(conn) = self.net.conns.get_mut(&id) {
            conn.open = true;
        }
        self.accept(&conn);
        let peer: Peer = self.replicas[conn.to].peer();
        // Both hear a greeting.
        if let (Actor::Replica(i), Some(caller)) = (conn.from, &conn.peer) {
            self.replicas[conn.to].ears.greet(caller, self.now);
            self.replicas[i].ears.greet(&peer, self.now);
        }
        self.line_up(&conn, peer);
    }

    /// A message's time on the way, in µs.
    pub(crate) fn flight(&mut self) -> u64 {
        let delay = self.mix.delay_us;
        if self.calm() { self.draw(50, 300) } else { self.draw(delay / 2, delay * 2) }
    }

    /// Sends everything that one side of a connection has to say.
    pub(crate) fn send(&mut self, id: u64, called: bool) {
        let Some(conn) = self.net.conns.get(&id).filter(|conn| conn.deaf == 0) else { return };
        let hand = if called { &conn.called } else { &conn.opener };
        let Some(hand) = hand else { return };
        let Some(bytes) = hand.take() else { return self.close(id) };
        if bytes.is_empty() {
            return;
        }
        let peers = matches!(conn.from, Actor::Replica(_));
        let early = self.now < conn.since + YOUNG;
        let loss = if early { self.mix.loss_percent.max(self.mix.early_loss_percent) } else { self.mix.loss_percent };
        let faulty = loss + self.mix.duplicate_percent + self.mix.reorder_percent > 0;
        if !peers || called || !faulty || self.calm() {
            return self.carry(id, called, bytes, true);
        }
        for frame in frames(&bytes) {
            if self.luck.chance(loss) {
                continue;
            }
            let copies = if self.luck.chance(self.mix.duplicate_percent) { 2 } else { 1 };
            for _ in 0..copies {
                let in_order = !self.luck.chance(self.mix.reorder_percent);
                self.carry(id, called, frame.to_vec(), in_order);
            }
        }
    }
    fn carry(&mut self, id: u64, called: bool, bytes: Vec<u8>, in_order: bool) {
        let delay = self.flight();
        let late = self.draw(0, 50 * MS);
        let now = self.now;
        let Some(conn) = self.net.conns.get_mut(&id) else { return };
        let (a, b) = if called { (conn.to, conn.from.place()) } else { (conn.from.place(), conn.to) };
        let held = self.net.held.get(&(a, b)).copied().filter(|until| *until > now);
        let mut due = held.map_or(now, |until| until + late) + delay;
        if in_order {
            let last = &mut conn.due[usize::from(called)];
            due = due.max(*last);
            *last = due;
        } else {
            due += late;
        }
        self.at(due, Event::Arrive(id, !called, bytes, now));
    }

    pub(crate) fn arrive(&mut self, id: u64, called: bool, bytes: Vec<u8>, said: u64) {
        let now = self.now;
        let Some(conn) = self.net.conns.get_mut(&id) else { return };
        let by = if called { conn.ends.from } else { Actor::Replica(conn.ends.to) };
        if matches!(by, Actor::Replica(i) if said < self.replicas[i].replaced_at) {
            return;
        }
        conn.heard[usize::from(called)] = now;
        let conn = conn.ends.clone();
        if let (true, Some(peer), true) = (called, &conn.peer, conn.boot == self.replicas[conn.to].boot) {
            self.replicas[conn.to].ears.hear(peer, said, now);
        }
        if called { self.hear(&conn, bytes) } else { self.answer(&conn, &bytes) }
    }

    /// Ends a connection; each side that still lives hears of it.
    pub(crate) fn close(&mut self, id: u64) {
        let Some(conn) = self.net.conns.get_mut(&id).filter(|conn| conn.deaf == 0) else { return };
        conn.deaf = 2;
        let (ends, open, dues) = (conn.ends.clone(), conn.open, conn.due);
        if !open {
            self.net.remove(id);
            return self.redial(ends.from, ends.life, ends.to, MS);
        }
        for called in [false, true] {
            let (a, b) = if called { (ends.from.place(), ends.to) } else { (ends.to, ends.from.place()) };
            let held = self.net.held.get(&(a, b)).copied().unwrap_or(0).max(self.now);
            let due = held.max(dues[usize::from(!called)]) + self.flight();
            self.at(due, Event::Ended(ends.clone(), called));
        }
    }
    pub(crate) fn ended(&mut self, conn: &Ends, called: bool) {
        if let Some(left) = self.net.conns.get_mut(&conn.id) {
            left.deaf -= 1;
            if left.deaf == 0 {
                self.net.remove(conn.id);
            }
        }
        if called {
            if self.replicas[conn.to].boot == conn.boot {
                self.caller_gone(conn);
            }
        } else if self.lives(conn.from, conn.life) {
            // Whoever was called by the other meanwhile, and called back, has a better one already.
            if !self.net.conns_of(conn.from).any(|other| other.to == conn.to && other.open && other.deaf == 0) {
                self.line_down(conn.from, conn.to, false);
            }
            self.redial(conn.from, conn.life, conn.to, 0);
        }
    }
    pub(crate) fn refused(&mut self, from: Actor, life: u64, to: usize) {
        if self.lives(from, life) && self.net.told_refused.contains(&(from, to)) {
            self.line_down(from, to, true);
        }
    }
    /// All connections of somebody end.
    pub(crate) fn close_all(&mut self, who: Actor) {
        let mine: Vec<u64> = self.net.conns_of(who).map(|conn| conn.id).collect();
        mine.into_iter().for_each(|id| self.close(id));
        self.forget_dials(who);
    }

    pub(crate) fn lives(&self, who: Actor, life: u64) -> bool {
        match who {
            Actor::Replica(i) => self.replicas[i].driven.is_some() && self.replicas[i].life == life,
            Actor::Front(f) => self.fronts[f].life == life,
            Actor::Controller(k) => self.controllers[k].life == life,
        }
    }
    pub(crate) fn pause_of(&self, who: Actor) -> u64 {
        let until = match who {
            Actor::Replica(i) => self.replicas[i].paused_until,
            Actor::Front(_) => 0,
            Actor::Controller(k) => self.controllers[k].paused_until,
        };
        until.saturating_sub(self.now)
    }

    fn line_up(&mut self, conn: &Ends, peer: Peer) {
        match conn.from {
            Actor::Replica(i) => self.replica_line_up(i, conn.id, peer),
            Actor::Front(f) => self.front_line_up(f, conn.id, peer),
            Actor::Controller(k) => self.controller_line_up(k, conn.id, peer),
        }
    }
    fn line_down(&mut self, from: Actor, to: usize, refused: bool) {
        match from {
            Actor::Replica(i) => self.replica_line_down(i, to, refused),
            Actor::Front(f) => self.front_line_down(f, to, refused),
            Actor::Controller(k) => self.controller_line_down(k, to, refused),
        }
    }
    /// What a replica said reaches the one who had called.
    fn answer(&mut self, conn: &Ends, bytes: &[u8]) {
        match conn.from {
            Actor::Replica(_) => {}
            Actor::Front(f) => self.front_hears(f, conn, bytes),
            Actor::Controller(k) => self.controller_hears(k, conn, bytes),
        }
    }
}

/// Cuts bytes into frames: a length of four bytes, little endian, and so many more.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = vec![];
    while let Some((length, _)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = bytes.split_at(4 + u32::from_le_bytes(*length) as usize);
        found.push(frame);
        bytes = rest;
    }
    found
}
