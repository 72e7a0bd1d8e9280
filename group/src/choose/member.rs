//! What a controller has seen of one member: its connection and what it said. Plain data with the moments; decides nothing.
use crate::ids::{Epoch, Pod, Seq, StorageId, Time};
use crate::status::{Sign, Status};
use std::collections::BTreeMap;

/// A controller's own connection to a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Link {
    /// Never open so far.
    #[default]
    Unknown,
    /// Open, and something was heard lately.
    Up,
    /// It ended, and no attempt has succeeded or been refused since.
    Closed,
    /// The last attempt was refused: nobody listens there, the process is dead.
    Refused,
    /// Open, but nothing was heard for as long as the detector allows.
    Silent,
}

/// One member, as a controller sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Member {
    /// The connection.
    pub link: Link,
    /// Since when it has been so.
    pub link_since: Time,
    /// The last status, of this or an earlier connection.
    pub status: Option<Status>,
    /// When it came.
    pub status_at: Time,
    /// When this process of it first answered.
    pub met: Time,
    /// When it first told of the highest view it knows.
    pub known_since: Time,
    /// When it was last asked for a status.
    pub asked: Option<Time>,
    /// P5: what the whole group was known to have committed well before its status was made. A sound disk has as much.
    pub(super) floor: Seq,
    /// The floor for its next status.
    pub(super) floor_next: Seq,
    /// P5: the most that this disk has ever said to be committed, and which disk: it has as much for ever, whatever becomes of the group.
    pub(super) told: Option<(StorageId, Seq)>,
    /// Whom it doubts, and since when.
    pub(super) doubts: BTreeMap<Pod, (Sign, Time)>,
}

impl Member {
    /// The status, if it came on the connection that is open.
    pub fn answer(&self) -> Option<&Status> {
        self.status.as_ref().filter(|_| self.link == Link::Up && self.status_at >= self.link_since)
    }
    /// Epoch and version of the highest view that it knows; a promise counts as much as a view.
    pub fn knows(&self) -> Option<(Epoch, u64)> {
        let status = self.status.as_ref()?;
        let view = status.view.as_ref().map(|view| (view.epoch, view.version));
        let promised = (status.promised != Epoch::default()).then_some((status.promised, 0));
        view.max(promised)
    }
    /// Takes in what its disk says to be committed. What it said before, if it is the same disk.
    pub(super) fn tells(&mut self, storage: StorageId, commit: Seq) -> Seq {
        let before = self.told.filter(|(disk, _)| *disk == storage).map_or(0, |(_, told)| told);
        self.told = Some((storage, commit.max(before)));
        before
    }
    /// What it says against that pod, and since when.
    pub(super) fn doubts(&self, pod: &Pod) -> Option<(Sign, Time)> {
        self.answer().and_then(|_| self.doubts.get(pod).copied())
    }
}
