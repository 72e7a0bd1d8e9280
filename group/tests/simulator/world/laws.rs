//! The laws that no run may break, checked after every step (I1–I9 of docs/protocol.md). Looks at the world and changes only what clients saw.
use super::World;
use group::{Seq, Serving};
use std::collections::BTreeSet;

impl World {
    pub(super) fn committed(&mut self, i: usize, seq: Seq) {
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        if process.core.serving() == Serving::No {
            process.apply(seq);
        }
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        let from = std::mem::replace(&mut process.compared, seq);
        let told: Vec<_> = process.core.entries(from, seq).map(|entry| (entry.seq, entry.hash())).collect();
        for (seq, hash) in told {
            if *self.committed.entry(seq).or_insert(hash) != hash {
                self.fail(&format!("I1 broken: r{i} has another entry {seq} committed"));
            }
        }
        self.acknowledge(i, seq);
    }
    pub(super) fn acknowledge(&mut self, i: usize, seq: Seq) {
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        let waiting = process.writes.split_off(&(seq + 1));
        let done = std::mem::replace(&mut process.writes, waiting);
        for (seq, op) in done {
            self.visible.insert(op);
            let position = self.nodes[i].process.as_ref().expect("the simulator holds it").core.position(seq);
            let Some(position) = position else { continue };
            for (pod, storage) in &self.store.view.in_sync {
                let disk = &self.nodes[self.index(pod)].disk;
                if disk.storage == *storage && !disk.holds(position) {
                    self.fail(&format!(
                        "I5 broken: entry {seq} was acknowledged, but {pod} of the set does not hold it"
                    ));
                }
            }
        }
    }
    pub(super) fn read_ready(&mut self, i: usize, ticket: u64) {
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        let waiting = process.reads.split_off(&(ticket + 1));
        let done = std::mem::replace(&mut process.reads, waiting);
        for (_, (visible, seen)) in done {
            self.reads += 1;
            if let Some(missing) = visible.lacking_in(&seen) {
                self.fail(&format!("I8 broken: a read at r{i} does not see operation {missing}"));
            }
            self.visible.join(&seen);
        }
    }
    pub(super) fn must_have_healed(&mut self) {
        let view = self.store.view.clone();
        if view.in_sync.len() != self.nodes.len() {
            self.fail(&format!("not healed: in sync are {:?} of v{} {}", view.in_sync, view.version, view.epoch));
        }
        let primary = self.index(&view.primary);
        let Some(process) = &self.nodes[primary].process else { self.fail("not healed: no primary") };
        if process.core.serving() != Serving::Yes || process.core.commit() + 50 < process.core.tail().seq {
            self.fail("not healed: the primary does not commit");
        }
        let mut once = BTreeSet::new();
        if !process.ops.iter().all(|op| once.insert(*op)) {
            self.fail("I9 broken: an operation is there twice");
        }
        if let Some(missing) = self.visible.lacking_in(&process.seen) {
            self.fail(&format!("I3 broken: operation {missing} was shown to a client and is gone"));
        }
    }
}
