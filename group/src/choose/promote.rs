//! Which disk of the set leads next, and which others stay in the set (P1, P5, V5, A1). Never a disk from outside (U1).
use super::doubt::Doubt;
use super::member::Link;
use super::seen::Seen;
use super::{Decision, Why, wait};
use crate::entry::{Cause, Change};
use crate::ids::{Now, Pod, StorageId, Time};
use crate::limits::{ANSWER_AGE_MS, ANSWER_MS, GATHER_MS};
use crate::mistake::planted;
use crate::status::{Role, Status};
use crate::view::View;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Asks, waits, or names the next primary.
pub(super) fn choose(seen: &Seen, view: &View, doubt: &Doubt, jitter_ms: u64, now: Now) -> Decision {
    let poll = Poll::take(seen, view, doubt.since, now.mono);
    if !poll.unasked.is_empty() {
        return Decision::Ask { pods: poll.unasked, until: now.mono.plus_ms(ANSWER_MS) };
    }
    if let Some(until) = poll.pending {
        return wait(Some(until), Why::Answers);
    }
    let gathering = doubt.since.plus_ms(GATHER_MS);
    let restarted = poll.has_restarted(seen, doubt.since);
    if restarted && poll.fresh.len() < view.in_sync.len() && now.mono < gathering {
        return wait(Some(gathering), Why::Gathering);
    }
    let turn = doubt.since.plus_ms(jitter_ms);
    if now.mono < turn {
        return wait(Some(turn), Why::Jitter);
    }
    let Some((to, status)) = poll.longest(view, doubt) else { return wait(None, Why::NoCandidate) };
    let cause = if restarted { Cause::Restarted } else { doubt.cause };
    let suspected_at = now.wall.saturating_sub(now.mono.ms_since(doubt.since));
    let change = Change { cause, suspected_at, decided_at: now.wall };
    let mut keep = poll.keep(view, to, doubt);
    let outside = seen.members().filter_map(|(pod, member)| Some((pod, member.answer()?)));
    let outside = outside.filter(|(pod, status)| !view.holds(pod, status.me.storage)).last();
    if let Some((pod, other)) = outside.filter(|_| planted(4) || planted(27)) {
        keep.insert(pod.clone(), other.me.storage);
        let (to, status) = if planted(4) { (pod, other) } else { (to, status) };
        let next = view.promote(to, status.me.boot, &keep, change);
        return Decision::Write { base: view.version, next };
    }
    let next = view.promote(to, status.me.boot, &keep, change);
    Decision::Write { base: view.version, next }
}

/// On the first sign, before there is a reason: once asked, nobody need be waited for when the second sign comes.
pub(super) fn ask_ahead(seen: &Seen, view: &View, now: Time) -> Option<Decision> {
    let pods = Poll::take(seen, view, seen.doubted()?, now).unasked;
    (!pods.is_empty()).then(|| Decision::Ask { pods, until: now.plus_ms(ANSWER_MS) })
}

/// The answer of a member that could lead: the disk of the set, sound, and not below what is known to be committed.
pub(super) fn is_fit<'a>(seen: &'a Seen, view: &View, pod: &Pod, storage: StorageId) -> Option<&'a Status> {
    let member = seen.member(pod)?;
    let status = member.answer()?;
    let sound = status.unhealthy.is_none() && status.role != Role::Halted && status.group == Some(view.group);
    // P5: a disk that lacks what is committed was set back and counts as wiped.
    let same = status.me.storage == storage || planted(6) || planted(26);
    (sound && same && (status.tail.seq >= member.floor || planted(6) || planted(26))).then_some(status)
}

/// Who of the set has answered since the doubt began.
struct Poll<'a> {
    fresh: BTreeMap<&'a Pod, (StorageId, &'a Status)>,
    /// Connected, but not asked yet.
    unasked: BTreeSet<Pod>,
    /// Until when the last of those who were asked is waited for.
    pending: Option<Time>,
}

impl<'a> Poll<'a> {
    fn take(seen: &'a Seen, view: &'a View, since: Time, now: Time) -> Poll<'a> {
        let mut poll = Poll { fresh: BTreeMap::new(), unasked: BTreeSet::new(), pending: None };
        for (pod, storage) in view.pairs() {
            let Some(member) = seen.member(pod).filter(|member| member.link == Link::Up) else { continue };
            let is_fresh = member.status_at >= since && now.ms_since(member.status_at) <= ANSWER_AGE_MS;
            if is_fresh && member.answer().is_some() {
                poll.fresh.extend(is_fit(seen, view, pod, storage).map(|status| (pod, (storage, status))));
                continue;
            }
            match member.asked.filter(|asked| *asked >= since) {
                None => drop(poll.unasked.insert(pod.clone())),
                Some(asked) if now < asked.plus_ms(ANSWER_MS) => {
                    poll.pending = poll.pending.max(Some(asked.plus_ms(ANSWER_MS)));
                }
                // It has had its time. Its next status, a tenth of a second away at most, is welcome.
                Some(_) => {}
            }
        }
        poll
    }

    /// A1: of those who answer, nobody ran before the doubt began.
    fn has_restarted(&self, seen: &Seen, since: Time) -> bool {
        let met = |pod: &Pod| seen.member(pod).map_or(since, |member| member.met);
        self.fresh.keys().all(|pod| met(pod) >= since)
    }

    /// The longest log; of equal ones not the old primary's pod, then the first by name.
    fn longest(&self, view: &View, doubt: &Doubt) -> Option<(&'a Pod, &'a Status)> {
        let may_lead = |pod: &Pod| doubt.dead || *pod != view.primary;
        let fit = self.fresh.iter().filter(|(pod, _)| may_lead(pod)).map(|(pod, (_, status))| (*pod, *status));
        fit.max_by_key(|(pod, status)| (status.tail.epoch, status.tail.seq, **pod != view.primary, Reverse(*pod)))
    }

    /// The new set: those who answered, if they are enough, else the old one (V5). A primary that lives but does not
    /// work would hold up the next one.
    fn keep(&self, view: &View, to: &Pod, doubt: &Doubt) -> BTreeMap<Pod, StorageId> {
        let stays = |pod: &Pod| pod == to || doubt.dead || *pod != view.primary;
        let answered = self.fresh.iter().filter(|(pod, _)| stays(pod));
        let keep: BTreeMap<_, _> = answered.map(|(pod, (storage, _))| ((*pod).clone(), *storage)).collect();
        if keep.len() >= view.min_in_sync { keep } else { view.in_sync.clone() }
    }
}
