//! The storage with its threads on real files, as the event loop uses it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod common;
use common::{end, entries, write};
use group::{BootId, Epoch, GroupId, Position};
use member::snapshot::{Ending, Item};
use member::store::{Done, Handle, LogWriter, Recovered, Save, StorageError, open};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

struct Open {
    recovered: Recovered,
    handle: Handle,
    done: UnboundedReceiver<Done>,
    runtime: Runtime,
}

fn start(dir: &Path, how: LogWriter) -> Open {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (sender, done) = unbounded_channel();
    let entered = runtime.enter();
    let (recovered, handle) = open(dir, BootId(1), how, move |it| drop(sender.send(it))).expect("the directory opens");
    drop(entered);
    Open { recovered, handle, done, runtime }
}

impl Open {
    fn next(&mut self) -> Done {
        let next = async {
            loop {
                tokio::select! {
                    done = self.done.recv() => return done.expect("the storage lives"),
                    () = self.handle.progress() => {}
                }
            }
        };
        self.runtime.block_on(async { timeout(Duration::from_secs(20), next).await }).expect("the storage answers")
    }
    fn written(&mut self, write: u64) {
        while !matches!(self.next(), Done::Written { write: done } if done >= write) {}
    }
}

/// Every test is played with every writer.
macro_rules! with_every_writer {
    ($($name:ident)*) => {
        mod thread {
            $(#[test] fn $name() { super::$name(member::store::LogWriter::Thread); })*
        }
        mod inline {
            $(#[test] fn $name() { super::$name(member::store::LogWriter::Inline); })*
        }
        mod io_uring {
            $(#[test] fn $name() { super::$name(member::store::LogWriter::IoUring); })*
        }
    };
}
with_every_writer! {
    what_was_reported_written_and_saved_is_there_after_a_restart
    a_directory_admits_one_process_and_says_who_is_refused
    a_snapshot_is_taken_fetched_piece_by_piece_and_installed_elsewhere
    a_disk_that_is_reset_comes_back_as_another_one_and_empty
    large_and_small_writes_land_in_order_across_segments
    what_waits_is_written_when_the_storage_is_dropped
}

fn what_was_reported_written_and_saved_is_there_after_a_restart(how: LogWriter) {
    let dir = tempfile::tempdir().unwrap();
    let mut first = start(dir.path(), how);
    assert!(first.recovered.entries.is_empty() && first.recovered.group.is_none());
    let log = entries(Position::default(), 1, 100, 240);
    for (number, chunk) in log.chunks(10).enumerate() {
        first.handle.write(write(number as u64 + 1, None, chunk, 5));
    }
    first.written(10);
    first.handle.save(Save { save: 3, group: Some(GroupId(9)), promised: Epoch::new(0, 4), view: None });
    assert!(matches!(first.next(), Done::Saved { save: 3 }));
    let storage = first.recovered.storage;
    drop(first);

    let again = start(dir.path(), how).recovered;
    assert_eq!((again.storage, again.group, again.promised), (storage, Some(GroupId(9)), Epoch::new(0, 4)));
    assert_eq!((again.entries, again.commit, again.unhealthy), (log, 5, None));
}

fn a_directory_admits_one_process_and_says_who_is_refused(how: LogWriter) {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path(), how);
    let refused = open(dir.path(), BootId(2), how, |_| {}).err().expect("it is taken");
    assert!(matches!(refused, StorageError::Locked { .. }));
    assert!(refused.to_string().contains(&dir.path().display().to_string()), "{refused}");
    drop(first);
    start(dir.path(), how);
}

fn a_snapshot_is_taken_fetched_piece_by_piece_and_installed_elsewhere(how: LogWriter) {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut source = start(here.path(), how);
    let log = entries(Position::default(), 1, 20, 100);
    source.handle.write(write(1, None, &log, 20));
    source.handle.begin_snapshot(log[9].position());
    source.handle.slice("half".into()).unwrap();
    source.handle.slice("whole".into()).unwrap();
    let ending = Ending { at: end(&log), starts: vec![], reigns: vec![], format: 1 };
    source.handle.finish_snapshot(ending.clone(), log[10..].to_vec());
    let snapshot = loop {
        if let Done::Published { snapshot } = source.next() {
            break snapshot;
        }
    };

    let mut target = start(there.path(), how);
    target.handle.write(write(1, None, &log[..3], 0));
    target.handle.fetch(snapshot.id());
    let installed = loop {
        match target.next() {
            Done::Wants { id, offset } => {
                assert_eq!(id, snapshot.id());
                target.handle.fetched(snapshot.piece(offset, 300).unwrap());
            }
            Done::Installed { snapshot, ending: told } => {
                assert_eq!(told, ending);
                break snapshot;
            }
            Done::Written { .. } => {}
            _ => panic!("neither failed nor reset"),
        }
    };
    let more = entries(end(&log), 2, 3, 10);
    target.handle.write(write(2, None, &more, 20));
    target.written(2);
    drop(target);

    let again = start(there.path(), how).recovered;
    assert_eq!((again.base, again.entries, again.unhealthy), (end(&log), more, None));
    let mut items = vec![];
    let read = |item| {
        items.push(item);
        Ok::<_, StorageError>(())
    };
    assert_eq!(again.snapshot.expect("it was installed").read(read).unwrap(), ending);
    assert_eq!(items[..2], [Item::Slice("half".into()), Item::Slice("whole".into())]);
    assert_eq!(items.len(), 12);
    assert_eq!(installed.id(), snapshot.id());
}

fn a_disk_that_is_reset_comes_back_as_another_one_and_empty(how: LogWriter) {
    let dir = tempfile::tempdir().unwrap();
    let mut first = start(dir.path(), how);
    first.handle.write(write(1, None, &entries(Position::default(), 1, 5, 10), 5));
    first.handle.reset();
    while !matches!(first.next(), Done::Reset) {}
    let storage = first.recovered.storage;
    drop(first);
    let again = start(dir.path(), how).recovered;
    assert_ne!(again.storage, storage);
    assert_eq!((again.entries.len(), again.group, again.unhealthy), (0, None, None));
}

fn large_and_small_writes_land_in_order_across_segments(how: LogWriter) {
    let dir = tempfile::tempdir().unwrap();
    let mut first = start(dir.path(), how);
    // More than two segments: batches too large to be begun at once, rolls, and promises in between.
    let log = entries(Position::default(), 1, 600, 60_000);
    let mut number = 0;
    for (turn, chunk) in log.chunks(20).enumerate() {
        for few in if turn % 2 == 0 { chunk.chunks(20) } else { chunk.chunks(1) } {
            number += 1;
            first.handle.write(write(number, None, few, 0));
        }
        if turn % 7 == 0 {
            let promised = Epoch::new(0, turn as u64);
            first.handle.save(Save { save: number, group: None, promised, view: None });
        }
    }
    first.written(number);
    let tail = end(&log[..590]);
    let more = entries(tail, 2, 3, 100);
    first.handle.write(write(number + 1, Some(590), &more, 590));
    first.written(number + 1);
    drop(first);
    let again = start(dir.path(), how).recovered;
    assert_eq!((again.tail(), again.entries.len(), again.commit), (end(&more), 593, 590));
    assert_eq!(again.promised, Epoch::new(0, 28));
}

fn what_waits_is_written_when_the_storage_is_dropped(how: LogWriter) {
    let dir = tempfile::tempdir().unwrap();
    let mut first = start(dir.path(), how);
    let log = entries(Position::default(), 1, 40, 1_000);
    for (number, chunk) in log.chunks(4).enumerate() {
        first.handle.write(write(number as u64 + 1, None, chunk, 0));
    }
    first.handle.save(Save { save: 1, group: Some(GroupId(9)), promised: Epoch::new(0, 4), view: None });
    drop(first);
    let again = start(dir.path(), how).recovered;
    assert_eq!((again.entries, again.promised), (log, Epoch::new(0, 4)));
}
