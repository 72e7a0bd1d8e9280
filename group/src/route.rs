//! What a front end believes of the primary, and which requests wait for it: park, send again, give up. Pure: time comes in, nothing is
//! sent from here, and it does not know what a request says.
//!
//! A request is parked while nobody is known who would take it, and sent again, byte for byte, to the next primary (E1). What was never
//! sent, or refused by everyone it was sent to, is *not executed*; what was sent and not answered is *unknown* (E4).
mod io;

pub use io::{Course, Demand, Failure, Input, Output};

use crate::ids::{Epoch, Pod, Time};
use crate::limits::{HEDGE_MS, PARK_BYTES, PARK_MS, PARK_REQUESTS, PROBE_MS};
use crate::mistake::planted;
use crate::view::View;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
struct Pending {
    demand: Demand,
    bytes: Bytes,
    since: Time,
    sent_to: Option<Pod>,
    sent_at: Time,
    tries: u32,
    uncertain: bool,
}

/// A front end's belief and its waiting requests.
#[derive(Debug, Default)]
pub struct Route {
    view: Option<View>,
    epoch: Epoch,
    primary: Option<Pod>,
    shut: bool,
    probe_at: Time,
    probe: Option<u64>,
    up: BTreeSet<Pod>,
    last_any: Option<Pod>,
    pending: BTreeMap<u64, Pending>,
    parked: BTreeSet<u64>,
    parked_any: BTreeSet<u64>,
    bytes: usize,
    resent: u64,
}

impl Route {
    /// Nothing known, nothing waiting.
    pub fn new() -> Route {
        Route::default()
    }

    /// The newest view seen.
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }
    /// The highest epoch heard of, and who leads it.
    pub fn primary(&self) -> (Epoch, Option<&Pod>) {
        (self.epoch, self.primary.as_ref())
    }
    /// Whether a request for the primary would be sent now.
    pub fn is_open(&self) -> bool {
        !self.shut && self.primary.as_ref().is_some_and(|pod| self.up.contains(pod))
    }
    /// Requests waiting for someone to send them to.
    pub fn parked(&self) -> usize {
        self.parked.len() + self.parked_any.len()
    }
    /// All requests that have no answer.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
    /// When a request without an answer came, when it was last sent, and how often.
    pub fn course(&self, ticket: u64) -> Option<Course> {
        let Pending { since, sent_at, tries, .. } = self.pending.get(&ticket)?;
        Some(Course { since: *since, sent_at: *sent_at, tries: *tries })
    }
    /// How often a request was sent again.
    pub fn resent(&self) -> u64 {
        self.resent
    }

    /// Takes in what happened and says what to do.
    pub fn step(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Request { ticket, demand, bytes } => self.take(now, ticket, demand, bytes, out),
            Input::Forget { ticket } => drop(self.settle(ticket)),
            Input::Answered { ticket } => self.answered(now, ticket, out),
            Input::Busy { from, ticket } => self.busy(&from, ticket, out),
            Input::NotPrimary { from, ticket, epoch, primary } => {
                self.refused(&from, ticket);
                self.learn(epoch, primary);
                if self.primary.as_ref() == Some(&from) {
                    self.shut_until(now.plus_ms(PROBE_MS));
                }
                self.flush(now, out);
            }
            Input::Draining { from, ticket, epoch } => {
                self.refused(&from, ticket);
                self.learn(epoch, Some(from));
                if self.epoch == epoch {
                    self.shut_until(now.plus_ms(PROBE_MS));
                }
                self.flush(now, out);
            }
            Input::Serving { from, epoch } => {
                self.learn(epoch, Some(from));
                self.shut &= self.epoch != epoch;
                self.flush(now, out);
            }
            Input::View(view) => {
                self.see(view);
                self.flush(now, out);
            }
            Input::Up(pod) => {
                self.up.insert(pod);
                self.flush(now, out);
            }
            Input::Down { pod, refused } => self.down(now, pod, refused, out),
            Input::Tick => self.tick(now, out),
        }
    }

    fn take(&mut self, now: Time, ticket: u64, demand: Demand, bytes: Bytes, out: &mut Vec<Output>) {
        if self.pending.len() >= PARK_REQUESTS || self.bytes + bytes.len() > PARK_BYTES {
            return out.push(Output::Fail { ticket, failure: Failure::Full });
        }
        debug_assert!(self.pending.last_key_value().is_none_or(|(last, _)| *last < ticket), "tickets grow");
        self.bytes += bytes.len();
        let pending = Pending { demand, bytes, since: now, sent_to: None, sent_at: now, tries: 0, uncertain: false };
        self.pending.insert(ticket, pending);
        match self.target(demand) {
            Some(to) => self.send(now, ticket, to, out),
            None => self.park(ticket, demand),
        }
    }

    /// Whom a request would go to now.
    fn target(&mut self, demand: Demand) -> Option<Pod> {
        let primary = || self.primary.clone().filter(|_| self.is_open());
        if demand != Demand::Any {
            return primary();
        }
        // Backups first: the primary has the writes to do. In turn, so that one which hangs is not asked twice.
        let backups = || self.up.iter().filter(|pod| Some(*pod) != self.primary.as_ref());
        let after = backups().find(|pod| Some(*pod) > self.last_any.as_ref()).or_else(|| backups().next()).cloned();
        let to = after.or_else(|| self.up.first().cloned())?;
        self.last_any = Some(to.clone());
        Some(to)
    }

    fn send(&mut self, now: Time, ticket: u64, to: Pod, out: &mut Vec<Output>) {
        self.unpark(ticket);
        let Some(pending) = self.pending.get_mut(&ticket) else { return };
        self.resent += u64::from(pending.tries > 0);
        pending.tries += 1;
        pending.uncertain |= pending.sent_to.is_some();
        pending.sent_to = Some(to.clone());
        pending.sent_at = now;
        out.push(Output::Send { to, ticket, bytes: pending.bytes.clone() });
    }

    fn settle(&mut self, ticket: u64) -> Option<Pending> {
        self.unpark(ticket);
        let pending = self.pending.remove(&ticket)?;
        self.bytes -= pending.bytes.len();
        Some(pending)
    }

    fn answered(&mut self, now: Time, ticket: u64, out: &mut Vec<Output>) {
        if self.settle(ticket).is_none() {
            return;
        }
        out.push(Output::Deliver { ticket });
        if self.probe == Some(ticket) && self.shut {
            self.shut = false;
            self.flush(now, out);
        }
    }

    fn busy(&mut self, from: &Pod, ticket: u64, out: &mut Vec<Output>) {
        if self.pending.get(&ticket).is_none_or(|pending| pending.sent_to.as_ref() != Some(from)) {
            return;
        }
        let uncertain = self.settle(ticket).is_some_and(|pending| pending.uncertain && pending.demand == Demand::Write);
        let failure = if uncertain { Failure::OutcomeUnknown } else { Failure::Full };
        out.push(Output::Fail { ticket, failure });
    }

    /// The member that has this request did nothing about it: it waits again, no less certain than before.
    fn refused(&mut self, from: &Pod, ticket: Option<u64>) {
        let Some(ticket) = ticket else { return };
        let Some(pending) = self.pending.get_mut(&ticket) else { return };
        if pending.sent_to.as_ref() != Some(from) {
            return;
        }
        if pending.demand == Demand::Any {
            // The next tick gives it to the next member; at once, it would only go round in circles.
            pending.sent_at = Time(0);
        } else {
            pending.sent_to = None;
            self.parked.insert(ticket);
        }
    }

    fn see(&mut self, view: View) {
        let newer = |held: &View| (held.epoch, held.version) < (view.epoch, view.version);
        if self.view.as_ref().is_none_or(newer) {
            self.learn(view.epoch, Some(view.primary.clone()));
            self.view = Some(view);
        }
    }

    /// Someone says who leads. Only a higher epoch changes a belief, or a name where none was known.
    fn learn(&mut self, epoch: Epoch, primary: Option<Pod>) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.primary = primary;
            self.shut = false;
            // Whoever led before answers nothing any more (D1): all that it has waits for the next.
            self.park_all(|pending| pending.demand != Demand::Any);
        } else if epoch == self.epoch && self.primary.is_none() {
            self.primary = primary;
        }
    }

    fn park_all(&mut self, which: impl Fn(&Pending) -> bool) {
        let Route { pending, parked, parked_any, .. } = self;
        for (ticket, pending) in pending.iter_mut().filter(|(_, pending)| pending.sent_to.is_some() && which(pending)) {
            pending.sent_to = None;
            pending.uncertain |= !planted(33);
            if pending.demand == Demand::Any {
                parked_any.insert(*ticket)
            } else {
                parked.insert(*ticket)
            };
        }
    }

    fn park(&mut self, ticket: u64, demand: Demand) {
        if demand == Demand::Any {
            self.parked_any.insert(ticket)
        } else {
            self.parked.insert(ticket)
        };
    }

    fn unpark(&mut self, ticket: u64) {
        if !self.parked.remove(&ticket) {
            self.parked_any.remove(&ticket);
        }
    }

    fn shut_until(&mut self, probe_at: Time) {
        self.shut = true;
        self.probe = None;
        self.probe_at = probe_at;
    }

    /// Sends what waits and has somewhere to go, in the order in which it came.
    fn flush(&mut self, now: Time, out: &mut Vec<Output>) {
        let mut ready = Vec::new();
        if self.is_open() {
            ready.extend(std::mem::take(&mut self.parked).into_iter().map(|ticket| (ticket, Demand::Read)));
        }
        if !self.up.is_empty() {
            ready.extend(std::mem::take(&mut self.parked_any).into_iter().map(|ticket| (ticket, Demand::Any)));
        }
        for (ticket, demand) in ready {
            let to = self.target(demand).expect("it is open, or someone is up");
            self.send(now, ticket, to, out);
        }
    }

    fn down(&mut self, now: Time, pod: Pod, refused: bool, out: &mut Vec<Output>) {
        self.up.remove(&pod);
        self.park_all(|pending| pending.sent_to.as_ref() == Some(&pod));
        if self.primary.as_ref() == Some(&pod) {
            out.push(Output::Suspect { pod, epoch: self.epoch, refused });
        }
        self.flush(now, out);
    }

    fn tick(&mut self, now: Time, out: &mut Vec<Output>) {
        while let Some((&ticket, first)) = self.pending.first_key_value() {
            if now.ms_since(first.since) < PARK_MS {
                break;
            }
            let unknown = first.demand == Demand::Write && (first.uncertain || first.sent_to.is_some());
            let failure = if unknown { Failure::OutcomeUnknown } else { Failure::NotExecuted };
            self.settle(ticket);
            out.push(Output::Fail { ticket, failure });
        }
        self.probe(now, out);
        self.hedge(now, out);
    }

    /// A primary that said no may have missed saying yes: ask with one request, not with all.
    fn probe(&mut self, now: Time, out: &mut Vec<Output>) {
        if !self.shut || now < self.probe_at {
            return;
        }
        let primary = self.primary.clone().filter(|pod| self.up.contains(pod));
        if let (Some(&ticket), Some(to)) = (self.parked.first(), primary) {
            self.send(now, ticket, to, out);
            self.probe = Some(ticket);
            self.probe_at = now.plus_ms(PROBE_MS);
        }
    }

    /// A member that may answer but does not (frozen, cut off) is not waited for: the next one is asked as well.
    fn hedge(&mut self, now: Time, out: &mut Vec<Output>) {
        let late = |p: &Pending| p.demand == Demand::Any && p.sent_to.is_some() && now.ms_since(p.sent_at) >= HEDGE_MS;
        let late: Vec<u64> = self.pending.iter().filter(|(_, p)| late(p)).map(|(ticket, _)| *ticket).collect();
        for ticket in late {
            if let Some(to) = self.target(Demand::Any) {
                self.send(now, ticket, to, out);
            }
        }
    }
}
