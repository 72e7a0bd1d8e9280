//! From records to figures: gap, latencies, buckets. Pure arithmetic; the same functions feed terminal, picture and report.

use serde::Serialize;

use super::record::Record;

/// What ended, and what was waiting, in one stretch of time. An order that took longer than that stretch is slow; one that
/// is under way for longer waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Bucket {
    pub(super) ok: u32,
    pub(super) slow: u32,
    pub(super) errors: u32,
    /// Orders that were under way at its end and had been for longer than a bucket.
    pub(super) waiting: u32,
    pub(super) latency_max_us: u64,
}

impl Bucket {
    pub(super) fn add(&mut self, record: &Record, width_us: u64) {
        match record {
            record if !record.is_placed() => self.errors += 1,
            record if record.latency_us() > width_us => self.slow += 1,
            _ => self.ok += 1,
        }
        self.latency_max_us = self.latency_max_us.max(record.latency_us());
    }
}

/// The buckets of `width_us` each from `from_us` to `to_us`, by when orders ended.
pub(super) fn buckets(records: &[Record], from_us: u64, to_us: u64, width_us: u64) -> Vec<Bucket> {
    let count = usize::try_from(to_us.saturating_sub(from_us).div_ceil(width_us)).expect("a window fits memory");
    let mut buckets = vec![Bucket::default(); count];
    let index = |us: u64| usize::try_from(us.checked_sub(from_us)? / width_us).ok();
    for record in records {
        if let Some(bucket) = index(record.done_us).and_then(|index| buckets.get_mut(index)) {
            bucket.add(record, width_us);
        }
        // It waited at the end of every bucket between the moment it became slow and its end.
        let first = (record.begun_us + width_us).saturating_sub(from_us).div_ceil(width_us).max(1);
        let last = record.done_us.saturating_sub(from_us).div_ceil(width_us);
        for end in first..last.min(count as u64 + 1) {
            buckets[usize::try_from(end - 1).expect("bounded by count")].waiting += 1;
        }
    }
    buckets
}

/// From the fault to the first success begun after it, in µs; None if there was none.
pub(super) fn gap_us(records: &[Record], fault_us: u64) -> Option<u64> {
    let after = records.iter().filter(|record| record.begun_us >= fault_us && record.is_placed());
    after.map(|record| record.done_us - fault_us).min()
}

/// How long orders took, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many orders this is about.
    pub count: usize,
    /// Half of them took no longer, in ms.
    pub p50_ms: f64,
    /// All but one in a hundred took no longer, in ms.
    pub p99_ms: f64,
    /// The slowest, in ms.
    pub max_ms: f64,
}

/// Placed orders that were under way at some time from `from_us` to `to_us`.
fn under_way(records: &[Record], from_us: u64, to_us: u64) -> impl Iterator<Item = &Record> {
    records.iter().filter(move |record| record.is_placed() && record.done_us >= from_us && record.due_us < to_us)
}

/// The slowest of them.
pub(super) fn slowest(records: &[Record], from_us: u64, to_us: u64) -> Option<&Record> {
    under_way(records, from_us, to_us).max_by_key(|record| record.latency_us())
}

/// Their latencies.
pub(super) fn latency(records: &[Record], from_us: u64, to_us: u64) -> Latency {
    let mut all: Vec<u64> = under_way(records, from_us, to_us).map(Record::latency_us).collect();
    all.sort_unstable();
    let ms = |percent| quantile(&all, percent).map_or(0.0, ms);
    Latency { count: all.len(), p50_ms: ms(50), p99_ms: ms(99), max_ms: ms(100) }
}

/// The smallest value that at least `percent` of all are not above; None of nothing. `sorted` must be.
pub(super) fn quantile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Microseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
pub(super) fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::record::Outcome;

    fn placed(begun_us: u64, done_us: u64) -> Record {
        Record { seq: 0, due_us: begun_us, begun_us, done_us, attempts: 1, outcome: Outcome::Placed([b'0'; 26]) }
    }

    #[test]
    fn the_gap_ends_with_the_first_success_begun_after_the_fault() {
        let in_flight = placed(900, 1_010);
        let failed = Record { outcome: Outcome::Unknown, ..placed(1_001, 1_002) };
        let records = [in_flight, failed, placed(1_100, 1_500), placed(1_200, 1_400)];
        assert_eq!(gap_us(&records, 1_000), Some(400));
        assert_eq!(gap_us(&records[..2], 1_000), None);
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!([50, 99, 100].map(|percent| quantile(&values, percent)), [Some(100), Some(198), Some(200)]);
        assert_eq!(quantile(&[7], 50), Some(7));
        assert_eq!(quantile::<u32>(&[], 50), None);
    }

    #[test]
    fn latency_counts_from_when_an_order_was_due() {
        let late = Record { due_us: 0, ..placed(400_000, 401_000) };
        let found = latency(&[late, placed(399_000, 400_000), placed(900_000, 901_000)], 100_000, 500_000);
        assert_eq!(found, Latency { count: 2, p50_ms: 1.0, p99_ms: 401.0, max_ms: 401.0 });
        assert_eq!(slowest(&[late, placed(900_000, 999_000)], 100_000, 500_000), Some(&late));
    }

    #[test]
    fn an_order_that_waits_is_seen_in_every_bucket_it_waits_through() {
        let error = Record { outcome: Outcome::Unknown, ..placed(10_000, 210_000) };
        let found = buckets(&[placed(0, 1_000), placed(10_000, 210_000), error], 0, 300_000, 50_000);
        assert_eq!(found.iter().map(|bucket| bucket.ok).collect::<Vec<_>>(), [1, 0, 0, 0, 0, 0]);
        assert_eq!(found.iter().map(|bucket| bucket.waiting).collect::<Vec<_>>(), [0, 2, 2, 2, 0, 0]);
        assert_eq!((found[4].slow, found[4].errors), (1, 1));
        assert_eq!(found[4].latency_max_us, 200_000);
    }

    #[test]
    fn a_window_that_begins_later_counts_the_same_waiting() {
        let records = [placed(10_000, 210_000)];
        let all = buckets(&records, 0, 300_000, 50_000);
        assert_eq!(buckets(&records, 100_000, 300_000, 50_000), all[2..]);
    }
}
