//! What clients saw of each order, and whether its events are dense. Whether a single copy could have answered so is judged
//! where all that was seen comes together, in the report. Pure: no clocks, no sockets.

use std::collections::BTreeMap;

use api::v1::event::OrderEvent;
use client::{Answered, Asked, Call};

/// What one call learned of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) order: String,
    pub(crate) begun_us: u64,
    pub(crate) done_us: u64,
    pub(crate) version: u64,
    /// Whether this call made the version, or only saw it.
    pub(crate) is_change: bool,
}

impl Learned {
    /// The first version is the placing's.
    fn is_placing(&self) -> bool {
        self.is_change && self.version == 1
    }
}

/// Everything seen of all orders.
#[derive(Debug, Default)]
pub(crate) struct History {
    learned: BTreeMap<String, Vec<Learned>>,
    events: BTreeMap<String, Vec<u64>>,
    resets: Vec<String>,
    unsure: Vec<Call>,
}

impl History {
    pub(crate) fn learn(&mut self, learned: Learned) {
        self.learned.entry(learned.order.clone()).or_default().push(learned);
    }

    pub(crate) fn told(&mut self, event: &OrderEvent) {
        self.events.entry(event.order.clone()).or_default().push(event.version);
    }

    pub(crate) fn reset(&mut self, reason: String) {
        self.resets.push(reason);
    }

    /// A change of which nobody heard again.
    pub(crate) fn unsure(&mut self, order: &str, begun_us: u64) {
        let (order, asked, answered) = (order.to_owned(), Asked::Change, Answered::Nothing);
        self.unsure.push(Call { order, begun_us, done_us: None, asked, answered });
    }

    /// Everything that was done to orders and seen of them, once they were placed.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let call = |learned: &Learned| Call {
            order: learned.order.clone(),
            begun_us: learned.begun_us,
            done_us: Some(learned.done_us),
            asked: if learned.is_change { Asked::Change } else { Asked::Look },
            answered: Answered::Version(learned.version),
        };
        let learned = self.learned.values().flatten().filter(|learned| !learned.is_placing());
        learned.map(call).chain(self.unsure.iter().cloned()).collect()
    }

    /// Of how many orders more was answered than the subscriber has heard. After a reset nobody promises it anything.
    pub(crate) fn untold(&self) -> usize {
        if !self.resets.is_empty() {
            return 0;
        }
        self.learned.iter().filter(|(order, learned)| newest(learned) > self.last_told(order)).count()
    }

    fn last_told(&self, order: &str) -> u64 {
        self.events.get(order).and_then(|versions| versions.last().copied()).unwrap_or(0)
    }

    /// Every gap or double of the events.
    pub(crate) fn faults(&self, may_reset: bool) -> Vec<String> {
        let mut faults: Vec<String> = Vec::new();
        if !may_reset {
            faults.extend(self.resets.iter().map(|reason| format!("events were reset: {reason}")));
        }
        if self.resets.is_empty() {
            faults.extend(self.events.iter().filter_map(|(order, versions)| {
                // Of an order that was there before us, the beginning was told to others.
                let first = if self.learned.contains_key(order) { 1 } else { versions[0] };
                not_dense(order, first, versions)
            }));
            let untold = self.learned.iter().filter(|(order, learned)| newest(learned) > self.last_told(order));
            faults.extend(untold.map(|(order, learned)| {
                format!(
                    "order {order}: version {} was answered, events end at {}",
                    newest(learned),
                    self.last_told(order)
                )
            }));
        }
        faults
    }
}

fn newest(learned: &[Learned]) -> u64 {
    learned.iter().map(|one| one.version).max().unwrap_or(0)
}

/// Versions count up from the first in the order in which they were told.
fn not_dense(order: &str, first: u64, versions: &[u64]) -> Option<String> {
    let expected = |(index, version): &(usize, &u64)| **version != first + *index as u64;
    versions.iter().enumerate().find(expected).map(|_| {
        let shown: Vec<String> = versions.iter().take(12).map(u64::to_string).collect();
        format!("order {order}: its events have the versions {}", shown.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::order::Stage;
    use api::v1::time::Timestamp;

    fn call(begun_us: u64, done_us: u64, version: u64, is_change: bool) -> Learned {
        Learned { order: "A".to_owned(), begun_us, done_us, version, is_change }
    }

    fn history(calls: &[Learned], told: &[u64]) -> History {
        let mut history = History::default();
        calls.iter().for_each(|call| history.learn(call.clone()));
        for version in told {
            let at = Timestamp::from_ms(0);
            let (order, event) = ("A".to_owned(), "order.placed".to_owned());
            history.told(&OrderEvent { order, version: *version, stage: Stage::Placed, at, event });
        }
        history
    }

    #[test]
    fn what_was_done_and_seen_is_told_but_the_placing_which_others_tell() {
        let mut history = history(&[call(0, 10, 1, true), call(20, 40, 2, true), call(41, 45, 1, false)], &[]);
        history.unsure("A", 50);
        let told: Vec<_> = history.calls().into_iter().map(|it| (it.done_us, it.asked, it.answered)).collect();
        assert_eq!(
            told,
            [
                (Some(40), Asked::Change, Answered::Version(2)),
                (Some(45), Asked::Look, Answered::Version(1)),
                (None, Asked::Change, Answered::Nothing),
            ]
        );
    }

    #[test]
    fn events_have_neither_gaps_nor_doubles_and_all_of_them_come() {
        let placed = call(0, 10, 1, true);
        for told in [&[1_u64, 3][..], &[1, 1], &[2], &[]] {
            assert_eq!(history(std::slice::from_ref(&placed), told).faults(false).len(), 1, "{told:?}");
        }
        assert_eq!(history(&[placed], &[1, 2, 3]).faults(false), [""; 0]);
    }

    #[test]
    fn an_order_that_was_there_before_may_begin_anywhere_and_then_counts_on() {
        assert_eq!(history(&[], &[2, 3]).faults(false), [""; 0]);
        assert_eq!(history(&[], &[2, 4]).faults(false).len(), 1);
    }

    #[test]
    fn a_reset_is_a_fault_unless_a_loss_was_accepted() {
        let mut history = history(&[call(0, 10, 1, true)], &[]);
        history.reset("other_history".to_owned());
        assert_eq!((history.faults(false).len(), history.faults(true).len()), (1, 0));
    }
}
