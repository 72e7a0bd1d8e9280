//! A disk that does one thing after the other and loses what it had not done when the process dies. Knows no protocol.
use crate::luck::Luck;
use group::{BootId, Entry, Epoch, EpochStart, GroupId, Output, Peer, Pod, Position, Recovered, Seq, StorageId, View};
use std::collections::VecDeque;

#[derive(Clone)]
pub(crate) struct Snapshot {
    pub(crate) at: Position,
    pub(crate) starts: Vec<EpochStart>,
    pub(crate) ops: Vec<u64>,
}

/// What survives.
pub(crate) struct Disk {
    pub(crate) storage: StorageId,
    pub(crate) group: Option<GroupId>,
    pub(crate) promised: Epoch,
    pub(crate) view: Option<View>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: Seq,
    pub(crate) snapshot: Option<Snapshot>,
    /// Asked for and not yet done, oldest first.
    queue: VecDeque<Output>,
}

impl Disk {
    pub(crate) fn blank(storage: StorageId) -> Disk {
        let promised = Epoch::default();
        let (group, view, entries, snapshot) = (None, None, vec![], None);
        Disk { storage, group, promised, view, entries, commit: 0, snapshot, queue: VecDeque::new() }
    }
    pub(crate) fn ask(&mut self, output: Output) {
        self.queue.push_back(output);
    }
    /// Does the oldest thing asked for, and says what it was.
    pub(crate) fn do_one(&mut self) -> Option<Output> {
        let output = self.queue.pop_front()?;
        match &output {
            Output::Write { cut, entries, commit, .. } => {
                if let Some(cut) = cut {
                    self.entries.retain(|entry| entry.seq <= *cut);
                }
                self.entries.extend(entries.iter().cloned());
                self.commit = self.commit.max(*commit);
            }
            Output::Save { group, promised, view, .. } => {
                self.group = *group;
                self.promised = *promised;
                self.view = view.clone();
            }
            other => panic!("not for a disk: {other:?}"),
        }
        Some(output)
    }
    /// The process died: some of what was under way may have reached the disk, in order, and the rest is gone.
    pub(crate) fn crash(&mut self, luck: &mut Luck) {
        let survive = luck.between(0, self.queue.len() as u64);
        for _ in 0..survive {
            self.do_one();
        }
        self.queue.clear();
    }
    pub(crate) fn keep(&mut self, snapshot: Snapshot) {
        self.snapshot = Some(snapshot);
    }
    /// Log and state begin anew where a fetched snapshot ends.
    pub(crate) fn install(&mut self, snapshot: Snapshot) {
        self.entries.clear();
        self.queue.retain(|output| !matches!(output, Output::Write { .. }));
        self.snapshot = Some(snapshot);
    }
    pub(crate) fn holds(&self, position: Position) -> bool {
        let base = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.at.seq);
        position.seq <= base
            || self
                .entries
                .iter()
                .rev()
                .find(|entry| entry.seq == position.seq)
                .is_some_and(|entry| entry.position() == position)
    }
    pub(crate) fn recover(&self, pod: &Pod, boot: BootId) -> Recovered {
        let base = self.snapshot.as_ref().map_or(Position::default(), |snapshot| snapshot.at);
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
}
