//! Disks that are full, foreign, damaged or short: said plainly, never guessed around, never silently shorter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod common;
use common::{SEGMENT_BYTES, end, entries, opening, write};
use group::{Epoch, Position};
use member::disk::Disk;
use member::disk::simulated::SimulatedDisk;
use member::snapshot::Ending;
use member::store::{Recovered, Save, StorageError, Store, open as open_directory};
use std::sync::Arc;

fn open(disk: &SimulatedDisk) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(disk.clone()), "/data/here", opening(1))
}

/// A disk with 30 entries of 3,000 bytes, in batches of five, in several segments.
fn used() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    for chunk in entries(Position::default(), 1, 30, 3_000).chunks(5) {
        store.write(&write(1, None, chunk, 0)).unwrap();
        store.flush().unwrap();
    }
    disk
}
fn message(result: Result<(Store, Recovered), StorageError>) -> String {
    result.err().expect("it is refused").to_string()
}
fn verdict(disk: &SimulatedDisk) -> String {
    open(disk).unwrap().1.unhealthy.expect("it is not sound")
}

#[test]
fn a_full_disk_ends_the_process_says_so_and_loses_nothing_acknowledged() {
    let disk = SimulatedDisk::new();
    disk.limit(9 * u64::from(SEGMENT_BYTES));
    let (mut store, _) = open(&disk).unwrap();
    let log = entries(Position::default(), 1, 200, 3_000);
    let mut acknowledged = 0;
    let error = log.chunks(5).find_map(|chunk| {
        let done = store.write(&write(1, None, chunk, 0)).and_then(|_| store.flush());
        acknowledged += if done.is_ok() { chunk.len() } else { 0 };
        done.err()
    });
    let said = error.expect("it is full at last").to_string();
    assert!(said.starts_with("disk full: ") && said.contains("/data/here"), "{said}");
    assert!(said.contains("free space and start again; nothing acknowledged is lost"), "{said}");
    drop(store);
    disk.limit(u64::MAX);
    let found = open(&disk).unwrap().1;
    assert_eq!(found.unhealthy, None);
    assert!(found.entries.len() >= acknowledged && found.entries == log[..found.entries.len()]);
}

#[test]
fn a_directory_with_other_things_in_it_is_refused_and_left_alone() {
    let disk = SimulatedDisk::new();
    disk.create("thesis.tex").unwrap();
    let said = message(open(&disk));
    assert!(said.contains("thesis.tex") && said.contains("name an empty directory"), "{said}");
    assert_eq!(disk.names().unwrap(), ["thesis.tex"]);
    disk.remove("thesis.tex").unwrap();
    disk.create("lost+found").unwrap();
    open(&disk).unwrap();
}

#[test]
fn a_log_without_its_superblock_is_not_formatted_over() {
    let disk = used();
    disk.remove("superblock").unwrap();
    let said = message(open(&disk));
    assert!(said.contains("superblock"), "{said}");
}

#[test]
fn one_damaged_copy_of_the_superblock_is_mended_from_the_other_and_two_are_refused() {
    let disk = SimulatedDisk::new();
    let (mut store, found) = open(&disk).unwrap();
    store.save(Save { save: 1, group: None, promised: Epoch::new(0, 7), view: None }).unwrap();
    drop(store);
    let second = 64 << 10;
    for copy in [0, second] {
        for byte in 0..60 {
            disk.flip("superblock", copy + byte, 3);
            let again = open(&disk).unwrap().1;
            assert_eq!(
                (again.storage, again.promised),
                (found.storage, Epoch::new(0, 7)),
                "byte {byte} of copy at {copy}"
            );
        }
    }
    disk.flip("superblock", 0, 1);
    disk.flip("superblock", second + 33, 1);
    let said = message(open(&disk));
    assert!(said.contains("both copies of the superblock are damaged"), "{said}");
}

#[test]
fn a_newer_format_is_named_and_not_touched() {
    let disk = used();
    let mut copy = disk.contents("superblock")[..4096].to_vec();
    copy[8] = 2;
    let length = u32::from_le_bytes(copy[12..16].try_into().unwrap()) as usize;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&copy[..24]), &copy[28..28 + length]);
    copy[24..28].copy_from_slice(&crc.to_le_bytes());
    let file = disk.open("superblock").unwrap();
    file.write(0, &copy).unwrap();
    file.write(64 << 10, &copy).unwrap();
    let said = message(open(&disk));
    assert!(said.contains("its format is 2, this program knows up to 1; use a newer program"), "{said}");
}

#[test]
fn a_segment_that_is_missing_or_short_makes_the_log_unsound() {
    for name in ["log-00000001", "log-00000002", "log-00000003", "log-00000004"] {
        let disk = used();
        disk.remove(name).unwrap();
        assert!(verdict(&disk).contains("is missing"), "{name}");
        let disk = used();
        disk.resize(name, SEGMENT_BYTES as usize - 4096);
        assert!(verdict(&disk).contains("has 28672 bytes, not 32768"), "{name}");
    }
    // Were the last segments gone, the log would seem to end where the one before them is full.
    for lost in 2..5 {
        let disk = used();
        for name in disk.names().unwrap() {
            if name.strip_prefix("log-").is_some_and(|number| number.parse::<u32>().unwrap() > lost) {
                disk.remove(&name).unwrap();
            }
        }
        let found = open(&disk).unwrap().1;
        assert_eq!(found.unhealthy.is_some(), lost < 4, "segments after {lost} are lost: {:?}", found.unhealthy);
        assert!(found.unhealthy.is_some() || found.entries.len() == 30);
    }
}

#[test]
fn an_unsound_log_takes_no_writes_stays_unsound_and_is_healed_by_a_snapshot() {
    let disk = used();
    disk.flip("log-00000002", 9_000, 0);
    for _ in 0..2 {
        let (mut store, found) = open(&disk).unwrap();
        assert!(found.unhealthy.as_ref().is_some_and(|why| why.contains("damaged")), "{:?}", found.unhealthy);
        assert!(
            found.entries.len() < 30 && found.entries == entries(Position::default(), 1, found.entries.len(), 3_000)
        );
        let taken = store.write(&write(1, None, &entries(found.tail(), 1, 1, 10), 0)).unwrap();
        assert!(!taken, "it would be lost, or hide the damage");
    }
    let (mut store, _) = open(&disk).unwrap();
    let log = entries(Position::default(), 1, 40, 10);
    let mut making = store.snapshot(end(&log[..35])).unwrap();
    making.slice(b"state").unwrap();
    let id = making.finish(Ending { at: end(&log), starts: vec![], reigns: vec![], format: 1 }, &log[35..]).unwrap();
    store.install(id).unwrap();
    let more = entries(end(&log), 2, 3, 10);
    assert!(store.write(&write(1, None, &more, 0)).unwrap());
    store.flush().unwrap();
    drop(store);
    let found = open(&disk).unwrap().1;
    assert_eq!((found.unhealthy.clone(), found.base, found.tail()), (None, end(&log), end(&more)));
}

#[test]
fn a_damaged_snapshot_is_replaced_by_the_one_before_and_the_log() {
    let disk = SimulatedDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let log = entries(Position::default(), 1, 30, 3_000);
    let mut ids = vec![];
    for upto in [10, 20, 30] {
        store.write(&write(1, None, &log[upto - 10..upto], 0)).unwrap();
        let making = store.snapshot(end(&log[..upto])).unwrap();
        ids.push(
            making.finish(Ending { at: end(&log[..upto]), starts: vec![], reigns: vec![], format: 1 }, &[]).unwrap(),
        );
        store.publish(ids[ids.len() - 1]).unwrap();
    }
    drop(store);
    let name = |id: usize| format!("snapshot-{:016x}-{:016x}", ids[id].at.seq, ids[id].digest);
    assert!(!disk.names().unwrap().contains(&name(0)), "only two are kept");
    disk.flip(&name(2), 40, 1);
    let found = open(&disk).unwrap().1;
    assert_eq!((found.unhealthy, found.base, found.entries), (None, end(&log[..20]), log[20..].to_vec()));
    disk.flip(&name(1), 40, 1);
    let found = open(&disk).unwrap().1;
    assert!(found.unhealthy.is_some_and(|why| why.contains("checksum does not fit")));
    assert!(found.snapshot.is_none());
}

#[test]
fn an_entry_that_is_too_large_or_out_of_place_or_cuts_what_is_committed_is_refused() {
    let disk = SimulatedDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let log = entries(Position::default(), 1, 5, 10);
    store.write(&write(1, None, &log, 4)).unwrap();
    let large = entries(end(&log), 1, 1, SEGMENT_BYTES as usize);
    assert!(matches!(store.write(&write(2, None, &large, 4)), Err(StorageError::TooLarge { seq: 6, .. })));
    let gap = store.write(&write(2, None, &log[1..2], 4));
    assert!(matches!(gap, Err(StorageError::Gap { first: 2, tail: 5 })), "{gap:?}");
    let cut = store.write(&write(2, Some(3), &log[3..], 4));
    assert!(matches!(cut, Err(StorageError::CutsCommitted { cut: 3, commit: 4 })), "{cut:?}");
}

#[test]
fn a_directory_that_is_a_file_or_cannot_be_made_is_said_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let said = open_directory("/proc/never".as_ref(), group::BootId(1), member::store::LogWriter::default(), |_| {})
        .err()
        .expect("it is refused")
        .to_string();
    assert!(said.contains("/proc/never") && said.contains("this user can make and write"), "{said}");
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let said = open_directory(&path, group::BootId(1), member::store::LogWriter::default(), |_| {})
            .err()
            .expect("it is refused")
            .to_string();
        assert!(said.contains(&path.display().to_string()) && said.contains("name an empty directory"), "{said}");
    }
}
