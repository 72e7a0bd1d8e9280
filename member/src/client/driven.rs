//! Client and watch without sockets, tasks and clock, driven by hand: for simulators. Whoever drives them brings time and bytes.
use super::clock::Clock;
use super::shared::Shared;
use super::watch::{self, Observation, Watch};
use super::{Client, Inner};
use crate::net::LineEvent;
use crate::running::{Garbled, Hand, frames};
use group::{Peer, Pod, Time};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A client that is driven by hand. Futures of its [`Client`] may be polled anywhere; they move when frames or ticks come.
pub struct DrivenClient {
    shared: Arc<Shared>,
}

impl DrivenClient {
    /// A client of these members that has no connection yet.
    pub fn new(members: &BTreeSet<Pod>) -> DrivenClient {
        let shared = Arc::new(Shared::new(Clock::by_hand()));
        shared.set_members(members);
        DrivenClient { shared }
    }
    /// What applications hold.
    pub fn client(&self) -> Client {
        Client { inner: Arc::new(Inner { shared: self.shared.clone(), _tasks: JoinSet::new() }) }
    }
    /// It is that late now.
    pub fn set(&self, now: Time) {
        self.shared.clock().set(now);
    }
    /// The line to this member is open; what is to be sent on it comes out of the hand.
    pub fn up(&self, peer: Peer) -> Hand {
        let hand = Hand::new();
        self.shared.line(&peer.pod.clone(), LineEvent::Up(peer, hand.0.clone()));
        hand
    }
    /// It has ended or could not be opened.
    pub fn down(&self, pod: &Pod, refused: bool) {
        self.shared.line(pod, LineEvent::Down { refused });
    }
    /// These frames came on it.
    ///
    /// # Errors
    /// They cannot be read: the connection must end.
    pub fn told(&self, pod: &Pod, bytes: &[u8]) -> Result<(), Garbled> {
        self.shared.line(pod, LineEvent::Frames(frames(bytes)?));
        Ok(())
    }
    /// `group::limits::TICK_MS` have passed.
    pub fn tick(&self) {
        self.shared.tick();
    }
}

/// A watch that is driven by hand.
pub struct DrivenWatch {
    watch: Watch,
    ticks: u64,
}

impl DrivenWatch {
    /// A watch over these members that has no connection yet.
    pub fn new(members: &BTreeSet<Pod>) -> DrivenWatch {
        DrivenWatch { watch: Watch::by_hand(members), ticks: 0 }
    }
    /// What controllers hold.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }
    /// It is that late now.
    pub fn set(&self, now: Time) {
        self.watch.clock().set(now);
    }
    /// Since when the link of an observation is as it is, and when its member was last heard, in the time that was set.
    pub fn moments(&self, observation: &Observation) -> (Option<Time>, Option<Time>) {
        let time = |instant| self.watch.clock().time_of(instant);
        (observation.since.map(time), observation.heard.map(time))
    }
    /// The line to this member is open; what is to be sent on it comes out of the hand.
    pub fn up(&self, peer: Peer) -> Hand {
        let hand = Hand::new();
        self.watch.line(&peer.pod.clone(), LineEvent::Up(peer, hand.0.clone()));
        hand
    }
    /// It has ended or could not be opened.
    pub fn down(&self, pod: &Pod, refused: bool) {
        self.watch.line(pod, LineEvent::Down { refused });
    }
    /// These frames came on it.
    ///
    /// # Errors
    /// They cannot be read: the connection must end.
    pub fn told(&self, pod: &Pod, bytes: &[u8]) -> Result<(), Garbled> {
        self.watch.line(pod, LineEvent::Frames(frames(bytes)?));
        Ok(())
    }
    /// `limits::STATUS_MS` have passed.
    pub fn tick(&mut self) {
        self.watch.tick(watch::pings(self.ticks));
        self.ticks += 1;
    }
}
