//! A message on its way, and what tells it from another one. Knows no wire.
use group::{Entry, Message, Peer};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Sent by this process.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) from: Peer,
    pub(crate) message: Message,
}

impl Packet {
    /// Feeds what it says; nonces only where someone waits for a read.
    pub(crate) fn alike(&self, into: &mut impl Hasher, barriers: bool) {
        let seen = |nonce: &u64| if barriers { *nonce } else { 0 };
        self.from.hash(into);
        std::mem::discriminant(&self.message).hash(into);
        match &self.message {
            Message::NewEpoch { view } | Message::News { view } => view.hash(into),
            Message::Promised { epoch, starts, tail, commit, format, clock: _ } => {
                (epoch, starts, tail, commit, format).hash(into);
            }
            Message::Append { epoch, nonce, prev, entries, commit } => {
                (epoch, seen(nonce), prev, entries.last().map(Entry::position), entries.len(), commit).hash(into);
            }
            Message::Ack { epoch, durable, nonce, clock: _ } => (epoch, durable, seen(nonce)).hash(into),
            Message::TakeSnapshot { epoch } | Message::Reset { epoch } => epoch.hash(into),
            Message::Stale { promised, view } => (promised, view).hash(into),
            Message::Leave => {}
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Message::NewEpoch { view } => write!(f, "NewEpoch({}, v{})", view.epoch, view.version),
            Message::News { view } => write!(f, "News(v{})", view.version),
            Message::Promised { epoch, tail, commit, .. } => write!(f, "Promised({epoch}, {tail:?}, commit {commit})"),
            Message::Append { epoch, nonce, prev, entries, commit } => {
                write!(f, "Append({epoch}, #{nonce}, after {prev:?}: {entries:?}, commit {commit})")
            }
            Message::Ack { epoch, durable, nonce, .. } => write!(f, "Ack({epoch}, {durable}, #{nonce})"),
            other => write!(f, "{other:?}"),
        }
    }
}
