//! The application of the model: keys, and the entry at which each was executed. Just enough to see an operation lost or done twice (E1–E3).
use bytes::Bytes;
use group::{Body, Entry, Seq};
use std::collections::BTreeMap;

/// A key that a client gave to an operation.
pub(crate) type Key = u8;

/// What has been executed, and where the log stood.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Machine {
    pub(crate) keys: BTreeMap<Key, Seq>,
    pub(crate) applied: Seq,
}

impl Machine {
    /// Makes entries part of the state. Applying one twice is applying it once (W5).
    pub(crate) fn apply<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        for entry in entries {
            if let Some(key) = key(entry) {
                self.keys.insert(key, entry.seq);
            }
            self.applied = self.applied.max(entry.seq);
        }
    }
}

/// The delta that an operation becomes.
pub(crate) fn delta(key: Key) -> Bytes {
    Bytes::copy_from_slice(&[b'a' + key])
}
/// The operation of an entry, if it holds one.
pub(crate) fn key(entry: &Entry) -> Option<Key> {
    if let Body::App(bytes) = &entry.body { bytes.first().map(|byte| byte - b'a') } else { None }
}
