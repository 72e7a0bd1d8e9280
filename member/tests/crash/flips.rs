//! One bit of a whole disk is flipped, every one in turn: superblock, log and both snapshots. What is told afterwards is all that was
//! acknowledged, or the disk says that it is not sound. (Every bit of a log alone: `member/src/log/tests.rs`.)
use crate::common::{end, entries, write};
use group::{BootId, Entry, Epoch, GroupId, Position, StorageId};
use member::disk::simulated::{Luck, SimulatedDisk};
use member::disk::{BLOCK, Disk};
use member::snapshot::Ending;
use member::store::{Opening, Recovered, Save, StorageError, Store};
use std::sync::Arc;

fn open(disk: &SimulatedDisk) -> Result<(Store, Recovered), StorageError> {
    let opening = Opening { boot: BootId(7), fresh: StorageId(77), segment_bytes: 2 * BLOCK as u32 };
    Store::open(Arc::new(disk.clone()), "here", opening)
}

/// A small disk with a promise, two snapshots and a log that goes on behind the newer one; and its entries.
fn used() -> (SimulatedDisk, Vec<Entry>) {
    let disk = SimulatedDisk::new();
    let log = entries(Position::default(), 3, 8, 20);
    let (mut store, _) = open(&disk).unwrap();
    let save = Save { save: 1, group: Some(GroupId(5)), promised: Epoch::new(0, 3), view: None };
    store.save(save).unwrap();
    for (index, entry) in log.iter().enumerate() {
        store.write(&write(1, None, std::slice::from_ref(entry), index as u64)).unwrap();
        store.flush().unwrap();
        if let 3 | 6 = index {
            let upto = index - 1;
            let mut making = store.snapshot(end(&log[..upto - 1])).unwrap();
            making.slice(b"state").unwrap();
            let ending = Ending { at: end(&log[..upto]), starts: vec![], reigns: vec![], format: 1 };
            let id = making.finish(ending, &log[upto - 1..upto]).unwrap();
            assert!(store.publish(id).unwrap());
        }
    }
    (disk, log)
}

/// What a disk with one flipped bit says. `true`: it says that it is sound.
fn judge(disk: &SimulatedDisk, log: &[Entry], case: &str) -> bool {
    let (_, found) = open(disk).unwrap_or_else(|error| panic!("{case}: one copy is whole, and yet: {error}"));
    let known = (found.group, found.promised);
    assert_eq!(known, (Some(GroupId(5)), Epoch::new(0, 3)), "{case}: a promise is forgotten");
    let base = usize::try_from(found.base.seq).unwrap();
    let upto = base + found.entries.len();
    assert!(upto <= log.len() && found.entries == log[base..upto], "{case}: what is told is wrong");
    assert_eq!(found.base, end(&log[..base]), "{case}");
    assert!(found.unhealthy.is_some() || upto == log.len(), "{case}: silently shorter");
    found.unhealthy.is_none()
}

/// Flips these bits of all files whose name begins so, one after the other; tells how often the disk was sound and was not.
fn flip(prefix: &str, bits: impl Fn(usize) -> Vec<u8>) -> (usize, usize) {
    let (disk, log) = used();
    let (mut sound, mut unsound) = (0, 0);
    let names = disk.names().unwrap().into_iter().filter(|name| name.starts_with(prefix));
    for name in names {
        for byte in 0..disk.contents(&name).len() {
            for bit in bits(byte) {
                let flipped = disk.after_power_cut(Luck::Everything);
                flipped.flip(&name, byte, bit);
                let case = format!("bit {bit} of byte {byte} of {name}");
                if judge(&flipped, &log, &case) { sound += 1 } else { unsound += 1 }
            }
        }
    }
    (sound, unsound)
}

#[test]
fn a_flipped_bit_of_the_superblock_is_made_good_by_its_other_copy() {
    let facts = |byte: usize| match byte % (64 << 10) {
        0..512 => (0..8).collect(),
        behind if behind % 64 == 0 => vec![5],
        _ => vec![],
    };
    let (sound, unsound) = flip("superblock", facts);
    assert!(sound > 8_000 && unsound == 0, "{sound} sound, {unsound} not");
}

#[test]
fn a_flipped_bit_of_a_snapshot_is_made_good_by_the_one_before_and_the_log() {
    let (sound, unsound) = flip("snapshot-", |_| (0..8).collect());
    assert!(sound > 2_000 && unsound == 0, "{sound} sound, {unsound} not");
}

#[test]
fn a_flipped_bit_of_the_log_is_noticed_or_harmless() {
    let (sound, unsound) = flip("log-", |byte| vec![u8::try_from(byte % 8).unwrap()]);
    assert!(sound > 100 && unsound > 10_000, "{sound} sound, {unsound} not");
}
