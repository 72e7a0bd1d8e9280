//! The controllers of a run: in some runs the real choice, in the others a crude one that promotes on a whim.
use super::{Event, MS, STORE, World};
use crate::process::clock;
use group::choose::{Decision, Link, Seen, Store, Wish, choose};
use group::{BootId, Cause, Change, GroupId, Pod, Proposal, Serving, Sign, StorageId, Writer};
use std::collections::BTreeMap;

/// A connection on which nothing came for this long, in µs, is silent.
const SILENT_US: u64 = 600 * MS;

impl World {
    pub(super) fn control(&mut self, which: usize) {
        match self.controllers.take() {
            None => self.control_crudely(which),
            Some(mut seen) => {
                self.observe(&mut seen[which]);
                self.decide(&mut seen[which], which);
                self.controllers = Some(seen);
            }
        }
    }

    /// What this controller's connections show at this moment, and its watch of the view, which may be late.
    fn observe(&mut self, seen: &mut Seen) {
        let now = clock(self.now);
        for i in 0..self.nodes.len() {
            let pod = self.nodes[i].pod.clone();
            let reached = !self.cut.contains(&(i, STORE)) && self.pause_of(i) == 0;
            let known = seen.member(&pod).map(|member| (member.link, member.status_at, member.status.clone()));
            let (link, heard, status) = known.unwrap_or_default();
            let same = status.is_some_and(|status| Some(status.me.boot.0) == self.boot(i));
            if self.nodes[i].process.is_none() {
                seen.linked(&pod, if reached { Link::Refused } else { Link::Closed }, now.mono);
            } else if reached {
                if !same || link == Link::Refused {
                    seen.linked(&pod, Link::Closed, now.mono);
                }
                seen.linked(&pod, Link::Up, now.mono);
                let process = self.nodes[i].process.as_ref().expect("it was there a moment ago");
                seen.answered(process.core.status(now), now.mono);
            } else if link == Link::Up && self.now - heard.0 > SILENT_US {
                seen.linked(&pod, Link::Silent, now.mono);
            }
        }
        if !self.luck.chance(20) {
            seen.stored(Store::Is(self.store.view.clone()), false, now.mono);
        }
        if std::mem::take(&mut self.suspected) || self.luck.chance(10) {
            let view = &self.store.view;
            let deaf = self.pause_of(self.index(&view.primary)) > 0;
            let sign = if deaf || self.luck.chance(50) { Sign::Silent } else { Sign::Refused };
            seen.told("front", &view.primary, view.primary_boot, sign, now.mono);
        }
    }

    fn decide(&mut self, seen: &mut Seen, which: usize) {
        let members = self.nodes.iter().map(|node| node.pod.clone()).collect();
        let (min_in_sync, group) = (self.mix.min_in_sync, GroupId(8));
        let wish = Wish { members, min_in_sync, group, jitter_ms: 40 * which as u64 };
        let now = clock(self.now);
        match choose(seen, &wish, now) {
            Decision::Write { base, next } => {
                self.say(format!("controller {which} names {} with {:?}", next.primary, next.in_sync.keys()));
                self.put(Proposal { base, next }, Writer::Controller, None);
            }
            Decision::Ask { pods, .. } => seen.asked(&pods, now.mono),
            Decision::ReadStore => seen.stored(Store::Is(self.store.view.clone()), true, now.mono),
            Decision::Birth(_) => self.fail("V2 broken: a group is born a second time"),
            Decision::Lost(loss) => self.fail(&format!("V3 broken: a view is called lost that is not: {loss:?}")),
            Decision::Nothing | Decision::Wait { .. } => {}
        }
        let delay = self.luck.between(5 * MS, 60 * MS);
        self.at(delay, Event::Controller(which));
    }

    /// A controller that is worse than any real one: it promotes on a whim, and only never outside the rules.
    fn control_crudely(&mut self, which: usize) {
        let delay = self.luck.between(20 * MS, 80 * MS);
        self.at(delay, Event::Controller(which));
        let view = self.store.view.clone();
        let primary = self.index(&view.primary);
        let gone = self.boot(primary) != Some(view.primary_boot.0) || self.cut.contains(&(primary, STORE));
        let dead = gone || self.pause_of(primary) > 700 * MS;
        let leads = self.nodes[primary].process.as_ref().is_some_and(|process| process.core.serving() != Serving::No);
        let suspected = std::mem::take(&mut self.suspected) || dead || (!leads && self.luck.chance(3));
        if !suspected {
            return;
        }
        let answers: BTreeMap<Pod, StorageId> = view
            .pairs()
            .filter(|(pod, storage)| {
                let node = &self.nodes[self.index(pod)];
                let index = self.index(pod);
                let reached = self.pause_of(index) == 0 && !self.cut.contains(&(index, STORE));
                node.disk.storage == *storage && node.process.is_some() && reached
            })
            .map(|(pod, storage)| (pod.clone(), storage))
            .collect();
        let best = answers.keys().max_by_key(|pod| {
            let status = self.nodes[self.index(pod)]
                .process
                .as_ref()
                .expect("the simulator holds it")
                .core
                .status(clock(self.now));
            (status.tail.epoch, status.tail.seq)
        });
        let Some(best) = best.cloned() else { return };
        let behind = self.nodes.iter().filter_map(|node| node.process.as_ref()?.core.view().map(|view| view.version));
        if behind.max().unwrap_or(0) > view.version {
            return;
        }
        let Some(boot) = self.boot(self.index(&best)) else { return };
        if (&best, boot) == (&view.primary, view.primary_boot.0) {
            return;
        }
        let keep = if answers.len() >= view.min_in_sync { answers } else { view.in_sync.clone() };
        let change = Change { cause: Cause::Died, suspected_at: 0, decided_at: 0 };
        let next = view.promote(&best, BootId(boot), &keep, change);
        self.say(format!("controller {which} promotes {best} with {:?}", keep.keys()));
        self.put(Proposal { base: view.version, next }, Writer::Controller, None);
    }
}
