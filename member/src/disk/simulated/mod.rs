//! A disk in memory that behaves as badly as a real one may: loses what was not synced, tears writes between sectors, fails, flips bits.
//! Deterministic: what it does wrong is told to it.
mod contents;

pub use contents::Luck;

use super::{Aligned, BLOCK, Disk, File, Landed, Lane};
use contents::{Coin, Contents};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

/// A simulated disk. Clones share it, as processes share a machine's disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk {
    inner: Arc<Mutex<Inner>>,
}

/// What goes wrong at one operation (a write, a sync, or a change of names).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The power fails during it: it is done in part, and everything after it fails.
    PowerCut,
    /// It fails with this error. A failed sync loses what it should have made durable, and the next one says yes, as
    /// Linux does.
    Error(io::ErrorKind),
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<u64, Contents>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    unsynced_names: Vec<BTreeMap<String, u64>>,
    operations: u64,
    faults: BTreeMap<u64, Fault>,
    off: bool,
    capacity: Option<u64>,
    caches_reads: bool,
}

impl SimulatedDisk {
    /// An empty disk without faults, whose aligned reads come from the device.
    pub fn new() -> SimulatedDisk {
        SimulatedDisk::default()
    }
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread panics while it holds this lock")
    }
    /// How many operations were done: writes, syncs, and changes of names. Operation `n` is the one that makes this `n`.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }
    /// Operation number `operation` goes wrong.
    pub fn fail(&self, operation: u64, fault: Fault) {
        self.lock().faults.insert(operation, fault);
    }
    /// Files may hold so many bytes together; beyond it writes fail with `StorageFull`.
    pub fn limit(&self, bytes: u64) {
        self.lock().capacity = Some(bytes);
    }
    /// Whether all reads may come from the page cache, as on a file system without direct access.
    pub fn cache_reads(&self, cached: bool) {
        self.lock().caches_reads = cached;
    }
    /// Inverts one bit of what is stored.
    pub fn flip(&self, name: &str, byte: usize, bit: u8) {
        let mut inner = self.lock();
        let file = inner.names[name];
        let contents = inner.files.get_mut(&file).expect("names point to files");
        contents.flip(byte, bit);
    }
    /// Cuts a file short, or fills it up with zeros.
    pub fn resize(&self, name: &str, bytes: usize) {
        let mut inner = self.lock();
        let file = inner.names[name];
        let contents = inner.files.get_mut(&file).expect("names point to files");
        contents.resize(bytes);
    }
    /// What a file holds, as a process would read it.
    pub fn contents(&self, name: &str) -> Vec<u8> {
        let inner = self.lock();
        inner.files[&inner.names[name]].bytes().to_vec()
    }
    /// How many sectors were written and how many names changed since either was last made durable.
    pub fn unsynced(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.files.values().map(|contents| contents.unsynced()).sum(), inner.unsynced_names.len())
    }
    /// The disk after the power failed and came back: without faults, with what `luck` left.
    pub fn after_power_cut(&self, luck: Luck) -> SimulatedDisk {
        let mut coin = Coin::new(luck);
        let (_, changes) = self.unsynced();
        let names = match luck {
            Luck::Nothing => 0,
            Luck::Everything => changes,
            Luck::Seed(_) => coin.below(changes + 1),
        };
        self.survivor(names, |_| match luck {
            Luck::Nothing => false,
            Luck::Everything => true,
            Luck::Seed(_) => coin.throw() & 1 == 1,
        })
    }
    /// The same, with the first `names` of the unsynced changes of names, and with those of the unsynced sectors, counted from 0
    /// through all files, of which `keep` says so.
    pub fn survivor(&self, names: usize, mut keep: impl FnMut(usize) -> bool) -> SimulatedDisk {
        let inner = self.lock();
        let names = names.checked_sub(1).map_or(&inner.durable_names, |last| &inner.unsynced_names[last]);
        let mut sector = 0..;
        let mut next = || sector.next().is_some_and(&mut keep);
        let files = inner.files.iter().map(|(file, contents)| (*file, contents.survive(&mut next)));
        // What has no name is gone.
        let files: BTreeMap<u64, Contents> =
            files.filter(|(file, _)| names.values().any(|named| named == file)).collect();
        let after = Inner {
            files,
            names: names.clone(),
            durable_names: names.clone(),
            operations: inner.operations,
            caches_reads: inner.caches_reads,
            ..Inner::default()
        };
        SimulatedDisk { inner: Arc::new(Mutex::new(after)) }
    }
}

impl Inner {
    /// Counts one operation and tells what goes wrong with it.
    fn begin(&mut self) -> io::Result<Option<Fault>> {
        if self.off {
            return Err(power_cut());
        }
        self.operations += 1;
        let fault = self.faults.remove(&self.operations);
        self.off = fault == Some(Fault::PowerCut);
        Ok(fault)
    }
    fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[file].bytes().len() as u64).sum()
    }
    fn rename(&mut self, change: impl FnOnce(&mut BTreeMap<String, u64>) -> io::Result<()>) -> io::Result<()> {
        let fault = self.begin()?;
        if let Some(Fault::Error(kind)) = fault {
            return Err(kind.into());
        }
        change(&mut self.names)?;
        self.unsynced_names.push(self.names.clone());
        if fault.is_some() { Err(power_cut()) } else { Ok(()) }
    }
}

fn power_cut() -> io::Error {
    io::Error::other("the power is cut")
}

impl Disk for SimulatedDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().names.keys().cloned().collect())
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut inner = self.lock();
        let file = inner.files.keys().last().map_or(0, |last| last + 1);
        inner.files.insert(file, Contents::default());
        inner.rename(|names| {
            names.insert(name.to_owned(), file);
            Ok(())
        })?;
        Ok(Arc::new(SimulatedFile { inner: self.inner.clone(), file }))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = *self.lock().names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimulatedFile { inner: self.inner.clone(), file }))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.lock().rename(|names| {
            let file = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            names.insert(to.to_owned(), file);
            Ok(())
        })
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.lock().rename(|names| names.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into()))
    }
    fn sync_names(&self) -> io::Result<()> {
        let mut inner = self.lock();
        match inner.begin()? {
            Some(Fault::PowerCut) => Err(power_cut()),
            Some(Fault::Error(kind)) => Err(kind.into()),
            None => {
                inner.durable_names = inner.names.clone();
                inner.unsynced_names.clear();
                Ok(())
            }
        }
    }
    fn reads_past_cache(&self) -> bool {
        !self.lock().caches_reads
    }
    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        Ok(Box::new(SimulatedLane(None)))
    }
}

struct SimulatedFile {
    inner: Arc<Mutex<Inner>>,
    file: u64,
}

impl SimulatedFile {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread panics while it holds this lock")
    }
    fn put(&self, at: u64, bytes: &[u8], durably: bool) -> io::Result<()> {
        let mut inner = self.lock();
        let fault = inner.begin()?;
        let (capacity, used) = (inner.capacity, inner.used());
        let contents = inner.files.get_mut(&self.file).ok_or(io::ErrorKind::NotFound)?;
        let at = usize::try_from(at).expect("a simulated file fits in memory");
        let growth = (at + bytes.len()).saturating_sub(contents.bytes().len()) as u64;
        if growth > 0 && capacity.is_some_and(|capacity| used + growth > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let Some(fault) = fault else {
            if durably {
                contents.write_through(at, bytes)
            } else {
                contents.write(at, bytes)
            }
            return Ok(());
        };
        contents.write(at, bytes);
        match fault {
            Fault::PowerCut => Err(power_cut()),
            Fault::Error(kind) => {
                if durably {
                    contents.forget(at, bytes.len());
                }
                Err(kind.into())
            }
        }
    }
}

impl File for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.lock().files[&self.file].bytes().len() as u64)
    }
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let inner = self.lock();
        let contents = &inner.files[&self.file];
        let at = usize::try_from(at).expect("a simulated file fits in memory");
        let direct = !inner.caches_reads && at.is_multiple_of(BLOCK) && into.len().is_multiple_of(BLOCK);
        contents.read(at, into, direct).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.put(at, bytes, false)
    }
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        assert!(at.is_multiple_of(BLOCK as u64) && bytes.len().is_multiple_of(BLOCK), "write through in whole blocks");
        self.put(at, bytes, true)
    }
    fn sync(&self) -> io::Result<()> {
        let mut inner = self.lock();
        let fault = inner.begin()?;
        let contents = inner.files.get_mut(&self.file).ok_or(io::ErrorKind::NotFound)?;
        match fault {
            Some(Fault::PowerCut) => Err(power_cut()),
            Some(Fault::Error(kind)) => {
                contents.forget_all();
                Err(kind.into())
            }
            None => {
                contents.sync();
                Ok(())
            }
        }
    }
}

/// What was begun and is not yet asked for.
type Begun = (Arc<dyn File>, u64, Aligned, usize);

/// Writes when it is asked whether it has written.
struct SimulatedLane(Option<Begun>);

impl Lane for SimulatedLane {
    fn begin(&mut self, file: &Arc<dyn File>, at: u64, blocks: Aligned, bytes: usize) {
        let before = self.0.replace((file.clone(), at, blocks, bytes));
        assert!(before.is_none(), "one write after the other");
    }
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Landed> {
        Poll::Ready(self.wait())
    }
    fn wait(&mut self) -> Landed {
        let (file, at, blocks, bytes) = self.0.take().expect("something was begun");
        let written = file.write_through(at, &blocks[..bytes]);
        (blocks, written)
    }
}
