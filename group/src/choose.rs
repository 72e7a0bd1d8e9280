//! Who shall lead: what a controller decides from what it has seen. Pure; it reads no clock, draws no lot and writes nothing.
//!
//! [`Seen`] takes in what happens; [`choose`] looks at it and says one thing to do. The same two run in the controller and
//! in the simulator. Suspicion is only a hint: whatever is decided here is safe because the view is written by
//! compare-and-swap and names a disk of its own set (P1, U1). So the rules below serve speed and calm, and one serves
//! safety: while anyone knows a higher view, nothing is decided (V3).
mod birth;
mod doubt;
mod member;
mod promote;
mod repair;
mod seen;
#[cfg(test)]
mod tests;

pub use member::{Link, Member};
pub use repair::{CannotRepair, Repair, fence, force_loss, rebuild};
pub use seen::{Seen, Store};

use crate::ids::{Epoch, GroupId, Now, Pod, Time};
use crate::view::View;
use doubt::Verdict;
use std::collections::BTreeSet;

/// What the operator wants, and this controller's place among its equals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// The pods that shall be allowed in.
    pub members: BTreeSet<Pod>,
    /// Fewer disks than this shall commit nothing (V5).
    pub min_in_sync: usize,
    /// The name that a group gets if it must be born (V2); drawn at random.
    pub group: GroupId,
    /// How much longer than the first controller this one waits, in ms (P1): 0 for the first, else 20–60 at random.
    pub jitter_ms: u64,
}

/// The one thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// All is well.
    Nothing,
    /// Look again at this moment, or when something happens.
    Wait {
        /// The moment; none if only something happening can help.
        until: Option<Time>,
        /// What is waited for.
        why: Why,
    },
    /// Ask these for a status at once, tell [`Seen::asked`], and look again when they answer, at the latest at `until`.
    Ask {
        /// Whom.
        pods: BTreeSet<Pod>,
        /// After `ANSWER_MS`.
        until: Time,
    },
    /// Read the view afresh before anything else.
    ReadStore,
    /// The view is lost (V3): change nothing, tell people.
    Lost(Loss),
    /// Write the first view (V2), where there is none.
    Birth(View),
    /// Write this view if its base is still current; tell all members. Discard it after `DECISION_MS`.
    Write {
        /// The version that must still be current.
        base: u64,
        /// What to write.
        next: View,
    },
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The view has not been read yet.
    Unread,
    /// Not every configured member has reported a blank disk (V2).
    Birth,
    /// Fewer members are configured than must be in sync.
    TooFew,
    /// Something speaks against the primary, but there is no second witness.
    Witness,
    /// The epoch is new (P1).
    Grace,
    /// The first controller goes first (P1).
    Jitter,
    /// Members have been asked.
    Answers,
    /// All have restarted; some are not back (A1).
    Gathering,
    /// The primary commits nothing, but no other could commit more.
    NoHelp,
    /// No disk of the set that answers is sound.
    NoCandidate,
}

/// How the view is lost (V3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Loss {
    /// There is none, yet members know a group.
    Missing,
    /// A member knows a higher one.
    Older {
        /// Who.
        pod: Pod,
        /// Epoch and version that it knows.
        knows: (Epoch, u64),
    },
    /// A disk of the set belongs to another group.
    OtherGroup {
        /// Whose.
        pod: Pod,
    },
    /// It is there but cannot be read.
    Unreadable(String),
}

/// Looks at all that was seen and says what to do.
pub fn choose(seen: &Seen, wish: &Wish, now: Now) -> Decision {
    match seen.store() {
        Store::Unread => wait(None, Why::Unread),
        Store::Unreadable(why) => Decision::Lost(Loss::Unreadable(why.clone())),
        Store::Missing => birth::choose(seen, wish, now),
        Store::Is(_) if seen.is_doubtful() => Decision::ReadStore,
        Store::Is(view) => lost(seen, view).unwrap_or_else(|| lead(seen, view, wish, now)),
    }
}

fn wait(until: Option<Time>, why: Why) -> Decision {
    Decision::Wait { until, why }
}

/// V3: a view lower than one that a member knows is not the view.
fn lost(seen: &Seen, view: &View) -> Option<Decision> {
    let stored = (view.epoch, view.version);
    for (pod, member) in seen.members() {
        let Some(status) = &member.status else { continue };
        if status.group.is_some_and(|group| group != view.group) {
            // A foreign disk in a pod of ours is not in the set and counts for nothing.
            if view.holds(pod, status.me.storage) {
                return Some(Decision::Lost(Loss::OtherGroup { pod: pod.clone() }));
            }
            continue;
        }
        let knows = member.knows().filter(|knows| *knows > stored);
        if let Some(knows) = knows {
            let read_since = seen.read_afresh().is_some_and(|at| at > member.known_since);
            let lost = Decision::Lost(Loss::Older { pod: pod.clone(), knows });
            return Some(if read_since { lost } else { Decision::ReadStore });
        }
    }
    None
}

/// The view is good: is its primary?
fn lead(seen: &Seen, view: &View, wish: &Wish, now: Now) -> Decision {
    match doubt::judge(seen, view, now.mono) {
        Verdict::Sound => wishes(view, wish),
        Verdict::Hint { until, why: Why::Witness } => {
            promote::ask_ahead(seen, view, now.mono).unwrap_or(wait(until, Why::Witness))
        }
        Verdict::Hint { until, why } => wait(until, why),
        Verdict::Doubt(doubt) => promote::choose(seen, view, &doubt, wish.jitter_ms, now),
    }
}

/// V1, V5: members and minimum as wished. The primary's pod stays allowed until another leads, and the minimum rises only
/// when the set is that large.
fn wishes(view: &View, wish: &Wish) -> Decision {
    if wish.members.is_empty() {
        return Decision::Nothing;
    }
    let mut members = wish.members.clone();
    members.insert(view.primary.clone());
    let allowed = wish.min_in_sync <= view.min_in_sync.max(view.in_sync.len());
    let min_in_sync = if allowed { wish.min_in_sync.max(1) } else { view.min_in_sync };
    if (&members, min_in_sync) == (&view.members, view.min_in_sync) {
        return Decision::Nothing;
    }
    Decision::Write { base: view.version, next: view.with_members(members, min_in_sync) }
}
