//! The storage with its threads on real files, as the event loop uses it.
mod common;
use common::{end, entries, write};
use group::{BootId, Epoch, GroupId, Position};
use member::snapshot::{Ending, Item};
use member::store::{Done, Handle, Recovered, Save, StorageError, open};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

struct Open {
    recovered: Recovered,
    handle: Handle,
    done: Receiver<Done>,
}

fn start(dir: &Path) -> Open {
    let (sender, done) = channel();
    let (recovered, handle) = open(dir, BootId(1), move |it| drop(sender.send(it))).expect("the directory opens");
    Open { recovered, handle, done }
}

impl Open {
    fn next(&self) -> Done {
        self.done.recv_timeout(Duration::from_secs(20)).expect("the storage answers")
    }
    fn written(&self, write: u64) {
        while !matches!(self.next(), Done::Written { write: done } if done >= write) {}
    }
}

#[test]
fn what_was_reported_written_and_saved_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path());
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

    let again = start(dir.path()).recovered;
    assert_eq!((again.storage, again.group, again.promised), (storage, Some(GroupId(9)), Epoch::new(0, 4)));
    assert_eq!((again.entries, again.commit, again.unhealthy), (log, 5, None));
}

#[test]
fn a_directory_admits_one_process_and_says_who_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path());
    let refused = open(dir.path(), BootId(2), |_| {}).err().expect("it is taken");
    assert!(matches!(refused, StorageError::Locked { .. }));
    assert!(refused.to_string().contains(&dir.path().display().to_string()), "{refused}");
    drop(first);
    start(dir.path());
}

#[test]
fn a_snapshot_is_taken_fetched_piece_by_piece_and_installed_elsewhere() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = start(here.path());
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

    let target = start(there.path());
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

    let again = start(there.path()).recovered;
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

#[test]
fn a_disk_that_is_reset_comes_back_as_another_one_and_empty() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path());
    first.handle.write(write(1, None, &entries(Position::default(), 1, 5, 10), 5));
    first.handle.reset();
    while !matches!(first.next(), Done::Reset) {}
    let storage = first.recovered.storage;
    drop(first);
    let again = start(dir.path()).recovered;
    assert_ne!(again.storage, storage);
    assert_eq!((again.entries.len(), again.group, again.unhealthy), (0, None, None));
}
