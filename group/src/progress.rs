//! What a primary knows of each other member: who answers, how far it is sent, how far behind in time. Knows no set and decides nothing.
use crate::detector::Detector;
use crate::ids::{BootId, Seq, Time, Wall};
use crate::limits::{HEARTBEAT_TICKS, SLOW_MS, TICK_MS};
use crate::message::Peer;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// How far the conversation with a member has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Stage {
    /// No connection.
    Absent,
    /// `NewEpoch` was sent; its log is not known yet.
    Asked,
    /// Its log is known; entries flow.
    Streaming,
    /// The log no longer reaches back to it; it fetches a snapshot.
    Fetching,
}

/// One other member.
#[derive(Clone)]
pub(crate) struct Progress {
    pub(crate) peer: Option<Peer>,
    pub(crate) stage: Stage,
    /// The next entry to send. While streaming, everything before it was sent or is held.
    pub(crate) next: Seq,
    pub(crate) sent_nonce: u64,
    pub(crate) sent_commit: Seq,
    pub(crate) sent_at: Time,
    pub(crate) detector: Detector,
    pub(crate) clock: Option<(Wall, Time)>,
    /// The newest format it can write; none until it promised.
    pub(crate) format: Option<u16>,
    pub(crate) refused: bool,
    pub(crate) leaves: bool,
    /// Since when it lags far more than the others.
    pub(crate) lags_since: Option<Time>,
    /// Shrunk out for slowness: not let in again before this.
    pub(crate) barred_until: Option<Time>,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress {
            peer: None,
            stage: Stage::Absent,
            next: 1,
            sent_nonce: 0,
            sent_commit: 0,
            sent_at: Time(0),
            detector: Detector::default(),
            clock: None,
            format: None,
            refused: false,
            leaves: false,
            lags_since: None,
            barred_until: None,
        }
    }
    /// See `Core::alike`. Clocks only make log time.
    pub(crate) fn alike(&self, into: &mut impl Hasher, barriers: bool) {
        let Progress { peer, stage, next, sent_nonce, sent_commit, format, refused, leaves, lags_since, .. } = self;
        (peer, stage, next, sent_commit, format, refused, leaves, lags_since, self.barred_until).hash(into);
        if barriers {
            sent_nonce.hash(into);
        }
    }
    /// Nothing was sent for about a heartbeat interval.
    pub(crate) fn is_idle(&self, now: Time) -> bool {
        now.ms_since(self.sent_at) >= TICK_MS * (HEARTBEAT_TICKS - 1)
    }
    /// A process that is known dead answers no more, though its last words may arrive afterwards.
    pub(crate) fn is_answering(&self) -> bool {
        self.stage != Stage::Absent && !self.refused && self.detector.is_answering()
    }
}

/// What a disk has acknowledged in this epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Synced up to here.
    pub(crate) seq: Seq,
    /// The process that said so.
    pub(crate) boot: BootId,
    /// The highest nonce it has answered (R1).
    pub(crate) nonce: u64,
}

/// When entries were appended, roughly: tells how old the first unacknowledged one is.
#[derive(Clone, Default)]
pub(crate) struct Ages {
    samples: VecDeque<(Time, Seq)>,
    /// Entries up to here are committed and older than `SLOW_MS`; how old is not known any more.
    old: Seq,
}

/// Enough for a second at one sample a millisecond; older ones are merged into the oldest kept.
const SAMPLES: usize = 1024;

impl Ages {
    /// See `Core::alike`.
    pub(crate) fn alike(&self, into: &mut impl Hasher) {
        (&self.samples, self.old).hash(into);
    }
    /// Everything up to `seq` was there before.
    pub(crate) fn after(seq: Seq) -> Ages {
        Ages { samples: VecDeque::new(), old: seq }
    }
    /// Everything up to `seq` was appended by now.
    pub(crate) fn note(&mut self, now: Time, seq: Seq) {
        match self.samples.back_mut() {
            Some(last) if last.1 >= seq => {}
            None if self.old >= seq => {}
            Some(last) if now.ms_since(last.0) == 0 => last.1 = seq,
            _ => self.samples.push_back((now, seq)),
        }
        if self.samples.len() > SAMPLES
            && let Some(second) = self.samples.remove(1)
        {
            // The two oldest become one of the older age, which errs towards slowness, and only for someone who is a
            // thousand samples behind.
            self.samples[0].1 = second.1;
        }
    }
    /// The set holds everything up to here. A learner may not, so the ages of the newest are kept a while.
    pub(crate) fn forget(&mut self, now: Time, upto: Seq) {
        while let Some((at, seq)) = self.samples.front().copied()
            && seq <= upto
            && now.ms_since(at) > SLOW_MS
        {
            self.old = seq;
            self.samples.pop_front();
        }
    }
    /// Whether a disk that holds everything up to `held` lacks nothing that is older than this, in ms; at most `SLOW_MS`.
    pub(crate) fn is_within(&self, ms: u64, now: Time, held: Seq) -> bool {
        held >= self.old && self.lag_ms(now, held) <= ms
    }
    /// How long, in ms, the first entry after `held` has been waiting; 0 if there is none.
    pub(crate) fn lag_ms(&self, now: Time, held: Seq) -> u64 {
        let first = self.samples.partition_point(|(_, seq)| *seq <= held);
        self.samples.get(first).map_or(0, |(at, _)| now.ms_since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_the_first_unacknowledged_entry_is_told() {
        let mut ages = Ages::default();
        ages.note(Time(0).plus_ms(10), 5);
        ages.note(Time(0).plus_ms(40), 9);
        let now = Time(0).plus_ms(100);
        assert_eq!(ages.lag_ms(now, 0), 90);
        assert_eq!(ages.lag_ms(now, 5), 60);
        assert_eq!(ages.lag_ms(now, 9), 0);
    }

    #[test]
    fn s2_what_is_committed_long_ago_is_not_near_though_nothing_waits() {
        let mut ages = Ages::after(3);
        ages.note(Time(0), 5);
        let now = Time(0).plus_ms(SLOW_MS);
        ages.forget(now, 5);
        assert!(ages.is_within(SLOW_MS, now, 4) && !ages.is_within(20, now, 4) && ages.is_within(20, now, 5));
        let later = now.plus_ms(1);
        ages.forget(later, 5);
        ages.note(later, 6);
        assert!(!ages.is_within(SLOW_MS, later, 4) && ages.is_within(20, later, 5));
    }
}
