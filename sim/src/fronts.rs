//! The front ends of a run: each holds a real client of the group, driven by hand.
use crate::mix::MS;
use crate::network::{Actor, Conn, Ends};
use crate::world::{Event, World};
use group::{Peer, Pod, Sign, Time};
use member::client::{Client, DrivenClient, Suspicion};
use std::collections::BTreeSet;
use tokio::sync::broadcast::Receiver;

pub(crate) struct Front {
    members: BTreeSet<Pod>,
    pub(crate) driven: DrivenClient,
    pub(crate) client: Client,
    suspicions: Receiver<Suspicion>,
    pub(crate) life: u64,
}

impl Front {
    pub(crate) fn new(members: &BTreeSet<Pod>) -> Front {
        let driven = DrivenClient::new(members);
        let client = driven.client();
        let suspicions = client.suspicions();
        Front { members: members.clone(), driven, client, suspicions, life: 0 }
    }
}

/// A side that hears nothing for this long ends the connection.
const SILENCE: u64 = 5_000 * MS;

impl World {
    pub(crate) fn start_front(&mut self, f: usize) {
        let life = self.fronts[f].life;
        for to in 0..self.replicas.len() {
            self.redial(Actor::Front(f), life, to, MS);
        }
        self.after(MS, Event::FrontTick(f, life));
    }
    pub(crate) fn crash_front(&mut self, f: usize) {
        self.close_all(Actor::Front(f));
        let life = self.fronts[f].life + 1;
        self.fronts[f] = Front { life, ..Front::new(&self.fronts[f].members) };
        self.start_front(f);
        self.clients_lose(f);
    }
    pub(crate) fn front_tick(&mut self, f: usize, life: u64) {
        if self.fronts[f].life != life {
            return;
        }
        self.after(group::limits::TICK_MS * MS, Event::FrontTick(f, life));
        self.set_front(f);
        self.fronts[f].driven.tick();
        let quiet = self.now.saturating_sub(SILENCE);
        let silent = |conn: &&Conn| conn.open && conn.heard.iter().any(|heard| *heard < quiet);
        let silent: Vec<u64> = self.net.conns_of(Actor::Front(f)).filter(silent).map(|conn| conn.id).collect();
        silent.into_iter().for_each(|id| self.close(id));
        self.front_has_moved(f);
    }
    pub(crate) fn set_front(&mut self, f: usize) {
        self.fronts[f].driven.set(Time(self.now));
    }
    /// Sends what the front end has to say, and lets its callers look.
    pub(crate) fn front_has_moved(&mut self, f: usize) {
        let due = self.net.to_send(Actor::Front(f));
        due.into_iter().for_each(|(id, called)| self.send(id, called));
        while let Ok(suspicion) = self.fronts[f].suspicions.try_recv() {
            self.suspect(f, &suspicion);
        }
        self.poll_clients(f);
    }
    /// Tells the controllers, as the front end does: only what fits its own belief.
    fn suspect(&mut self, f: usize, suspicion: &Suspicion) {
        let belief = self.fronts[f].client.believed().borrow().clone();
        let Some(view) = belief.view.filter(|view| view.primary == suspicion.pod) else { return };
        let sign = if suspicion.refused { Sign::Refused } else { Sign::Silent };
        for k in 0..self.controllers.len() {
            let delay = self.flight() * 2;
            self.after(delay, Event::Told(k, f, suspicion.pod.clone(), view.primary_boot, sign));
        }
    }

    pub(crate) fn front_line_up(&mut self, f: usize, id: u64, peer: Peer) {
        self.set_front(f);
        let hand = self.fronts[f].driven.up(peer);
        if let Some(conn) = self.net.conns.get_mut(&id) {
            conn.opener = Some(hand);
        }
        self.front_has_moved(f);
    }
    pub(crate) fn front_line_down(&mut self, f: usize, to: usize, refused: bool) {
        self.set_front(f);
        self.fronts[f].driven.down(&self.replicas[to].pod, refused);
        self.front_has_moved(f);
    }
    pub(crate) fn front_hears(&mut self, f: usize, conn: &Ends, bytes: &[u8]) {
        if self.fronts[f].life != conn.life {
            return;
        }
        self.set_front(f);
        self.answers = Some((conn.to, conn.boot));
        if let Err(garbled) = self.fronts[f].driven.told(&self.replicas[conn.to].pod, bytes) {
            self.broken(format!("frames cannot be read: {garbled}"));
        }
        self.front_has_moved(f);
        self.answers = None;
    }
}
