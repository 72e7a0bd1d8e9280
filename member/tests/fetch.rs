//! Snapshots that come from a peer: whole or not at all, wherever the power fails, and not twice what is here already.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod common;
use common::{end, entries, opening, write};
use group::{Entry, Position};
use member::disk::simulated::{Fault, Luck, SimulatedDisk};
use member::snapshot::{Ending, Fetch, FetchError, Piece, SnapshotFile};
use member::store::{Recovered, StorageError, Store};
use std::sync::Arc;

const LUCKS: [Luck; 4] = [Luck::Nothing, Luck::Everything, Luck::Seed(1), Luck::Seed(2)];

fn open(disk: &SimulatedDisk, boot: u128) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(disk.clone()), "here", opening(boot))
}

/// A snapshot up to the last of these entries, with so many slices of so many bytes.
fn source(log: &[Entry], slices: usize, bytes: usize) -> SnapshotFile {
    let disk = SimulatedDisk::new();
    let (mut store, _) = open(&disk, 1).unwrap();
    store.write(&write(1, None, log, log.len() as u64)).unwrap();
    let mut making = store.snapshot(log[3].position()).unwrap();
    for slice in 0..slices {
        making.slice(&vec![u8::try_from(slice).unwrap(); bytes]).unwrap();
    }
    let id = making.finish(Ending { at: end(log), starts: vec![], reigns: vec![], format: 1 }, &log[4..]).unwrap();
    store.publish(id).unwrap();
    open(&disk, 1).unwrap().1.snapshot.unwrap()
}

/// Takes pieces up to `upto`; tells how many were wanted.
fn collect(fetch: &mut Fetch, source: &SnapshotFile, upto: u64) -> usize {
    let mut pieces = 0;
    while fetch.wanted() < upto {
        let most = usize::try_from(upto - fetch.wanted()).unwrap().min(1 << 20);
        fetch.take(&source.piece(fetch.wanted(), most).unwrap()).unwrap();
        pieces += 1;
    }
    pieces
}

#[test]
fn a_fetched_snapshot_is_installed_whole_or_not_at_all() {
    let log = entries(Position::default(), 1, 9, 50);
    let source = source(&log, 2, 100);
    let install = |disk: &SimulatedDisk| {
        let (mut store, _) = open(disk, 2)?;
        store.write(&write(1, None, &entries(Position::default(), 7, 3, 50), 0))?;
        store.flush()?;
        let mut fetch = store.fetch(source.id())?;
        collect(&mut fetch, &source, source.id().bytes);
        let (snapshot, _) = fetch.finish()?;
        store.install(snapshot.id())
    };
    let mut operation = 1;
    loop {
        let disk = SimulatedDisk::new();
        disk.fail(operation, Fault::PowerCut);
        let done = install(&disk).is_ok();
        for luck in LUCKS {
            let after = disk.after_power_cut(luck);
            let (mut store, found) = open(&after, 3).unwrap();
            assert_eq!(found.unhealthy, None);
            assert!(found.base == end(&log) && found.entries.is_empty() || found.base.seq == 0 && !done, "{luck:?}");
            let more = entries(found.tail(), 9, 2, 70);
            store.write(&write(1, None, &more, 0)).unwrap();
            store.flush().unwrap();
            drop(store);
            assert_eq!(open(&after, 4).unwrap().1.tail(), end(&more));
        }
        if done {
            break;
        }
        operation += 1;
    }
    assert!(operation > 10);
}

#[test]
fn pieces_that_are_damaged_or_out_of_place_are_asked_for_again() {
    let source = source(&entries(Position::default(), 1, 9, 50), 2, 100);
    let (store, _) = open(&SimulatedDisk::new(), 2).unwrap();
    let mut fetch = store.fetch(source.id()).unwrap();
    fetch.take(&source.piece(0, 100).unwrap()).unwrap();
    let again = fetch.take(&source.piece(0, 100).unwrap());
    assert!(matches!(again, Err(FetchError::OutOfPlace { offset: 0, wanted: 100 })));
    let damaged = Piece { crc: 7, ..source.piece(100, 100).unwrap() };
    assert!(matches!(fetch.take(&damaged), Err(FetchError::Damaged { offset: 100 })));
    let end = source.id().bytes;
    let long = Piece { offset: 100, ..source.piece(0, usize::try_from(end).unwrap()).unwrap() };
    assert!(matches!(fetch.take(&long), Err(FetchError::OutOfPlace { .. })), "longer than it should be");
    collect(&mut fetch, &source, end);
    fetch.finish().unwrap();
}

#[test]
fn a_fetch_goes_on_after_a_restart_and_begins_anew_for_another_snapshot() {
    let log = entries(Position::default(), 1, 9, 50);
    let (one, other) = (source(&log, 20, 1 << 20), source(&log, 19, 1 << 20));
    let disk = SimulatedDisk::new();
    let (store, _) = open(&disk, 2).unwrap();
    let mut fetch = store.fetch(one.id()).unwrap();
    assert_eq!(collect(&mut fetch, &one, 12 << 20), 12);
    drop((fetch, store));

    let disk = disk.after_power_cut(Luck::Nothing);
    let (store, _) = open(&disk, 3).unwrap();
    let mut fetch = store.fetch(one.id()).unwrap();
    assert_eq!(fetch.wanted(), 8 << 20, "what was synced is not fetched again");
    collect(&mut fetch, &one, one.id().bytes);
    drop(fetch);

    let mut fetch = store.fetch(other.id()).unwrap();
    assert_eq!(fetch.wanted(), 0);
    assert!(disk.contents(&format!("fetch-{:016x}-{:016x}", 9, other.id().digest)).is_empty());
    // A peer that sends something else than it named is found out, and what it sent is thrown away.
    while fetch.wanted() < other.id().bytes {
        let most = usize::try_from(other.id().bytes - fetch.wanted()).unwrap().min(1 << 20);
        fetch.take(&one.piece(fetch.wanted(), most).unwrap()).unwrap();
    }
    assert!(matches!(fetch.finish(), Err(StorageError::Snapshot { .. })));
    assert_eq!(store.fetch(other.id()).unwrap().wanted(), 0);
}

#[test]
fn a_snapshot_that_would_undo_what_is_committed_is_not_installed() {
    let log = entries(Position::default(), 1, 20, 50);
    let source = source(&log[..9], 1, 10);
    let (mut store, _) = open(&SimulatedDisk::new(), 2).unwrap();
    store.write(&write(1, None, &log, 15)).unwrap();
    store.flush().unwrap();
    let mut fetch = store.fetch(source.id()).unwrap();
    collect(&mut fetch, &source, source.id().bytes);
    let (snapshot, _) = fetch.finish().unwrap();
    let refused = store.install(snapshot.id());
    assert!(matches!(refused, Err(StorageError::CutsCommitted { cut: 9, commit: 15 })), "{refused:?}");
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_noticed() {
    let disk = SimulatedDisk::new();
    let (mut store, _) = open(&disk, 1).unwrap();
    let log = entries(Position::default(), 1, 9, 20);
    store.write(&write(1, None, &log, 9)).unwrap();
    let mut making = store.snapshot(log[5].position()).unwrap();
    making.slice(b"state").unwrap();
    let id = making.finish(Ending { at: end(&log), starts: vec![], reigns: vec![], format: 1 }, &log[6..]).unwrap();
    assert!(store.publish(id).unwrap());
    let snapshot = open(&disk, 2).unwrap().1.snapshot.unwrap();
    let name = format!("snapshot-{:016x}-{:016x}", 9, id.digest);
    for bit in 0..usize::try_from(id.bytes).unwrap() * 8 {
        let (byte, bit) = (bit / 8, u8::try_from(bit % 8).unwrap());
        disk.flip(&name, byte, bit);
        assert!(snapshot.verify().is_err(), "bit {bit} of byte {byte}");
        disk.flip(&name, byte, bit);
    }
    snapshot.verify().unwrap();
}
