//! Who belongs to the set: the primary's shrinks, expansions and swaps (S1, S2), and what counts while their outcome is not known (V4).
use crate::ids::{Now, Pod, StorageId, Time};
use crate::io::Output;
use crate::lead::Lead;
use crate::limits::{
    CALM_MS, EXPAND_PATIENCE_MS, NEAR_TAIL_MS, PROPOSE_AGAIN_MS, SLOW_FLOOR_MS, SLOW_FOR_MS, SLOW_MS, SLOW_RATIO,
};
use crate::local::Local;
use crate::mistake::planted;
use crate::progress::Stage;
use crate::view::{Proposal, View};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// A learner that is about to be proposed: commits need its disk from now on.
#[derive(Clone, Hash)]
struct Joining {
    pod: Pod,
    storage: StorageId,
    since: Time,
}

/// A written view whose outcome has not been seen.
#[derive(Clone, Hash)]
struct Open {
    next: View,
    sent_at: Time,
}

/// Proposals on the version held.
///
/// Invariant: every open proposal's base is the version of the view held; they all end together, when a higher one is seen.
#[derive(Clone, Default)]
pub(crate) struct Sets {
    open: Vec<Open>,
    joining: Option<Joining>,
    /// V3: disks of the sets before the one of the view held, needed until that view is on this disk: if it were lost with what was
    /// committed by it, and no disk knew it, it would be rebuilt with a disk that lacks that.
    left: BTreeSet<(Pod, StorageId)>,
    /// After a fruitless expansion, the next is not tried before this.
    wait_until: Option<Time>,
}

/// Proposals on one base; more would only be the same ones again.
const OPEN_MAX: usize = 8;

impl Sets {
    /// See `Core::alike`.
    pub(crate) fn alike(&self, into: &mut impl Hasher) {
        let Sets { open, joining, left, wait_until } = self;
        (open, joining, left, wait_until).hash(into);
    }
    /// V4: the disks that commits and reads need: of the set, of every open proposal, of a learner about to be proposed, and of a set
    /// whose end is not on this disk yet.
    pub(crate) fn needed<'a>(&'a self, view: &'a View) -> impl Iterator<Item = (&'a Pod, StorageId)> {
        let joining = self.joining.as_ref().map(|joining| (&joining.pod, joining.storage));
        let swapped = |pod: &Pod, storage| {
            let other = |open: &Open| open.next.in_sync.get(pod).is_some_and(|new| *new != storage);
            planted(24) && self.open.iter().any(other)
        };
        let shrunk = |pod: &Pod| {
            let resigns = self.open.iter().any(|open| open.next.epoch != view.epoch);
            let gone =
                self.open.iter().any(|open| open.next.epoch == view.epoch && !open.next.in_sync.contains_key(pod));
            gone && (planted(3) || (planted(25) && resigns))
        };
        let base = view.pairs().filter(move |(pod, storage)| !swapped(pod, *storage) && !shrunk(pod));
        let open = self.open.iter().flat_map(|open| open.next.pairs());
        let left = self.left.iter().map(|(pod, storage)| (pod, *storage));
        base.chain(open.filter(move |(pod, _)| !shrunk(pod))).chain(joining).chain(left)
    }
    /// The view held is on this disk.
    pub(crate) fn kept(&mut self) {
        self.left.clear();
    }
    /// A higher version of the same epoch was seen: the set of this one is needed until that is on the disk.
    pub(crate) fn leave(&mut self, former: &View) {
        self.left.extend(former.pairs().map(|(pod, storage)| (pod.clone(), storage)));
        self.settled();
    }
    /// A higher version was seen: whatever was proposed on the old one has either become it or never will.
    pub(crate) fn settled(&mut self) {
        self.open.clear();
        self.joining = None;
        self.wait_until = None;
    }
    /// Writes this view, unless the same one was written just now.
    pub(crate) fn propose(&mut self, view: &View, next: View, now: Now, out: &mut Vec<Output>) {
        let proposal = Proposal { base: view.version, next: next.clone() };
        if let Some(open) = self.open.iter_mut().find(|open| open.next == next) {
            if now.mono.ms_since(open.sent_at) < PROPOSE_AGAIN_MS {
                return;
            }
            open.sent_at = now.mono;
            out.push(Output::ReadView { held: view.version });
        } else if self.open.len() < OPEN_MAX {
            self.open.push(Open { next, sent_at: now.mono });
        } else {
            return;
        }
        out.push(Output::Propose(proposal));
    }
}

/// How sure it is that a member of the set has to go; the surest go first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doom {
    Slow,
    Unwanted,
    Silent,
    Gone,
}

impl Lead {
    pub(crate) fn flush_sets(&mut self, local: &Local, now: Now, out: &mut Vec<Output>) {
        let Some(view) = &local.view else { return };
        // V3: while the view is lost nobody changes it, nor before it is known here for good. Once the resignation is written, it is the
        // only write.
        if local.view_lost || !local.view_is_saved() || self.has_resigned() {
            return;
        }
        self.keep_calm(now);
        // A hand-over first needs everything committed, so the dead still have to go; nobody new is let in.
        if !self.shrink(local, view, now, out) && self.drain.is_none() {
            self.expand(local, view, now, out);
        }
    }

    /// S1: one write removes all that are silent, gone, slow or unwanted, as far as the minimum allows, if all that stay answer.
    fn shrink(&mut self, local: &Local, view: &View, now: Now, out: &mut Vec<Output>) -> bool {
        let mut doomed: Vec<(Doom, Pod)> = vec![];
        for (pod, storage) in view.pairs().filter(|(pod, _)| **pod != local.me.pod) {
            if let Some(doom) = self.doom(local, view, pod, storage, now) {
                doomed.push((doom, pod.clone()));
            }
        }
        doomed.sort_by(|a, b| b.cmp(a));
        let spare = view.in_sync.len().saturating_sub(view.min_in_sync);
        doomed.truncate(spare);
        let gone: BTreeSet<Pod> = doomed.iter().map(|(_, pod)| pod.clone()).collect();
        let stays = |pod: &Pod| *pod != local.me.pod && !gone.contains(pod);
        let answers = |pod: &Pod| self.peers.get(pod).is_some_and(|progress| progress.is_answering());
        if gone.is_empty() || (!planted(16) && !view.in_sync.keys().filter(|pod| stays(pod)).all(answers)) {
            return false;
        }
        for (_, pod) in doomed.iter().filter(|(doom, _)| *doom == Doom::Slow) {
            if let Some(progress) = self.peers.get_mut(pod) {
                progress.barred_until = Some(now.mono.plus_ms(CALM_MS));
            }
        }
        self.sets.propose(view, view.without(&gone), now, out);
        true
    }

    /// Who was shrunk out for slowness and is slow again has its time of calm begin anew.
    fn keep_calm(&mut self, now: Now) {
        for progress in self.peers.values_mut() {
            let Some((until, peer)) = progress.barred_until.zip(progress.peer.as_ref()) else { continue };
            let held = self.held.get(&peer.storage).map_or(0, |held| held.seq);
            if now.mono < until && !self.ages.is_within(SLOW_MS, now.mono, held) {
                progress.barred_until = Some(now.mono.plus_ms(CALM_MS));
            }
        }
    }

    fn doom(&mut self, local: &Local, view: &View, pod: &Pod, storage: StorageId, now: Now) -> Option<Doom> {
        let others: Vec<u64> = view
            .pairs()
            .filter(|(other, _)| *other != pod && **other != local.me.pod)
            .map(|(_, s)| self.lag_ms(s, now))
            .collect();
        let lag = self.lag_ms(storage, now);
        let progress = self.peers.get_mut(pod)?;
        let other_disk = progress.peer.as_ref().is_some_and(|peer| peer.storage != storage);
        // A wiped member of a set at its minimum is replaced by one swap (S2), not shrunk out.
        if progress.refused || other_disk {
            return Some(Doom::Gone);
        }
        if progress.detector.is_silent() {
            return Some(Doom::Silent);
        }
        if progress.leaves || !view.members.contains(pod) {
            return Some(Doom::Unwanted);
        }
        let far = lag > SLOW_FLOOR_MS && others.iter().all(|other| lag > SLOW_RATIO * *other) && !others.is_empty();
        progress.lags_since = if far { progress.lags_since.or(Some(now.mono)) } else { None };
        let lags_long = progress.lags_since.is_some_and(|since| now.mono.ms_since(since) >= SLOW_FOR_MS);
        // One that does not answer at all is for the detector to judge: it may return at once when it is heard again.
        (progress.is_answering() && (lag > SLOW_MS || lags_long)).then_some(Doom::Slow)
    }
    /// The age of the oldest entry that this disk has not acknowledged.
    fn lag_ms(&self, storage: StorageId, now: Now) -> u64 {
        self.ages.lag_ms(now.mono, self.held_by(storage))
    }

    /// S2: lets a learner in once it is near the tail and holds this epoch's start.
    fn expand(&mut self, local: &Local, view: &View, now: Now, out: &mut Vec<Output>) {
        if self.sets.joining.is_none() {
            self.sets.joining = self.pick_learner(view, now);
        }
        let Some(joining) = &self.sets.joining else { return };
        let (pod, storage, since) = (joining.pod.clone(), joining.storage, joining.since);
        let proposed = self.sets.open.iter().any(|open| open.next.holds(&pod, storage));
        let enough = if planted(21) { local.commit } else { local.commit.max(self.start) };
        if self.held_by(storage) >= enough || planted(8) {
            self.sets.propose(view, view.with(&pod, storage), now, out);
        } else if proposed {
            // After the write V4 decides: only a higher version ends it.
        } else if now.mono.ms_since(since) >= EXPAND_PATIENCE_MS || !self.is_near(&pod, storage, now) {
            self.sets.joining = None;
            self.sets.wait_until = Some(now.mono.plus_ms(EXPAND_PATIENCE_MS));
        }
    }

    fn pick_learner(&self, view: &View, now: Now) -> Option<Joining> {
        if self.sets.wait_until.is_some_and(|until| now.mono < until) {
            return None;
        }
        let stuck = self.is_stuck(view);
        let ready = |pod: &&Pod| {
            let progress = &self.peers.get(*pod)?;
            let storage = progress.peer.as_ref()?.storage;
            let calm = stuck || progress.barred_until.is_none_or(|until| now.mono >= until);
            let wanted = calm && !progress.leaves && !view.holds(pod, storage) && progress.is_answering();
            (wanted && self.is_near(pod, storage, now)).then_some(storage)
        };
        let mut learners = view.members.iter().filter_map(|pod| Some((pod.clone(), ready(&pod)?)));
        learners.next().map(|(pod, storage)| Joining { pod, storage, since: now.mono })
    }
    /// Whether nothing is committed for want of someone who cannot be spared: whoever was slow is then better than nobody.
    fn is_stuck(&self, view: &View) -> bool {
        let gone = |pod: &Pod| self.peers.get(pod).is_some_and(|it| it.refused || it.detector.is_silent());
        view.in_sync.len() <= view.min_in_sync && view.in_sync.keys().any(gone)
    }
    /// Whether a learner has kept up with the tail to within `NEAR_TAIL_MS`.
    fn is_near(&self, pod: &Pod, storage: StorageId, now: Now) -> bool {
        let streams = self.peers.get(pod).is_some_and(|progress| progress.stage == Stage::Streaming);
        streams
            && self.ages.is_within(NEAR_TAIL_MS, now.mono, self.held_by(storage))
            && self.held.contains_key(&storage)
    }
}
