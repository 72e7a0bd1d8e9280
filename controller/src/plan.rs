//! From what was seen to what is to be done and said. Pure: no choice is left to whoever carries a plan out.
use crate::conditions::{Condition, conditions};
use crate::limits::AGAIN_MS;
use group::choose::{Decision, Loss, Seen, Store, Wish, choose};
use group::{Now, Pod, Time, View};
use std::collections::BTreeSet;

/// What is to be done now, what is to be said, and when to look again if nothing happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The one thing to do.
    pub step: Step,
    /// How the group is.
    pub conditions: Vec<Condition>,
    /// When to plan again although nothing was seen.
    pub look_again: Option<Time>,
    /// When this was planned: what is older than `group::limits::DECISION_MS` is discarded (P1).
    pub at: Time,
}

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Ask these members for their status.
    Ask(BTreeSet<Pod>),
    /// Read the view afresh.
    Read,
    /// Write a group's first view (V2).
    Create(View),
    /// Write this view if that version is still current, and tell all members.
    Write {
        /// The version.
        base: u64,
        /// The next view.
        next: View,
    },
}

/// Plans. `pause_until` is set after a write that failed: until then nothing is written or read.
pub fn plan(seen: &Seen, wish: &Wish, pause_until: Option<Time>, now: Now) -> Plan {
    let decision = choose(seen, wish, now);
    let conditions = conditions(seen, &decision, now.mono);
    let (step, look_again) = next(seen, decision, pause_until, now.mono);
    Plan { step, conditions, look_again, at: now.mono }
}

/// A plan's step, and when to look again: what is to be done and nothing of what is to be said.
pub fn next(seen: &Seen, decision: Decision, pause_until: Option<Time>, now: Time) -> (Step, Option<Time>) {
    let (step, look_again) = step(seen, decision, now);
    match pause_until {
        Some(until) if until > now && !matches!(step, Step::Nothing | Step::Ask(_)) => (Step::Nothing, Some(until)),
        _ => (step, look_again),
    }
}

fn step(seen: &Seen, decision: Decision, now: Time) -> (Step, Option<Time>) {
    match decision {
        Decision::Nothing => (Step::Nothing, None),
        Decision::Wait { until, .. } => (Step::Nothing, until),
        Decision::Ask { pods, until } => (Step::Ask(pods), Some(until)),
        Decision::ReadStore => (Step::Read, None),
        Decision::Lost(Loss::Unreadable(_)) => read_again(seen, now),
        Decision::Lost(_) => (Step::Nothing, None),
        Decision::Birth(first) => (Step::Create(first), None),
        Decision::Write { base, next } => (Step::Write { base, next }, None),
    }
}

/// A store that failed to answer may answer again, and its watch need not say so.
fn read_again(seen: &Seen, now: Time) -> (Step, Option<Time>) {
    debug_assert!(matches!(seen.store(), Store::Unreadable(_)));
    match seen.read_afresh().map(|read| read.plus_ms(AGAIN_MS)) {
        Some(next) if next > now => (Step::Nothing, Some(next)),
        _ => (Step::Read, None),
    }
}
