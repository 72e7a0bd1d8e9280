//! The file store on a real directory: races of threads, crash leftovers, damage (V6).
use crate::laws::Place;
use crate::views::{first, promoted, sees};
use group::{BootId, View, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;
use view::{FileStore, Outcome, Sight, ViewStore};

/// A directory for the laws.
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> Directory {
        Directory(TempDir::new().unwrap())
    }
    fn write(&self, version: u64, text: &str) {
        let draft = self.0.path().join("by-hand");
        fs::write(&draft, text).unwrap();
        fs::rename(draft, self.0.path().join(format!("view.{version}"))).unwrap();
    }
}

impl Place for Directory {
    type Store = FileStore;
    fn open(&self) -> FileStore {
        FileStore::open(self.0.path()).unwrap()
    }
    fn delete(&self) {
        versions(self.0.path()).iter().for_each(|v| fs::remove_file(self.0.path().join(format!("view.{v}"))).unwrap());
    }
    fn set_back(&self, view: &View) {
        self.write(view.version, &view::json::write(view));
        let above = versions(self.0.path()).split_off(&(view.version + 1));
        above.iter().rev().for_each(|v| fs::remove_file(self.0.path().join(format!("view.{v}"))).unwrap());
    }
    fn garble(&self, version: u64) {
        self.write(version, "{\"groupId\": \"7\"");
    }
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

#[test]
fn v6_drafts_of_writers_that_died_are_removed_when_they_are_old_and_nothing_else_is() {
    let dir = TempDir::new().unwrap();
    let (long_ago, now) = (SystemTime::now() - Duration::from_secs(3_600), SystemTime::now());
    for (name, written) in [(".draft-1", long_ago), (".draft-2", now), ("notes", long_ago)] {
        fs::File::create(dir.path().join(name)).unwrap().set_modified(written).unwrap();
    }
    let _store = FileStore::open(dir.path()).unwrap();
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.collect::<BTreeSet<_>>(), [".draft-2", "notes"].map(str::to_owned).into());
}

#[test]
fn v6_of_eight_writers_on_one_base_exactly_one_wins_each_time() {
    all_versions_are_won_once(60);
}

/// Whoever made the first view was told that it had lost, if another was so quick to follow it.
#[test]
fn v6_a_birth_counts_however_quickly_others_follow_it() {
    (0..30).for_each(|_| all_versions_are_won_once(3));
}

fn all_versions_are_won_once(rounds: u64) {
    let dir = TempDir::new().unwrap();
    let start = first();
    let won: Vec<Vec<(u64, u128)>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8u128)
            .map(|writer| {
                let (dir, start) = (dir.path(), start.clone());
                scope.spawn(move || contend(dir, start, writer, rounds))
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let mut winner_of = BTreeMap::new();
    for (version, boot) in won.into_iter().flatten() {
        assert_eq!(winner_of.insert(version, boot), None, "version {version} was won twice");
    }
    assert_eq!(winner_of.keys().copied().collect::<Vec<_>>(), (1..=rounds).collect::<Vec<_>>());
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
async fn a_file_that_says_another_version_than_its_name_is_damaged() {
    let (dir, store) = born().await;
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

/// Whoever takes such a directory for a blank one lets a second history begin beside disks with orders on them.
#[tokio::test]
async fn v2_a_directory_that_cannot_be_listed_is_not_one_without_a_view() {
    let (dir, store) = born().await;
    let place = dir.path().to_owned();
    fs::remove_dir_all(&place).unwrap();
    fs::write(&place, "no directory any more").unwrap();
    let error = store.get().await.unwrap_err().to_string();
    assert!(error.starts_with("list "), "{error}");
    for outcome in [store.create(first()).await, store.rebuild(None, first()).await] {
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    }
    sees(&store, |sight| matches!(sight, Sight::Unreadable(_))).await;
    fs::remove_file(&place).unwrap();
}

#[tokio::test]
async fn v6_a_file_that_cannot_be_read_is_not_one_that_is_gone() {
    let (dir, store) = born().await;
    // Nobody reads a directory as a file, not even root.
    fs::create_dir(dir.path().join("view.2")).unwrap();
    let error = store.get().await.unwrap_err().to_string();
    assert!(error.starts_with("read ") && error.contains("view.2"), "{error}");
    let outcome = store.compare_and_swap(2, promoted(&first(), 2), Writer::Controller).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "its base is there, whatever it says: {outcome:?}");
    sees(&store, |sight| matches!(sight, Sight::Unreadable(_))).await;
}

/// The directory itself does not change then, so that only the event tells of it.
#[tokio::test]
async fn v6_a_view_that_is_edited_in_its_place_is_seen() {
    let (dir, store) = born().await;
    sees(&store, |sight| *sight == Sight::Is(first())).await;
    let edited = View { min_in_sync: 1, ..first() };
    fs::write(dir.path().join("view.1"), view::json::write(&edited)).unwrap();
    sees(&store, |sight| *sight == Sight::Is(edited.clone())).await;
}
