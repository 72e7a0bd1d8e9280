//! The controllers of a run: a real watch over the members and the real plan, joined as the controller's loop joins them.
use crate::mix::MS;
use crate::network::{Actor, Ends, STORE};
use crate::store::{Asker, rank};
use crate::world::{Event, World};
use controller::limits::{AGAIN_MS, STORE_TIME as STORE_WAIT};
use controller::{Rebuilding, Step, next};
use group::choose::{Decision, Link, Seen, Store, Wish, choose};
use group::{BootId, Epoch, GroupId, Now, Peer, Pod, Sign, Time, View, Writer};
use member::client::DrivenWatch;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// What was taken in of a member last: only what has changed since is told.
#[derive(Default)]
struct Taken {
    link: member::client::Link,
    since: Option<Instant>,
    heard: Option<Instant>,
}

pub(crate) struct Controller {
    pub(crate) watch: DrivenWatch,
    pub(crate) seen: Seen,
    wish: Wish,
    taken: BTreeMap<Pod, Taken>,
    pushed: Option<(Epoch, u64)>,
    /// Nothing is written or read before.
    wait_until: u64,
    pub(crate) paused_until: u64,
    pub(crate) life: u64,
    looks: bool,
    /// It looks again at this moment, though nothing should happen.
    looks_at: u64,
    /// The store is being asked, by the ask of this number, since then: until it answers nothing else is done.
    asking: Option<(u64, u64)>,
    asks: u64,
    members: BTreeSet<Pod>,
    min_in_sync: usize,
    /// The operator's command under way.
    pub(crate) rebuilding: Option<Rebuilding>,
}

const STORE_TIME: u64 = STORE_WAIT.as_secs() * 1_000 * MS;
const AGAIN: u64 = AGAIN_MS * MS;

impl Controller {
    pub(crate) fn new(members: &BTreeSet<Pod>, min_in_sync: usize, k: usize) -> Controller {
        let group = GroupId(7 + k as u128);
        let wish = Wish { members: members.clone(), min_in_sync, group, jitter_ms: 0 };
        Controller {
            watch: DrivenWatch::new(members),
            seen: Seen::default(),
            wish,
            taken: BTreeMap::new(),
            pushed: None,
            wait_until: 0,
            paused_until: 0,
            life: 0,
            looks: false,
            looks_at: 0,
            asking: None,
            asks: 0,
            members: members.clone(),
            min_in_sync,
            rebuilding: None,
        }
    }

    /// What it would do by all that it has seen.
    pub(crate) fn decide(&self, now: Now) -> Decision {
        choose(&self.seen, &self.wish, now)
    }
}

impl World {
    pub(crate) fn start_controller(&mut self, k: usize) {
        let life = self.controllers[k].life;
        for to in 0..self.replicas.len() {
            self.redial(Actor::Controller(k), life, to, MS);
        }
        self.after(MS, Event::ControllerTick(k, life));
        let view = self.store.current.clone();
        self.after(2 * MS, Event::Sight(k, life, view));
    }
    pub(crate) fn crash_controller(&mut self, k: usize) {
        self.close_all(Actor::Controller(k));
        if self.controllers[k].rebuilding.is_some() {
            self.half_way("its controller has died");
        }
        let Controller { members, min_in_sync, life, .. } = &self.controllers[k];
        self.controllers[k] = Controller { life: life + 1, ..Controller::new(members, *min_in_sync, k) };
        self.start_controller(k);
    }
    fn jitter(&mut self, k: usize) {
        let jitter = if k == 0 { 0 } else { self.draw(20, 60) };
        self.controllers[k].wish.jitter_ms = jitter;
    }

    pub(crate) fn controller_tick(&mut self, k: usize, life: u64) {
        if self.controllers[k].life != life {
            return;
        }
        let pause = self.pause_of(Actor::Controller(k));
        if pause > 0 {
            return self.after(pause + 100, Event::ControllerTick(k, life));
        }
        self.after(100 * MS, Event::ControllerTick(k, life));
        self.controllers[k].watch.set(Time(self.now));
        self.controllers[k].watch.tick();
        self.stir_controller(k, 100);
    }
    pub(crate) fn stir_controller(&mut self, k: usize, delay: u64) {
        if !std::mem::replace(&mut self.controllers[k].looks, true) {
            let life = self.controllers[k].life;
            self.after(delay, Event::ControllerLook(k, life));
        }
    }

    /// One turn of the controller's loop.
    pub(crate) fn controller_look(&mut self, k: usize, life: u64) {
        if self.controllers[k].life != life {
            return;
        }
        let pause = self.pause_of(Actor::Controller(k));
        if pause > 0 {
            return self.after(pause, Event::ControllerLook(k, life));
        }
        self.controllers[k].looks = false;
        let now = self.clock(0);
        self.take_members(k);
        if let Some((_, since)) = self.controllers[k].asking {
            if self.now < since + STORE_TIME {
                return;
            }
            self.controllers[k].asking = None;
            self.controllers[k].wait_until = self.now + AGAIN;
        }
        self.spread(k);
        self.go_on(k);
        let controller = &self.controllers[k];
        let decision = controller.decide(now);
        let (step, again) = next(&controller.seen, decision, Some(Time(controller.wait_until)), now.mono);
        match step {
            Step::Nothing => {}
            Step::Ask(pods) => {
                self.controllers[k].watch.watch().ask(&pods);
                self.controllers[k].seen.asked(&pods, now.mono);
            }
            Step::Read => self.read_store(k),
            Step::Create(first) => self.write(k, None, first),
            Step::Write { base, next } => self.write(k, Some(base), next),
        }
        if let Some(again) = again {
            self.look_at(k, again);
        }
        self.send_controller(k);
    }
    pub(crate) fn look_at(&mut self, k: usize, at: Time) {
        let at = at.0.max(self.now + MS);
        let controller = &mut self.controllers[k];
        if controller.looks_at <= self.now || at < controller.looks_at {
            controller.looks_at = at;
            let life = controller.life;
            self.at(at, Event::ControllerLook(k, life));
        }
    }
    fn send_controller(&mut self, k: usize) {
        let due = self.net.to_send(Actor::Controller(k));
        due.into_iter().for_each(|(id, called)| self.send(id, called));
    }
    fn spread(&mut self, k: usize) {
        let controller = &mut self.controllers[k];
        let Some(view) = controller.seen.view().cloned() else { return };
        let rank = Some((view.epoch, view.version));
        if rank > controller.pushed {
            let anew = controller.pushed.is_none_or(|(epoch, _)| epoch != view.epoch);
            controller.watch.watch().push_view(&view);
            controller.pushed = rank;
            if anew {
                self.jitter(k);
            }
        }
    }

    fn begin_ask(&mut self, k: usize) -> u64 {
        let now = self.now;
        let controller = &mut self.controllers[k];
        controller.asks += 1;
        controller.asking = Some((controller.asks, now));
        controller.asks
    }
    fn read_store(&mut self, k: usize) {
        self.begin_ask(k);
        let (life, began) = (self.controllers[k].life, Time(self.now));
        let out = self.store.is_out(self.now) || self.net.is_held(Actor::Controller(k).place(), STORE, self.now);
        let read = (!out).then(|| self.store.current.clone());
        let delay = if out { STORE_TIME } else { self.draw(300, 4 * MS) };
        self.after(delay, Event::Read(k, life, began, read));
    }
    fn write(&mut self, k: usize, base: Option<u64>, next: View) {
        self.say(|| {
            format!("c{k} writes v{} {} {} in sync {:?}", next.version, next.epoch, next.primary, next.in_sync.keys())
        });
        let ask = self.begin_ask(k);
        let life = self.controllers[k].life;
        let seen = self.controllers[k].seen.view().filter(|view| Some(view.version) == base).map(rank);
        let base = base.map(|version| seen.unwrap_or((Epoch::default(), version)));
        if !self.net.is_held(Actor::Controller(k).place(), STORE, self.now) {
            self.put_view(base, next.clone(), Writer::Controller, Asker::Controller(k, life, ask));
        }
        self.after(STORE_TIME, Event::Answered(k, life, ask, None, next));
    }
    pub(crate) fn store_answered(&mut self, k: usize, life: u64, write: u64, outcome: Option<bool>, next: View) {
        let now = self.now;
        if self.controllers[k].life != life || self.controllers[k].asking.is_none_or(|(ask, _)| ask != write) {
            return;
        }
        self.controllers[k].asking = None;
        match outcome {
            Some(true) => {
                let controller = &mut self.controllers[k];
                controller.watch.watch().push_view(&next);
                controller.pushed = controller.pushed.max(Some((next.epoch, next.version)));
                controller.seen.stored(Store::Is(next), false, Time(now));
                self.jitter(k);
                self.send_controller(k);
            }
            Some(false) => self.read_store(k),
            None => {
                self.controllers[k].wait_until = now + AGAIN;
                self.read_store(k);
            }
        }
        self.stir_controller(k, 100);
    }
    pub(crate) fn store_read(&mut self, k: usize, life: u64, began: Time, read: Option<Option<View>>) {
        if self.controllers[k].life != life {
            return;
        }
        self.controllers[k].asking = None;
        let store = match read {
            Some(Some(view)) => Store::Is(view),
            Some(None) => Store::Missing,
            None => Store::Unreadable("the store does not answer".into()),
        };
        self.controllers[k].seen.stored(store, true, began);
        if self.controllers[k].wait_until <= self.now {
            self.controllers[k].wait_until = self.now + 5 * MS;
        }
        self.stir_controller(k, 6 * MS);
    }
    pub(crate) fn sight(&mut self, k: usize, life: u64, view: Option<View>) {
        if self.controllers[k].life != life {
            return;
        }
        let store = view.map_or(Store::Missing, Store::Is);
        self.controllers[k].seen.stored(store, false, Time(self.now));
        self.stir_controller(k, 100);
    }
    pub(crate) fn told(&mut self, k: usize, f: usize, pod: &Pod, boot: BootId, sign: Sign) {
        self.controllers[k].seen.told(&format!("front end {f}"), pod, boot, sign, Time(self.now));
        self.stir_controller(k, 100);
    }

    /// Takes in what the connections show, as the controller's observer does.
    pub(crate) fn take_members(&mut self, k: usize) {
        let Controller { watch, seen, taken, .. } = &mut self.controllers[k];
        watch.watch().look(|pod, now| {
            let taken = match taken.get_mut(pod) {
                Some(taken) => taken,
                None => taken.entry(pod.clone()).or_default(),
            };
            let before = std::mem::replace(taken, Taken { link: now.link, since: now.since, heard: now.heard });
            let (since, heard) = watch.moments(now);
            if let Some(since) = since.filter(|_| before.since != now.since) {
                if before.link == now.link {
                    seen.linked(pod, Link::Closed, since);
                }
                seen.linked(pod, now.link.into(), since);
            }
            if let (Some(status), Some(heard)) = (&now.status, heard.filter(|_| before.heard != now.heard)) {
                seen.answered(status.clone(), heard);
            }
        });
    }

    pub(crate) fn controller_line_up(&mut self, k: usize, id: u64, peer: Peer) {
        self.controllers[k].watch.set(Time(self.now));
        let hand = self.controllers[k].watch.up(peer);
        if let Some(conn) = self.net.conns.get_mut(&id) {
            conn.opener = Some(hand);
        }
        self.stir_controller(k, 100);
    }
    pub(crate) fn controller_line_down(&mut self, k: usize, to: usize, refused: bool) {
        self.controllers[k].watch.set(Time(self.now));
        self.controllers[k].watch.down(&self.replicas[to].pod, refused);
        self.stir_controller(k, 100);
    }
    pub(crate) fn controller_hears(&mut self, k: usize, conn: &Ends, bytes: &[u8]) {
        if self.controllers[k].life != conn.life {
            return;
        }
        self.controllers[k].watch.set(Time(self.now));
        if let Err(garbled) = self.controllers[k].watch.told(&self.replicas[conn.to].pod, bytes) {
            self.broken(format!("frames cannot be read: {garbled}"));
        }
        self.stir_controller(k, 300);
    }
}
