//! A running member: the core, the operations it has applied, and the answers it holds. A thin stand-in for the shell.
use crate::disk::{Disk, Snapshot};
use group::{Body, Core, Now, Seq};
use std::collections::BTreeMap;

pub(crate) struct Process {
    pub(crate) core: Core,
    pub(crate) boot: u128,
    /// Operations applied, in log order.
    pub(crate) ops: Vec<u64>,
    pub(crate) applied: Seq,
    /// The same operations as a set.
    pub(crate) seen: Ops,
    /// Committed entries already compared with everyone else's.
    pub(crate) compared: Seq,
    /// Writes that wait for commit: seq and operation.
    pub(crate) writes: BTreeMap<Seq, u64>,
    /// Reads that wait: ticket, what was visible when it was asked, what it saw.
    pub(crate) reads: BTreeMap<u64, (Ops, Ops)>,
    pub(crate) next_ticket: u64,
    /// A paused process handles nothing before this moment (µs).
    pub(crate) paused_until: u64,
}

impl Process {
    pub(crate) fn start(disk: &Disk, pod: &group::Pod, boot: u128) -> Process {
        let core = Core::new(disk.recover(pod, group::BootId(boot)));
        let snapshot = disk.snapshot.as_ref();
        let ops = snapshot.map_or(vec![], |snapshot| snapshot.ops.clone());
        let applied = snapshot.map_or(0, |snapshot| snapshot.at.seq);
        let mut seen = Ops::default();
        ops.iter().for_each(|op| seen.insert(*op));
        let mut process = Process {
            core,
            boot,
            ops,
            applied,
            seen,
            compared: 0,
            writes: BTreeMap::new(),
            reads: BTreeMap::new(),
            next_ticket: 0,
            paused_until: 0,
        };
        process.apply(process.core.commit());
        process
    }
    pub(crate) fn apply(&mut self, upto: Seq) {
        for entry in self.core.entries(self.applied, upto) {
            if let Body::App(bytes) = &entry.body {
                let op = std::str::from_utf8(bytes)
                    .expect("the simulator holds it")
                    .parse()
                    .expect("the simulator holds it");
                self.ops.push(op);
                self.seen.insert(op);
            }
        }
        self.applied = self.applied.max(upto);
    }
    /// A snapshot of what is committed; only of a member whose state is exactly that.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        let seq = self.core.commit();
        let at = self.core.position(seq).filter(|at| at.seq == self.applied && at.seq > 0)?;
        let starts = self.core.starts().iter().filter(|row| row.seq <= seq).copied().collect();
        Some(Snapshot { at, starts, ops: self.ops.clone() })
    }
}

pub(crate) fn clock(micros: u64) -> Now {
    Now { mono: group::Time(micros), wall: 1_700_000_000_000 + micros / 1000 }
}

/// A set of operations, whose numbers are small and dense.
#[derive(Clone, Default)]
pub(crate) struct Ops(Vec<u64>);

impl Ops {
    pub(crate) fn insert(&mut self, op: u64) {
        let word = op as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (op % 64);
    }
    /// The first operation of mine that the other lacks.
    pub(crate) fn lacking_in(&self, other: &Ops) -> Option<u64> {
        let words = self.0.iter().enumerate();
        let missing = words.map(|(i, word)| (i, word & !other.0.get(i).copied().unwrap_or(0)));
        missing.filter(|(_, bits)| *bits != 0).map(|(i, bits)| i as u64 * 64 + u64::from(bits.trailing_zeros())).next()
    }
    pub(crate) fn join(&mut self, other: &Ops) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }
    pub(crate) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}
