//! The steps of a write one at a time (V6): what is on the disk before the next one, what others may do in between, and what it means
//! when one of them fails.
use super::*;
use crate::sample::first;
use group::{BootId, Epoch, GroupId};
use std::cell::RefCell;
use std::os::fd::AsRawFd;
use tempfile::TempDir;

fn second() -> View {
    let view = first();
    view.promote(&view.primary, BootId(2), &view.in_sync, view.change)
}

/// A blank directory on a disk that syncs in this way.
fn blank(sync: fn(&File) -> io::Result<()>) -> (TempDir, Numbered) {
    let dir = TempDir::new().unwrap();
    let files = Numbered { sync, ..Numbered::open(dir.path()).unwrap() };
    (dir, files)
}

/// The same with the first view in it.
fn born(sync: fn(&File) -> io::Result<()>) -> (TempDir, Numbered) {
    let (dir, files) = blank(sync);
    assert!(Numbered::open(dir.path()).unwrap().create(&first()).is_written());
    (dir, files)
}

fn swap(files: &Numbered) -> Outcome {
    files.swap(1, &second(), &Writer::Controller)
}

fn is_directory(file: &File) -> bool {
    file.metadata().unwrap().is_dir()
}

/// Where an open file or directory is.
fn place(file: &File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap()
}

/// All names in the directory but the drafts', whose names are drawn.
fn names(dir: &Path) -> Vec<String> {
    let all = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = all.filter(|name| !name.starts_with(".draft-")).collect();
    names.sort();
    names
}

fn words(outcome: Outcome) -> String {
    let Outcome::Unknown(error) = outcome else { panic!("{outcome:?}") };
    error.to_string()
}

thread_local! {
    /// What was synced: the text of a file or the names in a directory, and whether the second view had its name by then.
    static SYNCED: RefCell<Vec<(String, bool)>> = const { RefCell::new(Vec::new()) };
}

fn noting(file: &File) -> io::Result<()> {
    let place = place(file);
    let (what, dir) = match is_directory(file) {
        true => (names(&place).join(" "), &*place),
        false => (fs::read_to_string(&place)?, place.parent().unwrap()),
    };
    SYNCED.with_borrow_mut(|synced| synced.push((what, dir.join("view.2").exists())));
    Ok(())
}

#[test]
fn v6_the_text_is_on_the_disk_before_it_has_its_name_and_the_name_before_it_counts() {
    let (_dir, files) = born(noting);
    assert!(swap(&files).is_written());
    let synced = SYNCED.take();
    assert_eq!(synced, [(json::write(&second()), false), ("view.1 view.2".to_owned(), true)]);
}

fn no_directories(file: &File) -> io::Result<()> {
    if is_directory(file) { Err(io::Error::other("the disk is gone")) } else { Ok(()) }
}

#[test]
fn v6_a_name_that_may_not_be_on_the_disk_leaves_the_write_unknown() {
    let (_dir, files) = born(no_directories);
    let words = words(swap(&files));
    assert!(words.starts_with("sync the directory") && words.contains("the disk is gone"), "{words}");
}

fn no_files(file: &File) -> io::Result<()> {
    if is_directory(file) { Ok(()) } else { Err(io::Error::other("the disk is gone")) }
}

#[test]
fn v6_a_text_that_may_not_be_on_the_disk_gets_no_name() {
    let (dir, files) = born(no_files);
    let words = words(swap(&files));
    assert!(words.starts_with("write") && words.contains("the disk is gone"), "{words}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nor is a draft left");
}

#[test]
fn v6_a_write_leaves_no_draft_whether_it_wins_or_loses() {
    let (dir, files) = born(File::sync_all);
    assert!(swap(&files).is_written());
    assert!(matches!(swap(&files), Outcome::Lost), "the name is taken");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

/// The draft is gone before it can be linked, deleted by hand.
fn losing_the_draft(file: &File) -> io::Result<()> {
    if is_directory(file) { Ok(()) } else { fs::remove_file(place(file)) }
}

#[test]
fn v6_a_link_that_fails_for_another_reason_is_no_lost_race() {
    let (dir, files) = born(losing_the_draft);
    let words = words(swap(&files));
    assert!(words.starts_with("link") && words.contains("view.2"), "{words}");
    assert_eq!(names(dir.path()), ["view.1"]);
}

/// Someone else deletes the base after it was read and before the write is judged.
fn losing_the_base(file: &File) -> io::Result<()> {
    if is_directory(file) { fs::remove_file(place(file).join("view.1")) } else { Ok(()) }
}

#[test]
fn v6_a_writer_whose_base_vanished_while_it_wrote_has_lost() {
    let (_dir, files) = born(losing_the_base);
    let outcome = swap(&files);
    assert!(matches!(outcome, Outcome::Lost), "{outcome:?}");
}

/// Someone else writes version 9, of another group, while the draft is being written.
fn another_history(file: &File) -> io::Result<()> {
    if is_directory(file) {
        return Ok(());
    }
    let other = View { group: GroupId(8), version: 9, ..first() };
    fs::write(place(file).with_file_name("view.9"), json::write(&other))
}

#[test]
fn v2_a_first_view_below_another_history_does_not_count() {
    let (_dir, files) = blank(another_history);
    let outcome = files.create(&first());
    assert!(matches!(outcome, Outcome::Lost), "{outcome:?}");
}

#[test]
fn v3_a_rebuilt_view_below_a_newer_one_does_not_count() {
    let (dir, files) = born(another_history);
    let next = View { version: 5, epoch: Epoch::new(1, 2), ..first() };
    let outcome = files.rebuild(Some(1), &next);
    assert!(matches!(outcome, Outcome::Lost), "{outcome:?}");
    assert_eq!(names(dir.path()), ["view.1", "view.5", "view.9"], "and nothing is deleted for it");
}

/// Someone puts what is no view under a higher number by hand.
fn no_view(file: &File) -> io::Result<()> {
    if is_directory(file) { fs::write(place(file).join("view.9"), "by hand") } else { Ok(()) }
}

#[test]
fn v6_a_birth_or_a_rebuild_whose_view_is_not_read_back_is_unknown_and_not_lost() {
    let (_dir, files) = blank(no_view);
    let said = words(files.create(&first()));
    assert!(said.contains("view.9"), "{said}");
    let (dir, files) = born(no_view);
    let said = words(files.rebuild(Some(1), &View { version: 5, epoch: Epoch::new(1, 2), ..first() }));
    assert!(said.contains("view.9"), "{said}");
    assert_eq!(names(dir.path()), ["view.1", "view.5", "view.9"], "and nothing is deleted for it");
}

/// Someone has seen the name and follows the view before its writer has judged.
fn followed_at_once(file: &File) -> io::Result<()> {
    if is_directory(file) {
        let current = Numbered::open(&place(file)).unwrap().current().unwrap().unwrap();
        let next = View { version: current.version + 1, ..current };
        fs::write(place(file).join(format!("view.{}", next.version)), json::write(&next))?;
    }
    Ok(())
}

#[test]
fn v6_a_birth_or_a_rebuild_that_was_followed_at_once_is_written() {
    let (_dir, files) = blank(followed_at_once);
    assert!(files.create(&first()).is_written());
    let (dir, files) = born(followed_at_once);
    let next = View { version: 5, epoch: Epoch::new(1, 2), ..first() };
    assert!(files.rebuild(Some(1), &next).is_written());
    assert_eq!(names(dir.path()), ["view.5", "view.6"]);
}

/// Someone else goes on with the line that is lost.
fn the_old_line(file: &File) -> io::Result<()> {
    if is_directory(file) {
        return Ok(());
    }
    fs::write(place(file).with_file_name("view.9"), json::write(&View { version: 9, ..first() }))
}

#[test]
fn v3_a_rebuilt_view_below_one_of_the_old_line_does_not_count() {
    let (_dir, files) = born(the_old_line);
    let outcome = files.rebuild(Some(1), &View { version: 5, epoch: Epoch::new(1, 2), ..first() });
    assert!(matches!(outcome, Outcome::Lost), "{outcome:?}");
}

#[test]
fn v6_old_files_are_deleted_in_ascending_order_and_none_above_one_that_stays() {
    let (dir, files) = blank(File::sync_all);
    for version in [1, 3, 5, 6] {
        File::create(files.path(version)).unwrap();
    }
    // What is no file is not deleted as one.
    fs::create_dir(files.path(4)).unwrap();
    files.delete([1, 2, 3, 4, 5].iter());
    assert_eq!(
        names(dir.path()),
        ["view.4", "view.5", "view.6"],
        "that someone else was faster with 2 is no hindrance"
    );
}

#[test]
fn v6_outside_of_tests_it_is_the_kernel_that_syncs() {
    let files = Numbered::open(TempDir::new().unwrap().path()).unwrap();
    let kernel: fn(&File) -> io::Result<()> = File::sync_all;
    assert!(std::ptr::fn_addr_eq(files.sync, kernel));
}
