//! The view: who leads, whose disks count, who is allowed in. Knows the rules for the next one (V1–V5, U1) and nothing of where it is kept.
use crate::entry::{Cause, Change};
use crate::ids::{BootId, Epoch, GroupId, Pod, StorageId, Wall};
use crate::mistake::planted;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// The one object that decides. Changed only by compare-and-swap on the exact version read.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct View {
    /// Which group this is.
    pub group: GroupId,
    /// One more with every write.
    pub version: u64,
    /// One more when the primary or its process changes; carries the operator's loss number.
    pub epoch: Epoch,
    /// Who leads.
    pub primary: Pod,
    /// Which process of it (P2).
    pub primary_boot: BootId,
    /// The disks that hold every committed entry.
    pub in_sync: BTreeMap<Pod, StorageId>,
    /// The pods allowed in: the controller's wish.
    pub members: BTreeSet<Pod>,
    /// Fewer disks than this commit nothing (V5).
    pub min_in_sync: usize,
    /// Why the present primary leads, for people and for the history of failovers.
    pub change: Change,
}

/// A set change or resignation that a primary wants written: the whole next view, on the version it was decided on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// The version that must still be current.
    pub base: u64,
    /// What to write.
    pub next: View,
}

/// What an operator who rebuilds a lost view first has every disk promise (V3): to follow no view of a lower loss number. It is the first
/// phase of Paxos; the number is its ballot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fence {
    /// The group whose view is lost.
    pub group: GroupId,
    /// The epoch of the view that will be continued. Whoever knows a higher one has gone on, and promises nothing.
    pub continues: Epoch,
    /// The loss number of the view that will be written.
    pub loss: u64,
}

impl Fence {
    /// What is promised: above every view that may have been written before, below the one that will be.
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.loss, 0)
    }
}

/// Who wants to write a view (V1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Writer {
    /// A controller: promotes, sets members and the minimum.
    Controller,
    /// A member: shrinks, expands, swaps or resigns, as primary of the current epoch.
    Member(Pod),
    /// The operator's command: accepts a loss.
    Operator,
}

/// Why a next view is not allowed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Refusal {
    /// The version does not follow.
    #[error("version {next} does not follow {current}")]
    Version {
        /// The version held.
        current: u64,
        /// The version offered.
        next: u64,
    },
    /// The group differs.
    #[error("the group differs: {next} is not {current}")]
    Group {
        /// The group held.
        current: GroupId,
        /// The group offered.
        next: GroupId,
    },
    /// The epoch falls, or grows by more than one, or does not grow with a new primary.
    #[error("epoch {next} does not follow {current} for this change")]
    Epoch {
        /// The epoch held.
        current: Epoch,
        /// The epoch offered.
        next: Epoch,
    },
    /// A new primary is not a disk of the old set (U1).
    #[error("{pod} was not in sync and may not lead")]
    Unclean {
        /// Who was to lead.
        pod: Pod,
    },
    /// Someone adds a disk who may not.
    #[error("only the primary of the current epoch may add {pod} to the set")]
    Adds {
        /// Who was to be added.
        pod: Pod,
    },
    /// The set would fall below the minimum.
    #[error("the set would have {left} disks, the minimum is {minimum}")]
    TooSmall {
        /// Disks left.
        left: usize,
        /// The minimum.
        minimum: usize,
    },
    /// A field is changed by someone who may not change it (V1).
    #[error("{writer:?} may not change {field}")]
    NotAllowed {
        /// Who.
        writer: Writer,
        /// What.
        field: &'static str,
    },
    /// A pod outside `members` would enter.
    #[error("{pod} is not among the members")]
    NotMember {
        /// Who.
        pod: Pod,
    },
}

impl View {
    /// Whether `pod` with this disk belongs to the set.
    pub fn holds(&self, pod: &Pod, storage: StorageId) -> bool {
        self.in_sync.get(pod).is_some_and(|named| *named == storage || planted(6))
    }
    /// Whether this process leads: the pod, the process *and* the disk must be those of the view (P2).
    pub fn is_led_by(&self, pod: &Pod, boot: BootId, storage: StorageId) -> bool {
        let disk = self.holds(pod, storage) || planted(26);
        self.primary == *pod && (self.primary_boot == boot || planted(7)) && disk
    }
    /// The disks of the set as pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&Pod, StorageId)> {
        self.in_sync.iter().map(|(pod, storage)| (pod, *storage))
    }
    /// The same view, to be written next.
    fn successor(&self) -> View {
        View { version: self.version + 1, ..self.clone() }
    }
    /// A view that another process leads; its set may leave members out (P1).
    pub fn promote(&self, to: &Pod, boot: BootId, keep: &BTreeMap<Pod, StorageId>, change: Change) -> View {
        let in_sync = keep.clone();
        View { epoch: self.epoch.next(), primary: to.clone(), primary_boot: boot, in_sync, change, ..self.successor() }
    }
    /// A view whose set lacks these pods (S1).
    pub fn without(&self, gone: &BTreeSet<Pod>) -> View {
        let mut next = self.successor();
        next.in_sync.retain(|pod, _| !gone.contains(pod));
        next
    }
    /// A view whose set has this disk, in the place of an old one of the same pod if there is one (S2).
    pub fn with(&self, pod: &Pod, storage: StorageId) -> View {
        let mut next = self.successor();
        next.in_sync.insert(pod.clone(), storage);
        next
    }
    /// A view that `to` leads because the present primary steps down (H1): out of the set if enough remain.
    pub fn resign(&self, to: &Pod, boot: BootId, cause: Cause, at: Wall) -> View {
        let change = Change { cause, suspected_at: at, decided_at: at };
        let mut keep = self.in_sync.clone();
        if keep.len() > self.min_in_sync {
            keep.remove(&self.primary);
        }
        let next = self.promote(to, boot, &keep, change);
        if planted(23) { View { epoch: self.epoch, ..next } } else { next }
    }
    /// A view with other members or another minimum.
    pub fn with_members(&self, members: BTreeSet<Pod>, min_in_sync: usize) -> View {
        View { members, min_in_sync, ..self.successor() }
    }

    /// Whether `next` may follow this view when `writer` writes it: rules V1–V5 and U1 in one place.
    pub fn admits(&self, next: &View, writer: &Writer) -> Result<(), Refusal> {
        if next.version != self.version + 1 {
            return Err(Refusal::Version { current: self.version, next: next.version });
        }
        if next.group != self.group {
            return Err(Refusal::Group { current: self.group, next: next.group });
        }
        self.admits_epoch(next, writer)?;
        self.admits_set(next, writer)?;
        self.admits_wish(next, writer)
    }

    fn leads_anew(&self, next: &View) -> bool {
        (&next.primary, next.primary_boot) != (&self.primary, self.primary_boot)
    }

    fn admits_epoch(&self, next: &View, writer: &Writer) -> Result<(), Refusal> {
        let refused = Err(Refusal::Epoch { current: self.epoch, next: next.epoch });
        if next.epoch.loss != self.epoch.loss {
            let by_operator = *writer == Writer::Operator;
            let follows = next.epoch.loss > self.epoch.loss && next.epoch.number == self.epoch.number + 1;
            return if by_operator && follows { Ok(()) } else { refused };
        }
        let expected = if self.leads_anew(next) { self.epoch.next() } else { self.epoch };
        if next.epoch == expected { Ok(()) } else { refused }
    }

    fn admits_set(&self, next: &View, writer: &Writer) -> Result<(), Refusal> {
        let lossy = next.epoch.loss != self.epoch.loss;
        let anew = self.leads_anew(next);
        if !lossy && anew && self.in_sync.get(&next.primary) != next.in_sync.get(&next.primary) {
            return Err(Refusal::Unclean { pod: next.primary.clone() });
        }
        if !next.in_sync.contains_key(&next.primary) {
            return Err(Refusal::Unclean { pod: next.primary.clone() });
        }
        for (pod, storage) in next.pairs() {
            if self.holds(pod, storage) {
                continue;
            }
            // Accepting a loss may mean to keep a disk from outside the set (U1).
            if !lossy && (anew || *writer != Writer::Member(self.primary.clone())) {
                return Err(Refusal::Adds { pod: pod.clone() });
            }
            if !next.members.contains(pod) {
                return Err(Refusal::NotMember { pod: pod.clone() });
            }
        }
        let (left, minimum) = (next.in_sync.len(), next.min_in_sync);
        if !lossy && left < self.in_sync.len() && left < minimum {
            return Err(Refusal::TooSmall { left, minimum });
        }
        Ok(())
    }

    fn admits_wish(&self, next: &View, writer: &Writer) -> Result<(), Refusal> {
        let refuse = |field| Err(Refusal::NotAllowed { writer: writer.clone(), field });
        let anew = self.leads_anew(next);
        if let Writer::Member(pod) = writer {
            if *pod != self.primary {
                return refuse("the view: it is not the primary");
            }
            if next.members != self.members || next.min_in_sync != self.min_in_sync {
                return refuse("members and minInSync");
            }
        } else if !anew && next.in_sync != self.in_sync && next.epoch.loss == self.epoch.loss {
            return refuse("inSync without a new primary");
        }
        if next.min_in_sync > self.min_in_sync && next.in_sync.len() < next.min_in_sync {
            return Err(Refusal::TooSmall { left: next.in_sync.len(), minimum: next.min_in_sync });
        }
        Ok(())
    }
}
