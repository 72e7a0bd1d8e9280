//! A small life of a disk, lived on any writer of the log, and what must be there when it is opened again. Knows no fault.
use crate::common::{end, entries, opening, write};
use group::{Entry, Epoch, Position, Seq};
use member::disk::simulated::SimulatedDisk;
use member::log::Write;
use member::snapshot::{Ending, Item};
use member::store::{Done, Handle, LogWriter, Recovered, Save, StorageError, Store, open_on};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// What may be on the disk: what was acknowledged, and what was being done when the power failed.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    pub(crate) log: Vec<Entry>,
    next: Vec<Entry>,
    promised: u64,
    next_promised: u64,
    snapshot: Seq,
    next_snapshot: Seq,
    pub(crate) storage: Option<u128>,
}

impl Expected {
    pub(crate) fn write(
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
    pub(crate) fn save(&mut self, store: &mut impl Storage, promised: u64) -> Result<(), StorageError> {
        self.next_promised = promised;
        store.promise(Save { save: 1, group: None, promised: Epoch::new(0, promised), view: None })?;
        self.promised = promised;
        Ok(())
    }
    /// Takes a snapshot whose slice names the entry it begins at.
    pub(crate) fn snapshot(&mut self, store: &mut impl Storage, from: Seq, at: Seq) -> Result<(), StorageError> {
        let span = |seq: Seq| usize::try_from(seq).unwrap();
        self.next_snapshot = at;
        let ending = Ending { at: end(&self.log[..span(at)]), starts: vec![], reigns: vec![], format: 1 };
        let (begins, entries) = (end(&self.log[..span(from)]), &self.log[span(from)..span(at)]);
        store.keep(begins, format!("state at {from}"), ending, entries.to_vec())?;
        self.snapshot = at;
        Ok(())
    }

    pub(crate) fn check(&self, found: &Recovered, case: &str) {
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
pub(crate) fn is_prefix(found: &Recovered, log: &[Entry]) -> bool {
    let base = usize::try_from(found.base.seq).unwrap();
    let upto = base + found.entries.len();
    upto <= log.len() && end(&log[..base]) == found.base && log[base..upto] == found.entries
}

/// What a life is lived with: the storage without threads, or with any writer of its log.
pub(crate) trait Storage: Sized {
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
pub(crate) struct Looped {
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

pub(crate) fn open(disk: &SimulatedDisk, boot: u128) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(disk.clone()), "here", opening(boot))
}

/// A life: format, write, promise, a tail that is replaced, snapshots, segments rolled and used again, a restart.
pub(crate) fn live<S: Storage>(disk: &SimulatedDisk, expected: &mut Expected, how: S::How) -> Result<(), StorageError> {
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
