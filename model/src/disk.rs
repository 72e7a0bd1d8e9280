//! What survives a process: done in order, lost where it was not done in time, as `member`'s log and superblock are. Knows no protocol.
use crate::machine::Machine;
use group::{BootId, Entry, Epoch, EpochStart, GroupId, Output, Peer, Pod, Position, Recovered, Seq, StorageId, View};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A state and where it ends.
#[derive(Clone, Hash)]
pub(crate) struct Snapshot {
    pub(crate) at: Position,
    pub(crate) starts: Vec<EpochStart>,
    pub(crate) machine: Machine,
}

/// One disk.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) storage: StorageId,
    pub(crate) group: Option<GroupId>,
    pub(crate) promised: Epoch,
    pub(crate) view: Option<View>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: Seq,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    /// Asked for and not yet done, oldest first.
    pub(crate) queue: VecDeque<Output>,
}

impl Disk {
    pub(crate) fn blank(storage: StorageId) -> Disk {
        let (group, view, snapshot) = (None, None, None);
        let (promised, entries, queue) = (Epoch::default(), vec![], VecDeque::new());
        Disk { storage, group, promised, view, entries, commit: 0, snapshot, queue }
    }
    /// Does the oldest thing asked for, and tells what it was.
    pub(crate) fn do_one(&mut self) -> Option<Output> {
        let output = self.queue.pop_front()?;
        match &output {
            Output::Write { cut, entries, commit, .. } => {
                let upto = cut.unwrap_or(Seq::MAX);
                self.entries.retain(|entry| entry.seq <= upto);
                self.entries.extend(entries.iter().cloned());
                self.commit = self.commit.max(*commit);
            }
            Output::Save { group, promised, view, .. } => {
                self.group = *group;
                self.promised = *promised;
                self.view = view.clone();
            }
            other => unreachable!("not for a disk: {other:?}"),
        }
        Some(output)
    }
    /// Log and state begin anew where a fetched snapshot ends.
    pub(crate) fn install(&mut self, snapshot: Arc<Snapshot>) {
        self.entries.clear();
        self.queue.retain(|output| !matches!(output, Output::Write { .. }));
        self.snapshot = Some(snapshot);
    }
    fn base(&self) -> Position {
        self.snapshot.as_ref().map_or(Position::default(), |snapshot| snapshot.at)
    }
    pub(crate) fn tail(&self) -> Position {
        self.entries.last().map(Entry::position).filter(|last| last.seq > self.base().seq).unwrap_or(self.base())
    }
    /// Whether this entry is on it; what lies under the snapshot is.
    pub(crate) fn holds(&self, seq: Seq, hash: u64) -> bool {
        let mut entries = self.entries.iter();
        seq <= self.base().seq || entries.any(|entry| entry.seq == seq && entry.hash() == hash)
    }
    pub(crate) fn recover(&self, pod: &Pod, boot: BootId) -> Recovered {
        let base = self.base();
        Recovered {
            me: Peer { pod: pod.clone(), storage: self.storage, boot },
            group: self.group,
            promised: self.promised,
            view: self.view.clone(),
            base,
            starts: self.snapshot.as_ref().map_or(vec![], |snapshot| snapshot.starts.clone()),
            reigns: vec![],
            format: 1,
            speaks: 1,
            entries: self.entries.iter().filter(|entry| entry.seq > base.seq).cloned().collect(),
            commit: self.commit,
            unhealthy: None,
        }
    }
    /// Feeds what tells it from another disk; numbers of writes and saves do not.
    pub(crate) fn alike(&self, into: &mut impl Hasher) {
        let Disk { storage, group, promised, view, entries: _, commit, snapshot, queue } = self;
        (storage, group, promised, view, commit, snapshot, self.tail()).hash(into);
        for output in queue {
            match output {
                Output::Write { write: _, cut, entries, commit } => {
                    (cut, entries.last().map(Entry::position), commit).hash(into);
                }
                Output::Save { save: _, group, promised, view } => (group, promised, view).hash(into),
                other => unreachable!("not for a disk: {other:?}"),
            }
        }
        queue.len().hash(into);
    }
}
