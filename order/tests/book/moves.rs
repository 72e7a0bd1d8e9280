//! Moves of an order: the way to the door and to the counter, who may do what, and what a wrong move is told.

use order::OrderId;
use order::command::{Command, Destination, Given, Step};
use order::limits;
use order::reply::{Obstacle, Refusal, Reply};
use order::stage::{Actor, Leg, Reason, Role, Service, Stage};
use order::transitions::{EventKind, Verb};

use crate::fixture::*;

const MINUTE: u64 = 60_000;

fn courier(order: OrderId, step: Step) -> Command {
    step_as(Actor::named(Role::Courier, "ines"), order, step)
}

fn kitchen(order: OrderId, step: Step) -> Command {
    step_as(Actor::named(Role::Restaurant, "cathedral-pizza"), order, step)
}

fn accept() -> Step {
    Step::Accept { ready_by_ms: None }
}

#[test]
fn an_order_finds_its_way_to_the_door() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let accepted = moved(&mut state, now + MINUTE, &kitchen(id, accept()));
    assert_eq!(
        (accepted.stage(), accepted.ready_by_ms(), accepted.deadline_ms()),
        (Stage::Accepted, Some(now + 16 * MINUTE), None)
    );
    moved(&mut state, now + 2 * MINUTE, &courier(id, Step::Claim));
    moved(&mut state, now + 3 * MINUTE, &kitchen(id, Step::Start));
    moved(&mut state, now + 4 * MINUTE, &courier(id, Step::Arrive));
    moved(&mut state, now + 5 * MINUTE, &kitchen(id, Step::Ready));
    let out = moved(&mut state, now + 6 * MINUTE, &courier(id, Step::PickUp));
    assert_eq!((out.stage(), out.order.leg, out.order.courier()), (Stage::OutForDelivery, Leg::PickedUp, Some("ines")));
    moved(&mut state, now + 7 * MINUTE, &courier(id, Step::Arrive));
    let done = moved(&mut state, now + 8 * MINUTE, &courier(id, Step::Deliver));
    assert_eq!((done.stage(), done.order.leg, done.version()), (Stage::Delivered, Leg::DroppedOff, 9));
    let events: Vec<EventKind> = done.history().iter().map(|moment| moment.event).collect();
    use EventKind::*;
    assert_eq!(
        events,
        [Placed, Accepted, CourierAssigned, Preparing, CourierArrived, Ready, PickedUp, CourierArrived, Delivered]
    );
    assert_eq!(done.moment_at_ms(done.history().last().unwrap()), now + 8 * MINUTE);
    assert!(done.order.is_sound());
}

#[test]
fn an_order_to_collect_is_handed_over_against_its_code() {
    let (mut state, now) = (book(), at(EVENING));
    let mut collect = wish();
    (collect.service, collect.deliver_to) = (Service::Collection, None);
    let id = placed(&mut state, now, "a", collect).order.id;
    for step in [accept(), Step::Start, Step::Ready] {
        moved(&mut state, now, &kitchen(id, step));
    }
    let hand_over = |code: Option<&str>| kitchen(id, Step::HandOver { code: code.map(Into::into) });
    assert_eq!(issues(run(&mut state, now, &hand_over(Some("NOPE"))).1), [("code_wrong", "/code".into())]);
    let code = state.order(id).unwrap().order.pickup_code().to_lowercase();
    assert!(id.to_string().to_lowercase().ends_with(&code));
    assert_eq!(moved(&mut state, now, &hand_over(Some(&code))).stage(), Stage::Collected);
    let claim = run(&mut state, now, &courier(id, Step::Claim)).1;
    assert!(matches!(refusal(claim), Refusal::Conflict { stage: Stage::Collected, allowed, .. } if allowed.is_empty()));
}

#[test]
fn a_move_from_the_wrong_stage_is_told_the_stage_the_version_and_what_is_allowed() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let reply = run(&mut state, now, &kitchen(id, Step::Ready)).1;
    let allowed = vec![Verb::Accept, Verb::Reject];
    assert_eq!(refusal(reply), Refusal::Conflict { stage: Stage::Placed, version: 1, allowed, why: Obstacle::Stage });
    let missing = OrderId::from_u128(1);
    assert_eq!(refusal(run(&mut state, now, &kitchen(missing, accept())).1), Refusal::NoOrder(missing));
}

#[test]
fn nobody_moves_what_is_not_theirs() {
    let (mut state, now) = (book(), at(EVENING));
    let ada = Actor::named(Role::Customer, "ada");
    let Reply::Placed { order, .. } = run(&mut state, now, &place_as(ada.clone(), "a", 1, wish())).1 else { panic!() };
    let id = order.order.id;
    let cancel = Step::Cancel { reason: Reason::ChangedMind };
    let forbidden = |state: &mut order::State, command: Command| {
        matches!(refusal(run(state, now, &command).1), Refusal::Forbidden { .. })
    };
    assert!(forbidden(&mut state, step(Role::Customer, id, cancel.clone())), "a guest is not Ada");
    assert!(forbidden(&mut state, step_as(Actor::named(Role::Customer, "eve"), id, cancel)));
    assert!(forbidden(&mut state, step_as(Actor::named(Role::Restaurant, "soho-sushi"), id, accept())));
    assert!(forbidden(&mut state, step_as(ada, id, accept())), "customers do not accept");
    assert!(forbidden(&mut state, kitchen(id, Step::Expire)), "only the timer expires");
    for step in [accept(), Step::Start, Step::Ready] {
        moved(&mut state, now, &kitchen(id, step));
    }
    let reply = run(&mut state, now, &step(Role::Courier, id, Step::Claim)).1;
    assert_eq!(issues(reply), [("courier_required", "/courier".into())]);
    moved(&mut state, now, &kitchen(id, Step::Assign { courier: "ines".into() }));
    let other = |step| step_as(Actor::named(Role::Courier, "bob"), id, step);
    assert!(forbidden(&mut state, other(Step::PickUp)));
    assert!(forbidden(&mut state, other(Step::Unassign)));
    moved(&mut state, now, &courier(id, Step::PickUp));
    assert!(forbidden(&mut state, other(Step::Deliver)));
    assert!(forbidden(&mut state, kitchen(id, Step::Deliver)), "a restaurant does not deliver for its courier");
}

#[test]
fn repeating_what_holds_succeeds_without_an_event_and_another_value_does_not() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let by = Step::Accept { ready_by_ms: Some(now + 30 * MINUTE) };
    for step in [by, Step::Start, Step::Ready] {
        moved(&mut state, now, &kitchen(id, step.clone()));
        let (delta, reply) = run(&mut state, now + MINUTE, &kitchen(id, step.clone()));
        assert!(delta.is_none() && matches!(reply, Reply::Moved { event: None, .. }), "{step:?}: {reply:?}");
        let ops = run(&mut state, now, &step_as(Actor::guest(Role::Ops), id, step)).1;
        assert!(matches!(ops, Reply::Refused(_)), "only to the actor who did it");
    }
    moved(&mut state, now, &courier(id, Step::Claim));
    assert!(run(&mut state, now, &courier(id, Step::Claim)).0.is_none());
    let cancel = |reason| kitchen(id, Step::Cancel { reason });
    moved(&mut state, now, &cancel(Reason::Busy));
    assert!(matches!(run(&mut state, now, &cancel(Reason::Busy)), (None, Reply::Moved { event: None, .. })));
    assert!(matches!(refusal(run(&mut state, now, &cancel(Reason::Other)).1), Refusal::Conflict { .. }));
}

#[test]
fn a_stale_version_is_told_the_current_one() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let at_version = |version, step| Command { if_match: Some(version), ..kitchen(id, step) };
    assert_eq!(refusal(run(&mut state, now, &at_version(2, accept())).1), Refusal::PreconditionFailed { version: 1 });
    moved(&mut state, now, &at_version(1, accept()));
    assert_eq!(refusal(run(&mut state, now, &at_version(1, accept())).1), Refusal::PreconditionFailed { version: 2 });
}

#[test]
fn promises_lie_ahead_and_are_put_off_twice_at_most() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let accept_by = |ready_by_ms| kitchen(id, Step::Accept { ready_by_ms: Some(ready_by_ms) });
    for ready_by_ms in [now, 0, now + limits::READY_BY_MS_MAX + 1, u64::MAX] {
        assert_eq!(issues(run(&mut state, now, &accept_by(ready_by_ms)).1), [("time_range", "/ready_by".into())]);
    }
    moved(&mut state, now, &accept_by(now + 20 * MINUTE));
    let delay = |ready_by_ms| kitchen(id, Step::Delay { ready_by_ms });
    assert_eq!(issues(run(&mut state, now, &delay(now + 20 * MINUTE)).1), [("time_range", "/ready_by".into())]);
    moved(&mut state, now, &delay(now + 30 * MINUTE));
    let twice = moved(&mut state, now, &delay(now + 40 * MINUTE));
    assert_eq!((twice.ready_by_ms(), twice.stage(), twice.version()), (Some(now + 40 * MINUTE), Stage::Accepted, 4));
    assert!(matches!(
        refusal(run(&mut state, now, &delay(now + 50 * MINUTE)).1),
        Refusal::Conflict { why: Obstacle::Often, .. }
    ));
}

#[test]
fn a_customer_may_think_better_of_it_for_a_minute() {
    let (mut state, now) = (book(), at(EVENING));
    let cancel = |id| step(Role::Customer, id, Step::Cancel { reason: Reason::ChangedMind });
    let ids = ["a", "b", "c"].map(|key| placed(&mut state, now, key, wish()).order.id);
    assert_eq!(moved(&mut state, now, &cancel(ids[0])).stage(), Stage::Cancelled);
    ids[1..].iter().for_each(|id| {
        moved(&mut state, now, &kitchen(*id, accept()));
    });
    assert_eq!(moved(&mut state, now + MINUTE, &cancel(ids[1])).order.reason(), Some(Reason::ChangedMind));
    assert!(matches!(
        refusal(run(&mut state, now + MINUTE + 1, &cancel(ids[2])).1),
        Refusal::Conflict { why: Obstacle::Late, .. }
    ));
    let reply = run(&mut state, now, &kitchen(ids[2], Step::Cancel { reason: Reason::ChangedMind })).1;
    assert_eq!(issues(reply), [("reason_unlisted", "/reason".into())]);
    moved(&mut state, now, &step(Role::Ops, ids[2], Step::Cancel { reason: Reason::ChangedMind }));
}

#[test]
fn a_rejection_keeps_its_reason_and_what_was_missing() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let items = vec![slug("margherita"), slug("no-such-thing")];
    let rejected = moved(&mut state, now, &kitchen(id, Step::Reject { reason: Reason::ItemUnavailable, items }));
    let rare = rejected.order.rare.as_ref().unwrap();
    assert_eq!(
        (rejected.stage(), rare.reason, &*rare.missing),
        (Stage::Rejected, Some(Reason::ItemUnavailable), &[0][..])
    );
}

#[test]
fn a_failed_delivery_is_tried_once_more_or_called_off_after_half_an_hour() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    for command in [
        kitchen(id, accept()),
        courier(id, Step::Claim),
        kitchen(id, Step::Start),
        kitchen(id, Step::Ready),
        courier(id, Step::PickUp),
    ] {
        moved(&mut state, now, &command);
    }
    let fail = courier(id, Step::Fail { reason: Reason::AddressError });
    assert_eq!(moved(&mut state, now, &fail).deadline_ms(), Some(now + limits::RESOLVE_MS));
    let redeliver = |postcode: &str| {
        let to = Destination { lines: vec!["1 Elvet".into()], postcode: Given::Place(verified(postcode, None)) };
        step(Role::Customer, id, Step::Redeliver { deliver_to: Some(Box::new(to)) })
    };
    assert_eq!(
        issues(run(&mut state, now, &redeliver("NE1 7RU")).1),
        [("outside_zone", "/deliver_to/postcode".into())]
    );
    let again = moved(&mut state, now, &redeliver("DH1 3AQ"));
    let moved_to = again.order.rare.as_ref().unwrap().moved_to.as_ref().unwrap();
    assert_eq!((again.stage(), again.deadline_ms(), &*moved_to.lines[0]), (Stage::OutForDelivery, None, "1 Elvet"));
    assert_eq!(again.order.texts.lines().next(), Some("12 North Road"), "the first address stays as it was placed");
    moved(&mut state, now, &fail);
    assert!(matches!(
        refusal(run(&mut state, now, &redeliver("DH1 3AQ")).1),
        Refusal::Conflict { why: Obstacle::Often, .. }
    ));
    let due = state.due(now + limits::RESOLVE_MS, 10);
    assert_eq!(due.len(), 1);
    assert_eq!(moved(&mut state, now + limits::RESOLVE_MS, &due[0]).order.reason(), Some(Reason::DeliveryUnresolved));
}

#[test]
fn couriers_cannot_change_without_end() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    moved(&mut state, now, &kitchen(id, accept()));
    let mut refused = None;
    for _ in 0..limits::HISTORY_MAX {
        for step in [Step::Claim, Step::Unassign] {
            if let Reply::Refused(refusal) = run(&mut state, now, &courier(id, step)).1 {
                refused = refused.or(Some(refusal));
            }
        }
    }
    assert!(matches!(refused, Some(Refusal::Conflict { why: Obstacle::Often, .. })));
    assert!(state.order(id).unwrap().order.history.len() <= limits::HISTORY_MAX);
}
