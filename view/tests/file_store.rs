//! The file store from outside, on a real directory: races, crash leftovers, loss and damage (V2, V3, V6).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, Refusal, StorageId, View, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use view::{Denial, FileStore, Outcome, Sight, StoreError, ViewStore};

const PODS: [&str; 3] = ["replica-0", "replica-1", "replica-2"];

fn first() -> View {
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
fn promoted(view: &View, boot: u128) -> View {
    view.promote(&view.primary, BootId(boot), &view.in_sync, view.change)
}

async fn born() -> (TempDir, FileStore) {
    let dir = TempDir::new().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    assert!(store.create(first()).await.is_written());
    (dir, store)
}

fn versions(dir: &Path) -> BTreeSet<u64> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_prefix("view.")?.parse().ok()).collect()
}

/// Waits until the watch shows what is wanted; a store that never shows it fails the test.
async fn sees(store: &FileStore, wanted: impl Fn(&Sight) -> bool) -> Sight {
    let mut watch = store.watch();
    let seen = tokio::time::timeout(Duration::from_secs(10), watch.wait_for(|sight| wanted(sight))).await;
    seen.expect("the watch shows it in time").unwrap().clone()
}

#[tokio::test]
async fn v2_a_view_is_created_once_and_never_over_another() {
    let (_dir, store) = born().await;
    assert!(matches!(store.create(first()).await, Outcome::Lost));
    assert_eq!(store.get().await.unwrap(), Some(first()));
    let next = promoted(&first(), 2);
    assert!(store.compare_and_swap(1, next, Writer::Controller).await.is_written());
    assert!(matches!(store.create(first()).await, Outcome::Lost));
}

#[tokio::test]
async fn an_empty_store_has_no_view_and_swaps_nothing() {
    let dir = TempDir::new().unwrap();
    let store = FileStore::open(&dir.path().join("view")).unwrap();
    assert_eq!(store.get().await.unwrap(), None);
    assert_eq!(sees(&store, |sight| *sight != Sight::Unread).await, Sight::Missing);
    let next = promoted(&first(), 2);
    assert!(matches!(store.compare_and_swap(1, next, Writer::Controller).await, Outcome::Lost));
    assert_eq!(store.get().await.unwrap(), None);
}

#[tokio::test]
async fn the_store_itself_refuses_what_the_rules_forbid() {
    let (_dir, store) = born().await;
    let mut stranger = promoted(&first(), 2);
    stranger.in_sync.insert("replica-3".into(), StorageId(3));
    let refused = store.compare_and_swap(1, stranger, Writer::Controller).await;
    assert!(matches!(refused, Outcome::Refused(Denial::Rule(Refusal::Adds { .. }))), "{refused:?}");
    let shrunk = first().without(&BTreeSet::from([Pod::new("replica-2")]));
    let by_another = store.compare_and_swap(1, shrunk.clone(), Writer::Member("replica-1".into())).await;
    assert!(matches!(by_another, Outcome::Refused(Denial::Rule(Refusal::NotAllowed { .. }))), "{by_another:?}");
    assert!(store.compare_and_swap(1, shrunk, Writer::Member("replica-0".into())).await.is_written());
}

#[test]
fn v6_of_eight_writers_on_one_base_exactly_one_wins_each_time() {
    const ROUNDS: u64 = 60;
    let dir = TempDir::new().unwrap();
    let start = first();
    let won: Vec<Vec<(u64, u128)>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8u128)
            .map(|writer| {
                let (dir, start) = (dir.path(), start.clone());
                scope.spawn(move || contend(dir, start, writer, ROUNDS))
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let mut winner_of = BTreeMap::new();
    for (version, boot) in won.into_iter().flatten() {
        assert_eq!(winner_of.insert(version, boot), None, "version {version} was won twice");
    }
    assert_eq!(winner_of.keys().copied().collect::<Vec<_>>(), (1..=ROUNDS).collect::<Vec<_>>());
    for (version, boot) in &winner_of {
        let text = fs::read_to_string(dir.path().join(format!("view.{version}"))).unwrap();
        assert!(text.contains(&BootId(*boot).to_string()), "version {version} holds what its winner wrote");
    }
}

/// Writes on whatever is current until `rounds` versions exist; returns what this writer won.
fn contend(dir: &Path, mut start: View, writer: u128, rounds: u64) -> Vec<(u64, u128)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = FileStore::open(dir).unwrap();
        let mut won = Vec::new();
        start.primary_boot = BootId(writer << 64);
        if store.create(start.clone()).await.is_written() {
            won.push((1, start.primary_boot.0));
        }
        loop {
            let current = store.get().await.unwrap().expect("someone created it");
            if current.version >= rounds {
                return won;
            }
            let boot = (writer << 64) | u128::from(current.version);
            match store.compare_and_swap(current.version, promoted(&current, boot), Writer::Controller).await {
                Outcome::Written => won.push((current.version + 1, boot)),
                Outcome::Lost => {}
                other => panic!("{other:?}"),
            }
        }
    })
}

#[tokio::test]
async fn v6_leftovers_of_a_crash_are_harmless() {
    let (dir, store) = born().await;
    fs::write(dir.path().join(".draft-0000000000000001"), "{\"half\":").unwrap();
    fs::write(dir.path().join("view.2.bak"), "not a version").unwrap();
    fs::write(dir.path().join("view.007"), "not a version either").unwrap();
    assert_eq!(store.get().await.unwrap(), Some(first()));
    let next = promoted(&first(), 2);
    assert!(store.compare_and_swap(1, next.clone(), Writer::Controller).await.is_written());
    let again = FileStore::open(dir.path()).unwrap();
    assert_eq!(again.get().await.unwrap(), Some(next));
}

#[tokio::test]
async fn v6_a_writer_whose_base_was_pruned_has_lost() {
    let (dir, store) = born().await;
    let mut current = first();
    // A version jump stands for a thousand writes: the files are made as the store would have made them.
    for version in 2..=1_030 {
        current = View { version, ..current };
        fs::write(dir.path().join(format!("view.{version}")), view::json::write(&current)).unwrap();
    }
    assert!(store.compare_and_swap(1_030, promoted(&current, 9), Writer::Controller).await.is_written());
    assert_eq!(versions(dir.path()), (8..=1_031).collect(), "the newest 1,024 are kept");
    let late = store.compare_and_swap(1, promoted(&first(), 2), Writer::Controller).await;
    assert!(matches!(late, Outcome::Lost), "{late:?}");
    // A name below the kept ones is free again; making it wins nothing, even if its base came back.
    fs::write(dir.path().join("view.1"), view::json::write(&first())).unwrap();
    let late = store.compare_and_swap(1, promoted(&first(), 2), Writer::Controller).await;
    assert!(matches!(late, Outcome::Lost), "{late:?}");
    assert_eq!(store.get().await.unwrap().unwrap().version, 1_031);
}

#[tokio::test]
async fn v3_a_deleted_and_a_rolled_back_view_are_reported() {
    let (dir, store) = born().await;
    let second = promoted(&first(), 2);
    assert!(store.compare_and_swap(1, second.clone(), Writer::Controller).await.is_written());
    assert_eq!(sees(&store, |sight| *sight == Sight::Is(second.clone())).await, Sight::Is(second));
    fs::remove_file(dir.path().join("view.2")).unwrap();
    sees(&store, |sight| *sight == Sight::Is(first())).await;
    fs::remove_file(dir.path().join("view.1")).unwrap();
    sees(&store, |sight| *sight == Sight::Missing).await;
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(store.get().await.unwrap(), None);
}

#[tokio::test]
async fn v3_a_rebuilt_view_replaces_a_missing_and_an_older_one_and_nothing_else() {
    let (dir, store) = born().await;
    let lost = View { version: 41, epoch: Epoch::new(1, 9), ..first() };
    assert!(matches!(store.rebuild(None, lost.clone()).await, Outcome::Lost), "there is one");
    assert!(matches!(store.rebuild(Some(2), lost.clone()).await, Outcome::Lost), "it is another one");
    assert!(store.rebuild(Some(1), lost.clone()).await.is_written());
    assert_eq!(versions(dir.path()), [41].into(), "a write still under way on an older one finds its base gone");
    fs::remove_file(dir.path().join("view.41")).unwrap();
    assert!(store.rebuild(None, lost.clone()).await.is_written());
    assert_eq!(store.get().await.unwrap(), Some(lost));
}

#[tokio::test]
async fn whoever_begins_to_watch_late_is_told_what_is_there() {
    let (_dir, store) = born().await;
    sees(&store, |sight| *sight == Sight::Is(first())).await;
    let mut late = store.watch();
    tokio::time::timeout(Duration::from_secs(10), late.changed()).await.expect("at once").unwrap();
    assert_eq!(*late.borrow(), Sight::Is(first()));
}

#[tokio::test]
async fn a_directory_made_anew_is_watched_again() {
    let (dir, store) = born().await;
    sees(&store, |sight| *sight == Sight::Is(first())).await;
    fs::remove_dir_all(dir.path()).unwrap();
    sees(&store, |sight| *sight == Sight::Missing).await;
    fs::create_dir(dir.path()).unwrap();
    assert!(store.rebuild(None, first()).await.is_written());
    sees(&store, |sight| *sight == Sight::Is(first())).await;
}

#[tokio::test]
async fn a_damaged_view_is_an_error_and_never_passed_over() {
    let (dir, store) = born().await;
    fs::write(dir.path().join("view.2"), "{\"groupId\": \"7\"").unwrap();
    let error = store.get().await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { version: 2, .. }), "{error}");
    assert!(error.to_string().contains("rebuild-view"), "{error}");
    sees(&store, |sight| matches!(sight, Sight::Unreadable(_))).await;
    assert!(matches!(store.create(first()).await, Outcome::Lost));
    let on_top = promoted(&View { version: 2, ..first() }, 2);
    assert!(matches!(store.compare_and_swap(2, on_top, Writer::Controller).await, Outcome::Unknown(_)));
    fs::write(dir.path().join("view.2"), view::json::write(&first())).unwrap();
    let error = store.get().await.unwrap_err().to_string();
    assert!(error.contains("it says version 1"), "{error}");
}

#[tokio::test]
async fn a_place_that_cannot_be_a_directory_is_said_plainly() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = FileStore::open(&file.join("view")).unwrap_err().to_string();
    assert!(error.contains("make the directory") && error.contains("file"), "{error}");
}

#[test]
fn readers_never_see_half_a_file() {
    let dir = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(FileStore::open(dir.path()).unwrap());
        store.create(first()).await;
        let reader = FileStore::open(dir.path()).unwrap();
        let mut watch = reader.watch();
        let mut current = first();
        let (mut highest, mut slowest) = (0, Duration::ZERO);
        for boot in 0..100 {
            current = promoted(&current, 100 + boot);
            let begun = Instant::now();
            assert!(
                store.compare_and_swap(current.version - 1, current.clone(), Writer::Controller).await.is_written()
            );
            slowest = slowest.max(begun.elapsed());
            let read = reader.get().await.unwrap().expect("there is a view").version;
            let seen = watch.borrow_and_update().clone();
            assert!(!matches!(seen, Sight::Unreadable(_) | Sight::Missing), "{seen:?}");
            assert!(read >= highest, "versions never fall");
            highest = read;
        }
        assert_eq!(highest, current.version);
        println!("slowest of 100 swaps: {slowest:?}");
    });
}
