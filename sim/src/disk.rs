//! A simulated disk that can also lie: a write that lands elsewhere, and one that is never done. Everything else is `SimulatedDisk`'s.
use member::disk::simulated::{Luck, SimulatedDisk};
use member::disk::{BLOCK, Disk, File, Lane};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the next large write does instead of its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lie {
    /// It lands so many blocks further on, or before.
    Elsewhere(u64),
    /// It does nothing.
    Nothing,
}

#[derive(Clone, Default)]
pub(crate) struct LyingDisk {
    pub(crate) base: SimulatedDisk,
    next: Arc<Mutex<Option<Lie>>>,
    /// How often it has lied.
    told: Arc<Mutex<u64>>,
    /// What was written to the log last.
    last: Arc<Mutex<Option<LastWrite>>>,
}

/// A write to the log.
#[derive(Clone, Debug)]
pub(crate) struct LastWrite {
    /// In which file.
    pub(crate) name: String,
    /// At which offset, in bytes.
    pub(crate) at: usize,
    /// How many bytes.
    pub(crate) bytes: usize,
    /// How many came before it.
    pub(crate) number: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LyingDisk {
    pub(crate) fn new(cached_reads: bool) -> LyingDisk {
        let disk = LyingDisk::default();
        disk.base.cache_reads(cached_reads);
        disk
    }
    /// The next write to the log is a lie.
    pub(crate) fn lie(&self, lie: Lie) {
        *lock(&self.next) = Some(lie);
    }
    pub(crate) fn lies_told(&self) -> u64 {
        *lock(&self.told)
    }
    pub(crate) fn last_write(&self) -> Option<LastWrite> {
        lock(&self.last).clone()
    }
    /// How much has been written to the log, in writes.
    pub(crate) fn writes(&self) -> u64 {
        lock(&self.last).as_ref().map_or(0, |last| last.number)
    }
    /// What is there when the machine comes back.
    pub(crate) fn after(&self, luck: Luck) -> LyingDisk {
        LyingDisk {
            base: self.base.after_power_cut(luck),
            next: Arc::default(),
            told: self.told.clone(),
            last: Arc::new(Mutex::new(self.last_write())),
        }
    }
}

impl Disk for LyingDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        self.base.names()
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.base.create(name)
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = self.base.open(name)?;
        let log = is_log(name).then(|| name.to_owned());
        Ok(Arc::new(LyingFile { file, disk: self.clone(), log }))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.base.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.base.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.base.sync_names()
    }
    fn reads_past_cache(&self) -> bool {
        self.base.reads_past_cache()
    }
    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        self.base.lane()
    }
}

pub(crate) fn is_log(name: &str) -> bool {
    name.starts_with("log")
}

struct LyingFile {
    file: Arc<dyn File>,
    disk: LyingDisk,
    /// Its name, if it is one of the log's.
    log: Option<String>,
}

impl File for LyingFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read(at, into)
    }
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write(at, bytes)
    }
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let Some(name) = &self.log else { return self.file.write_through(at, bytes) };
        let number = self.disk.writes() + 1;
        let last = LastWrite { name: name.clone(), at: usize::try_from(at).unwrap_or(0), bytes: bytes.len(), number };
        let Some(lie) = lock(&self.disk.next).take() else {
            self.file.write_through(at, bytes)?;
            *lock(&self.disk.last) = Some(last);
            return Ok(());
        };
        *lock(&self.disk.last) = Some(last);
        *lock(&self.disk.told) += 1;
        match lie {
            Lie::Nothing => Ok(()),
            Lie::Elsewhere(blocks) => {
                let length = self.file.length()? / BLOCK as u64;
                let room = length.saturating_sub(bytes.len() as u64 / BLOCK as u64).max(1);
                self.file.write_through(blocks % room * BLOCK as u64, bytes)
            }
        }
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
