//! One thread that notices a new view: woken by inotify, and every 20 ms in case inotify is not there or missed something.
use super::numbered::{Numbered, version_of};
use crate::limits::POLL;
use crate::{Sight, StoreError};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::OwnedFd;
use rustix::fs::inotify;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Weak};
use std::thread;
use tokio::sync::watch;

/// Begins to watch. The thread holds nothing alive: it ends within a poll of the store's end.
pub(super) fn start(files: &Arc<Numbered>, sight: &Arc<watch::Sender<Sight>>) -> Result<(), StoreError> {
    let watcher = Watcher { files: Arc::downgrade(files), sight: Arc::downgrade(sight), events: None, stamp: None };
    let spawned = thread::Builder::new().name("view-watch".into()).spawn(move || watcher.run());
    let failed = |source| StoreError::Io { action: "start a thread to watch", path: files.dir().to_path_buf(), source };
    spawned.map(drop).map_err(failed)
}

struct Watcher {
    files: Weak<Numbered>,
    sight: Weak<watch::Sender<Sight>>,
    /// Where inotify tells of changes; none if the system has no more watches to give.
    events: Option<OwnedFd>,
    /// The directory when it was last read.
    stamp: Option<Stamp>,
}

/// Tells one state of a directory from another, as far as its clock is fine enough.
#[derive(PartialEq)]
struct Stamp {
    inode: u64,
    changed: (i64, i64),
}

impl Watcher {
    fn run(mut self) {
        let mut told = true;
        while let (Some(files), Some(sight)) = (self.files.upgrade(), self.sight.upgrade()) {
            let stamp = stamp(&files);
            if told || self.events.is_none() || stamp != self.stamp {
                self.follow(&files, &stamp);
                let seen = Sight::from(&files.current());
                sight.send_if_modified(|held| (*held != seen).then(|| *held = seen).is_some());
                self.stamp = stamp;
            }
            drop((files, sight));
            told = self.wait();
        }
    }

    /// Subscribes at first, and again when the directory was removed and made anew. Reading comes after, so nothing is missed.
    fn follow(&mut self, files: &Numbered, stamp: &Option<Stamp>) {
        let inode = |stamp: &Option<Stamp>| stamp.as_ref().map(|stamp| stamp.inode);
        if stamp.is_some() && inode(stamp) != inode(&self.stamp) {
            self.subscribe(files);
        }
    }

    fn subscribe(&mut self, files: &Numbered) {
        use inotify::{CreateFlags, WatchFlags};
        let changes = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DELETE_SELF;
        let subscribed = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .and_then(|events| inotify::add_watch(&events, files.dir(), changes).map(|_| events));
        self.events = subscribed.ok();
    }

    /// Waits for a poll interval without news, or until inotify tells of a view, which makes it true.
    fn wait(&self) -> bool {
        let Some(events) = &self.events else {
            thread::sleep(POLL);
            return false;
        };
        let interval = Timespec { tv_sec: 0, tv_nsec: POLL.subsec_nanos().into() };
        while rustix::event::poll(&mut [PollFd::new(events, PollFlags::IN)], Some(&interval)).is_ok_and(|n| n > 0) {
            if tells_of_a_view(events) {
                return true;
            }
        }
        false
    }
}

/// Takes all events that are there. Drafts come and go and mean nothing.
fn tells_of_a_view(events: &OwnedFd) -> bool {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    let mut told = false;
    while let Ok(event) = reader.next() {
        let name = event.file_name().and_then(|name| name.to_str().ok());
        // An event without a name is about the directory itself, or says that events were dropped.
        told |= name.is_none_or(|name| version_of(name).is_some());
    }
    told
}

fn stamp(files: &Numbered) -> Option<Stamp> {
    let meta = fs::metadata(files.dir()).ok()?;
    Some(Stamp { inode: meta.ino(), changed: (meta.ctime(), meta.ctime_nsec()) })
}

#[cfg(test)]
#[path = "watcher_tests.rs"]
mod tests;
