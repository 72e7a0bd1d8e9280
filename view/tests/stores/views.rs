//! Views to write, and waiting until a store shows one.
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};
use std::time::Duration;
use view::{Sight, ViewStore};

/// Whatever is waited for comes within this, or the test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

const PODS: [&str; 3] = ["replica-0", "replica-1", "replica-2"];

pub(crate) fn first() -> View {
    View {
        group: GroupId(7),
        version: 1,
        epoch: Epoch::new(0, 1),
        primary: PODS[0].into(),
        primary_boot: BootId(1),
        in_sync: (0u128..3).map(|n| (Pod::new(PODS[n as usize]), StorageId(n))).collect(),
        members: PODS.map(Pod::new).into(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}

/// The same view with another process of the primary: the least that a controller may write.
pub(crate) fn promoted(view: &View, boot: u128) -> View {
    view.promote(&view.primary, BootId(boot), &view.in_sync, view.change)
}

/// Waits until the watch shows what is wanted; a store that never shows it fails the test.
pub(crate) async fn sees(store: &dyn ViewStore, wanted: impl Fn(&Sight) -> bool) -> Sight {
    let mut watch = store.watch();
    let seen = tokio::time::timeout(DEADLINE, watch.wait_for(|sight| wanted(sight))).await;
    seen.expect("the watch shows it in time").unwrap().clone()
}

pub(crate) async fn sees_view(store: &dyn ViewStore, view: &View) {
    sees(store, |sight| sight.view() == Some(view)).await;
}
