//! The view that the tests of this crate begin with. Knows no store.
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};

/// The first view of a group of one.
pub(crate) fn first() -> View {
    let pod = Pod::new("replica-0");
    View {
        group: GroupId(7),
        version: 1,
        epoch: Epoch::new(0, 1),
        primary: pod.clone(),
        primary_boot: BootId(1),
        in_sync: [(pod.clone(), StorageId(1))].into(),
        members: [pod].into(),
        min_in_sync: 1,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}
