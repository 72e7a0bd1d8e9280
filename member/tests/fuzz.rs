//! Bytes that nobody wrote, under checksums that fit: superblock, log and snapshots are read or refused, and nothing panics. So many cases
//! as `FUZZ_CASES` says; a few hundred in every run of the tests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod common;
use common::{end, entries, opening, write};
use group::{Entry, Position};
use member::disk::simulated::{Luck, SimulatedDisk};
use member::disk::{Disk, SECTOR};
use member::snapshot::{Ending, Item};
use member::store::{Recovered, StorageError, Store};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

fn open(disk: &SimulatedDisk) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(disk.clone()), "here", opening(7))
}

/// A disk with a snapshot and two batches behind it.
fn used() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let log = entries(Position::default(), 1, 9, 200);
    for chunk in log.chunks(3) {
        store.write(&write(1, None, chunk, 0)).unwrap();
        store.flush().unwrap();
    }
    let mut making = store.snapshot(end(&log[..4])).unwrap();
    making.slice(b"the state at four").unwrap();
    let id =
        making.finish(Ending { at: end(&log[..6]), starts: vec![], reigns: vec![], format: 1 }, &log[4..6]).unwrap();
    store.publish(id).unwrap();
    disk
}

/// Puts these bytes at these places of a stretch of bytes.
fn mutate(bytes: &mut [u8], changes: &[(prop::sample::Index, u8)]) {
    for (place, byte) in changes {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
}
fn put(disk: &SimulatedDisk, name: &str, at: usize, bytes: &[u8]) {
    disk.open(name).unwrap().write(at as u64, bytes).unwrap();
}

/// Changes the body of both copies of the superblock and makes their checksums fit.
fn superblock(disk: &SimulatedDisk, changes: &[(prop::sample::Index, u8)]) {
    let mut copy = disk.contents("superblock")[..4096].to_vec();
    let length = u32::from_le_bytes(copy[12..16].try_into().unwrap()) as usize;
    mutate(&mut copy[28..28 + length], changes);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&copy[..24]), &copy[28..28 + length]);
    copy[24..28].copy_from_slice(&crc.to_le_bytes());
    put(disk, "superblock", 0, &copy);
    put(disk, "superblock", 64 << 10, &copy);
}

/// Changes entries of a batch and makes its checksums fit.
fn batch(disk: &SimulatedDisk, number: usize, changes: &[(prop::sample::Index, u8)]) {
    let mut block = disk.contents("log-00000001")[number * 4096..][..4096].to_vec();
    let length = u32::from_le_bytes(block[60..64].try_into().unwrap()) as usize;
    let first = length.min(SECTOR - 72);
    mutate(&mut block[72..72 + first], changes);
    let crc = crc32c::crc32c(&block[72..]);
    block[64..68].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32c::crc32c(&block[..68]);
    block[68..72].copy_from_slice(&crc.to_le_bytes());
    put(disk, "log-00000001", number * 4096, &block);
}

/// Changes one chunk of the snapshot and makes the chunk's checksum fit; the digest of the whole does not.
fn chunk(disk: &SimulatedDisk, which: usize, changes: &[(prop::sample::Index, u8)]) {
    let name = disk.names().unwrap().into_iter().find(|name| name.starts_with("snapshot-")).unwrap();
    let mut bytes = disk.contents(&name);
    let mut at = 0;
    for _ in 0..which {
        at += 16 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    mutate(&mut bytes[at + 16..at + 16 + length], changes);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[at..at + 12]), &bytes[at + 16..at + 16 + length]);
    bytes[at + 12..at + 16].copy_from_slice(&crc.to_le_bytes());
    put(disk, &name, 0, &bytes);
}

/// Opens the disk and reads everything that it tells.
fn read(disk: &SimulatedDisk) -> Result<(), TestCaseError> {
    let Ok((_, found)) = open(disk) else { return Ok(()) };
    let mut at = found.base;
    for entry in &found.entries {
        prop_assert_eq!((entry.seq, entry.prev_hash), (at.seq + 1, at.hash), "what is told is chained");
        at = entry.position();
    }
    if let Some(snapshot) = &found.snapshot {
        let mut items: Vec<Entry> = vec![];
        let _ = snapshot.read(|item| {
            if let Item::Entry(entry) = item {
                items.push(entry);
            }
            Ok::<_, StorageError>(())
        });
    }
    Ok(())
}

fn cases() -> u32 {
    std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn what_nobody_wrote_is_read_or_refused_and_nothing_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), part in 0..9_usize,
    ) {
        static USED: LazyLock<SimulatedDisk> = LazyLock::new(used);
        let disk = USED.after_power_cut(Luck::Everything);
        match part {
            0..3 => superblock(&disk, &changes),
            3..6 => batch(&disk, part - 3, &changes),
            part => chunk(&disk, [0, 2, 3][part - 6], &changes),
        }
        read(&disk)?;
    }
}
