//! The connections between this member and the others: one that I dial, on which I speak, and those on which they speak to me.
//! Knows who is there; what is said passes through untouched.
use super::event::Pokes;
use crate::wire::Outbox;
use group::{Input, Message, Peer, Pod};
use std::collections::HashMap;
use std::sync::Arc;

/// All connections to other members.
pub(super) struct Links {
    /// My lines that are open.
    lines: HashMap<Pod, Arc<Outbox>>,
    /// Their lines to me.
    heard: HashMap<u64, (Peer, Arc<Outbox>)>,
    pokes: Pokes,
}

impl Links {
    pub(super) fn new(pokes: Pokes) -> Links {
        Links { lines: HashMap::new(), heard: HashMap::new(), pokes }
    }

    pub(super) fn send(&self, to: &Pod, message: &Message) {
        if let Some(outbox) = self.lines.get(to) {
            outbox.push(message);
        }
    }

    pub(super) fn line_up(&mut self, peer: Peer, outbox: Arc<Outbox>) -> Input {
        self.lines.insert(peer.pod.clone(), outbox);
        Input::Connected(peer)
    }

    /// A refusal counts at once: the process is dead, whatever connection may linger.
    pub(super) fn line_down(&mut self, pod: Pod, refused: bool) -> Option<Input> {
        self.lines.remove(&pod);
        (refused || !self.hears(&pod)).then_some(Input::Disconnected { pod, refused })
    }

    pub(super) fn heard_up(&mut self, connection: u64, peer: Peer, outbox: Arc<Outbox>) -> Input {
        for (other, stale) in self.heard.values() {
            if other.pod == peer.pod && other.boot != peer.boot {
                stale.cut();
            }
        }
        self.pokes.of(&peer.pod).notify_one();
        self.heard.insert(connection, (peer.clone(), outbox));
        Input::Connected(peer)
    }

    /// `None` if the connection was not a member's, or others to it are left.
    pub(super) fn heard_down(&mut self, connection: u64) -> Option<Input> {
        let (peer, _) = self.heard.remove(&connection)?;
        let left = self.lines.contains_key(&peer.pod) || self.hears(&peer.pod);
        (!left).then_some(Input::Disconnected { pod: peer.pod, refused: false })
    }

    fn hears(&self, pod: &Pod) -> bool {
        self.heard.values().any(|(peer, _)| peer.pod == *pod)
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len() + self.heard.len()
    }
    pub(super) fn outboxes(&self) -> impl Iterator<Item = &Outbox> {
        self.lines.values().map(AsRef::as_ref).chain(self.heard.values().map(|(_, outbox)| outbox.as_ref()))
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.outboxes().for_each(Outbox::cut);
    }
}
