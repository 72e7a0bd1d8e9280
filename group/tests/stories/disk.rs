//! A member's disk: what is synced stays, what is not is lost in a crash. Knows the order of writes and nothing of their meaning.
use group::{Entry, Epoch, EpochStart, GroupId, Peer, Position, Recovered, Reign, Seq, Time, View};
use std::collections::VecDeque;

/// Something that the disk was told to do.
#[derive(Clone)]
pub(crate) enum Job {
    Write { write: u64, cut: Option<Seq>, entries: Vec<Entry>, commit: Seq },
    Save { save: u64, group: Option<GroupId>, promised: Epoch, view: Option<View> },
}

/// Where a published snapshot ends, and what it says of the log before it.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    pub(crate) at: Position,
    pub(crate) starts: Vec<EpochStart>,
    pub(crate) reigns: Vec<Reign>,
    pub(crate) format: u16,
}

/// What a crash leaves, and what it does not.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    group: Option<GroupId>,
    promised: Epoch,
    view: Option<View>,
    entries: Vec<Entry>,
    commit: Seq,
    pub(crate) snapshot: Option<Snapshot>,
    queue: VecDeque<(Time, Job)>,
}

impl Disk {
    pub(crate) fn take(&mut self, now: Time, job: Job) {
        self.queue.push_back((now, job));
    }
    /// The oldest job is done: it will be there after a crash.
    pub(crate) fn sync_one(&mut self) -> Option<Job> {
        let (_, job) = self.queue.pop_front()?;
        match job.clone() {
            Job::Write { cut, entries, commit, .. } => {
                if let Some(cut) = cut {
                    self.entries.retain(|entry| entry.seq <= cut);
                }
                self.entries.extend(entries);
                self.commit = self.commit.max(commit);
            }
            Job::Save { group, promised, view, .. } => (self.group, self.promised, self.view) = (group, promised, view),
        }
        Some(job)
    }
    /// How many jobs were given to it at least so long ago.
    pub(crate) fn due(&self, now: Time, ms: u64) -> usize {
        self.queue.iter().take_while(|(given, _)| now.ms_since(*given) >= ms).count()
    }
    /// Power is lost.
    pub(crate) fn crash(&mut self) {
        self.queue.clear();
    }
    /// A snapshot from elsewhere takes the place of the log.
    pub(crate) fn install(&mut self, snapshot: Snapshot) {
        self.crash();
        self.entries.clear();
        self.snapshot = Some(snapshot);
    }
    pub(crate) fn trim(&mut self, upto: Seq) {
        self.entries.retain(|entry| entry.seq > upto);
    }
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
    pub(crate) fn promised(&self) -> Epoch {
        self.promised
    }
    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }
    /// What a new process finds.
    pub(crate) fn recovered(&self, me: Peer, speaks: u16) -> Recovered {
        let Snapshot { at, starts, reigns, format } =
            self.snapshot.clone().unwrap_or(Snapshot { format: 1, ..Snapshot::default() });
        Recovered {
            me,
            group: self.group,
            promised: self.promised,
            view: self.view.clone(),
            base: at,
            starts,
            reigns,
            format,
            speaks,
            entries: self.entries.iter().filter(|entry| entry.seq > at.seq).cloned().collect(),
            commit: self.commit,
            unhealthy: None,
        }
    }
}
