//! A disk that stands still for a while every second, as disks on shared machines do. Knows when, and nothing of what is written.
use member::disk::{Aligned, DataDir, Disk, File, Landed, Lane};
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::{Sleep, sleep};

/// One stall begins every so often …
const EVERY: Duration = Duration::from_secs(1);

/// When the disk stands still.
#[derive(Clone, Copy)]
pub(crate) struct Stalls {
    pub(crate) began: Instant,
    /// … and lasts this long.
    pub(crate) each: Duration,
}
impl Stalls {
    /// How long a write that comes now has to wait.
    fn wait(self) -> Duration {
        let into = self.began.elapsed().as_nanos() % EVERY.as_nanos();
        self.each.saturating_sub(Duration::from_nanos(u64::try_from(into).expect("less than a second")))
    }
}

/// A data directory whose log writes stall.
pub(crate) struct Stalling {
    pub(crate) disk: DataDir,
    pub(crate) stalls: Stalls,
}

impl Stalling {
    fn file(&self, inner: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(StallingFile { inner, stalls: self.stalls })
    }
}
impl Disk for Stalling {
    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.disk.create(name).map(|file| self.file(file))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.disk.open(name).map(|file| self.file(file))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.disk.sync_names()
    }
    fn reads_past_cache(&self) -> bool {
        self.disk.reads_past_cache()
    }
    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        Ok(Box::new(StallingLane { inner: self.disk.lane()?, stalls: self.stalls, held: None }))
    }
}

struct StallingFile {
    inner: Arc<dyn File>,
    stalls: Stalls,
}
impl File for StallingFile {
    fn length(&self) -> io::Result<u64> {
        self.inner.length()
    }
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.inner.read(at, into)
    }
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.inner.write(at, bytes)
    }
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        std::thread::sleep(self.stalls.wait());
        self.inner.write_through(at, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }
    fn direct(&self) -> Option<Arc<OwnedFd>> {
        self.inner.direct()
    }
}

/// A lane whose writes land when the stall is over.
struct StallingLane {
    inner: Box<dyn Lane>,
    stalls: Stalls,
    held: Option<(Landed, Pin<Box<Sleep>>)>,
}
impl Lane for StallingLane {
    fn begin(&mut self, file: &Arc<dyn File>, at: u64, blocks: Aligned, bytes: usize) {
        self.inner.begin(file, at, blocks, bytes);
    }
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Landed> {
        loop {
            if let Some((_, over)) = &mut self.held {
                ready!(over.as_mut().poll(context));
                return Poll::Ready(self.held.take().expect("seen just now").0);
            }
            let landed = ready!(self.inner.poll(context));
            let wait = self.stalls.wait();
            if wait.is_zero() {
                return Poll::Ready(landed);
            }
            self.held = Some((landed, Box::pin(sleep(wait))));
        }
    }
    fn wait(&mut self) -> Landed {
        self.held.take().map_or_else(|| self.inner.wait(), |(landed, _)| landed)
    }
}
