//! The machine and how far the log has been applied to it. Knows entries, not why they are committed.
use crate::machine::{LoadError, Machine};
use crate::mistake::planted;
use crate::snapshot::{Ending, Item, SnapshotFile};
use crate::store::StorageError;
use group::{Body, Core, Entry, Seq, Wall};

/// The application's state at a place in the log.
pub(super) struct State<M> {
    pub(super) machine: M,
    /// The last entry applied; a primary applies what it proposes at once, others what is committed.
    pub(super) applied: Seq,
    /// The log time of the last entry applied; 0 if there was none since the snapshot.
    pub(super) at: Wall,
    /// Bytes that a restart would read: entries applied since the last snapshot was begun, and a block for each batch of them.
    pub(super) bytes: usize,
    /// How many entries this process applied.
    pub(super) count: u64,
}

impl<M: Machine> State<M> {
    pub(super) fn new(machine: M, applied: Seq) -> State<M> {
        State { machine, applied, at: 0, bytes: 0, count: 0 }
    }

    /// Applies what is in the log and not in the state, up to and with this entry.
    pub(super) fn advance(&mut self, core: &Core, upto: Seq) {
        if upto <= self.applied {
            return;
        }
        for entry in core.entries(self.applied, upto) {
            apply(&mut self.machine, entry);
            self.applied = entry.seq;
            self.at = entry.at;
            self.bytes += entry.weight();
            self.count += 1;
        }
        assert!(self.applied == upto, "entry {} is to be applied and not in memory", self.applied + 1);
    }

    /// Applies a delta that was just proposed as entry `seq`.
    pub(super) fn apply_own(&mut self, at: Wall, seq: Seq, delta: &[u8]) {
        self.machine.apply(at, seq, delta);
        (self.applied, self.at) = (seq, at);
        self.bytes += delta.len() + ENTRY_OVERHEAD;
        self.count += 1;
    }
}

/// What `Entry::weight` adds to a delta, in bytes.
const ENTRY_OVERHEAD: usize = 64;

fn apply(machine: &mut impl Machine, entry: &Entry) {
    if let Body::App(delta) = &entry.body {
        machine.apply(entry.at, entry.seq, delta);
    }
}

/// A snapshot cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSnapshot {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Loads a snapshot into an empty machine: its slices, then the entries that complete it (W5).
pub(super) fn load<M: Machine>(machine: &mut M, snapshot: &SnapshotFile) -> Result<Ending, BadSnapshot> {
    snapshot.read(|item| {
        match item {
            Item::Slice(bytes) => machine.load(&bytes)?,
            Item::Entry(_) if planted(35) => {}
            Item::Entry(entry) => apply(machine, &entry),
        }
        Ok(())
    })
}
