//! What a member holds whatever its role: identity, promise, view, log, commit. Knows nothing of leading or following.
use crate::entry::{Body, Entry, Reign};
use crate::ids::{Epoch, GroupId, Now, Pod, Position, Seq, Wall};
use crate::io::Output;
use crate::limits::REIGNS;
use crate::log::Log;
use crate::message::{EpochStart, Message, Peer};
use crate::mistake::planted;
use crate::view::View;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

/// What a disk told when its process started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Name, disk and process.
    pub me: Peer,
    /// The group, unless the disk is blank.
    pub group: Option<GroupId>,
    /// The epoch promised.
    pub promised: Epoch,
    /// The newest view seen.
    pub view: Option<View>,
    /// Where the snapshot ends; the default if there is none.
    pub base: Position,
    /// The epoch-start table up to `base`.
    pub starts: Vec<EpochStart>,
    /// The last reigns up to `base`, oldest first.
    pub reigns: Vec<Reign>,
    /// The log format in force at `base` (F1); 1 if there is no snapshot.
    pub format: u16,
    /// The newest log format this process can write.
    pub speaks: u16,
    /// The entries after `base`, all on the disk.
    pub entries: Vec<Entry>,
    /// The highest commit index found on the disk.
    pub commit: Seq,
    /// Why the disk cannot be trusted, if it cannot.
    pub unhealthy: Option<String>,
}

/// The connection to another member.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Link {
    /// Open.
    Up(Peer),
    /// Ended; whoever it was may live.
    Down,
    /// Ended, and its port refuses: the process is dead.
    Refused,
}

#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) me: Peer,
    pub(crate) speaks: u16,
    pub(crate) group: Option<GroupId>,
    pub(crate) promised: Epoch,
    /// What was promised, on the disk, before the last promise.
    promised_before: Epoch,
    pub(crate) view: Option<View>,
    pub(crate) view_lost: bool,
    pub(crate) log: Log,
    pub(crate) commit: Seq,
    pub(crate) format: u16,
    pub(crate) links: BTreeMap<Pod, Link>,
    /// Why the disk cannot be trusted; cured by coming back empty.
    pub(crate) unhealthy: Option<String>,
    /// Why going on could lose something (P4); cured by nobody but an operator.
    pub(crate) halted: Option<String>,
    /// The last reigns that this log tells of.
    pub(crate) reigns: VecDeque<Reign>,
    saves: u64,
    saved: u64,
    /// The save that holds the promise.
    promise: u64,
}

impl Local {
    pub(crate) fn new(recovered: Recovered) -> Local {
        let Recovered { me, group, promised, view, base, starts, reigns, format, speaks, entries, commit, unhealthy } =
            recovered;
        let log = Log::new(base, starts, entries);
        let mut local = Local {
            me,
            speaks,
            group,
            promised,
            promised_before: promised,
            view,
            view_lost: false,
            commit: base.seq,
            log,
            format,
            links: BTreeMap::new(),
            unhealthy,
            halted: None,
            reigns: reigns.into(),
            saves: 0,
            saved: 0,
            promise: 0,
        };
        let commit = if planted(44) { Seq::MAX } else { commit };
        let floor = commit.min(local.log.tail().seq).max(base.seq);
        local.note_committed(base.seq, floor);
        local.commit = floor;
        local.judge_loss();
        local
    }

    /// U1: a disk outside the set whose log ends before the loss that it hears of may hold what was lost. It is sound no more. One that hears of
    /// nothing new may be on its way back: what it is filled with begins before the loss as well.
    pub(crate) fn judge_loss(&mut self) {
        if self.ends_before_loss() {
            self.unhealthy.get_or_insert_with(|| "a forced loss or a rebuilt view did not keep it".to_owned());
        }
    }
    /// Judged so, and not on its way back: that one is sound.
    pub(crate) fn is_left_behind(&self) -> bool {
        self.unhealthy.is_some() && self.ends_before_loss()
    }
    fn ends_before_loss(&self) -> bool {
        let tail = self.log.tail();
        let lost_since = self.view.as_ref().is_some_and(|view| tail.epoch.loss < view.epoch.loss);
        tail.seq > 0 && lost_since && !self.in_sync()
    }

    /// See `Core::alike`. Reigns are what the committed log says.
    pub(crate) fn alike(&self, into: &mut impl Hasher) {
        let Local { me, speaks, group, promised, view, view_lost, log, commit, format, links, .. } = self;
        (me, speaks, group, promised, self.kept_promise(), view, view_lost, commit, format, links).hash(into);
        (&self.unhealthy, &self.halted).hash(into);
        (self.saves - self.saved, self.promise.saturating_sub(self.saved)).hash(into);
        log.alike(into);
    }

    /// Whether the epoch promised is on the disk (W2). A newer view of the same epoch need not be.
    pub(crate) fn promise_is_saved(&self) -> bool {
        self.saved >= self.promise
    }
    /// The highest epoch promised that a restart would remember.
    pub(crate) fn kept_promise(&self) -> Epoch {
        if self.promise_is_saved() { self.promised } else { self.promised_before }
    }
    /// Whether a restart would remember the view held.
    pub(crate) fn view_is_saved(&self) -> bool {
        self.saved >= self.saves
    }
    pub(crate) fn saved(&mut self, save: u64) {
        self.saved = self.saved.max(save);
    }
    /// Takes a newer view as mine and promises its epoch.
    pub(crate) fn adopt(&mut self, view: View, out: &mut Vec<Output>) {
        self.group = Some(view.group);
        self.view = Some(view.clone());
        self.view_lost = false;
        self.promise_epoch(view.epoch, out);
        out.push(Output::Viewed(view));
    }
    /// Promises to follow nothing below this epoch (W2), and has the disk keep that and the view held.
    pub(crate) fn promise_epoch(&mut self, epoch: Epoch, out: &mut Vec<Output>) {
        assert!(epoch >= self.promised, "a promise is never taken back");
        if epoch > self.promised {
            self.promised_before = self.kept_promise();
            self.promise = self.saves + 1;
        }
        self.promised = epoch;
        self.saves += 1;
        if planted(20) {
            self.saved = self.saves;
            return;
        }
        let (save, group, promised) = (self.saves, self.group, self.promised);
        out.push(Output::Save { save, group, promised, view: self.view.clone() });
    }
    /// Whether this member may acknowledge and lead.
    pub(crate) fn is_sound(&self) -> bool {
        self.unhealthy.is_none() && self.halted.is_none()
    }
    /// Whether my disk belongs to the set.
    pub(crate) fn in_sync(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.holds(&self.me.pod, self.me.storage))
    }
    /// Whether this peer is the process that leads the epoch promised.
    pub(crate) fn is_primary(&self, peer: &Peer) -> bool {
        self.view.as_ref().is_some_and(|view| view.is_led_by(&peer.pod, peer.boot, peer.storage))
    }

    /// Appends an entry of my own making.
    pub(crate) fn append(&mut self, at: Wall, body: Body) {
        let tail = self.log.tail();
        let at = at.max(self.log.last().map_or(0, |entry| entry.at));
        self.log.append(Entry { epoch: self.promised, seq: tail.seq + 1, prev_hash: tail.hash, at, body });
    }
    /// Gives the disk what it has not been given yet.
    pub(crate) fn write(&mut self, out: &mut Vec<Output>) {
        if let Some((write, cut, entries)) = self.log.hand_over() {
            out.push(Output::Write { write, cut, entries, commit: self.commit });
        }
    }
    /// The log is committed up to here.
    pub(crate) fn advance_commit(&mut self, seq: Seq, out: &mut Vec<Output>) {
        assert!(seq <= self.log.tail().seq, "commits what it does not hold");
        if seq > self.commit {
            self.note_committed(self.commit, seq);
            self.commit = seq;
            out.push(Output::Committed { seq });
        }
    }
    /// Takes in what committed entries say to the group itself: formats (F1) and reigns.
    fn note_committed(&mut self, from: Seq, upto: Seq) {
        for entry in self.log.range(from, upto) {
            match &entry.body {
                Body::App(_) => {}
                Body::Format(n) => self.format = *n,
                Body::Start(start) => {
                    let reign = Reign { epoch: entry.epoch, seq: entry.seq, at: entry.at, start: start.clone() };
                    self.reigns.push_back(reign);
                    if self.reigns.len() > REIGNS {
                        self.reigns.pop_front();
                    }
                }
            }
        }
    }
    /// The log as told to a new primary (P3).
    pub(crate) fn promise(&self, now: Now) -> Message {
        Message::Promised {
            epoch: self.promised,
            starts: self.log.starts().to_vec(),
            tail: self.log.tail(),
            commit: self.commit,
            format: self.speaks,
            clock: now.wall,
        }
    }
}
