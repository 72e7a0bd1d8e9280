//! Where in a failover the slowest order of a round lay: the order's times beside those that the new primary has written down. Pure.

use api::v1::cluster::Failover;
use client::Slowest;

/// The phases of a change of the primary, each by what ends it.
const PHASES: [&str; 5] =
    ["before its first sign", "before it was decided", "before its primary knew", "before its first entry", "after it"];

/// One line about it. `fault_ms` is the fault's wall time, in ms since 1970; the failovers are those of the round.
pub(super) fn told(slowest: &Slowest, fault_ms: u64, failovers: &[Failover]) -> String {
    let Slowest { due_ms, done_ms, attempts } = slowest;
    let mut text = format!("slowest order: due at {due_ms:.0} ms, answered at {done_ms:.0} ms, sent {attempts} ×");
    let from_fault = |ms: u64| to_f64(ms.saturating_sub(fault_ms)) - to_f64(fault_ms.saturating_sub(ms));
    // Those it may have waited for: not the ones that were over when it was due.
    let met = failovers.iter().rev().find(|it| from_fault(it.started_at.ms()) >= *due_ms).or(failovers.first());
    if let Some(it) = met {
        let times = [it.suspected_at, it.decided_at, it.seen_at, it.started_at].map(|at| from_fault(at.ms()));
        let [sign, decided, known, begun] = times;
        let phase = |ms: f64| PHASES[times.iter().filter(|time| **time <= ms).count()];
        text.push_str(&format!(
            " · epoch {} ({}): sign {sign:.0}, decided {decided:.0}, known {known:.0}, first entry {begun:.0} ms; due {}, answered {}",
            it.epoch,
            it.cause,
            phase(*due_ms),
            phase(*done_ms)
        ));
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "differences of a few minutes, in ms")]
fn to_f64(ms: u64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::time::Timestamp;

    fn failover(epoch: u64, from_ms: u64) -> Failover {
        let at = |ms: u64| Timestamp::from_ms(from_ms + ms);
        Failover {
            epoch,
            primary: "r-1".to_owned(),
            previous: None,
            cause: "leaving".to_owned(),
            suspected_at: at(0),
            decided_at: at(10),
            seen_at: at(20),
            started_at: at(30),
            detect_ms: 10,
            take_over_ms: 20,
        }
    }

    #[test]
    fn an_order_is_placed_in_the_change_it_waited_for() {
        let slowest = Slowest { due_ms: 5.0, done_ms: 45.0, attempts: 1 };
        // The newest first, as the group tells them.
        let text = told(&slowest, 1_000, &[failover(8, 1_500), failover(7, 1_000)]);
        assert_eq!(
            text,
            "slowest order: due at 5 ms, answered at 45 ms, sent 1 × · epoch 7 (leaving): sign 0, decided 10, known 20, \
             first entry 30 ms; due before it was decided, answered after it"
        );
        let before = Slowest { due_ms: -3.0, ..slowest };
        assert!(told(&before, 1_000, &[failover(7, 1_000)]).contains("due before its first sign"));
        assert!(told(&before, 1_000, &[]).ends_with("sent 1 ×"));
    }
}
