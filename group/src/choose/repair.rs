//! The operator's two commands on a group that cannot help itself: rebuild a lost view (V3), accept a loss (U1). Pure.
use super::member::Member;
use super::seen::Seen;
use crate::entry::{Cause, Change};
use crate::ids::{Epoch, GroupId, Now, Pod, StorageId};
use crate::status::{Role, Status};
use crate::view::{Fence, Refusal, View, Writer};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use thiserror::Error;

/// What to write, and over what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repair {
    /// The version that the store must still hold; `None`: there must be none.
    pub stored: Option<u64>,
    /// What to write.
    pub next: View,
}

/// Why a command of the operator is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CannotRepair {
    /// The command was meant for another state of the group.
    #[error("the epoch is {is}, not {expected}: look again, and repeat the command with the epoch that is")]
    Epoch {
        /// The epoch's number that the command expected.
        expected: u64,
        /// What is.
        is: Epoch,
    },
    /// Nothing to rebuild.
    #[error("the view is not lost: no member knows a higher one")]
    NotLost,
    /// Nothing to rebuild from.
    #[error("no member that answers has ever seen a view: nothing to rebuild from")]
    NoView,
    /// Members of two groups answer.
    #[error("members answer of two groups, {one} and {other}: remove the foreign disk first")]
    TwoGroups {
        /// The one.
        one: GroupId,
        /// The other.
        other: GroupId,
    },
    /// Disks of the set do not answer.
    #[error("{pods:?} of the in-sync set do not answer with their disks: bring them back, or force a loss")]
    Absent {
        /// Whose.
        pods: Vec<Pod>,
    },
    /// Disks from outside the set do not answer, and are enough to have been let in and promoted with nobody of the set knowing.
    #[error(
        "{pods:?} do not answer: together they may have been let in since, and have acknowledged orders alone; \
         bring back all but {spare} of them, or force a loss"
    )]
    Unheard {
        /// Whose.
        pods: Vec<Pod>,
        /// How many of them may stay away.
        spare: usize,
    },
    /// Members have not promised to follow nothing older.
    #[error("{pods:?} have not promised in time to follow no older view: repeat the command")]
    Unfenced {
        /// Who.
        pods: Vec<Pod>,
    },
    /// What members said was found out too long ago to decide by it (P1).
    #[error("members have promised, and the controller was too slow to go on: repeat the command")]
    Late,
    /// No disk of the set is sound.
    #[error("no disk of the in-sync set is sound")]
    NoneSound,
    /// The store was set back and written on, and no disk holds what both histories committed.
    #[error(
        "the view was set back and written on, and no disk is in both sets, {highest:?} and {other:?}: \
         choose the replica whose orders count, and force a loss that keeps it"
    )]
    TwoLines {
        /// The set of the highest view.
        highest: Vec<Pod>,
        /// The set of the view that was written beside it.
        other: Vec<Pod>,
    },
    /// The disk to keep does not answer or has never belonged to the group.
    #[error("{pod} cannot be kept: {why}")]
    CannotKeep {
        /// Whose.
        pod: Pod,
        /// Why.
        why: &'static str,
    },
    /// The rules forbid it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// V3, the first half of a rebuild: what every member that answers must promise before the second half counts its answer. The loss
/// number is above all that were ever promised, so that each attempt is told from every other.
pub fn fence(seen: &Seen, expected: u64) -> Result<Fence, CannotRepair> {
    let lost = Lost::look(seen, expected)?;
    let View { group, epoch, .. } = *lost.highest;
    Ok(Fence { group, continues: epoch, loss: next_loss(seen, lost.highest) })
}

/// V3, the second half: the highest view that members have persisted, continued under the loss number of the fence. All its disks must
/// answer and have promised, so nothing that was acknowledged is lost. Where the store was set back and written on, only disks of both
/// sets stay: what either line committed is on them.
pub fn rebuild(
    seen: &Seen,
    stored: Option<u64>,
    expected: u64,
    fence: &Fence,
    now: Now,
) -> Result<Repair, CannotRepair> {
    let lost = Lost::look(seen, expected)?;
    let unfenced = |(pod, status): (&Pod, &Status)| (status.promised != fence.epoch()).then(|| pod.clone());
    let pods: Vec<Pod> = answers(seen, fence.group).filter_map(unfenced).collect();
    if !pods.is_empty() {
        return Err(CannotRepair::Unfenced { pods });
    }
    continued(seen, lost.highest, fence.loss, stored, lost.heir, lost.kept, now)
}

/// A view that is lost and can be rebuilt.
struct Lost<'a> {
    highest: &'a View,
    /// The set of the rebuilt one.
    kept: BTreeMap<Pod, StorageId>,
    heir: (&'a Pod, &'a Status),
}

impl Lost<'_> {
    fn look(seen: &Seen, expected: u64) -> Result<Lost<'_>, CannotRepair> {
        let highest = highest(seen)?.ok_or(CannotRepair::NoView)?;
        if highest.epoch.number != expected {
            return Err(CannotRepair::Epoch { expected, is: highest.epoch });
        }
        let beside: Vec<&View> = persisted(seen).chain(seen.view()).filter(|view| is_beside(view, highest)).collect();
        if !seen.view().is_none_or(|view| is_lost(seen, view, highest, &beside)) {
            return Err(CannotRepair::NotLost);
        }
        let kept = of_all_lines(highest, &beside)?;
        let heir = heir(seen, &kept, &all_of_the_set(seen, highest)?).ok_or(CannotRepair::NoneSound)?;
        Ok(Lost { highest, kept, heir })
    }
}

/// The answers of all disks of this view's set, if there is nobody else who could have committed anything.
fn all_of_the_set<'a>(seen: &'a Seen, highest: &'a View) -> Result<BTreeMap<&'a Pod, &'a Status>, CannotRepair> {
    let mut there = BTreeMap::new();
    let mut absent = Vec::new();
    for (pod, storage) in highest.pairs() {
        match answer(seen, pod).filter(|status| status.me.storage == storage) {
            Some(status) => drop(there.insert(pod, status)),
            None => absent.push(pod.clone()),
        }
    }
    if !absent.is_empty() {
        return Err(CannotRepair::Absent { pods: absent });
    }
    let outside = highest.members.iter().filter(|pod| !highest.in_sync.contains_key(*pod));
    let unheard: Vec<Pod> = outside.filter(|pod| answer(seen, pod).is_none()).cloned().collect();
    if unheard.len() >= highest.min_in_sync {
        return Err(CannotRepair::Unheard { pods: unheard, spare: highest.min_in_sync.saturating_sub(1) });
    }
    Ok(there)
}

/// All disks of the set hold everything acknowledged. A process that leads the old epoch would end itself (D1) and cost one more failover,
/// so another one is better. P5: a disk that lacks what is committed was set back.
fn heir<'a>(
    seen: &Seen,
    kept: &BTreeMap<Pod, StorageId>,
    there: &BTreeMap<&'a Pod, &'a Status>,
) -> Option<(&'a Pod, &'a Status)> {
    let whole = |pod: &Pod, status: &Status| seen.member(pod).is_some_and(|member| status.tail.seq >= member.floor);
    let there = there.iter().map(|(pod, status)| (*pod, *status));
    let sound = there.filter(|(pod, status)| kept.contains_key(*pod) && is_sound(status) && whole(pod, status));
    let follows = |status: &Status| !matches!(status.role, Role::Primary | Role::Draining);
    sound.max_by_key(|(pod, status)| (follows(status), status.tail.epoch, status.tail.seq, Reverse(*pod)))
}

/// A loss number above every one that was promised or written: whoever promised more would not follow, even if it does not answer now.
fn next_loss(seen: &Seen, highest: &View) -> u64 {
    let said = seen.members().filter_map(|(_, member)| member.status.as_ref());
    let promised = said.filter(|status| status.group == Some(highest.group)).map(|status| status.promised.loss);
    promised.fold(highest.epoch.loss, u64::max) + 1
}

/// Who answers, of those whose disk belongs to this group.
fn answers(seen: &Seen, group: GroupId) -> impl Iterator<Item = (&Pod, &Status)> {
    let answers = seen.members().filter_map(|(pod, member)| Some((pod, member.answer()?)));
    answers.filter(move |(_, status)| status.group == Some(group))
}

/// Of two views of one version and epoch either may be the one that was seen first. Behind a fence nobody follows what is there, even if
/// it was the newest.
fn is_lost(seen: &Seen, view: &View, highest: &View, beside: &[&View]) -> bool {
    let (stored, known) = (rank(view), rank(highest));
    let is_fenced = || answers(seen, view.group).any(|(_, status)| status.promised > view.epoch);
    view.group != highest.group || stored < known || (stored == known && !beside.is_empty()) || is_fenced()
}

/// The disks of the highest view that are also in the set of every view beside it.
fn of_all_lines(highest: &View, beside: &[&View]) -> Result<BTreeMap<Pod, StorageId>, CannotRepair> {
    let mut kept = highest.in_sync.clone();
    for other in beside {
        kept.retain(|pod, storage| other.holds(pod, *storage));
        if kept.is_empty() {
            let names = |view: &View| view.in_sync.keys().cloned().collect();
            return Err(CannotRepair::TwoLines { highest: names(highest), other: names(other) });
        }
    }
    Ok(kept)
}

/// Whether this view cannot have led to that highest one: each version has one view only, and each epoch costs a version. A
/// rebuilt view is above all that was known, of every line: what is below it is settled.
fn is_beside(view: &View, highest: &View) -> bool {
    if view.group != highest.group || view == highest || rank(view) > rank(highest) {
        return false;
    }
    let same_loss = view.epoch.loss == highest.epoch.loss;
    let epochs = highest.epoch.number.saturating_sub(view.epoch.number);
    let too_many = |versions| versions == 0 || (same_loss && epochs > versions);
    highest.version.checked_sub(view.version).is_none_or(too_many)
}

/// U1: one disk is kept, and what it lacks is lost; all others are copied anew.
pub fn force_loss(
    seen: &Seen,
    stored: Option<u64>,
    expected: u64,
    keep: &Pod,
    now: Now,
) -> Result<Repair, CannotRepair> {
    let known = highest(seen)?.ok_or(CannotRepair::NoView)?;
    let highest = seen.view().filter(|view| view.group == known.group && rank(view) > rank(known)).unwrap_or(known);
    if highest.epoch.number != expected {
        return Err(CannotRepair::Epoch { expected, is: highest.epoch });
    }
    let cannot = |why| CannotRepair::CannotKeep { pod: keep.clone(), why };
    let status = answer(seen, keep).ok_or_else(|| cannot("it does not answer"))?;
    if status.group != Some(highest.group) {
        return Err(cannot("its disk does not belong to this group"));
    }
    if !is_sound(status) {
        return Err(cannot("its disk is not sound"));
    }
    let kept = BTreeMap::from([(keep.clone(), status.me.storage)]);
    continued(seen, highest, next_loss(seen, highest), stored, (keep, status), kept, now)
}

/// The view that follows under a higher loss number, checked by the one place that knows the rules.
fn continued(
    seen: &Seen,
    highest: &View,
    loss: u64,
    stored: Option<u64>,
    (primary, status): (&Pod, &Status),
    in_sync: BTreeMap<Pod, StorageId>,
    now: Now,
) -> Result<Repair, CannotRepair> {
    // The store, or a member, may hold a higher number of another or older history: the next one must be above all.
    let versions = persisted(seen).map(|view| view.version).chain(stored).max();
    let follows = View { version: highest.version.max(versions.unwrap_or(0)), ..highest.clone() };
    let change = Change { cause: Cause::Rebuilt, suspected_at: now.wall, decided_at: now.wall };
    let mut next = follows.promote(primary, status.me.boot, &in_sync, change);
    next.epoch.loss = loss;
    follows.admits(&next, &Writer::Operator)?;
    Ok(Repair { stored, next })
}

/// The views that members have persisted, each its last.
fn persisted(seen: &Seen) -> impl Iterator<Item = &View> {
    seen.members().filter_map(|(_, member)| member.status.as_ref()?.view.as_ref())
}

/// The highest view that any member has persisted.
fn highest(seen: &Seen) -> Result<Option<&View>, CannotRepair> {
    let mut highest: Option<&View> = None;
    for view in persisted(seen) {
        if let Some(other) = highest.filter(|other| other.group != view.group) {
            return Err(CannotRepair::TwoGroups { one: other.group, other: view.group });
        }
        if highest.is_none_or(|other| rank(view) > rank(other)) {
            highest = Some(view);
        }
    }
    Ok(highest)
}

fn rank(view: &View) -> (Epoch, u64) {
    (view.epoch, view.version)
}

fn answer<'a>(seen: &'a Seen, pod: &Pod) -> Option<&'a Status> {
    seen.member(pod).and_then(Member::answer)
}

fn is_sound(status: &Status) -> bool {
    // A member that halted because its view was lost is sound: it waits for just this.
    status.unhealthy.is_none() && (status.role != Role::Halted || status.view_lost)
}
