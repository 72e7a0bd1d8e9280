//! What a controller has seen of store, members and witnesses, with the moments. Takes in facts and decides nothing.
use super::doubt::{self, Verdict};
use super::member::{Link, Member};
use crate::ids::{BootId, Epoch, Pod, Seq, Time};
use crate::limits::{GRACE_MAX_MS, GRACE_MS, REPORT_MS, REPORTS};
use crate::status::{Sign, Status};
use crate::view::View;
use std::collections::BTreeMap;

/// What the store held when it was last looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Store {
    /// Not yet looked at.
    #[default]
    Unread,
    /// There is no view.
    Missing,
    /// This view.
    Is(View),
    /// Something that cannot be read, and why; or the store does not answer.
    Unreadable(String),
}

/// The present epoch, and how long it has been given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Reign {
    epoch: Epoch,
    since: Time,
    /// The highest commit index known when it began: more than that proves that it works.
    floor: Seq,
    fruitful: bool,
    /// How many epochs in a row before it committed nothing.
    barren: u32,
}

impl Reign {
    /// A commit of this epoch covers its first entry (P3), so anything committed in it proves that it works.
    fn note(&mut self, status: &Status) {
        let whole = status.tail.epoch == self.epoch && status.commit >= status.tail.seq;
        let more = status.promised == self.epoch && status.commit > self.floor;
        self.fruitful |= whole || more;
    }
}

/// A front end's word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Report {
    pub(super) boot: BootId,
    pub(super) sign: Sign,
    pub(super) at: Time,
}

/// All that a controller knows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    store: Store,
    /// When the present version was first seen.
    version_since: Time,
    read_afresh: Option<Time>,
    /// The watch has shown an older view than the one held: one of the two is wrong.
    doubtful: bool,
    reign: Option<Reign>,
    members: BTreeMap<Pod, Member>,
    reports: BTreeMap<(String, Pod), Report>,
    /// Since when something counts against the primary.
    doubted: Option<Time>,
}

impl Seen {
    /// The store was seen to hold this: by a watch, or (`afresh`) by a read that began after `now`.
    pub fn stored(&mut self, store: Store, afresh: bool, now: Time) {
        if afresh {
            self.read_afresh = Some(now);
            self.doubtful = false;
        }
        if let Store::Is(view) = &store {
            let held = if let Store::Is(held) = &self.store { Some(held) } else { None };
            // A watch may lag behind a fresh read; or the store was set back (V3). A fresh read tells.
            if !afresh && held.is_some_and(|held| held.group == view.group && rank(held) > rank(view)) {
                self.doubtful = true;
                return;
            }
            if held.is_none_or(|held| rank(held) != rank(view)) {
                self.version_since = now;
            }
            let epoch = view.epoch;
            self.reign(epoch, now);
        }
        self.store = store;
        self.mark(now);
    }
    /// The connection to this member changed.
    pub fn linked(&mut self, pod: &Pod, link: Link, now: Time) {
        let floor = self.commit_floor();
        let member = self.members.entry(pod.clone()).or_default();
        let before = std::mem::replace(&mut member.link, link);
        // A silence that ends leaves the connection what it was; what was said before the silence is old all the same.
        if before != link && (before, link) != (Link::Silent, Link::Up) {
            member.link_since = now;
            member.floor_next = floor;
        }
        self.mark(now);
    }
    /// A member told its status on the open connection.
    pub fn answered(&mut self, status: Status, now: Time) {
        let floor = self.commit_floor();
        let member = self.members.entry(status.me.pod.clone()).or_default();
        let before = member.knows();
        if member.status.as_ref().is_none_or(|old| old.me != status.me) {
            member.met = now;
        }
        let since = |pod: &Pod| member.doubts.get(pod).map_or(now, |(_, since)| *since);
        let doubts = status.suspects.iter().map(|doubt| (doubt.pod.clone(), (doubt.sign, since(&doubt.pod))));
        member.doubts = doubts.collect();
        let told = member.tells(status.me.storage, status.commit);
        member.floor = std::mem::replace(&mut member.floor_next, floor).max(told);
        member.status_at = now;
        if let Some(reign) = &mut self.reign {
            reign.note(&status);
        }
        member.status = Some(status);
        if member.knows() != before {
            member.known_since = now;
        }
        self.mark(now);
    }
    /// This pod is no longer looked at: it was removed by plan and has no part in the group.
    pub fn gone(&mut self, pod: &Pod) {
        self.members.remove(pod);
    }
    /// A front end, by whatever name it gives itself, speaks against a process.
    pub fn told(&mut self, by: &str, pod: &Pod, boot: BootId, sign: Sign, now: Time) {
        self.reports.retain(|_, report| now.ms_since(report.at) <= REPORT_MS);
        if self.reports.len() >= REPORTS {
            return;
        }
        self.reports.insert((by.to_owned(), pod.clone()), Report { boot, sign, at: now });
        self.mark(now);
    }
    /// These members were asked for a status.
    pub fn asked<'a>(&mut self, pods: impl IntoIterator<Item = &'a Pod>, now: Time) {
        for pod in pods {
            self.members.entry(pod.clone()).or_default().asked = Some(now);
        }
    }

    /// What the store held last.
    pub fn store(&self) -> &Store {
        &self.store
    }
    /// The view, if the store held one.
    pub fn view(&self) -> Option<&View> {
        if let Store::Is(view) = &self.store { Some(view) } else { None }
    }
    /// All members that were ever spoken of.
    pub fn members(&self) -> impl Iterator<Item = (&Pod, &Member)> {
        self.members.iter()
    }
    /// One of them.
    pub fn member(&self, pod: &Pod) -> Option<&Member> {
        self.members.get(pod)
    }
    /// When the store was last read afresh.
    pub fn read_afresh(&self) -> Option<Time> {
        self.read_afresh
    }
    /// Since when something counts against the primary.
    pub fn doubted(&self) -> Option<Time> {
        self.doubted
    }
    pub(super) fn version_since(&self) -> Time {
        self.version_since
    }
    /// What front ends say against this process, as long as it counts.
    pub(super) fn reports(&self, pod: &Pod, boot: BootId, now: Time) -> impl Iterator<Item = &Report> {
        let reports = self.reports.iter().filter(move |((_, about), _)| about == pod).map(|(_, report)| report);
        reports.filter(move |report| report.boot == boot && now.ms_since(report.at) <= REPORT_MS)
    }
    /// Until when the present epoch is left alone unless its process is dead (P1).
    pub(super) fn grace(&self) -> Time {
        self.reign.map_or(Time(0), |reign| reign.since.plus_ms((GRACE_MS << reign.barren.min(8)).min(GRACE_MAX_MS)))
    }
    /// Whether the store must be read afresh before anything is decided.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// The highest commit index that anyone of the view's history knows (P5). A history that a loss ended does not count. While
    /// the view is lost, the history is that of the highest view that members know (V3); what a fence has them promise is none yet.
    fn commit_floor(&self) -> Seq {
        let statuses = || self.members.values().filter_map(|member| member.status.as_ref());
        let views = || statuses().filter_map(|status| Some((status, status.view.as_ref()?)));
        let highest = views().map(|(_, view)| view).max_by_key(|view| view.epoch);
        let Some(history) = self.view().or(highest).map(|view| (view.group, view.epoch.loss)) else { return 0 };
        let same = views().filter(|(_, view)| (view.group, view.epoch.loss) == history).map(|(status, _)| status);
        same.map(|status| status.commit).max().unwrap_or(0)
    }
    fn reign(&mut self, epoch: Epoch, now: Time) {
        let barren = match self.reign {
            Some(reign) if reign.epoch == epoch => return,
            Some(reign) if !reign.fruitful => reign.barren + 1,
            _ => 0,
        };
        // What was held against the old primary is not held against the new one.
        self.doubted = None;
        let floor = self.commit_floor();
        self.reign = Some(Reign { epoch, since: now, floor, fruitful: false, barren });
    }
    /// Notes since when something counts against the primary. The first sign counts, however the signs change.
    fn mark(&mut self, now: Time) {
        let Some(view) = self.view() else { return };
        // A connection that is open and on which nothing was said yet clears nobody: another process may answer there (A1).
        let sound = doubt::judge(self, view, now) == Verdict::Sound && doubt::answer(self, view).is_some();
        self.doubted = if sound { None } else { self.doubted.or(Some(now)) };
    }
}

fn rank(view: &View) -> (Epoch, u64) {
    (view.epoch, view.version)
}
