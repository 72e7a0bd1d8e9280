//! The power fails at every write, sync and change of names of a small life of a disk: nothing acknowledged is lost, no promise
//! falls, and the disk goes on working. Enumerated, not sampled.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod common;
use common::{SEGMENT_BYTES, end, entries, opening, write};
use group::{Entry, Epoch, Position, Seq};
use member::disk::simulated::{Fault, Luck, SimulatedDisk};
use member::snapshot::{Ending, Item};
use member::store::{Recovered, Save, StorageError, Store};
use std::sync::Arc;

const LUCKS: [Luck; 5] = [Luck::Nothing, Luck::Everything, Luck::Seed(1), Luck::Seed(2), Luck::Seed(3)];

/// What may be on the disk: what was acknowledged, and what was being done when the power failed.
#[derive(Clone, Default)]
struct Expected {
    log: Vec<Entry>,
    next: Vec<Entry>,
    promised: u64,
    next_promised: u64,
    snapshot: Seq,
    next_snapshot: Seq,
    storage: Option<u128>,
}

impl Expected {
    fn write(&mut self, store: &mut Store, cut: Option<Seq>, new: &[Entry], commit: Seq) -> Result<(), StorageError> {
        let kept = cut.unwrap_or(self.log.len() as Seq);
        self.next = self.log[..usize::try_from(kept).unwrap()].to_vec();
        self.next.extend_from_slice(new);
        assert!(store.write(&write(1, cut, new, commit))?);
        store.flush()?;
        self.log = self.next.clone();
        Ok(())
    }
    fn save(&mut self, store: &mut Store, promised: u64) -> Result<(), StorageError> {
        self.next_promised = promised;
        store.save(Save { save: 1, group: None, promised: Epoch::new(0, promised), view: None })?;
        self.promised = promised;
        Ok(())
    }
    /// Takes a snapshot whose slice names the entry it begins at.
    fn snapshot(&mut self, store: &mut Store, from: Seq, at: Seq) -> Result<(), StorageError> {
        let span = |seq: Seq| usize::try_from(seq).unwrap();
        self.next_snapshot = at;
        let mut making = store.snapshot(end(&self.log[..span(from)]))?;
        making.slice(format!("state at {from}").as_bytes())?;
        let ending = Ending { at: end(&self.log[..span(at)]), starts: vec![], reigns: vec![], format: 1 };
        let id = making.finish(ending, &self.log[span(from)..span(at)])?;
        store.publish(id)?;
        self.snapshot = at;
        Ok(())
    }

    fn check(&self, found: &Recovered, case: &str) {
        assert_eq!(found.unhealthy, None, "{case}");
        let promised = found.promised.number;
        assert!(promised == self.promised || promised == self.next_promised, "{case}: promised {promised}");
        let base = found.base.seq;
        assert!(base == self.snapshot || base == self.next_snapshot, "{case}: snapshot of {base}");
        if self.storage.is_some_and(|storage| storage != found.storage.0) {
            panic!("{case}: the disk became another one");
        }
        let log = [&self.log, &self.next].into_iter().find(|log| is_prefix(found, log));
        let log = log.unwrap_or_else(|| panic!("{case}: the log holds what was never written"));
        // A write under way that cuts may have done so; all else that was acknowledged is there.
        let parted = self.log.iter().zip(&self.next).take_while(|(a, b)| a == b).count();
        let acknowledged = if *log == self.next { parted } else { self.log.len() };
        assert!(found.tail().seq >= acknowledged as Seq, "{case}: {} of {acknowledged}", found.tail().seq);
        assert!(found.commit <= found.tail().seq && found.commit >= base);
        self.check_snapshot(found, case);
    }
    fn check_snapshot(&self, found: &Recovered, case: &str) {
        let Some(snapshot) = &found.snapshot else { return assert_eq!(found.base.seq, 0) };
        let mut state = 0;
        let ending = snapshot.read(|item| {
            match item {
                Item::Slice(text) => state = String::from_utf8_lossy(&text)["state at ".len()..].parse().unwrap(),
                Item::Entry(entry) => {
                    assert_eq!(entry.seq, state + 1, "{case}");
                    state = entry.seq;
                }
            }
            Ok::<_, StorageError>(())
        });
        assert_eq!(ending.unwrap().at, found.base, "{case}");
        assert_eq!(state, found.base.seq, "{case}");
    }
}

/// Whether base and entries of `found` are the beginning of `log`.
fn is_prefix(found: &Recovered, log: &[Entry]) -> bool {
    let base = usize::try_from(found.base.seq).unwrap();
    let upto = base + found.entries.len();
    upto <= log.len() && end(&log[..base]) == found.base && log[base..upto] == found.entries
}

fn open(disk: &SimulatedDisk, boot: u128) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(disk.clone()), "here", opening(boot))
}

/// A life: format, write, promise, a tail that is replaced, snapshots, segments rolled and used again, a restart.
fn live(disk: &SimulatedDisk, expected: &mut Expected) -> Result<(), StorageError> {
    let (mut store, found) = open(disk, 1)?;
    expected.storage = Some(found.storage.0);
    let first = entries(Position::default(), 1, 3, 100);
    expected.save(&mut store, 1)?;
    expected.write(&mut store, None, &first, 0)?;
    expected.write(&mut store, None, &entries(end(&first), 1, 12, 900), 3)?;
    expected.save(&mut store, 2)?;
    // Entries 5 to 15 were the old primary's alone; several batches replace them.
    let kept = expected.log[3].position();
    expected.write(&mut store, Some(4), &entries(kept, 2, 4, 12_000), 4)?;
    expected.snapshot(&mut store, 2, 6)?;
    for _ in 0..4 {
        let tail = end(&expected.log);
        expected.write(&mut store, None, &entries(tail, 2, 2, 9_000), tail.seq)?;
    }
    let at = expected.log.len() as Seq - 1;
    expected.snapshot(&mut store, at, at)?;
    drop(store);
    let (mut store, found) = open(disk, 2)?;
    assert_eq!(found.tail(), end(&expected.log));
    for _ in 0..4 {
        let tail = end(&expected.log);
        expected.write(&mut store, None, &entries(tail, 2, 2, 9_000), tail.seq)?;
    }
    expected.snapshot(&mut store, at + 4, at + 6)?;
    expected.save(&mut store, 3)?;
    for _ in 0..4 {
        let tail = end(&expected.log);
        expected.write(&mut store, None, &entries(tail, 3, 2, 9_000), tail.seq)?;
    }
    Ok(())
}

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

fn power_fails_at(operation: u64, cached: bool) -> Option<(SimulatedDisk, Expected)> {
    let disk = SimulatedDisk::new();
    disk.cache_reads(cached);
    disk.fail(operation, Fault::PowerCut);
    let mut expected = Expected::default();
    let failed = live(&disk, &mut expected).is_err();
    failed.then_some((disk, expected))
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_fails() {
    for cached in [false, true] {
        let mut operation = 1;
        while let Some((disk, expected)) = power_fails_at(operation, cached) {
            for luck in LUCKS {
                let case = format!("power cut in operation {operation}, {luck:?}, cached {cached}");
                come_back(&disk.after_power_cut(luck), &expected, &case);
            }
            operation += 1;
        }
        assert!(operation > 100, "the life is {operation} operations long");
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_fails_again_during_recovery() {
    let mut operation = 1;
    while let Some((disk, expected)) = power_fails_at(operation, operation % 2 == 0) {
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
        operation += 5;
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
            if live(&disk, &mut expected).is_ok() {
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
    live(&disk, &mut Expected::default()).unwrap();
    use member::disk::Disk;
    let segments: Vec<String> = disk.names().unwrap().into_iter().filter(|name| name.starts_with("log-")).collect();
    let highest = segments.iter().max().and_then(|name| name[4..].parse::<usize>().ok()).unwrap();
    assert!(segments.len() < highest, "{segments:?}");
    assert!(segments.iter().all(|name| disk.contents(name).len() == SEGMENT_BYTES as usize));
}
