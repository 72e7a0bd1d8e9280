//! The store of the view: compare-and-swap by the rules of `View::admits`, with writes that are lost, land late or are not answered, with
//! watches that lag, outages, deletion and a rollback. Knows no member's state.
use crate::mix::MS;
use crate::world::{Event, World};
use group::{Epoch, Proposal, View, Writer};
use member::Seen;
use std::collections::BTreeMap;

/// Who waits for the outcome of a write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asker {
    Replica(usize, u128),
    Controller(usize, u64, u64),
}

/// A write on its way.
pub(crate) struct Write {
    /// Epoch and version of what it is based on; `None`: it creates the view. A store that was set back may come to the same
    /// version again, and what is there then is another object.
    pub(crate) base: Option<(Epoch, u64)>,
    pub(crate) next: View,
    pub(crate) writer: Writer,
    pub(crate) asker: Asker,
    /// What was there was deleted or set back since: its base is another object.
    line: u64,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) current: Option<View>,
    pub(crate) history: Vec<View>,
    /// When each view was written.
    pub(crate) landed: BTreeMap<(Epoch, u64), u64>,
    pub(crate) out_until: u64,
    pub(crate) stale_until: u64,
    line: u64,
    pub(crate) lost_since: Option<u64>,
}

/// What tells one view from all others that were ever written.
pub(crate) fn rank(view: &View) -> (Epoch, u64) {
    (view.epoch, view.version)
}

impl Store {
    pub(crate) fn is_out(&self, now: u64) -> bool {
        self.out_until > now
    }
    /// The newest view that there ever was: what the store was set back to does not count, members know better (V3).
    pub(crate) fn newest(&self) -> Option<&View> {
        self.history.iter().max_by_key(|view| (view.epoch, view.version))
    }
    /// What was there is replaced by something older, or by nothing.
    pub(crate) fn set_back(&mut self, view: Option<View>, now: u64) {
        self.current = view;
        self.line += 1;
        self.lost_since = Some(now);
    }
}

impl World {
    pub(crate) fn propose(&mut self, i: usize, boot: u128, proposal: Proposal) {
        let writer = Writer::Member(self.replicas[i].pod.clone());
        self.say(|| format!("r{i} proposes v{} {:?}", proposal.next.version, proposal.next.in_sync.keys()));
        self.law_of_shrinking(i, &proposal);
        let held = self.replicas[i].driven.as_deref().and_then(|driven| driven.core().view());
        let epoch = held.filter(|held| held.version == proposal.base).map_or(Epoch::default(), |held| held.epoch);
        self.put_view(Some((epoch, proposal.base)), proposal.next, writer, Asker::Replica(i, boot));
    }
    pub(crate) fn put_view(&mut self, base: Option<(Epoch, u64)>, next: View, writer: Writer, asker: Asker) {
        let calm = self.calm();
        if self.store.is_out(self.now) || (!calm && self.luck.chance(self.mix.lost_write_percent)) {
            return;
        }
        let late = !calm && self.luck.chance(self.mix.late_write_percent);
        let delay = if late { self.draw(100 * MS, 4_000 * MS) } else { self.draw(MS, 8 * MS) };
        let line = self.store.line;
        self.after(delay, Event::Land(Write { base, next, writer, asker, line }));
    }

    pub(crate) fn land(&mut self, write: Write) {
        let Write { base, next, writer, asker, line } = write;
        let is_base = self.store.current.as_ref().map(rank) == base && line == self.store.line;
        if is_base && base.is_none() && !self.store.history.is_empty() {
            return self.broken("V2: a view is created where there was one before");
        }
        let mut refused = None;
        if let (true, Some(current)) = (is_base, &self.store.current) {
            refused = current.admits(&next, &writer).err();
        }
        if let Some(refusal) = refused {
            return self.broken(format!("{writer:?} proposed what the rules forbid: {refusal}"));
        }
        if is_base {
            self.becomes(next.clone(), &format!("{writer:?}"));
        }
        let silent = !self.calm() && self.luck.chance(self.mix.lost_reply_percent);
        let delay = self.draw(200, 3 * MS);
        match asker {
            _ if silent => {}
            Asker::Replica(i, boot) if is_base => self.show(i, boot, Seen::View(next), delay),
            Asker::Replica(..) => {}
            Asker::Controller(k, life, write) => {
                self.after(delay, Event::Answered(k, life, write, Some(is_base), next))
            }
        }
    }

    /// The store holds this from now on; watches show it after a while.
    pub(crate) fn becomes(&mut self, view: View, by: &str) {
        self.say(|| {
            format!("view v{} {} {} in sync {:?} by {by}", view.version, view.epoch, view.primary, view.in_sync.keys())
        });
        self.law_of_set(&view);
        self.store.landed.insert(rank(&view), self.now);
        self.store.history.push(view.clone());
        self.store.current = Some(view.clone());
        self.watches();
    }
    /// All watches are shown what the store holds.
    pub(crate) fn watches(&mut self) {
        let stale = self.store.stale_until.max(self.store.out_until).saturating_sub(self.now);
        let view = self.store.current.clone();
        for i in 0..self.replicas.len() {
            let delay = stale + self.lag();
            let boot = self.replicas[i].boot;
            if let Some(view) = &view {
                self.show(i, boot, Seen::View(view.clone()), delay);
            }
        }
        for k in 0..self.controllers.len() {
            let (delay, life) = (stale + self.lag(), self.controllers[k].life);
            self.after(delay, Event::Sight(k, life, view.clone()));
        }
    }
    fn lag(&mut self) -> u64 {
        let most = if self.calm() { 3 } else { self.mix.watch_lag_ms.max(3) };
        if self.luck.chance(80) { self.draw(200, 3 * MS) } else { self.draw(200, most * MS) }
    }
}
