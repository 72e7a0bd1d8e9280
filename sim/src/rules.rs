//! Laws about single rules of the protocol (R1, S1, S2, V4, W2), looked at where the rule is used. Changes nothing in the world.
use crate::store::rank;
use crate::world::World;
use group::{Peer, Pod, Proposal, StorageId, View};
use std::collections::BTreeMap;

/// What a process has heard of others.
#[derive(Default)]
pub(crate) struct Ears {
    /// When the newest thing was said that came from this disk.
    pub(crate) said: BTreeMap<StorageId, u64>,
    /// When something came from this member.
    pub(crate) heard: BTreeMap<Pod, u64>,
    /// What it has proposed, and when first.
    proposed: Vec<(u64, Proposal)>,
}

impl Ears {
    pub(crate) fn hear(&mut self, peer: &Peer, said: u64, now: u64) {
        let newest = self.said.entry(peer.storage).or_default();
        *newest = said.max(*newest);
        self.greet(peer, now);
    }
    /// It asks for this view, perhaps again.
    pub(crate) fn proposed(&mut self, proposal: &Proposal, now: u64) {
        if self.proposed.iter().all(|(_, known)| known != proposal) {
            self.proposed.push((now, proposal.clone()));
        }
    }
    /// A connection was opened: whoever is at its other end is there, though he has answered nothing yet.
    pub(crate) fn greet(&mut self, peer: &Peer, now: u64) {
        match self.heard.get_mut(&peer.pod) {
            Some(heard) => *heard = now,
            None => drop(self.heard.insert(peer.pod.clone(), now)),
        }
    }
}

/// Whoever has said nothing for so long does not answer, in µs.
const UNHEARD: u64 = 500_000;

impl World {
    /// R1: whatever appended nothing is answered only when every disk of the set has said something since it was asked, which
    /// it could not if another led.
    pub(crate) fn law_of_barrier(&mut self, asked: u64) {
        let Some((i, boot)) = self.answers else { return };
        let replica = &self.replicas[i];
        let Some(core) = replica.driven.as_deref().filter(|_| replica.boot == boot).map(|driven| driven.core()) else {
            return;
        };
        let Some(held) = core.view().filter(|view| view.primary == replica.pod) else { return };
        // What it wrote and does not know of yet counts too (V4).
        let newest = self.store.newest().filter(|view| view.epoch == held.epoch);
        let known = |view: &&View| self.store.landed.get(&rank(view)).is_some_and(|landed| *landed <= asked);
        // So does what it has proposed, until it sees a higher version.
        let open = |(since, proposal): &&(u64, Proposal)| *since <= asked && proposal.base == held.version;
        let open = replica.ears.proposed.iter().filter(open).map(|(_, proposal)| &proposal.next);
        let disks = [Some(held), newest].into_iter().flatten().filter(known).chain(open).flat_map(View::pairs);
        let silent = |(_, storage): &(_, StorageId)| {
            *storage != replica.storage && replica.ears.said.get(storage).is_none_or(|said| *said < asked)
        };
        let law = disks.into_iter().find(silent).map(|(pod, storage)| {
            format!("R1: r{i} answers what was asked at {asked} µs, and {storage:?} of {pod} has said nothing since")
        });
        if let Some(law) = law {
            self.broken(law);
        }
    }

    /// S1: all that stay in the set answer.
    pub(crate) fn law_of_shrinking(&mut self, i: usize, proposal: &Proposal) {
        let replica = &self.replicas[i];
        let held = replica.driven.as_deref().and_then(|driven| driven.core().view());
        let Some(held) = held.filter(|held| held.epoch == proposal.next.epoch) else { return };
        let long_ago = |moment: u64| moment + UNHEARD < self.now;
        if proposal.next.in_sync.len() >= held.in_sync.len() || !long_ago(replica.awake_since.max(replica.leads_since))
        {
            return;
        }
        let others = proposal.next.in_sync.keys().filter(|pod| **pod != replica.pod);
        let silent = |pod: &&Pod| replica.ears.heard.get(*pod).is_none_or(|heard| long_ago(*heard));
        let law = others.into_iter().find(silent).map(|pod| format!("S1: r{i} keeps {pod}, which does not answer"));
        if let Some(law) = law {
            self.broken(law);
        }
    }

    /// S2: whoever is to be let in holds the start of the epoch, or holds a later one's: then that one's view has been written, and
    /// nothing can be written on the one before it.
    pub(crate) fn law_of_letting_in(&mut self, i: usize, proposal: &Proposal) {
        let held = self.replicas[i].driven.as_deref().and_then(|driven| driven.core().view());
        let Some(held) = held.filter(|held| held.epoch == proposal.next.epoch) else { return };
        let Some((seq, hash)) = self.laws.starts.get(&held.epoch).copied() else { return };
        let anew = proposal.next.pairs().filter(|(pod, storage)| !held.holds(pod, *storage));
        let lacks = |(pod, storage): (&Pod, StorageId)| {
            let end = self.end_of(pod, storage).filter(|end| end.epoch <= held.epoch)?;
            let end = Some(end).filter(|end| !self.laws.holds(*end, seq, hash))?;
            Some(format!("S2: r{i} lets {pod} in, which lacks the start of {}; its disk ends at {end:?}", held.epoch))
        };
        if let Some(law) = anew.into_iter().find_map(lacks) {
            self.broken(law);
        }
    }

    /// I5, S2: whoever is in the set holds all that was committed, and whoever is let in also the start of the epoch.
    pub(crate) fn law_of_set(&mut self, view: &View) {
        let last = self.laws.last();
        let before = self.store.newest().filter(|before| before.epoch == view.epoch);
        let start = self.laws.starts.get(&view.epoch).copied().filter(|_| before.is_some());
        let lacks = view.pairs().find_map(|(pod, storage)| {
            let end = self.end_of(pod, storage)?;
            let anew = before.is_some_and(|before| !before.holds(pod, storage));
            let must_hold = [last, start.filter(|_| anew)];
            let lacking = must_hold.into_iter().flatten().find(|(seq, hash)| !self.laws.holds(end, *seq, *hash))?;
            Some(format!("I5: {pod} is in the set and lacks entry {}; its disk ends at {end:?}", lacking.0))
        });
        if let Some(law) = lacks {
            self.broken(law);
        }
    }

    /// W2: what was promised is remembered; see `law_of_recovery`.
    pub(crate) fn look_at_promise(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        if let Some(promised) = replica.driven.as_deref().and_then(|driven| driven.core().promised()) {
            replica.promise = replica.promise.max(promised);
        }
    }
}
