//! Which one pod is to go next, or whether the primary is to hand over first. Pure: never more than one move, and none while
//! anything is unsettled.
use super::installation::Installation;
use super::observed::{Observed, Replica, Set};
use crate::conditions::Kind;
use group::{Epoch, Pod, View};
use std::cmp::Reverse;

/// The one thing to do to the pods.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Move {
    /// Nothing.
    Stay,
    /// Let this pod go, by the eviction API, so that the disruption budget has its say.
    Evict { pod: Pod, uid: String, why: String },
    /// Ask the primary to hand over (H1).
    HandOver { to: Pod, epoch: Epoch, why: String },
}

/// How far the pods are from what is wished, in words for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    Settled,
    Rolling(String),
    Scaling(String),
}

/// How many replicas the StatefulSet must have: those wished, and those that still count.
///
/// A StatefulSet removes its highest number first, so a pod whose disk is in the set, or which leads, keeps all below it.
pub(crate) fn replicas(installation: &Installation, observed: &Observed, set: &Set<'_>) -> i32 {
    let wished = installation.spec.replicas;
    let Some(view) = observed.picture.trusted() else {
        // Nobody knows who counts: nobody goes.
        return wished.max(set.replicas().unwrap_or(0));
    };
    let counting = view.in_sync.keys().chain(&view.members).chain([&view.primary]);
    let highest = counting.filter_map(|pod| installation.ordinal(pod)).max().unwrap_or(0);
    wished.max(highest + 1)
}

/// What to do next. While adapters or front ends are being replaced (`others_roll`) no replica that works is.
pub(crate) fn next(installation: &Installation, observed: &Observed, set: &Set<'_>, others_roll: bool) -> Move {
    let Some(view) = observed.picture.trusted() else { return unborn(installation, observed, set) };
    let outdated = |pod: &Pod| observed.pods.get(pod).is_some_and(|replica| is_outdated(replica, set));
    if !installation.members().contains(&view.primary) {
        let why = format!("{} is to be removed", view.primary);
        return hand_over(installation, observed, view, outdated, why);
    }
    if let Some(broken) = broken(installation, observed, |pod| view.in_sync.contains_key(pod), set) {
        return broken;
    }
    let mut behind: Vec<_> = installation.members().into_iter().filter(outdated).collect();
    if behind.is_empty() || !is_calm(installation, observed, view) || others_roll {
        return Move::Stay;
    }
    behind.retain(|pod| *pod != view.primary);
    behind.sort_by_key(|pod| Reverse(installation.ordinal(pod)));
    match behind.first() {
        Some(pod) => evict(observed, pod, format!("{pod} runs an older template")),
        None => hand_over(installation, observed, view, outdated, format!("{} runs an older template", view.primary)),
    }
}

/// What people are told.
pub(crate) fn progress(installation: &Installation, observed: &Observed, set: &Set<'_>) -> Progress {
    let members = installation.members();
    let named = observed.picture.trusted().map(|view| &view.members);
    let leaving: Vec<_> = observed.pods.keys().filter(|pod| !members.contains(*pod)).collect();
    let coming: Vec<_> = members.iter().filter(|pod| !observed.pods.contains_key(*pod)).collect();
    if !leaving.is_empty() || named.is_some_and(|named| *named != members) {
        return Progress::Scaling(format!("to {} replicas; leaving: {leaving:?}, to come: {coming:?}", members.len()));
    }
    let old: Vec<_> = observed.pods.iter().filter(|(_, it)| is_outdated(it, set)).map(|(pod, _)| pod).collect();
    if old.is_empty() {
        return Progress::Settled;
    }
    let of = observed.pods.len();
    Progress::Rolling(format!("{} of {of} replicas run the newest template; not yet {old:?}", of - old.len()))
}

fn is_outdated(replica: &Replica, set: &Set<'_>) -> bool {
    set.revision().is_some_and(|newest| replica.revision != newest)
}

/// Before a group is born nobody counts, and a template that never worked must not keep it from being born.
fn unborn(installation: &Installation, observed: &Observed, set: &Set<'_>) -> Move {
    let picture = &observed.picture;
    if !picture.read || picture.view.is_some() || picture.conditions.is_empty() || picture.holds(Kind::ViewLost) {
        return Move::Stay;
    }
    broken(installation, observed, |_| false, set).unwrap_or(Move::Stay)
}

/// An outdated pod that does not work and does not count may go at any time: waiting for it would be waiting for ever.
fn broken(
    installation: &Installation,
    observed: &Observed,
    counts: impl Fn(&Pod) -> bool,
    set: &Set<'_>,
) -> Option<Move> {
    if observed.pods.values().any(|replica| replica.leaving) {
        return None;
    }
    let is_broken = |pod: &Pod, it: &Replica| is_outdated(it, set) && !it.ready && !counts(pod);
    let members = installation.members();
    let mut pods = observed.pods.iter().filter(|(pod, it)| members.contains(*pod) && is_broken(pod, it));
    let (pod, _) = pods.next()?;
    Some(evict(observed, pod, format!("{pod} runs an older template and does not work")))
}

/// Whether one more replica may be taken away: all are there, all are in sync, and orders flow.
fn is_calm(installation: &Installation, observed: &Observed, view: &View) -> bool {
    let Observed { picture, pods, .. } = observed;
    let well = |pod: &Pod| {
        let runs = pods.get(pod).is_some_and(|it| it.ready && !it.leaving && it.gate == Some(true));
        runs && picture.in_sync(pod)
    };
    picture.holds(Kind::Available)
        && !picture.holds(Kind::FailoverInProgress)
        && view.members == installation.members()
        && installation.members().iter().all(well)
}

fn evict(observed: &Observed, pod: &Pod, why: String) -> Move {
    let replica = observed.pods.get(pod).filter(|replica| !replica.leaving && !replica.foreign);
    replica.map_or(Move::Stay, |replica| Move::Evict { pod: pod.clone(), uid: replica.uid.clone(), why })
}

/// To a member in sync that stays: one of the newest template, so that the primary moves once.
fn hand_over(
    installation: &Installation,
    observed: &Observed,
    view: &View,
    outdated: impl Fn(&Pod) -> bool,
    why: String,
) -> Move {
    let Observed { picture, pods, asked, .. } = observed;
    if *asked == Some(view.epoch) || !picture.holds(Kind::Available) || picture.holds(Kind::FailoverInProgress) {
        return Move::Stay;
    }
    let stays = |pod: &Pod| pods.get(pod).is_some_and(|it| it.ready && !it.leaving) && picture.in_sync(pod);
    let mut fit: Vec<_> = installation.members().into_iter().filter(|pod| *pod != view.primary && stays(pod)).collect();
    fit.sort_by_key(|pod| (outdated(pod), installation.ordinal(pod)));
    fit.into_iter().next().map_or(Move::Stay, |to| Move::HandOver { to, epoch: view.epoch, why })
}
