//! One member of a story: a real `Core`, its disk, and the answers that its shell would hold. Knows no one else.
use crate::disk::{Disk, Job};
use crate::names;
use group::{Core, Now, Peer, Position, Seq, Time, View};
use std::collections::BTreeMap;

/// A member, alive or not.
#[derive(Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// None while its process is dead.
    pub(crate) core: Option<Core>,
    pub(crate) disk: Disk,
    /// A copy of the disk from an earlier day.
    pub(crate) backup: Option<Disk>,
    /// How many disks and processes it has had.
    pub(crate) disks: u32,
    pub(crate) boots: u32,
    pub(crate) speaks: u16,
    /// How far its wall clock is ahead, in ms.
    pub(crate) ahead_ms: u64,
    /// What its disk needs for a job, in ms.
    pub(crate) disk_ms: u64,
    /// Its disk does nothing until a story syncs it by name.
    pub(crate) disk_held: bool,
    /// Stopped like by SIGSTOP.
    pub(crate) frozen: bool,
    /// Whose snapshot it wants.
    pub(crate) fetches: Option<String>,
    /// The version it held when it asked the store.
    pub(crate) asked: Option<u64>,
    /// Answers of writes, by their entry; of reads, by their ticket.
    pub(crate) writes: BTreeMap<Seq, String>,
    pub(crate) reads: BTreeMap<u64, String>,
    pub(crate) tickets: u64,
}

impl Member {
    pub(crate) fn new(name: &str) -> Member {
        Member { name: name.into(), disks: 1, speaks: 1, ..Member::default() }
    }
    pub(crate) fn peer(&self) -> Peer {
        let (storage, boot) = (names::storage(&self.name, self.disks), names::boot(&self.name, self.boots));
        Peer { pod: self.name.as_str().into(), storage, boot }
    }
    pub(crate) fn now(&self, now: Time) -> Now {
        Now { mono: now, wall: now.0 / 1000 + self.ahead_ms }
    }
    /// Another process on what the disk holds.
    pub(crate) fn start(&mut self) {
        self.boots += 1;
        self.frozen = false;
        self.core = Some(Core::new(self.disk.recovered(self.peer(), self.speaks)));
    }
    /// The process is gone; gives the answers that are gone with it.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.core = None;
        self.disk.crash();
        (self.fetches, self.asked) = (None, None);
        let writes = std::mem::take(&mut self.writes).into_values();
        writes.chain(std::mem::take(&mut self.reads).into_values()).collect()
    }
    /// Another disk, blank.
    pub(crate) fn format(&mut self) {
        self.disks += 1;
        self.disk = Disk::default();
    }
    /// Answers of writes that may leave.
    pub(crate) fn committed(&mut self, upto: Seq) -> Vec<String> {
        let held = self.writes.split_off(&(upto + 1));
        std::mem::replace(&mut self.writes, held).into_values().collect()
    }
    /// Answers of reads that may leave.
    pub(crate) fn ready(&mut self, upto: u64) -> Vec<String> {
        let held = self.reads.split_off(&(upto + 1));
        std::mem::replace(&mut self.reads, held).into_values().collect()
    }
    /// What the core is to be told of a job that is done.
    pub(crate) fn done(job: &Job) -> group::Input {
        match job {
            Job::Write { write, .. } => group::Input::Written { write: *write },
            Job::Save { save, .. } => group::Input::Saved { save: *save },
        }
    }

    /// `r1 backup: log 1..3, 2 on disk, commit 1, v1`, and whatever is unusual.
    pub(crate) fn state(&self, now: Time) -> String {
        let Some(core) = &self.core else { return format!("{} is down", self.name) };
        let status = core.status(self.now(now));
        let version = status.view.as_ref().map_or(0, |view: &View| view.version);
        let (first, tail, durable) = (core.first_seq(), core.tail().seq, status.tail.seq);
        let mut said = format!("{} {}: ", self.name, names::role(status.role));
        said += &if tail < first { "empty log".into() } else { format!("log {first}..{tail}") };
        if durable != tail {
            said += &format!(", {durable} on disk");
        }
        said += &format!(", commit {}, epoch {}, v{version}", status.commit, status.promised);
        if core.format() != 1 {
            said += &format!(", format {}", core.format());
        }
        if status.view_lost {
            said += ", view lost";
        }
        for suspect in &status.suspects {
            said += &format!(", {} {:?}", suspect.pod, suspect.sign).to_lowercase();
        }
        if status.stalled {
            said += ", stalled";
        }
        status.unhealthy.map_or(said.clone(), |why| format!("{said}; {why}"))
    }
    /// What is in its memory.
    pub(crate) fn log(&self) -> String {
        let Some(core) = &self.core else { return format!("{} is down", self.name) };
        let entries = names::entries(core.entries(0, Seq::MAX));
        let snapshot =
            if core.first_seq() > 1 { format!("snapshot to {}, ", core.first_seq() - 1) } else { String::new() };
        format!("{} has {snapshot}{entries}", self.name)
    }
    /// What a crash would leave.
    pub(crate) fn on_disk(&self) -> String {
        let version = self.disk.view().map_or(0, |view| view.version);
        let upto = self.disk.snapshot.as_ref().map_or(Position::default(), |snapshot| snapshot.at);
        let snapshot = if upto.seq > 0 { format!("snapshot to {}, ", names::place(upto)) } else { String::new() };
        let entries = names::entries(self.disk.entries());
        let (name, promised) = (&self.name, self.disk.promised());
        format!("{name}'s disk holds a promise of epoch {promised}, v{version}, {snapshot}{entries}")
    }
}
