//! Snapshots that replicas fetch from each other (C1), piece by piece, on connections of their own. Reads no snapshot.
use crate::mix::MS;
use crate::network::Actor;
use crate::replicas::Item;
use crate::world::{Event, World};
use member::Driven;
use member::snapshot::SnapshotFile;

/// A fetch under way: which one, whose, and what its connection remembers at the other end.
pub(crate) struct Fetch {
    pub(crate) number: u64,
    from: usize,
    pub(crate) boot: u128,
    held: Option<SnapshotFile>,
    pub(crate) waits: bool,
}

impl World {
    pub(crate) fn go_on_fetching(&mut self, i: usize, boot: u128) {
        let Some((from, number)) = self.replicas[i].driven.as_deref().and_then(Driven::fetches) else {
            self.replicas[i].fetch = None;
            return;
        };
        let Some(from) = self.index(&from) else { return };
        if self.replicas[i].fetch.as_ref().is_none_or(|fetch| fetch.number != number) {
            self.replicas[i].fetch = Some(Fetch { number, from, boot: 0, held: None, waits: false });
        }
        if let Some(fetch) = &mut self.replicas[i].fetch
            && !std::mem::replace(&mut fetch.waits, true)
        {
            let delay = self.flight();
            self.after(delay, Event::Pull(i, boot, number));
        }
    }
    pub(crate) fn pull(&mut self, i: usize, boot: u128, number: u64) {
        if self.replicas[i].boot != boot || self.replicas[i].driven.is_none() {
            return;
        }
        let Some(mut fetch) = self.replicas[i].fetch.take() else { return };
        if fetch.number != number {
            self.replicas[i].fetch = Some(fetch);
            return;
        }
        let from = fetch.from;
        let cut = self.net.is_held(i, from, self.now) || self.net.is_held(from, i, self.now);
        let stopped = self.pause_of(Actor::Replica(from)) + self.pause_of(Actor::Replica(i)) > 0;
        if cut || stopped || self.replicas[from].driven.is_none() {
            fetch.boot = 0;
            self.replicas[i].fetch = Some(fetch);
            return self.after(100 * MS, Event::Pull(i, boot, number));
        }
        let anew = fetch.boot != self.replicas[from].boot;
        let Some(driven) = &mut self.replicas[i].driven else { return };
        let asked = if anew { Some(driven.first_pull()) } else { driven.next_pull() };
        if anew {
            (fetch.boot, fetch.held) = (self.replicas[from].boot, None);
        }
        let holder = self.replicas[from].driven.as_deref();
        let given = asked.zip(holder).map(|(asked, holder)| holder.give(&mut fetch.held, asked));
        self.replicas[i].fetch = Some(fetch);
        match given {
            Some(given) => {
                let delay = self.flight() + self.draw(MS, 20 * MS);
                self.after(delay, Event::Pulled(i, boot, number, given));
            }
            // The disk has not said yet what it wants.
            None => self.after(5 * MS, Event::Pull(i, boot, number)),
        }
    }
    pub(crate) fn pulled(&mut self, i: usize, boot: u128, number: u64, given: member::Given) {
        if self.replicas[i].boot == boot {
            self.put(i, Item::Given(number, given));
        }
    }
}
