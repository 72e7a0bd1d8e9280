//! What wakes the watcher, one turn of its loop at a time: inotify where it is there, the interval where it is not.
use super::*;
use std::os::fd::AsRawFd;
use std::time::Instant;
use tempfile::TempDir;

/// A directory, and a watcher that no thread runs.
struct Place {
    dir: TempDir,
    files: Arc<Numbered>,
    watcher: Watcher,
}

fn place() -> Place {
    let dir = TempDir::new().unwrap();
    let files = Arc::new(Numbered::open(dir.path()).unwrap());
    let watcher = Watcher { files: Arc::downgrade(&files), sight: Weak::new(), events: None, stamp: None };
    Place { dir, files, watcher }
}

impl Place {
    /// What the loop does when it finds the directory changed.
    fn follow(&mut self) {
        let stamp = stamp(&self.files);
        self.watcher.follow(&self.files, &stamp);
        self.watcher.stamp = stamp;
    }
    fn subscription(&self) -> Option<i32> {
        self.watcher.events.as_ref().map(AsRawFd::as_raw_fd)
    }
    fn make(&self, name: &str) {
        fs::write(self.dir.path().join(name), "").unwrap();
    }
}

#[test]
fn v6_a_new_view_wakes_whoever_watches_and_a_draft_does_not() {
    let mut place = place();
    place.follow();
    place.make("view.2");
    assert!(place.watcher.wait(), "inotify tells of it");
    place.make(".draft-0000000000000001");
    let began = Instant::now();
    assert!(!place.watcher.wait(), "what was told once is not told again, and drafts mean nothing");
    assert!(began.elapsed() >= POLL, "it slept meanwhile");
}

#[test]
fn v6_without_inotify_the_directory_is_looked_at_at_intervals() {
    let place = place();
    let began = Instant::now();
    assert!(!place.watcher.wait());
    assert!(began.elapsed() >= POLL, "and not all the time");
}

#[test]
fn v6_a_directory_is_subscribed_to_once_and_again_when_it_was_made_anew() {
    let mut place = place();
    place.follow();
    let once = place.subscription().expect("inotify is there");
    place.make("view.1");
    place.follow();
    assert_eq!(place.subscription(), Some(once), "a change of what is in it is no other directory");
    // Kept under another name, so that the new one cannot have its inode.
    let aside = place.dir.path().with_extension("aside");
    fs::rename(place.dir.path(), &aside).unwrap();
    place.follow();
    assert_eq!(place.subscription(), Some(once), "there is nothing to subscribe to");
    fs::create_dir(place.dir.path()).unwrap();
    place.follow();
    while place.watcher.wait() {}
    place.make("view.7");
    assert!(place.watcher.wait(), "the new one is watched");
    fs::remove_dir_all(aside).unwrap();
}
