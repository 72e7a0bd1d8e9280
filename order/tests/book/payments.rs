//! Payments: what is set aside, taken and given back on every way that an order can go, and what a declined card is told.

use order::acquirer::Decline;
use order::command::{Command, PlaceOrder, Step};
use order::issue::Problem;
use order::order::Order;
use order::payment::{Method, PaymentState};
use order::reply::{Refusal, Reply};
use order::stage::{Actor, Reason, Role, Stage};
use order::{OrderId, State};
use proptest::prelude::*;

use crate::fixture::*;
use crate::plans::{plans, play};

fn by_card(token: &str) -> PlaceOrder {
    PlaceOrder { tender: card(token), ..wish() }
}

fn kitchen(order: OrderId, wanted: Step) -> Command {
    step(Role::Restaurant, order, wanted)
}

const ACCEPT: Step = Step::Accept { ready_by_ms: None };

/// State, captured and refunded.
fn paid(state: &State, id: OrderId) -> (PaymentState, i64, i64) {
    let view = state.order(id).expect("it was placed");
    let (payment, total) = (view.payment(), view.order.total());
    (payment.state, payment.captured(total), payment.refunded(total))
}

#[test]
fn a_card_is_set_aside_when_the_order_is_placed_and_charged_when_it_is_accepted() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", by_card("tok_ok")).order.id;
    assert_eq!(paid(&state, id), (PaymentState::Authorised, 0, 0));
    moved(&mut state, now, &kitchen(id, ACCEPT));
    assert_eq!(paid(&state, id), (PaymentState::Captured, 1_250, 0));
    let Reply::Placed { order, replayed: true } = run(&mut state, now, &place("a", by_card("tok_ok"))).1 else {
        panic!("not replayed")
    };
    assert_eq!(order.payment().state, PaymentState::Authorised, "told again as it was placed");
}

#[test]
fn cash_is_taken_at_the_counter() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", sushi()).order.id;
    for wanted in [ACCEPT, Step::Start, Step::Ready] {
        moved(&mut state, now, &kitchen(id, wanted));
        assert_eq!(paid(&state, id).0, PaymentState::Due);
    }
    moved(&mut state, now, &kitchen(id, Step::HandOver { code: None }));
    assert_eq!(paid(&state, id), (PaymentState::Captured, 1_490, 0));
}

#[test]
fn a_declined_card_is_told_why_and_leaves_nothing_behind() {
    let (mut state, now) = (book(), at(EVENING));
    let digest = state.digest();
    for (token, reason) in [
        ("tok_declined", Decline::Declined),
        ("tok_insufficient_funds", Decline::InsufficientFunds),
        ("tok_expired", Decline::CardExpired),
        ("4111111111111111", Decline::TokenUnknown),
    ] {
        let Refusal::Issues(found) = refusal(run(&mut state, now, &place("a", by_card(token))).1) else { panic!() };
        assert_eq!((found.len(), found[0].pointer.as_str()), (1, "/payment/token"));
        assert_eq!(found[0].problem, Problem::PaymentDeclined { reason });
    }
    let large = PlaceOrder { items: vec![line("pitman", 7, &[])], ..by_card("tok_over_5000") };
    assert_eq!(issues(run(&mut state, now, &place("a", large)).1), [("payment_declined", "/payment/token".into())]);
    assert_eq!(state.digest(), digest);
    placed(&mut state, now, "a", by_card("tok_over_5000"));
}

#[test]
fn before_acceptance_the_card_is_let_go_of_whoever_ends_it() {
    let (mut state, now) = (book(), at(EVENING));
    let ids = ["a", "b", "c", "d"].map(|key| placed(&mut state, now, key, by_card("tok_ok")).order.id);
    moved(&mut state, now, &step(Role::Customer, ids[0], Step::Cancel { reason: Reason::ChangedMind }));
    moved(&mut state, now, &kitchen(ids[1], Step::Reject { reason: Reason::Busy, items: vec![] }));
    moved(&mut state, now, &step(Role::Ops, ids[2], Step::Cancel { reason: Reason::FakeOrder }));
    for command in state.due(now + 600_000, 10) {
        moved(&mut state, now + 600_000, &command);
    }
    assert_eq!(state.order(ids[3]).unwrap().stage(), Stage::Expired);
    for id in ids {
        assert_eq!(paid(&state, id), (PaymentState::Voided, 0, 0));
    }
}

#[test]
fn after_acceptance_the_restaurant_gives_all_back_and_ops_half_once_the_food_is_made() {
    let (mut state, now) = (book(), at(EVENING));
    let ids = ["a", "b", "c", "d"].map(|key| placed(&mut state, now, key, by_card("tok_ok")).order.id);
    for id in ids {
        moved(&mut state, now, &kitchen(id, ACCEPT));
    }
    let ops = |id| step(Role::Ops, id, Step::Cancel { reason: Reason::Other });
    moved(&mut state, now, &step(Role::Customer, ids[0], Step::Cancel { reason: Reason::ChangedMind }));
    moved(&mut state, now, &ops(ids[1]));
    for id in &ids[2..] {
        moved(&mut state, now, &kitchen(*id, Step::Start));
    }
    moved(&mut state, now, &kitchen(ids[2], Step::Cancel { reason: Reason::Busy }));
    moved(&mut state, now, &ops(ids[3]));
    for id in &ids[..3] {
        assert_eq!(paid(&state, *id), (PaymentState::Refunded, 1_250, 1_250));
    }
    assert_eq!(paid(&state, ids[3]), (PaymentState::HalfRefunded, 1_250, 625));
}

#[test]
fn a_payment_that_its_history_does_not_lead_to_is_not_sound() {
    let (mut state, now) = (book(), at(EVENING));
    let view = placed(&mut state, now, "a", by_card("tok_ok"));
    let mut wrong = Order::clone(&view.order);
    wrong.payment.state = PaymentState::Captured;
    assert!(view.order.is_sound() && !wrong.is_sound());
    wrong.payment.state = PaymentState::Authorised;
    wrong.payment.method = Method::Cash;
    assert!(!wrong.is_sound());
}

/// What the restaurant keeps in the end, by the story of the order alone.
fn kept(order: &Order) -> i64 {
    let stage = |from_end: usize| order.history.iter().rev().nth(from_end).map(|moment| moment.stage);
    let accepted = order.history.iter().any(|moment| moment.stage == Stage::Accepted);
    let by = order.history.last().map(|moment| moment.by);
    match (order.payment.method, order.stage) {
        (Method::Cash, Stage::Delivered | Stage::Collected) => order.total(),
        (Method::Cash, _) => 0,
        (Method::Card, _) if !accepted => 0,
        (Method::Card, Stage::Cancelled) if matches!(by, Some(Role::Customer | Role::Restaurant)) => 0,
        (Method::Card, Stage::Cancelled) if stage(1) == Some(Stage::Accepted) => 0,
        (Method::Card, Stage::Cancelled) => order.total() / 2,
        (Method::Card, _) => order.total(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_more_is_captured_than_was_authorised_and_what_is_kept_follows_from_the_stage(plans in plans()) {
        let mut state = book();
        play(&mut state, &plans, |_, _, _, _, reply| {
            let (Reply::Placed { order, .. } | Reply::Moved { order, .. }) = reply else { return };
            let (order, payment) = (&order.order, order.order.payment);
            let total = order.total();
            let (captured, refunded) = (payment.captured(total), payment.refunded(total));
            assert!(0 <= refunded && refunded <= captured && captured <= total);
            assert!(payment.method == Method::Cash || captured <= payment.authorised(total));
            assert_eq!(captured - refunded, kept(order), "{order:?}");
        });
    }
}

#[test]
fn a_courier_takes_the_cash_at_the_door() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let courier = |wanted| step_as(Actor::named(Role::Courier, "ines"), id, wanted);
    for command in [
        kitchen(id, ACCEPT),
        courier(Step::Claim),
        kitchen(id, Step::Start),
        kitchen(id, Step::Ready),
        courier(Step::PickUp),
        courier(Step::Deliver),
    ] {
        assert_eq!(paid(&state, id), (PaymentState::Due, 0, 0));
        moved(&mut state, now, &command);
    }
    assert_eq!(paid(&state, id), (PaymentState::Captured, 1_250, 0));
}
