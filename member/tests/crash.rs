//! The power fails at every write, sync and change of names of a small life of a disk: nothing acknowledged is lost, no promise
//! falls, and the disk goes on working. Enumerated, not sampled.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod common;
use common::{SEGMENT_BYTES, end, entries, opening, write};
use group::{Entry, Epoch, Position, Seq};
use member::disk::simulated::{Fault, Luck, SimulatedDisk};
use member::log::Write;
use member::snapshot::{Ending, Item};
use member::store::{Done, Handle, LogWriter, Recovered, Save, StorageError, Store, open_on};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

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
    fn write(
        &mut self,
        store: &mut impl Storage,
        cut: Option<Seq>,
        new: &[Entry],
        commit: Seq,
    ) -> Result<(), StorageError> {
        let kept = cut.unwrap_or(self.log.len() as Seq);
        self.next = self.log[..usize::try_from(kept).unwrap()].to_vec();
        self.next.extend_from_slice(new);
        store.put(write(1, cut, new, commit))?;
        self.log = self.next.clone();
        Ok(())
    }
    fn save(&mut self, store: &mut impl Storage, promised: u64) -> Result<(), StorageError> {
        self.next_promised = promised;
        store.promise(Save { save: 1, group: None, promised: Epoch::new(0, promised), view: None })?;
        self.promised = promised;
        Ok(())
    }
    /// Takes a snapshot whose slice names the entry it begins at.
    fn snapshot(&mut self, store: &mut impl Storage, from: Seq, at: Seq) -> Result<(), StorageError> {
        let span = |seq: Seq| usize::try_from(seq).unwrap();
        self.next_snapshot = at;
        let ending = Ending { at: end(&self.log[..span(at)]), starts: vec![], reigns: vec![], format: 1 };
        let (begins, entries) = (end(&self.log[..span(from)]), &self.log[span(from)..span(at)]);
        store.keep(begins, format!("state at {from}"), ending, entries.to_vec())?;
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

/// What a life is lived with: the storage without threads, or with any writer of its log.
trait Storage: Sized {
    type How: Copy + std::fmt::Debug;
    fn open(disk: &SimulatedDisk, boot: u128, how: Self::How) -> Result<(Self, Recovered), StorageError>;
    fn put(&mut self, write: Write) -> Result<(), StorageError>;
    fn promise(&mut self, save: Save) -> Result<(), StorageError>;
    fn keep(&mut self, from: Position, state: String, ending: Ending, log: Vec<Entry>) -> Result<(), StorageError>;
}

impl Storage for Store {
    type How = ();
    fn open(disk: &SimulatedDisk, boot: u128, (): ()) -> Result<(Store, Recovered), StorageError> {
        open(disk, boot)
    }
    fn put(&mut self, write: Write) -> Result<(), StorageError> {
        assert!(self.write(&write)?);
        self.flush()
    }
    fn promise(&mut self, save: Save) -> Result<(), StorageError> {
        self.save(save)
    }
    fn keep(&mut self, from: Position, state: String, ending: Ending, log: Vec<Entry>) -> Result<(), StorageError> {
        let mut making = self.snapshot(from)?;
        making.slice(state.as_bytes())?;
        let id = making.finish(ending, &log)?;
        self.publish(id).map(drop)
    }
}

/// The storage as a member's loop has it.
struct Looped {
    handle: Handle,
    done: UnboundedReceiver<Done>,
    runtime: Runtime,
}

impl Looped {
    fn until(&mut self, wanted: impl Fn(&Done) -> bool) -> Result<(), StorageError> {
        let Looped { handle, done, runtime } = self;
        let told = async {
            loop {
                tokio::select! {
                    done = done.recv() => match done.expect("the storage lives") {
                        Done::Failed(error) => return Err(error),
                        done if wanted(&done) => return Ok(()),
                        _ => {}
                    },
                    () = handle.progress() => {}
                }
            }
        };
        runtime.block_on(async { timeout(Duration::from_secs(20), told).await }).expect("the storage answers")
    }
}

impl Storage for Looped {
    type How = LogWriter;
    fn open(disk: &SimulatedDisk, boot: u128, how: LogWriter) -> Result<(Looped, Recovered), StorageError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (sender, done) = unbounded_channel();
        let entered = runtime.enter();
        let disk = Arc::new(disk.clone());
        let (found, handle) = open_on(disk, "here", opening(boot), how, move |done| drop(sender.send(done)))?;
        drop(entered);
        Ok((Looped { handle, done, runtime }, found))
    }
    fn put(&mut self, write: Write) -> Result<(), StorageError> {
        self.handle.write(write);
        self.until(|done| matches!(done, Done::Written { .. }))
    }
    fn promise(&mut self, save: Save) -> Result<(), StorageError> {
        self.handle.save(save);
        self.until(|done| matches!(done, Done::Saved { .. }))
    }
    fn keep(&mut self, from: Position, state: String, ending: Ending, log: Vec<Entry>) -> Result<(), StorageError> {
        self.handle.begin_snapshot(from);
        self.handle.slice(state.into()).unwrap();
        self.handle.finish_snapshot(ending, log);
        self.until(|done| matches!(done, Done::Published { .. }))
    }
}

fn open(disk: &SimulatedDisk, boot: u128) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(disk.clone()), "here", opening(boot))
}

/// A life: format, write, promise, a tail that is replaced, snapshots, segments rolled and used again, a restart.
fn live<S: Storage>(disk: &SimulatedDisk, expected: &mut Expected, how: S::How) -> Result<(), StorageError> {
    let (mut store, found) = S::open(disk, 1, how)?;
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
    let (mut store, found) = S::open(disk, 2, how)?;
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
