//! The log in memory: what is appended, what is on the disk, where epochs begin. Knows nothing of who leads or who has acknowledged.
use crate::entry::Entry;
use crate::ids::{Position, Seq};
use crate::message::EpochStart;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

#[derive(Clone)]
struct Kept {
    entry: Entry,
    position: Position,
    /// Weight of all entries ever kept, up to and with this one: differences give bytes between two places.
    upto: u64,
}

/// Entries after `base`, chained.
///
/// Invariants: `base.seq <= durable <= tail.seq`; entries are consecutive; `starts` is sorted by epoch and by seq, and its
/// first row covers `base`.
#[derive(Clone)]
pub(crate) struct Log {
    base: Position,
    base_weight: u64,
    entries: VecDeque<Kept>,
    starts: Vec<EpochStart>,
    durable: Seq,
    /// Writes not yet reported done: number and the last entry each one holds.
    writes: VecDeque<(u64, Seq)>,
    next_write: u64,
    /// Entries up to here were handed to the disk.
    handed: Seq,
    /// Set when the tail was cut since the last hand-over.
    cut: Option<Seq>,
}

/// A write for the disk: its number, where to cut first, and the entries.
pub(crate) type Write = (u64, Option<Seq>, Vec<Entry>);

impl Log {
    /// A log that begins after `base`, holding entries that are all on the disk.
    pub(crate) fn new(base: Position, starts: Vec<EpochStart>, entries: Vec<Entry>) -> Log {
        let mut log = Log {
            base,
            base_weight: 0,
            entries: VecDeque::new(),
            starts,
            durable: base.seq,
            writes: VecDeque::new(),
            next_write: 1,
            handed: base.seq,
            cut: None,
        };
        log.starts.retain(|row| row.seq <= base.seq);
        if log.starts.last().is_none_or(|row| row.epoch != base.epoch) {
            log.starts.push(EpochStart { epoch: base.epoch, seq: base.seq });
        }
        for entry in entries {
            log.append(entry);
        }
        log.durable = log.tail().seq;
        log.handed = log.durable;
        log
    }

    /// See `Core::alike`. The chain makes the last place stand for all entries before it.
    pub(crate) fn alike(&self, into: &mut impl Hasher) {
        let Log { base, starts, durable, writes, handed, cut, .. } = self;
        (base, self.tail(), starts, durable, handed, cut, writes.len()).hash(into);
        writes.iter().for_each(|(_, last)| last.hash(into));
    }

    pub(crate) fn base(&self) -> Position {
        self.base
    }
    pub(crate) fn tail(&self) -> Position {
        self.entries.back().map_or(self.base, |kept| kept.position)
    }
    pub(crate) fn durable(&self) -> Seq {
        self.durable
    }
    pub(crate) fn starts(&self) -> &[EpochStart] {
        &self.starts
    }
    pub(crate) fn last(&self) -> Option<&Entry> {
        self.entries.back().map(|kept| &kept.entry)
    }

    fn kept(&self, seq: Seq) -> Option<&Kept> {
        let index = seq.checked_sub(self.base.seq + 1)?;
        self.entries.get(usize::try_from(index).ok()?)
    }
    pub(crate) fn entry(&self, seq: Seq) -> Option<&Entry> {
        self.kept(seq).map(|kept| &kept.entry)
    }
    /// The position of an entry that is held, or of the base.
    pub(crate) fn position(&self, seq: Seq) -> Option<Position> {
        if seq == self.base.seq { Some(self.base) } else { self.kept(seq).map(|kept| kept.position) }
    }
    /// Entries after `from` up to `upto`, from memory.
    pub(crate) fn range(&self, from: Seq, upto: Seq) -> impl Iterator<Item = &Entry> {
        let first = from.max(self.base.seq) - self.base.seq;
        let last = upto.clamp(self.base.seq, self.tail().seq) - self.base.seq;
        let span = first.min(last) as usize..last as usize;
        self.entries.range(span).map(|kept| &kept.entry)
    }
    fn weight_at(&self, seq: Seq) -> u64 {
        self.kept(seq.min(self.tail().seq)).map_or(self.base_weight, |kept| kept.upto)
    }
    /// Bytes of the entries after `from` up to `upto`.
    pub(crate) fn weight_between(&self, from: Seq, upto: Seq) -> u64 {
        self.weight_at(upto).saturating_sub(self.weight_at(from))
    }
    /// Bytes kept in memory.
    pub(crate) fn weight(&self) -> u64 {
        self.weight_between(self.base.seq, self.tail().seq)
    }

    /// Adds the entry that follows the tail.
    pub(crate) fn append(&mut self, entry: Entry) {
        let tail = self.tail();
        assert!(entry.seq == tail.seq + 1 && entry.prev_hash == tail.hash, "{entry:?} does not follow {tail:?}");
        assert!(entry.epoch >= tail.epoch, "{entry:?} is of an older epoch than {tail:?}");
        if entry.epoch != tail.epoch {
            self.starts.push(EpochStart { epoch: entry.epoch, seq: entry.seq });
        }
        let upto = self.weight_at(tail.seq) + entry.weight() as u64;
        self.entries.push_back(Kept { position: entry.position(), entry, upto });
    }

    /// Drops everything after `seq`.
    pub(crate) fn cut(&mut self, seq: Seq) {
        assert!(seq >= self.base.seq, "cannot cut into the snapshot");
        while self.tail().seq > seq {
            self.entries.pop_back();
        }
        while self.starts.len() > 1 && self.starts.last().is_some_and(|row| row.seq > seq) {
            self.starts.pop();
        }
        // A completion that is still under way may speak of entries that are gone.
        for write in &mut self.writes {
            write.1 = write.1.min(seq);
        }
        self.durable = self.durable.min(seq);
        if self.handed > seq {
            self.handed = seq;
            self.cut = Some(self.cut.map_or(seq, |cut| cut.min(seq)));
        }
    }

    /// What the disk has not been given yet. A cut always comes with the entries that replace what was cut.
    pub(crate) fn hand_over(&mut self) -> Option<Write> {
        let tail = self.tail().seq;
        if self.handed == tail {
            return None;
        }
        let entries: Vec<Entry> = self.range(self.handed, tail).cloned().collect();
        self.handed = tail;
        let write = self.next_write;
        self.next_write += 1;
        self.writes.push_back((write, tail));
        Some((write, self.cut.take(), entries))
    }
    /// The disk has done all writes up to this one.
    pub(crate) fn written(&mut self, write: u64) {
        while let Some((number, last)) = self.writes.front().copied() {
            if number > write {
                break;
            }
            self.durable = self.durable.max(last);
            self.writes.pop_front();
        }
    }

    /// Forgets entries up to `seq`; a snapshot holds them.
    pub(crate) fn trim(&mut self, seq: Seq) {
        let Some(base) = self.position(seq) else { return };
        self.base_weight = self.weight_at(seq);
        self.base = base;
        while self.entries.front().is_some_and(|kept| kept.entry.seq <= seq) {
            self.entries.pop_front();
        }
        let covering = self.starts.iter().rposition(|row| row.seq <= seq).unwrap_or(0);
        self.starts.drain(..covering);
    }

    /// Where this log and another, of which only the table is known, part: the last place that both have alike.
    /// `None` if that cannot be told, because it lies before what is kept here.
    pub(crate) fn divergence(&self, theirs: &[EpochStart], tail: Seq) -> Option<Seq> {
        let mut seq = tail.min(self.tail().seq);
        loop {
            if seq < self.base.seq {
                return None;
            }
            let (mine, other) = (row_at(&self.starts, seq)?, row_at(theirs, seq)?);
            if mine.epoch == other.epoch {
                return Some(seq);
            }
            let later = if mine.epoch > other.epoch { mine } else { other };
            seq = later.seq.checked_sub(1)?;
        }
    }
    /// The first entry of this epoch, if the log has one.
    #[cfg(test)]
    pub(crate) fn start_of(&self, epoch: crate::Epoch) -> Option<Seq> {
        self.starts.iter().find(|row| row.epoch == epoch).map(|row| row.seq)
    }
}

/// The row that covers this place.
fn row_at(starts: &[EpochStart], seq: Seq) -> Option<EpochStart> {
    let after = starts.partition_point(|row| row.seq <= seq);
    starts.get(after.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Body;
    use crate::ids::Epoch;

    fn log(epochs: &[u64]) -> Log {
        let mut log = Log::new(Position::default(), vec![], vec![]);
        for epoch in epochs {
            let tail = log.tail();
            let body = Body::App(format!("{epoch}").into_bytes().into());
            log.append(Entry { epoch: Epoch::new(0, *epoch), seq: tail.seq + 1, prev_hash: tail.hash, at: 0, body });
        }
        log
    }
    fn parts(mine: &[u64], theirs: &[u64]) -> Option<Seq> {
        let other = log(theirs);
        log(mine).divergence(other.starts(), other.tail().seq)
    }

    #[test]
    fn p3_logs_part_where_the_table_of_epoch_starts_says() {
        assert_eq!(parts(&[], &[]), Some(0));
        assert_eq!(parts(&[1, 1, 1], &[1, 1]), Some(2));
        assert_eq!(parts(&[1, 1], &[1, 1, 1]), Some(2));
        assert_eq!(parts(&[1, 1, 2], &[1, 1, 1, 1]), Some(2));
        assert_eq!(parts(&[1, 3, 3], &[1, 2, 2]), Some(1));
        assert_eq!(parts(&[2], &[1, 1]), Some(0));
        assert_eq!(parts(&[1, 1, 3], &[1, 1, 2, 2]), Some(2));
    }

    #[test]
    fn a_completion_from_before_a_cut_does_not_speak_for_what_replaced_it() {
        let mut log = log(&[1, 1, 1]);
        let (first, cut, entries) = log.hand_over().unwrap();
        assert_eq!((cut, entries.len()), (None, 3));
        log.cut(1);
        let tail = log.tail();
        let body = Body::App("other".into());
        log.append(Entry { epoch: Epoch::new(0, 2), seq: 2, prev_hash: tail.hash, at: 0, body });
        log.written(first);
        assert_eq!(log.durable(), 1);
        let (second, cut, entries) = log.hand_over().unwrap();
        assert_eq!((cut, entries.len()), (Some(1), 1));
        log.written(second);
        assert_eq!(log.durable(), 2);
        assert_eq!(log.start_of(Epoch::new(0, 2)), Some(2));
    }

    #[test]
    fn a_cut_log_still_knows_where_the_epochs_that_are_left_began() {
        let cut_to = |seq| {
            let mut log = log(&[1, 2, 2, 3]);
            log.cut(seq);
            let row = |row: &EpochStart| (row.epoch.number, row.seq);
            log.starts().iter().map(row).collect::<Vec<_>>()
        };
        assert_eq!(cut_to(0), [(0, 0)]);
        assert_eq!(cut_to(1), [(0, 0), (1, 1)]);
        assert_eq!(cut_to(2), [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(cut_to(3), [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(cut_to(4), [(0, 0), (1, 1), (2, 2), (3, 4)]);
    }

    #[test]
    fn a_trimmed_log_tells_apart_what_it_still_knows() {
        let mut mine = log(&[1, 1, 2, 2]);
        let theirs = log(&[1, 1]);
        mine.trim(3);
        assert_eq!(mine.divergence(theirs.starts(), 2), None);
        let near = log(&[1, 1, 2]);
        assert_eq!(mine.divergence(near.starts(), 3), Some(3));
        assert_eq!(mine.range(0, 9).count(), 1);
    }
}
