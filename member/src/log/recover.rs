//! Reads the log after a start: takes the batches in order, judges what ends them, leaves the log ready to be continued.
//! `log/mod.rs` says why each verdict is right.
use super::batch::{entries, valid};
use super::end::End;
use super::header::{Header, Salt, Spot};
use super::segment::{self, Segment, zero};
use super::verdict::{Verdict, Wanted, is_zero, judge};
use crate::disk::{Aligned, BLOCK, Disk, File};
use crate::store::error::{Place, StorageError};
use crate::superblock::LogStart;
use group::{BootId, Entry, Seq, StorageId};
use std::collections::VecDeque;
use std::sync::Arc;

/// What the log holds.
pub(crate) struct Replay {
    /// The entries, consecutive and chained, oldest first. Batches that end before the snapshot does are left out.
    pub entries: VecDeque<Entry>,
    /// The highest commit index in any batch.
    pub commit: Seq,
    /// Why it cannot be trusted beyond that, if it cannot. Such a log takes no writes.
    pub unsound: Option<String>,
    /// Segments that are done with and may be used again.
    pub(crate) free: Vec<u32>,
    /// A number higher than that of any segment.
    pub(crate) unused: u32,
    pub(super) end: End,
}

impl Replay {
    /// How many segments are full of entries after this one.
    pub(crate) fn whole_segments_after(&self, seq: Seq) -> usize {
        let behind = self.end.spans.iter().filter(|span| span.highest > seq).count();
        behind.saturating_sub(2)
    }
}

/// Which log is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose {
    /// The disk it belongs to.
    pub storage: StorageId,
    /// The process that reads it, and will continue it.
    pub boot: BootId,
    /// The length of its segments.
    pub segment_bytes: u32,
    /// Where it begins.
    pub start: LogStart,
    /// A snapshot holds everything up to here.
    pub base: Seq,
}

/// Reads the log. What it returns is on the disk, not just in memory; what was torn is zeroed.
///
/// # Errors
/// The disk cannot be read or written: the process must end. Damage is not an error; it is told in `Replay::unsound`.
pub(crate) fn replay(disk: &dyn Disk, place: &Place, whose: Whose) -> Result<Replay, StorageError> {
    let names = disk.names().map_err(|source| place.error("list its files", source))?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| segment::number(name)).collect();
    numbers.sort_unstable();
    let unused = numbers.last().map_or(whose.start.segment, |last| last + 1);
    let live = numbers.partition_point(|number| *number < whose.start.segment);
    let mut reading = Reading::new(disk, place.clone(), whose);
    let unsound = reading.all(&numbers[live..])?.err();
    let Reading { entries, commit, end, .. } = reading;
    Ok(Replay { entries, commit, unsound, free: numbers[..live].to_vec(), unused, end })
}

/// The words for what is wrong with the log.
type Sound<T> = Result<T, String>;

struct Reading<'a> {
    disk: &'a dyn Disk,
    place: Place,
    whose: Whose,
    salt: Salt,
    entries: VecDeque<Entry>,
    commit: Seq,
    end: End,
    /// Holds one segment after the other: fresh memory for each would cost more than reading it.
    buffer: Aligned,
    /// Set behind a segment that was never written to: nothing may follow.
    ended: bool,
}

impl<'a> Reading<'a> {
    fn new(disk: &'a dyn Disk, place: Place, whose: Whose) -> Reading<'a> {
        let salt = Salt::new(whose.storage, whose.boot);
        let end = End { salt, number: whose.start.batch, ..End::default() };
        let buffer = Aligned::zeroed(whose.segment_bytes as usize);
        Reading { disk, place, whose, salt, entries: VecDeque::new(), commit: 0, end, buffer, ended: false }
    }

    fn all(&mut self, numbers: &[u32]) -> Result<Sound<()>, StorageError> {
        let mut expected = self.whose.start.segment;
        for number in numbers {
            if *number != expected {
                return Ok(Err(format!("segment {expected} of the log is missing")));
            }
            if let Err(why) = self.segment(*number)? {
                return Ok(Err(why));
            }
            expected += 1;
        }
        // The segment behind the one that is written always exists, so the last one that exists is never written to.
        let last_used = self.end.segments.len() == 1 && self.end.block > 0;
        if self.end.segments.is_empty() || last_used {
            return Ok(Err(format!("segment {expected} of the log is missing")));
        }
        Ok(Ok(()))
    }

    fn segment(&mut self, number: u32) -> Result<Sound<()>, StorageError> {
        let place = self.place.clone();
        let fails = |source| place.error(format!("read segment {number} of the log"), source);
        let file = self.disk.open(&segment::name(number)).map_err(fails)?;
        let length = file.length().map_err(fails)?;
        if length != u64::from(self.whose.segment_bytes) {
            return Ok(Err(format!(
                "segment {number} of the log has {length} bytes, not {}",
                self.whose.segment_bytes
            )));
        }
        file.sync().map_err(fails)?;
        let mut bytes = std::mem::replace(&mut self.buffer, Aligned::none());
        file.read(0, &mut bytes).map_err(fails)?;
        let taken = self.batches(number, &bytes);
        let valid = taken.as_ref().copied().unwrap_or(0);
        if !self.disk.reads_past_cache() && valid > 0 {
            file.write_through(0, &bytes[..valid]).map_err(fails)?;
        }
        let sound = match taken {
            Ok(upto) => self.rest(number, &file, &bytes, upto)?,
            Err(why) => Err(why),
        };
        self.buffer = bytes;
        Ok(sound)
    }

    /// Takes the batches of a segment up to the first thing that is none, and tells where that is.
    fn batches(&mut self, number: u32, bytes: &[u8]) -> Sound<usize> {
        let mut upto = 0;
        while let Some(header) = valid(&bytes[upto..], self.salt.storage, spot(number, upto)) {
            if header.number != self.end.number {
                break;
            }
            if self.ended {
                return Err(format!("segment {number} of the log has batches, the one before it has none"));
            }
            let last = header.first.saturating_add(header.count.into()) - 1;
            if self.entries.is_empty() && last < self.whose.base {
                self.commit = self.commit.max(header.commit);
            } else {
                let entries = entries(&header, &bytes[upto..])
                    .ok_or_else(|| format!("batch {} holds what cannot be read", header.number))?;
                self.take(&header, entries)?;
            }
            self.end.note(number, header.number, last);
            upto += header.bytes();
        }
        Ok(upto)
    }

    fn rest(
        &mut self,
        number: u32,
        file: &Arc<dyn File>,
        bytes: &[u8],
        upto: usize,
    ) -> Result<Sound<()>, StorageError> {
        let rest = &bytes[upto..];
        let segment = Segment { number, file: file.clone() };
        if !is_zero(rest) {
            let wanted = Wanted { storage: self.salt.storage, number: self.end.number, spot: spot(number, upto) };
            match self.judge_all(rest, wanted)? {
                Verdict::Corrupt(why) => return Ok(Err(why)),
                Verdict::Torn => self.mend(&segment, bytes, upto)?,
            }
        }
        if upto > 0 {
            self.end.segments.clear();
            self.end.block = spot(number, upto).block;
        } else {
            // An unused segment: from here on there may be nothing but zeros.
            self.ended = true;
        }
        self.end.segments.push_back(segment);
        Ok(Ok(()))
    }

    /// A torn batch is the last thing in the log: anything in later segments speaks against it.
    fn judge_all(&self, rest: &[u8], wanted: Wanted) -> Result<Verdict, StorageError> {
        let verdict = if self.ended {
            Verdict::Corrupt(format!("segment {} of the log is not empty, the one before it is", wanted.spot.segment))
        } else {
            judge(rest, wanted)
        };
        if verdict != Verdict::Torn {
            return Ok(verdict);
        }
        let mut number = wanted.spot.segment + 1;
        while let Ok(file) = self.disk.open(&segment::name(number)) {
            let fails = |source| self.place.error(format!("read segment {number} of the log"), source);
            let blocks = file.length().map_err(fails)? / BLOCK as u64 * BLOCK as u64;
            let mut bytes = Aligned::zeroed(usize::try_from(blocks).expect("a segment fits in memory"));
            file.read(0, &mut bytes).map_err(fails)?;
            if !is_zero(&bytes) {
                let why = format!("batch {} is damaged: segment {number}, behind it, is not empty", wanted.number);
                return Ok(Verdict::Corrupt(why));
            }
            number += 1;
        }
        Ok(Verdict::Torn)
    }

    /// Zeroes what there is of a torn batch, so that its space is as new.
    fn mend(&self, segment: &Segment, bytes: &[u8], upto: usize) -> Result<(), StorageError> {
        let number = self.end.number;
        tracing::info!(segment = segment.number, batch = number, "a batch was never finished; it is cut off");
        let used = bytes[upto..].chunks_exact(BLOCK).rposition(|block| !is_zero(block)).map_or(0, |last| last + 1);
        zero(&*segment.file, upto, upto + used * BLOCK, || ())
            .map_err(|source| self.place.error(format!("cut off the torn batch {number}"), source))
    }

    /// Appends the entries of a batch, cutting first if it says so.
    fn take(&mut self, header: &Header, new: Vec<Entry>) -> Sound<()> {
        let tail = self.entries.back().map(|last| last.seq);
        if let (Some(tail), Some(oldest)) = (tail, self.entries.front().map(|oldest| oldest.seq)) {
            let cuts = header.cuts && header.first <= tail;
            if cuts && header.first <= self.commit {
                return Err(format!("batch {} drops entry {}, which is committed (P4)", header.number, header.first));
            }
            if cuts {
                let kept = header.first.saturating_sub(oldest);
                self.entries.truncate(usize::try_from(kept).expect("fewer than there are"));
            }
            let follows = match self.entries.back() {
                Some(last) => (last.seq + 1, last.hash()) == (new[0].seq, new[0].prev_hash),
                // Everything known was replaced; that the chain is right shows where it meets the snapshot.
                None => true,
            };
            if !follows {
                return Err(format!("batch {} does not continue the log at entry {}", header.number, header.first));
            }
        }
        self.entries.extend(new);
        self.commit = self.commit.max(header.commit);
        Ok(())
    }
}

fn spot(segment: u32, offset: usize) -> Spot {
    Spot { segment, block: u32::try_from(offset / BLOCK).expect("a segment's blocks are counted in 32 bits") }
}
