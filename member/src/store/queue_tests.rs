//! The queues between event loop, log thread and keeper, under schedules that shuttle draws: nothing is told before it is on the disk,
//! nobody waits for ever, and nothing that was given is left out. `QUEUE_SCHEDULES` says how many schedules; some hundred in every run.
use super::{Done, Handle, LogWriter, Opening, Recovered, Save, Store, open_on};
use crate::disk::simulated::{Fault, Luck, SimulatedDisk};
use crate::disk::{Disk, File, Lane};
use crate::log::Write;
use crate::mistake::{self, plant};
use crate::snapshot::Ending;
use crate::sync::thread::yield_now;
use bytes::Bytes;
use group::{Body, BootId, Entry, Epoch, Position, StorageId};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A disk at which every other thread may come first.
#[derive(Clone)]
struct Busy(SimulatedDisk);
struct BusyFile(Arc<dyn File>);

impl Disk for Busy {
    fn names(&self) -> io::Result<Vec<String>> {
        self.0.names()
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        yield_now();
        Ok(Arc::new(BusyFile(self.0.create(name)?)))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(BusyFile(self.0.open(name)?)))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        yield_now();
        self.0.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        yield_now();
        self.0.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        yield_now();
        self.0.sync_names()
    }
    fn reads_past_cache(&self) -> bool {
        self.0.reads_past_cache()
    }
    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        self.0.lane()
    }
}

impl File for BusyFile {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read(at, into)
    }
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        yield_now();
        self.0.write(at, bytes)
    }
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        yield_now();
        self.0.write_through(at, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        yield_now();
        self.0.sync()
    }
}

/// Small: a few batches fill one, and the keeper makes the next.
const SEGMENT_BYTES: u32 = 32 << 10;
/// Two of them fill the queue.
const ENTRY_BYTES: usize = 5 << 10;
const WRITES: u64 = 7;
/// The entry where the snapshot ends.
const SNAPSHOT: u64 = 3;

fn opening(boot: u128) -> Opening {
    Opening { boot: BootId(boot), fresh: StorageId(0x5707), segment_bytes: SEGMENT_BYTES }
}

fn found(disk: &SimulatedDisk) -> Recovered {
    let after = disk.after_power_cut(Luck::Nothing);
    Store::open(Arc::new(after), "here", opening(2)).expect("a disk that was opened opens again").1
}

/// The loop's side of it: one write after the other, a promise after every third, a snapshot between them.
struct Life {
    disk: SimulatedDisk,
    store: Handle,
    news: UnboundedReceiver<Done>,
    log: Vec<Entry>,
    written: u64,
    /// Promises asked for, each with the last entry that was given before it, and how many were reported.
    promises: Vec<u64>,
    saved: usize,
    published: bool,
    failed: bool,
}

impl Life {
    /// `None`: the disk fails before it is open.
    fn begin(how: LogWriter, fails: Option<u64>) -> Option<Life> {
        let disk = SimulatedDisk::new();
        if let Some(operation) = fails {
            disk.fail(operation, Fault::Error(io::ErrorKind::Other));
        }
        let (notify, news) = unbounded_channel();
        let tell = move |done| {
            yield_now();
            drop(notify.send(done));
        };
        let (_, store) = open_on(Arc::new(Busy(disk.clone())), "here", opening(1), how, tell).ok()?;
        store.begin_snapshot(Position::default());
        store.slice(Bytes::from_static(b"the state at the beginning")).expect("the queue is empty");
        let (log, promises) = (vec![], vec![]);
        Some(Life { disk, store, news, log, written: 0, promises, saved: 0, published: false, failed: false })
    }

    fn tail(&self) -> Position {
        self.log.last().map_or(Position::default(), Entry::position)
    }
    fn is_all_given(&self) -> bool {
        self.log.len() as u64 == WRITES
    }

    /// The next write, and what comes with it.
    fn give(&mut self) {
        let Position { seq, hash, .. } = self.tail();
        let body = Body::App(Bytes::from(vec![7; ENTRY_BYTES]));
        let entry = Entry { epoch: Epoch::new(0, 1), seq: seq + 1, prev_hash: hash, at: 0, body };
        self.log.push(entry.clone());
        self.store.write(Write { write: seq + 1, cut: None, entries: vec![entry], commit: seq });
        if (seq + 1).is_multiple_of(3) {
            self.promises.push(seq + 1);
            let save = self.promises.len() as u64;
            self.store.save(Save { save, group: None, promised: Epoch::new(0, save), view: None });
        }
        if seq + 1 == SNAPSHOT {
            let ending = Ending { at: self.tail(), format: 1, ..Ending::default() };
            self.store.finish_snapshot(ending, self.log.clone());
        }
    }

    /// What is told is on the disk, whatever happens next.
    fn hear(&mut self, done: Done) {
        match done {
            Done::Written { write } => {
                assert!(write > self.written, "write {write} is told after {}", self.written);
                assert!(found(&self.disk).tail().seq >= write, "write {write} is told and not on the disk");
                self.written = write;
            }
            Done::Saved { save } => {
                let found = found(&self.disk);
                let before = self.promises[self.saved];
                self.saved += 1;
                assert_eq!(save, self.saved as u64, "promises are told one after the other");
                assert!(found.promised >= Epoch::new(0, save), "promise {save} is told and not on the disk");
                assert!(found.tail().seq >= before, "promise {save} is told before write {before} is on the disk");
            }
            Done::Published { .. } => {
                assert_eq!(found(&self.disk).base.seq, SNAPSHOT, "the snapshot is told and not on the disk");
                self.published = true;
            }
            Done::Failed(_) => self.failed = true,
            other => panic!("nobody asked for this: {other:?}"),
        }
    }

    fn is_over(&self) -> bool {
        let all = self.written == WRITES && self.saved == self.promises.len() && self.published;
        self.failed || (self.is_all_given() && all)
    }

    /// One turn after the other, as the event loop does it: no more is taken in than there is room for.
    async fn go_on(&mut self) {
        while !self.is_over() {
            while !self.is_all_given() && self.store.has_room() {
                self.give();
            }
            tokio::select! {
                biased;
                Some(done) = self.news.recv() => self.hear(done),
                () = self.store.progress() => {}
            }
        }
    }
}

fn everything_is_told_when_it_is_on_the_disk(how: LogWriter) {
    let mut life = Life::begin(how, None).expect("a disk without faults opens");
    shuttle::future::block_on(life.go_on());
    assert!(!life.failed, "a disk without faults does not fail");
}

fn everything_given_is_on_the_disk_in_the_end(how: LogWriter) {
    let mut life = Life::begin(how, None).expect("a disk without faults opens");
    while !life.is_all_given() {
        life.give();
    }
    let Life { disk, store, promises, .. } = life;
    drop(store);
    let found = found(&disk);
    assert_eq!((found.tail().seq, found.promised), (WRITES, Epoch::new(0, promises.len() as u64)));
}

fn a_failing_disk_ends_it(how: LogWriter, operation: u64) {
    let Some(mut life) = Life::begin(how, Some(operation)) else { return };
    shuttle::future::block_on(life.go_on());
}

const WRITERS: [LogWriter; 3] = [LogWriter::Thread, LogWriter::Inline, LogWriter::IoUring];

fn schedules() -> usize {
    std::env::var("QUEUE_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(150)
}

/// So many schedules of two kinds: any thread at any time, and few changes at bad moments. The same ones every time.
fn explore(schedules: usize, what: impl Fn() + Clone + Send + Sync + 'static) {
    let config = || {
        let mut config = Config::new();
        config.stack_size = 1 << 20;
        config
    };
    Runner::new(RandomScheduler::new_from_seed(1, schedules), config()).run(what.clone());
    Runner::new(PctScheduler::new_from_seed(2, 3, schedules), config()).run(what);
}

#[test]
fn what_is_told_is_on_the_disk_and_nobody_waits_for_ever() {
    for how in WRITERS {
        explore(schedules(), move || everything_is_told_when_it_is_on_the_disk(how));
    }
}

#[test]
fn what_was_given_is_written_before_the_storage_is_gone() {
    for how in WRITERS {
        explore(schedules(), move || everything_given_is_on_the_disk_in_the_end(how));
    }
}

#[test]
fn wherever_the_disk_fails_it_is_told_and_nobody_waits_for_ever() {
    for how in WRITERS {
        for operation in 1..=60 {
            explore(schedules() / 30, move || a_failing_disk_ends_it(how, operation));
        }
    }
}

/// Whether a mistake is noticed by either.
fn is_found(planted: u8) -> bool {
    let search = move || {
        plant(planted);
        explore(150, || everything_is_told_when_it_is_on_the_disk(LogWriter::Thread));
        explore(150, || everything_given_is_on_the_disk_in_the_end(LogWriter::Thread));
    };
    std::thread::spawn(search).join().is_err()
}

#[test]
fn planted_mistakes_are_found() {
    assert!(!is_found(0), "without a mistake nothing is found");
    let planted = [mistake::REPORTED_EARLY, mistake::ROOM_TOO_LATE, mistake::STOPS_AT_ONCE, mistake::PROMISE_OVERTAKES];
    for mistake in planted {
        assert!(is_found(mistake), "mistake {mistake} is not found");
    }
}
