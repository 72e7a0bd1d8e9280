//! The power fails at every write, sync and change of names of a small life of a disk: nothing acknowledged is lost, no promise
//! falls, and the disk goes on working. Enumerated, not sampled. What of the unsynced is left is enumerated in `subsets.rs`,
//! flipped bits in `flips.rs`, disks that are formatted anew in `reset.rs`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "../common/mod.rs"]
mod common;
mod flips;
mod life;
mod reset;
mod subsets;

use common::{SEGMENT_BYTES, end, entries, write};
use life::{Expected, Looped, Storage, live, open};
use member::disk::simulated::{Fault, Luck, SimulatedDisk};
use member::store::{LogWriter, Store};

const LUCKS: [Luck; 5] = [Luck::Nothing, Luck::Everything, Luck::Seed(1), Luck::Seed(2), Luck::Seed(3)];

/// Opens what is left, checks it, and goes on with it once more.
fn come_back(disk: &SimulatedDisk, expected: &Expected, case: &str) {
    let (mut store, found) = open(disk, 8).unwrap_or_else(|error| panic!("{case}: {error}"));
    expected.check(&found, case);
    let more = entries(found.tail(), 9, 5, 3_000);
    store.write(&write(1, None, &more, found.commit)).unwrap();
    store.flush().unwrap();
    drop(store);
    let (_, again) = open(&disk.after_power_cut(Luck::Nothing), 9).unwrap();
    assert_eq!(again.unhealthy, None, "{case}");
    assert_eq!(again.tail(), end(&more), "{case}: what was written after it came back is lost");
    assert_eq!(again.storage, found.storage);
}

fn power_fails_at<S: Storage>(operation: u64, cached: bool, how: S::How) -> Option<(SimulatedDisk, Expected)> {
    let disk = SimulatedDisk::new();
    disk.cache_reads(cached);
    disk.fail(operation, Fault::PowerCut);
    let mut expected = Expected::default();
    let failed = live::<S>(&disk, &mut expected, how).is_err();
    failed.then_some((disk, expected))
}

fn power_fails_everywhere<S: Storage>(how: S::How) {
    for cached in [false, true] {
        let mut operation = 1;
        while let Some((disk, expected)) = power_fails_at::<S>(operation, cached, how) {
            for luck in LUCKS {
                let case = format!("power cut in operation {operation}, {luck:?}, cached {cached}, {how:?}");
                come_back(&disk.after_power_cut(luck), &expected, &case);
            }
            operation += 1;
        }
        assert!(operation > 100, "the life is {operation} operations long");
    }
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_fails() {
    power_fails_everywhere::<Store>(());
}
#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_fails_and_a_thread_writes_the_log() {
    power_fails_everywhere::<Looped>(LogWriter::Thread);
}
#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_fails_and_the_loop_writes_the_log() {
    power_fails_everywhere::<Looped>(LogWriter::Inline);
}
#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_fails_and_the_kernel_writes_the_log() {
    power_fails_everywhere::<Looped>(LogWriter::IoUring);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_fails_again_during_recovery() {
    let mut operation = 1;
    while let Some((disk, expected)) = power_fails_at::<Store>(operation, operation % 2 == 0, ()) {
        let mut again = 1;
        loop {
            let disk = disk.after_power_cut(Luck::Seed(operation + again));
            disk.fail(disk.operations() + again, Fault::PowerCut);
            let case = format!("power cut in operation {operation}, then in operation {again} of the recovery");
            match open(&disk, 5) {
                Ok((_, found)) => break expected.check(&found, &case),
                Err(_) => come_back(&disk.after_power_cut(Luck::Seed(again)), &expected, &case),
            }
            again += 1;
        }
        operation += 1;
    }
}

#[test]
fn a_failed_write_or_sync_ends_the_work_and_a_restart_claims_only_what_the_device_has() {
    for cached in [false, true] {
        let mut operation = 1;
        loop {
            let disk = SimulatedDisk::new();
            disk.cache_reads(cached);
            disk.fail(operation, Fault::Error(std::io::ErrorKind::Other));
            let mut expected = Expected::default();
            if live::<Store>(&disk, &mut expected, ()).is_ok() {
                break;
            }
            let case = format!("operation {operation} failed, cached {cached}");
            // The process is restarted on the same machine, whose cache may show what the device never got …
            let (_, found) = open(&disk, 5).unwrap_or_else(|error| panic!("{case}: {error}"));
            expected.check(&found, &case);
            // … and then the power fails: what the restarted process claimed is there.
            let (_, later) = open(&disk.after_power_cut(Luck::Nothing), 6).unwrap();
            expected.check(&later, &case);
            assert_eq!((later.tail(), later.promised), (found.tail(), found.promised), "{case}");
            operation += 1;
        }
    }
}

#[test]
fn the_life_above_rolls_and_reuses_segments() {
    let disk = SimulatedDisk::new();
    live::<Store>(&disk, &mut Expected::default(), ()).unwrap();
    use member::disk::Disk;
    let segments: Vec<String> = disk.names().unwrap().into_iter().filter(|name| name.starts_with("log-")).collect();
    let highest = segments.iter().max().and_then(|name| name[4..].parse::<usize>().ok()).unwrap();
    assert!(segments.len() < highest, "{segments:?}");
    assert!(segments.iter().all(|name| disk.contents(name).len() == SEGMENT_BYTES as usize));
}
