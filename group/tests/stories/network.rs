//! The wires between members: every message waits in a queue until a story delivers, loses or copies it. Knows no rule.
use crate::names;
use group::{Message, Peer};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// From one member to another.
pub(crate) type Wire = (String, String);

/// A message under way, and the process that sent it.
#[derive(Clone)]
pub(crate) struct Packet {
    pub(crate) from: Peer,
    pub(crate) message: Message,
}

/// All wires.
#[derive(Default)]
pub(crate) struct Network {
    queues: BTreeMap<Wire, VecDeque<Packet>>,
    held: BTreeSet<Wire>,
    cut: BTreeSet<Wire>,
}

impl Network {
    /// Puts a message on the wire, unless that is cut.
    pub(crate) fn send(&mut self, wire: Wire, packet: Packet) {
        if !self.cut.contains(&wire) {
            self.queues.entry(wire).or_default().push_back(packet);
        }
    }
    /// Takes up to `most` messages off the wire, oldest first.
    pub(crate) fn take(&mut self, wire: &Wire, most: usize) -> Vec<Packet> {
        let Some(queue) = self.queues.get_mut(wire) else { return vec![] };
        queue.drain(..most.min(queue.len())).collect()
    }
    /// Copies what is under way: everything comes twice.
    pub(crate) fn duplicate(&mut self, wire: &Wire) {
        let queue = self.queues.entry(wire.clone()).or_default();
        queue.extend(queue.clone());
    }
    /// The oldest message under way comes after all others.
    pub(crate) fn put_last(&mut self, wire: &Wire) {
        if let Some(queue) = self.queues.get_mut(wire).filter(|queue| !queue.is_empty()) {
            queue.rotate_left(1);
        }
    }
    /// Whatever is sent from now on waits until a story names the wire.
    pub(crate) fn hold(&mut self, wire: Wire) {
        self.held.insert(wire);
    }
    /// Whatever is under way or sent from now on is lost.
    pub(crate) fn cut(&mut self, wire: Wire) {
        self.queues.remove(&wire);
        self.cut.insert(wire);
    }
    /// Neither held nor cut any more.
    pub(crate) fn mend(&mut self, wire: &Wire) {
        self.held.remove(wire);
        self.cut.remove(wire);
    }
    /// Whether messages get through, at once or later.
    pub(crate) fn is_cut(&self, wire: &Wire) -> bool {
        self.cut.contains(wire)
    }
    /// The process at this end is gone: nothing reaches it any more.
    pub(crate) fn close(&mut self, to: &str) {
        self.queues.retain(|(_, end), _| end != to);
    }
    /// Members with mail that nobody holds back, each with the wires it comes by.
    pub(crate) fn mail(&self) -> BTreeMap<String, Vec<Wire>> {
        let mut mail: BTreeMap<String, Vec<Wire>> = BTreeMap::new();
        let full = self.queues.iter().filter(|(wire, queue)| !queue.is_empty() && !self.held.contains(*wire));
        for (wire, _) in full {
            mail.entry(wire.1.clone()).or_default().push(wire.clone());
        }
        mail
    }
}

/// What a message says, in a few words.
pub(crate) fn words(message: &Message) -> String {
    match message {
        Message::NewEpoch { view } => format!("new epoch {} by v{}", view.epoch, view.version),
        Message::Promised { epoch, starts, tail, commit, .. } => {
            let starts: Vec<String> = starts.iter().map(|row| format!("{}@{}", row.seq, row.epoch)).collect();
            let (tail, starts) = (names::place(*tail), starts.join(" "));
            format!("promised epoch {epoch}, log ends {tail}, commit {commit}, epochs start {starts}")
        }
        Message::Append { nonce, prev, entries, commit, .. } if entries.is_empty() => {
            format!("heartbeat {nonce} after {}, commit {commit}", names::place(*prev))
        }
        Message::Append { nonce, prev, entries, commit, .. } => {
            format!("append {nonce} after {}: {}, commit {commit}", names::place(*prev), names::entries(entries))
        }
        Message::Ack { durable, nonce, .. } => format!("holds {durable}, answers {nonce}"),
        Message::TakeSnapshot { .. } => "take my snapshot".into(),
        Message::Stale { promised, .. } => format!("stale: epoch {promised} is promised"),
        Message::Leave => "leave".into(),
        Message::Reset { .. } => "reset: start anew, empty".into(),
        Message::News { view } => format!("news of v{}", view.version),
    }
}
