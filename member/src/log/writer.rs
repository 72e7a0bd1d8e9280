//! Writes the log: gathers entries into batches and puts each on the disk with one write and one sync. Knows nothing of threads.
use super::batch::Draft;
use super::end::{End, Supply};
use super::header::{Spot, batch_bytes};
use super::recover::{Replay, Whose};
use crate::disk::{Aligned, BLOCK, File};
use crate::limits::{BATCH_BYTES, ENTRY_BYTES};
use crate::mistake::planted;
use crate::store::error::{Place, StorageError};
use crate::superblock::LogStart;
use group::{Entry, Seq};
use std::io;
use std::sync::Arc;

/// What `group::Output::Write` asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// Its number.
    pub write: u64,
    /// Keep entries up to here and drop the rest.
    pub cut: Option<Seq>,
    /// What to append.
    pub entries: Vec<Entry>,
    /// How far the log is committed.
    pub commit: Seq,
}

/// A batch on its way to the disk.
pub(crate) struct Batch {
    /// Where to.
    pub(crate) file: Arc<dyn File>,
    /// At which offset, in bytes.
    pub(crate) at: u64,
    /// Its blocks, and more that are not to be written.
    pub(crate) blocks: Aligned,
    /// How many bytes of them.
    pub(crate) bytes: usize,
}
impl Batch {
    /// Puts it on the disk.
    pub(crate) fn write(&self) -> io::Result<()> {
        let block = &self.blocks[..self.bytes];
        if planted(41) { self.file.write(self.at, block) } else { self.file.write_through(self.at, block) }
    }
}

/// The log, open for writing.
pub(crate) struct Log {
    place: Place,
    segment_bytes: u32,
    end: End,
    /// The last entry taken in.
    tail: Seq,
    /// The highest commit index noted; nothing up to here is ever cut.
    commit: Seq,
    draft: Draft,
    blocks: Aligned,
    supply: Box<dyn Supply>,
    ordered: bool,
    unused: u32,
    free: Vec<u32>,
}

/// Segments ready beside the one being written: the one behind it must exist before it is written to, and one more is made
/// meanwhile, so that rolling never waits for zeros.
const READY: usize = 2;

impl Log {
    /// Continues a sound log whose last entry is `tail`.
    pub(crate) fn resume(
        replay: Replay,
        tail: Seq,
        whose: Whose,
        place: Place,
        supply: Box<dyn Supply>,
    ) -> Result<Log, StorageError> {
        let Replay { commit, free, unused, end, .. } = replay;
        Log { commit, free, unused, end, ..Log::empty(tail, whose, place, supply) }.ready()
    }

    /// A log in segments from `unused` on, going on behind entry `tail`.
    pub(crate) fn fresh(
        replay: Replay,
        tail: Seq,
        whose: Whose,
        place: Place,
        supply: Box<dyn Supply>,
    ) -> Result<Log, StorageError> {
        let Replay { free, unused, end: End { salt, number, .. }, .. } = replay;
        let end = End { salt, number, ..End::default() };
        Log { free, unused, end, commit: tail, ..Log::empty(tail, whose, place, supply) }.ready()
    }

    fn empty(tail: Seq, whose: Whose, place: Place, supply: Box<dyn Supply>) -> Log {
        Log {
            place,
            segment_bytes: whose.segment_bytes,
            end: End::default(),
            tail,
            commit: 0,
            draft: Draft::default(),
            blocks: Aligned::zeroed(batch_bytes(BATCH_BYTES)),
            supply,
            ordered: false,
            unused: whose.start.segment,
            free: vec![],
        }
    }

    /// Takes in a write. It is on the disk after the next `flush`; parts of it may be before.
    ///
    /// # Errors
    /// The write does not fit the log, or the disk refuses: the process must end.
    pub(crate) fn push(&mut self, write: &Write) -> Result<(), StorageError> {
        if let Some(cut) = write.cut.filter(|cut| *cut < self.tail) {
            if cut < self.commit {
                return Err(StorageError::CutsCommitted { cut, commit: self.commit });
            }
            self.flush()?;
            self.tail = cut;
            self.draft.cuts = true;
        }
        for entry in &write.entries {
            if entry.seq != self.tail + 1 {
                return Err(StorageError::Gap { first: entry.seq, tail: self.tail });
            }
            self.stage(entry)?;
        }
        self.commit = self.commit.max(write.commit.min(self.tail));
        self.draft.commit = self.commit;
        Ok(())
    }

    fn stage(&mut self, entry: &Entry) -> Result<(), StorageError> {
        let segment = self.segment_bytes as usize;
        let room = segment.min(batch_bytes(BATCH_BYTES));
        let bytes = self.draft.push(entry);
        if self.draft.bytes() > room && self.draft.count > 1 {
            self.draft.pop(bytes);
            self.flush()?;
            self.draft.push(entry);
        }
        let limit = ENTRY_BYTES.min(segment - BLOCK);
        if bytes > limit || self.draft.bytes() > segment {
            return Err(StorageError::TooLarge { seq: entry.seq, bytes, limit });
        }
        self.tail = entry.seq;
        Ok(())
    }

    /// Bytes of entries that wait to be written.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.draft.body.len()
    }

    /// Whether this write can be taken in and its batch begun without waiting for the disk.
    pub(crate) fn takes_at_once(&mut self, write: &Write) -> bool {
        let more: usize = write.entries.iter().map(Entry::weight).sum();
        let body = self.draft.body.len() + more;
        body <= BATCH_BYTES && write.cut.is_none() && (self.fits(batch_bytes(body)) || self.has_next())
    }
    /// Whether so many bytes fit behind the last batch.
    fn fits(&self, bytes: usize) -> bool {
        self.end.block as usize * BLOCK + bytes <= self.segment_bytes as usize
    }
    /// Whether the log may roll without waiting for a segment.
    fn has_next(&mut self) -> bool {
        self.end.segments.len() > READY || (self.ordered && self.supply.is_ready())
    }

    /// Writes what was taken in, in one batch; it is on the disk when this returns.
    ///
    /// # Errors
    /// The disk refuses: the process must end.
    pub(crate) fn flush(&mut self) -> Result<(), StorageError> {
        let Some(batch) = self.begin()? else { return Ok(()) };
        let written = batch.write();
        self.complete(batch, written)
    }

    /// Makes a batch of what was taken in. It must be written and `complete`d before anything else is done with the log.
    ///
    /// # Errors
    /// There is no segment for it: the process must end.
    pub(crate) fn begin(&mut self) -> Result<Option<Batch>, StorageError> {
        if self.draft.is_empty() {
            return Ok(None);
        }
        let bytes = self.draft.bytes();
        if !self.fits(bytes) {
            self.roll()?;
        }
        let mut blocks = std::mem::replace(&mut self.blocks, Aligned::none());
        if blocks.len() < bytes {
            blocks = Aligned::zeroed(bytes);
        }
        let segment = &self.end.segments[0];
        let spot = Spot { segment: segment.number, block: self.end.block };
        self.draft.commit = self.commit;
        self.draft.lay(self.end.salt, spot, self.end.number, &mut blocks);
        Ok(Some(Batch { file: segment.file.clone(), at: spot.offset() as u64, blocks, bytes }))
    }

    /// The batch that was begun is on the disk, or will never be.
    ///
    /// # Errors
    /// It could not be written: the process must end.
    pub(crate) fn complete(&mut self, batch: Batch, written: io::Result<()>) -> Result<(), StorageError> {
        let number = self.end.number;
        written.map_err(|source| self.place.error(format!("write batch {number} to the log"), source))?;
        self.end.block += u32::try_from(batch.bytes / BLOCK).expect("a batch fits in a segment");
        self.end.note(self.end.segments[0].number, number, self.draft.last);
        self.draft.clear();
        self.blocks = batch.blocks;
        Ok(())
    }

    fn roll(&mut self) -> Result<(), StorageError> {
        while self.end.segments.len() <= READY {
            self.receive()?;
        }
        self.end.segments.pop_front();
        self.end.block = 0;
        self.order()
    }
    fn receive(&mut self) -> Result<(), StorageError> {
        self.order()?;
        let segment = self.supply.take()?;
        self.ordered = false;
        self.end.segments.push_back(segment);
        Ok(())
    }
    fn order(&mut self) -> Result<(), StorageError> {
        if !self.ordered && self.end.segments.len() <= READY {
            self.supply.order(self.unused, self.segment_bytes, self.free.pop())?;
            self.unused += 1;
            self.ordered = true;
        }
        Ok(())
    }
    fn ready(mut self) -> Result<Log, StorageError> {
        while self.end.segments.len() < READY {
            self.receive()?;
        }
        self.order()?;
        Ok(self)
    }

    /// Leaves everything behind: the log goes on after entry `tail` in an unused segment. To be told to the superblock before
    /// anything is written.
    pub(crate) fn restart(&mut self, tail: Seq) -> Result<LogStart, StorageError> {
        if tail < self.commit {
            return Err(StorageError::CutsCommitted { cut: tail, commit: self.commit });
        }
        self.draft.clear();
        if self.end.block > 0 {
            self.roll()?;
        }
        self.tail = tail;
        self.commit = tail;
        Ok(self.here())
    }
    fn here(&self) -> LogStart {
        LogStart { segment: self.end.segments[0].number, batch: self.end.number }
    }

    /// Where the log could begin if entries up to `upto` are not needed.
    pub(crate) fn start_after(&self, upto: Seq) -> Option<LogStart> {
        let needed = self.end.spans.iter().find(|span| span.highest > upto);
        let last =
            self.end.spans.back().filter(|span| Some(span.segment) == self.end.segments.front().map(|s| s.number));
        needed.or(last).map(|span| LogStart { segment: span.segment, batch: span.batch })
    }
    /// The superblock says that the log begins here: files before it are used again.
    pub(crate) fn began_at(&mut self, start: LogStart) {
        while let Some(span) = self.end.spans.front().copied().filter(|span| span.segment < start.segment) {
            self.end.spans.pop_front();
            self.free.push(span.segment);
        }
    }
    /// The last entry taken in.
    pub(crate) fn tail(&self) -> Seq {
        self.tail
    }
}
