//! What holds for every store of the view, wherever it keeps it.
use crate::views::{DEADLINE, first, promoted, sees, sees_view};
use futures_util::future::join_all;
use group::{Epoch, Pod, Refusal, StorageId, View, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use view::{Denial, Outcome, Sight, StoreError, ViewStore};

/// A place where a view can be kept, and what people may do to it behind the store's back.
pub(crate) trait Place {
    type Store: ViewStore + 'static;
    /// A store as one more program would open it.
    fn open(&self) -> Self::Store;
    /// Deletes the view.
    fn delete(&self);
    /// Puts an old copy in its place.
    fn set_back(&self, view: &View);
    /// Makes the newest view unreadable; it says this version.
    fn garble(&self, version: u64);
}

async fn born(place: &impl Place) -> impl ViewStore + 'static {
    let store = place.open();
    assert!(store.create(first()).await.is_written());
    store
}

pub(crate) async fn v2_a_view_is_created_once_and_never_over_another(place: &impl Place) {
    let store = born(place).await;
    assert!(matches!(store.create(first()).await, Outcome::Lost));
    assert_eq!(store.get().await.unwrap(), Some(first()));
    let next = promoted(&first(), 2);
    assert!(store.compare_and_swap(1, next, Writer::Controller).await.is_written());
    assert!(matches!(store.create(first()).await, Outcome::Lost));
}

pub(crate) async fn an_empty_store_has_no_view_and_swaps_nothing(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.get().await.unwrap(), None);
    assert_eq!(sees(&store, |sight| *sight != Sight::Unread).await, Sight::Missing);
    let next = promoted(&first(), 2);
    assert!(matches!(store.compare_and_swap(1, next, Writer::Controller).await, Outcome::Lost));
    assert_eq!(store.get().await.unwrap(), None);
}

pub(crate) async fn the_store_itself_refuses_what_the_rules_forbid(place: &impl Place) {
    let store = born(place).await;
    let mut stranger = promoted(&first(), 2);
    stranger.in_sync.insert("replica-3".into(), StorageId(3));
    let refused = store.compare_and_swap(1, stranger, Writer::Controller).await;
    assert!(matches!(refused, Outcome::Refused(Denial::Rule(Refusal::Adds { .. }))), "{refused:?}");
    let shrunk = first().without(&BTreeSet::from([Pod::new("replica-2")]));
    let by_another = store.compare_and_swap(1, shrunk.clone(), Writer::Member("replica-1".into())).await;
    let not_allowed = matches!(by_another, Outcome::Refused(Denial::Rule(Refusal::NotAllowed { .. })));
    assert!(not_allowed, "{by_another:?}");
    assert!(store.compare_and_swap(1, shrunk, Writer::Member("replica-0".into())).await.is_written());
}

pub(crate) async fn of_eight_writers_on_one_base_exactly_one_wins_each_time(place: &impl Place) {
    const ROUNDS: u64 = 12;
    let store = born(place).await;
    let writers: Vec<_> = (0..8).map(|_| place.open()).collect();
    let mut winners: BTreeMap<u64, View> = BTreeMap::new();
    for base in 1..=ROUNDS {
        let current = store.get().await.unwrap().unwrap();
        assert_eq!(current.version, base);
        let write = async |(writer, boot): (_, u128)| {
            let next = promoted(&current, boot);
            match ViewStore::compare_and_swap(writer, base, next.clone(), Writer::Controller).await {
                Outcome::Written => Some(next),
                Outcome::Lost => None,
                other => panic!("{other:?}"),
            }
        };
        let won: Vec<View> =
            join_all(writers.iter().zip(u128::from(base) * 100..).map(write)).await.into_iter().flatten().collect();
        let [winner] = &won[..] else { panic!("{} won version {}", won.len(), base + 1) };
        assert_eq!(store.get().await.unwrap().as_ref(), Some(winner), "what is stored is what its winner wrote");
        winners.insert(base, winner.clone());
    }
    assert_eq!(winners.len() as u64, ROUNDS);
}

pub(crate) async fn v3_a_deleted_and_a_rolled_back_view_are_reported(place: &impl Place) {
    let store = born(place).await;
    let second = promoted(&first(), 2);
    assert!(store.compare_and_swap(1, second.clone(), Writer::Controller).await.is_written());
    sees_view(&store, &second).await;
    place.set_back(&first());
    sees_view(&store, &first()).await;
    assert_eq!(store.get().await.unwrap(), Some(first()));
    place.delete();
    sees(&store, |sight| *sight == Sight::Missing).await;
    assert_eq!(store.get().await.unwrap(), None);
    let late = store.compare_and_swap(1, second, Writer::Controller).await;
    assert!(matches!(late, Outcome::Lost), "it was based on a view that is gone: {late:?}");
}

pub(crate) async fn v3_a_rebuilt_view_replaces_a_missing_and_an_older_one_and_nothing_else(place: &impl Place) {
    let store = born(place).await;
    let lost = View { version: 41, epoch: Epoch::new(1, 9), ..first() };
    assert!(matches!(store.rebuild(None, lost.clone()).await, Outcome::Lost), "there is one");
    assert!(matches!(store.rebuild(Some(2), lost.clone()).await, Outcome::Lost), "it is another one");
    assert!(store.rebuild(Some(1), lost.clone()).await.is_written());
    assert!(matches!(store.rebuild(Some(41), first()).await, Outcome::Lost), "it would be set back");
    let late = store.compare_and_swap(1, promoted(&first(), 2), Writer::Controller).await;
    assert!(matches!(late, Outcome::Lost), "a write still under way on the older one has lost: {late:?}");
    place.delete();
    assert!(store.rebuild(None, lost.clone()).await.is_written());
    assert_eq!(store.get().await.unwrap(), Some(lost));
}

pub(crate) async fn whoever_begins_to_watch_late_is_told_what_is_there(place: &impl Place) {
    let store = born(place).await;
    sees_view(&store, &first()).await;
    let mut late = store.watch();
    tokio::time::timeout(DEADLINE, late.changed()).await.expect("at once").unwrap();
    assert_eq!(*late.borrow(), Sight::Is(first()));
}

pub(crate) async fn what_one_writes_all_others_see(place: &impl Place) {
    let (store, other) = (born(place).await, place.open());
    let mut current = first();
    for boot in 2..12 {
        sees_view(&other, &current).await;
        let next = promoted(&current, boot);
        let writer: &dyn ViewStore = if boot % 2 == 0 { &store } else { &other };
        assert!(writer.compare_and_swap(current.version, next.clone(), Writer::Controller).await.is_written());
        current = next;
    }
    sees_view(&store, &current).await;
}

pub(crate) async fn a_damaged_view_is_an_error_and_never_passed_over(place: &impl Place) {
    let store = born(place).await;
    place.garble(2);
    let error = store.get().await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { version: 2, .. }), "{error}");
    assert!(error.to_string().contains("rebuild-view"), "{error}");
    sees(&store, |sight| matches!(sight, Sight::Unreadable(_))).await;
    assert!(matches!(store.create(first()).await, Outcome::Lost));
    let on_top = promoted(&View { version: 2, ..first() }, 2);
    assert!(matches!(store.compare_and_swap(2, on_top, Writer::Controller).await, Outcome::Unknown(_)));
    let again = View { version: 3, epoch: Epoch::new(1, 2), ..first() };
    assert!(store.rebuild(Some(2), again.clone()).await.is_written(), "the operator's command replaces it");
    sees_view(&store, &again).await;
}

pub(crate) async fn a_write_goes_on_when_whoever_asked_is_gone(place: &impl Place) {
    let store = born(place).await;
    let next = promoted(&first(), 2);
    let mut write = store.compare_and_swap(1, next.clone(), Writer::Controller);
    let begun = tokio::time::timeout(Duration::ZERO, &mut write).await;
    drop((begun, write));
    sees_view(&store, &next).await;
}

pub(crate) async fn v3_a_rebuilt_view_is_of_a_higher_version_than_the_stored_one(place: &impl Place) {
    let store = born(place).await;
    let beside = View { epoch: Epoch::new(1, 1), ..first() };
    assert!(matches!(store.rebuild(Some(1), beside).await, Outcome::Lost), "two views would have one version");
    assert_eq!(store.get().await.unwrap(), Some(first()));
}
