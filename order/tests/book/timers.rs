//! Timers by log time (T1): orders expire and are released when they are due, in slices, and outages shift the deadlines of restaurants.

use order::command::{Action, Command, PlaceOrder, Step};
use order::limits;
use order::reply::{Obstacle, Refusal, Reply};
use order::stage::{Role, Stage};

use crate::fixture::*;

const WINDOW: u64 = limits::ACCEPT_WINDOW_S_DEFAULT as u64 * 1_000;

#[test]
fn an_order_that_nobody_answers_expires_when_its_time_is_over_and_not_before() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    assert_eq!(state.next_due_ms(), Some(now + WINDOW));
    assert_eq!(state.due(now + WINDOW - 1, 10), []);
    let early = run(&mut state, now, &Command::system(Action::Step { order: id, step: Step::Expire })).1;
    assert!(matches!(refusal(early), Refusal::Conflict { why: Obstacle::Early, .. }));
    let due = state.due(now + WINDOW, 10);
    let late = step(Role::Restaurant, id, Step::Accept { ready_by_ms: None });
    assert!(matches!(refusal(run(&mut state, now + WINDOW, &late).1), Refusal::Conflict { why: Obstacle::Late, .. }));
    assert_eq!(moved(&mut state, now + WINDOW, &due[0]).stage(), Stage::Expired);
    assert_eq!((state.next_due_ms(), state.due(u64::MAX, 1).len()), (None, 1), "only the trim of keys is left");
    assert!(
        matches!(run(&mut state, now + WINDOW, &due[0]), (None, Reply::Moved { event: None, .. })),
        "firing twice is harmless"
    );
}

#[test]
fn a_scheduled_order_is_released_and_then_has_its_time_to_be_answered() {
    let (mut state, now) = (book(), at(EVENING));
    let mut later = wish();
    later.fulfil_at_ms = Some(now + 3 * limits::HOUR_MS);
    let order = placed(&mut state, now, "a", later);
    let release_ms = order.deadline_ms().unwrap();
    let due = state.due(release_ms, 10);
    let released = moved(&mut state, release_ms + 5, &due[0]);
    assert_eq!((released.stage(), released.deadline_ms()), (Stage::Placed, Some(release_ms + 5 + WINDOW)));
    let again = run(
        &mut state,
        release_ms + 9,
        &place("a", {
            let mut w = wish();
            w.fulfil_at_ms = Some(now + 3 * limits::HOUR_MS);
            w
        }),
    )
    .1;
    let Reply::Placed { order: shown, replayed: true } = again else { panic!("{again:?}") };
    assert_eq!((shown.stage(), shown.deadline_ms()), (Stage::Scheduled, Some(release_ms)), "shown as it was placed");
}

#[test]
fn timers_fire_in_slices() {
    let (mut state, now) = (book(), at(EVENING));
    for n in 0..limits::TIMERS_SLICE_MAX + 10 {
        placed(&mut state, now + n as u64, &format!("key-{n}"), wish());
    }
    let end = now + WINDOW + 10_000;
    assert_eq!(state.due(end, 7).len(), 7);
    let slice = state.due(end, usize::MAX);
    assert_eq!(slice.len(), limits::TIMERS_SLICE_MAX);
    slice.iter().for_each(|command| {
        moved(&mut state, end, command);
    });
    assert_eq!(state.due(end, usize::MAX).len(), 10);
}

#[test]
fn t1_an_outage_shifts_the_deadlines_that_it_swallowed() {
    let (mut state, now) = (book(), at(EVENING));
    let before = placed(&mut state, now, "before", wish()).order.id;
    let (from_ms, to_ms) = (now + 60_000, now + 60_000 + limits::HOUR_MS);
    let outage = Command::system(Action::Outage { from_ms, to_ms });
    assert!(run(&mut state, to_ms, &outage).0.is_some());
    assert!(run(&mut state, to_ms, &outage).0.is_none(), "one outage is one outage");
    let after = placed(&mut state, to_ms, "after", wish()).order.id;
    let deadline = |state: &order::State, id| state.order(id).unwrap().deadline_ms();
    assert_eq!(deadline(&state, before), Some(now + limits::HOUR_MS + WINDOW));
    assert_eq!(deadline(&state, after), Some(to_ms + WINDOW));

    let due = state.due(to_ms, 10);
    assert_eq!(due, [Command::system(Action::Postpone { order: before })]);
    let (delta, _) = run(&mut state, to_ms, &due[0]);
    assert!(delta.unwrap().events.is_empty());
    assert_eq!((state.due(to_ms, 10), deadline(&state, before)), (vec![], Some(now + limits::HOUR_MS + WINDOW)));
    let second = Command::system(Action::Outage { from_ms: to_ms + 1, to_ms: to_ms + 1 + 120_000 });
    run(&mut state, to_ms + 200_000, &second);
    assert_eq!(deadline(&state, before), Some(now + limits::HOUR_MS + WINDOW + 120_000), "each outage counts once");
    let accept = step(Role::Restaurant, before, Step::Accept { ready_by_ms: None });
    assert_eq!(moved(&mut state, to_ms + 300_000, &accept).stage(), Stage::Accepted);
}

#[test]
fn t1_an_outage_shifts_no_release_and_nothing_that_was_due_before_it() {
    let (mut state, now) = (book(), at(EVENING));
    let missed = placed(&mut state, now, "missed", wish()).order.id;
    let later = PlaceOrder { fulfil_at_ms: Some(now + 3 * limits::HOUR_MS), ..wish() };
    let scheduled = placed(&mut state, now, "later", later);
    let release_ms = scheduled.deadline_ms().unwrap();
    let (from_ms, to_ms) = (now + WINDOW, now + WINDOW + limits::HOUR_MS);
    assert!(to_ms < release_ms);
    assert!(run(&mut state, to_ms, &Command::system(Action::Outage { from_ms, to_ms })).0.is_some());
    let deadline = |id| state.order(id).unwrap().deadline_ms();
    assert_eq!(deadline(scheduled.order.id), Some(release_ms), "the customer's wish is what it was");
    assert_eq!(deadline(missed), Some(now + WINDOW), "its time was over when the outage began");
}

#[test]
fn short_outages_and_those_of_others_change_nothing() {
    let (mut state, now) = (book(), at(EVENING));
    let outage = |from_ms, to_ms| Action::Outage { from_ms, to_ms };
    assert!(run(&mut state, now, &Command::system(outage(now - 59_999, now))).0.is_none());
    assert!(run(&mut state, now, &Command::system(outage(now, now - 90_000))).0.is_none());
    assert!(
        run(&mut state, now, &Command::system(outage(now - 30_000, u64::MAX))).0.is_none(),
        "it cannot end in the future"
    );
    assert!(matches!(refusal(run(&mut state, now, &ops(outage(0, now))).1), Refusal::Forbidden { .. }));
}
