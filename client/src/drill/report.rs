//! What a drill found, of one round and of all, as data and in words. Pure.

use std::fmt::Write;

use serde::Serialize;

use super::check::Findings;
use super::linearity::{Linearity, Verdict};
use super::measure::{Latency, gap_us, latency, ms, quantile, slowest};
use super::record::{Glances, Record};

/// The latency before a fault is taken from this stretch of time before it.
pub(super) const BEFORE_US: u64 = 2_000_000;
/// The latency during a fault covers at least this long.
pub(super) const DURING_US_MIN: u64 = 1_000_000;

/// One fault and what followed.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// From 1.
    pub number: usize,
    /// What was done to whom.
    pub what: String,
    /// When, in µs of the drill.
    pub fault_us: u64,
    /// The epoch before the fault.
    pub epoch_before: u64,
    /// The epoch when all was well again.
    pub epoch_after: u64,
    /// Who led before the fault.
    pub primary_before: String,
    /// Who led when all was well again.
    pub primary_after: String,
    /// From the fault to the first success begun after it; absent if there was none.
    pub gap_ms: Option<f64>,
    /// Latencies before the fault.
    pub before: Latency,
    /// Latencies from the fault until all was well again.
    pub during: Latency,
    /// The difference.
    pub added: Added,
    /// The slowest order from the fault until all was well again.
    pub slowest: Option<Slowest>,
    /// From the fault until every replica was in sync again; absent if that was not seen.
    pub in_sync_again_s: Option<f64>,
    /// Orders that got no definite answer.
    pub errors: usize,
    /// Orders that got a definite no.
    pub refused: usize,
}

/// A slowest order, in ms from the fault of its round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slowest {
    /// When it should have been sent; below 0 if that was before the fault.
    pub due_ms: f64,
    /// When it was answered.
    pub done_ms: f64,
    /// How often it was sent.
    pub attempts: u16,
}

impl Slowest {
    fn new(record: &Record, fault_us: u64) -> Slowest {
        let from_fault = |us: u64| ms(us.saturating_sub(fault_us)) - ms(fault_us.saturating_sub(us));
        let Record { due_us, done_us, attempts, .. } = *record;
        Slowest { due_ms: from_fault(due_us), done_ms: from_fault(done_us), attempts }
    }
}

/// What a fault added to latencies, in ms; never below 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Added {
    /// To the usual order.
    pub p50_ms: f64,
    /// To all but one in a hundred.
    pub p99_ms: f64,
    /// The slowest order during the fault against the usual one before it: a slow one before it excuses nothing.
    pub max_ms: f64,
}

/// What is known when a round is over, besides its records.
#[derive(Debug, Clone)]
pub struct Seen {
    /// From 1.
    pub number: usize,
    /// What was done to whom.
    pub what: String,
    /// When, in µs of the drill.
    pub fault_us: u64,
    /// When the round was over, in µs of the drill.
    pub end_us: u64,
    /// Before the fault, and when the round was over.
    pub epochs: (u64, u64),
    /// Before the fault, and when the round was over.
    pub primaries: (String, String),
    /// When every replica was in sync again, in µs of the drill.
    pub in_sync_again_us: Option<u64>,
}

impl Round {
    pub(super) fn new(seen: Seen, records: &[Record]) -> Round {
        let Seen { number, what, fault_us, end_us, epochs, primaries, in_sync_again_us } = seen;
        let calm_us = in_sync_again_us.unwrap_or(end_us).max(fault_us + DURING_US_MIN);
        let before = latency(records, fault_us.saturating_sub(BEFORE_US), fault_us);
        let during = latency(records, fault_us, calm_us);
        let of_round = records.iter().filter(|record| record.done_us >= fault_us && record.begun_us < end_us);
        Round {
            number,
            what,
            fault_us,
            epoch_before: epochs.0,
            epoch_after: epochs.1,
            primary_before: primaries.0,
            primary_after: primaries.1,
            gap_ms: gap_us(records, fault_us).map(ms),
            before,
            during,
            added: Added {
                p50_ms: (during.p50_ms - before.p50_ms).max(0.0),
                p99_ms: (during.p99_ms - before.p99_ms).max(0.0),
                max_ms: (during.max_ms - before.p50_ms).max(0.0),
            },
            slowest: slowest(records, fault_us, calm_us).map(|record| Slowest::new(record, fault_us)),
            in_sync_again_s: in_sync_again_us.map(|us| ms(us.saturating_sub(fault_us)) / 1000.0),
            errors: of_round.clone().filter(|record| record.is_error()).count(),
            refused: of_round.filter(|record| record.is_refused()).count(),
        }
    }

    /// One line for the timeline.
    pub fn line(&self) -> String {
        let gap = self.gap_ms.map_or("no success after the fault".to_owned(), |gap| format!("gap {gap:.1} ms"));
        let sync =
            self.in_sync_again_s.map_or("not in sync again".to_owned(), |s| format!("in sync again after {s:.2} s"));
        let Added { p50_ms, p99_ms, max_ms } = self.added;
        format!(
            "round {}: {gap} · added p50 {p50_ms:.1} p99 {p99_ms:.1} max {max_ms:.1} ms · {} errors · epoch {} → {} ({} → {}) · {sync}",
            self.number, self.errors, self.epoch_before, self.epoch_after, self.primary_before, self.primary_after
        )
    }
}

/// A whole drill.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Its name.
    pub fault: String,
    /// Every time it was done.
    pub rounds: Vec<Round>,
    /// Half of the gaps were no longer, in ms.
    pub gap_p50_ms: Option<f64>,
    /// The longest gap, in ms.
    pub gap_max_ms: Option<f64>,
    /// The most that a fault added to an order's latency, in ms.
    pub added_max_ms: f64,
    /// The longest time until every replica was in sync again, in s.
    pub in_sync_again_max_s: Option<f64>,
    /// How long orders were placed, in s.
    pub seconds: f64,
    /// How many were begun.
    pub orders: usize,
    /// How many were acknowledged.
    pub placed: usize,
    /// How many each second.
    pub placed_per_s: f64,
    /// Of all that were placed.
    pub latency: Latency,
    /// The slowest of them, in ms from the beginning: beside the rounds, too.
    pub slowest: Option<Slowest>,
    /// Orders that got no definite answer.
    pub errors: usize,
    /// Orders that got a definite no.
    pub refused: usize,
    /// How often an order was looked at while others changed it, from the moment of its acknowledgement on.
    pub glances: usize,
    /// How often an acknowledged order was not there.
    pub stale: usize,
    /// How many looks and changes got no answer.
    pub read_errors: usize,
    /// Why the first of these and of the orders without an answer had none, in words.
    pub why: Vec<String>,
    /// Whether one single copy could have answered all that was asked of each order.
    pub linearity: Linearity,
    /// What reading everything back at the end found.
    pub findings: Findings,
    /// Rounds after which nothing was placed, or not all replicas came back.
    pub not_recovered: usize,
    /// Nothing lost, no errors, and all was well again after each round.
    pub is_clean: bool,
}

impl Report {
    pub(super) fn new(
        fault: String,
        rounds: Vec<Round>,
        records: &[Record],
        glances: &Glances,
        end_us: u64,
        findings: Findings,
        linearity: Linearity,
    ) -> Report {
        let mut gaps: Vec<f64> = rounds.iter().filter_map(|round| round.gap_ms).collect();
        gaps.sort_by(f64::total_cmp);
        let max = |values: &mut dyn Iterator<Item = f64>| values.max_by(f64::total_cmp);
        let placed = records.iter().filter(|record| record.is_placed()).count();
        let errors = records.iter().filter(|record| record.is_error()).count();
        let refused = records.iter().filter(|record| record.is_refused()).count();
        let (stale, read_errors) = (glances.stale(), glances.unanswered);
        let is_linearizable = linearity.verdict != Verdict::Not;
        let is_open = |round: &&Round| round.gap_ms.is_none() || round.in_sync_again_s.is_none();
        let not_recovered = rounds.iter().filter(is_open).count();
        let first_us = records.iter().map(|record| record.begun_us).min().unwrap_or(0);
        let seconds = ms(end_us.saturating_sub(first_us)) / 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "exact for more orders than a drill can place")]
        let placed_per_s = if seconds > 0.0 { placed as f64 / seconds } else { 0.0 };
        Report {
            fault,
            gap_p50_ms: quantile(&gaps, 50),
            gap_max_ms: quantile(&gaps, 100),
            added_max_ms: max(&mut rounds.iter().map(|round| round.added.max_ms)).unwrap_or(0.0),
            in_sync_again_max_s: max(&mut rounds.iter().filter_map(|round| round.in_sync_again_s)),
            seconds,
            orders: records.len(),
            placed,
            placed_per_s,
            latency: latency(records, 0, u64::MAX),
            slowest: slowest(records, 0, u64::MAX).map(|record| Slowest::new(record, 0)),
            errors,
            refused,
            glances: glances.looks(),
            stale,
            read_errors,
            why: Vec::new(),
            is_clean: findings.is_clean()
                && is_linearizable
                && errors + refused + stale + read_errors + not_recovered == 0,
            findings,
            linearity,
            not_recovered,
            rounds,
        }
    }

    /// With the reasons why calls had no answer.
    pub(super) fn with_why(self, why: Vec<String>) -> Report {
        Report { why, ..self }
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let Report { fault, rounds, findings, latency, .. } = self;
        let or_dash =
            |value: Option<f64>, unit: &str| value.map_or("-".to_owned(), |value| format!("{value:.1} {unit}"));
        let Findings { read_back, lost, changed, doubled } = findings;
        let times = if rounds.is_empty() { String::new() } else { format!("{} × ", rounds.len()) };
        let mut text = format!(
            "{times}{fault} · {} orders in {:.1} s ({:.0}/s)\n\
             \x20 latency         p50 {:.1} ms · p99 {:.1} ms · max {:.1} ms\n\
             \x20 errors          {} · refused {}\n\
             \x20 looked at once  {} times: {} not there yet · {} errors\n\
             \x20 read back       {read_back} acknowledged: {} lost · {} changed · {} doubled\n",
            self.orders,
            self.seconds,
            self.placed_per_s,
            latency.p50_ms,
            latency.p99_ms,
            latency.max_ms,
            self.errors,
            self.refused,
            self.glances,
            self.stale,
            self.read_errors,
            lost.len(),
            changed.len(),
            doubled.len(),
        );
        writeln!(text, "  linearizable    {}", linearizable(&self.linearity)).expect("a string takes all text");
        if !rounds.is_empty() {
            let (gap, gap_max) = (or_dash(self.gap_p50_ms, "ms"), or_dash(self.gap_max_ms, "ms"));
            let sync = or_dash(self.in_sync_again_max_s, "s");
            writeln!(text, "  gap             p50 {gap} · max {gap_max}").expect("a string takes all text");
            writeln!(text, "  added           at most {:.1} ms", self.added_max_ms).expect("a string takes all text");
            writeln!(text, "  in sync again   within {sync}").expect("a string takes all text");
        }
        for (word, ids) in [("lost", lost), ("changed", changed), ("doubled", doubled)] {
            for id in ids.iter().take(10) {
                writeln!(text, "  {word}: {id}").expect("a string takes all text");
            }
        }
        for why in &self.why {
            writeln!(text, "  without an answer: {why}").expect("a string takes all text");
        }
        for history in self.linearity.not.iter().take(10) {
            writeln!(text, "  not linearizable: {history}").expect("a string takes all text");
        }
        if self.not_recovered > 0 {
            writeln!(text, "  not recovered   after {} rounds", self.not_recovered).expect("a string takes all text");
        }
        text
    }

    /// Why the drill counts as failed; None if it does not.
    pub fn fault_found(&self) -> Option<String> {
        let Findings { lost, changed, doubled, .. } = &self.findings;
        let counts = [
            (lost.len(), "lost"),
            (changed.len(), "changed"),
            (doubled.len(), "doubled"),
            (self.refused, "refused"),
            (self.errors, "without an answer"),
            (self.stale, "not there when read at once"),
            (self.read_errors, "not readable"),
            (self.linearity.not.len(), "with a history that is not linearizable"),
        ];
        let orders: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        match (orders.is_empty(), self.not_recovered) {
            (true, 0) => None,
            (true, rounds) => Some(format!("the service did not recover after {rounds} rounds")),
            (false, _) => Some(format!("orders: {}", orders.join(", "))),
        }
    }
}

fn linearizable(linearity: &Linearity) -> String {
    let Linearity { verdict, orders, calls, open, not, unknown } = linearity;
    let of = format!("{calls} calls about {orders} orders, {open} of them never answered");
    match verdict {
        Verdict::Linearizable => format!("yes: {of}"),
        Verdict::Not => format!("no: {} orders not, {} unknown · {of}", not.len(), unknown.len()),
        Verdict::Unknown => format!("unknown of {} orders · {of}", unknown.len()),
    }
}
