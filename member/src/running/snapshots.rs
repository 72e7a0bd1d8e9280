//! Snapshots in a running member: walking the state in slices while it changes (W5), and loading one that was fetched. Knows when;
//! how they lie on the disk is the storage's business.
use super::Running;
use super::state;
use crate::handle::{Ended, Event as News};
use crate::limits;
use crate::machine::Machine;
use crate::mistake::planted;
use crate::snapshot::{Ending, SnapshotFile};
use bytes::Bytes;
use group::{Input, Position, Seq, Time};
use tokio::task::JoinHandle;

/// A snapshot that is being made.
pub(super) enum Making {
    /// The state is walked.
    Walking { from: Position, at: Option<Bytes>, waits: Option<(Bytes, Option<Bytes>)>, last: Time },
    /// The walk has ended at this entry, which is not yet committed.
    Completing { from: Position, upto: Seq },
    /// The storage puts it in place.
    Publishing,
}

/// A fetched snapshot on its way into a machine.
pub(super) type Loading<M> = JoinHandle<Result<(M, Ending, SnapshotFile), state::BadSnapshot>>;

impl<M: Machine + Send + 'static> Running<M> {
    /// One step towards the next snapshot, if one is due.
    pub(super) fn make_snapshot(&mut self) {
        match self.making.take() {
            None if self.snapshot_is_due() && self.fetching.is_none() && !self.installing => {
                let Some(from) = self.core.position(self.state.applied) else { return };
                self.state.bytes = 0;
                self.store.begin_snapshot(from);
                self.making = Some(Making::Walking { from, at: None, waits: None, last: Time(0) });
            }
            None => {}
            Some(Making::Walking { from, at, waits, last }) => self.walk(from, at, waits, last),
            Some(Making::Completing { from, upto }) => self.complete(from, upto),
            Some(Making::Publishing) => self.making = Some(Making::Publishing),
        }
    }

    fn snapshot_is_due(&self) -> bool {
        let last = self.newest_snapshot.borrow().as_ref().map_or(0, |snapshot| snapshot.id().bytes / 2);
        self.state.bytes >= self.snapshot_every_bytes && self.state.bytes as u64 >= last
    }

    fn walk(&mut self, from: Position, at: Option<Bytes>, waits: Option<(Bytes, Option<Bytes>)>, last: Time) {
        if self.now.mono.0 < last.0 + limits::SLICE_PAUSE_US {
            self.making = Some(Making::Walking { from, at, waits, last });
            return;
        }
        let last = self.now.mono;
        let (bytes, next) = waits.unwrap_or_else(|| {
            let slice = self.state.machine.slice(at.as_deref(), limits::SLICE_BYTES);
            (slice.bytes, slice.next)
        });
        self.making = Some(match (self.store.slice(bytes), next) {
            (Err(bytes), next) => Making::Walking { from, at, waits: Some((bytes, next)), last },
            (Ok(()), Some(next)) => Making::Walking { from, at: Some(next), waits: None, last },
            (Ok(()), None) => Making::Completing { from, upto: self.state.applied },
        });
    }

    fn complete(&mut self, from: Position, upto: Seq) {
        let ending = match self.core.position(upto) {
            Some(at) if self.core.commit() >= upto || planted(15) => at,
            Some(_) => {
                self.making = Some(Making::Completing { from, upto });
                return;
            }
            // The log was replaced under the walk; begin again.
            None => return,
        };
        let starts = self.core.starts().iter().filter(|start| start.seq <= upto).copied().collect();
        let entries = self.core.entries(from.seq, upto).cloned().collect();
        let reigns = self.core.reigns().filter(|reign| reign.seq <= upto).cloned().collect();
        self.store.finish_snapshot(Ending { at: ending, starts, reigns, format: self.core.format() }, entries);
        self.making = Some(Making::Publishing);
    }

    pub(super) fn published(&mut self, snapshot: SnapshotFile) {
        let at = snapshot.id().at;
        tracing::info!(snapshot = %snapshot.id(), "snapshot taken");
        self.making = None;
        self.figures.snapshots += 1;
        self.newest_snapshot.send_replace(Some(snapshot));
        self.step(Input::SnapshotTaken { at });
    }

    /// The snapshot is on the disk in the log's place: load it beside the loop.
    pub(super) fn load(&mut self, snapshot: SnapshotFile) {
        self.fetching = None;
        if let Some(by_hand) = &mut self.by_hand {
            return by_hand.load = Some(snapshot);
        }
        let mut machine = self.state.machine.blank();
        self.loading = Some(tokio::task::spawn_blocking(move || {
            let ending = state::load(&mut machine, &snapshot)?;
            Ok((machine, ending, snapshot))
        }));
    }
    pub(super) fn loaded(&mut self, loaded: Result<(M, Ending, SnapshotFile), state::BadSnapshot>) {
        self.loading = None;
        self.installing = false;
        match loaded {
            Ok((machine, ending, snapshot)) => {
                tracing::info!(snapshot = %snapshot.id(), "snapshot installed");
                let Ending { at, starts, reigns, format } = ending;
                let machine = if planted(34) { self.state.machine.blank() } else { machine };
                self.state = state::State::new(machine, at.seq);
                self.newest_snapshot.send_replace(Some(snapshot));
                self.step(Input::SnapshotInstalled { at, starts, reigns, format });
            }
            Err(state::BadSnapshot::Load(error)) => self.ended = Some(Ended::Load(error)),
            Err(state::BadSnapshot::Storage(error)) => self.ended = Some(Ended::Disk(error)),
        }
    }
    pub(super) fn state_requested(&self) {
        let _ = self.member.events.send(News::StateRequested);
    }
}
