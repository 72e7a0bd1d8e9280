//! Kitchen slots: a small kitchen takes so many orders for a quarter of an hour, says when it has room again, and gets back what is called off.

use order::State;
use order::command::{Action, PlaceOrder, Step};
use order::issue::Problem;
use order::limits::{FULFIL_AHEAD_MS_MAX, SLOT_MS};
use order::query::OrdersQuery;
use order::reply::{Refusal, Reply};
use order::slot::Slot;
use order::stage::{Reason, Role, Stage};
use order::view::OrderView;
use proptest::prelude::*;

use crate::fixture::*;
use crate::plans::{plans, play};

fn filled(state: &mut State, wish: &PlaceOrder) -> Vec<OrderView> {
    ["a", "b", "c"].iter().map(|key| placed(state, at(EVENING), key, wish.clone())).collect()
}

/// The next slot that a refusal names, which must be for that reason alone.
fn next_slot(reply: Reply) -> Option<u64> {
    let Refusal::Issues(found) = refusal(reply) else { panic!("refused otherwise") };
    match found.as_slice() {
        [issue] if issue.pointer == "/fulfil_at" => match issue.problem {
            Problem::SlotFull { next_slot_ms } => next_slot_ms,
            ref other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_kitchen_names_the_next_slot_and_takes_the_order_for_then() {
    let (mut state, now) = (book(), at(EVENING));
    // Thirty minutes of preparation lead into the slot of half past seven.
    let orders = filled(&mut state, &sushi());
    assert_eq!(orders[0].order.slot, Slot::of(at("2027-03-01T19:30:00Z")));
    let next = next_slot(run(&mut state, now, &place("d", sushi())).1);
    assert_eq!(next, Some(at("2027-03-01T19:45:00Z")));
    let order = placed(&mut state, now, "f", wished(next));
    assert_eq!((order.stage(), order.order.fulfil_at_ms()), (Stage::Scheduled, next));
    placed(&mut state, now + SLOT_MS, "later", sushi());
}

#[test]
fn slots_that_are_full_as_well_are_passed_over_and_none_is_named_beyond_two_weeks() {
    let (mut state, now) = (book(), at(EVENING));
    filled(&mut state, &sushi());
    let [quarter_to, latest] = [at("2027-03-01T19:45:00Z"), now + FULFIL_AHEAD_MS_MAX];
    for (number, wish_ms) in [quarter_to, latest].into_iter().flat_map(|wish_ms| [wish_ms; 3]).enumerate() {
        placed(&mut state, now, &format!("key-{number}"), wished(Some(wish_ms)));
    }
    assert_eq!(next_slot(run(&mut state, now, &place("x", sushi())).1), Some(at("2027-03-01T20:00:00Z")));
    assert_eq!(next_slot(run(&mut state, now, &place("y", wished(Some(latest)))).1), None);
}

#[test]
fn what_is_called_off_turned_down_or_not_answered_makes_room() {
    let (mut state, now) = (book(), at(EVENING));
    let ids: Vec<_> = filled(&mut state, &sushi()).iter().map(|view| view.order.id).collect();
    let full = |state: &mut State, now| matches!(refusal(run(state, now, &place("x", sushi())).1), Refusal::Issues(_));
    assert!(full(&mut state, now));
    moved(&mut state, now, &step(Role::Customer, ids[0], Step::Cancel { reason: Reason::ChangedMind }));
    placed(&mut state, now, "d", sushi());
    assert!(full(&mut state, now));
    moved(&mut state, now, &step(Role::Restaurant, ids[1], Step::Reject { reason: Reason::Busy, items: vec![] }));
    placed(&mut state, now, "e", sushi());
    assert!(full(&mut state, now));
    for id in &ids[2..] {
        moved(&mut state, now, &step(Role::Restaurant, *id, Step::Accept { ready_by_ms: None }));
    }
    let late = now + 10 * 60_000;
    for command in state.due(late, 10) {
        moved(&mut state, late, &command);
    }
    let number = state.restaurant("soho-sushi").unwrap().number;
    assert_eq!(state.slot_count(number, Slot::of(now + 30 * 60_000)), 1, "what was accepted keeps its slot");
}

#[test]
fn an_order_that_is_done_has_used_its_slot() {
    let (mut state, now) = (book(), at(EVENING));
    for order in filled(&mut state, &sushi()) {
        for step_ in [Step::Accept { ready_by_ms: None }, Step::Start, Step::Ready, Step::HandOver { code: None }] {
            moved(&mut state, now, &step(Role::Restaurant, order.order.id, step_));
        }
    }
    next_slot(run(&mut state, now, &place("d", sushi())).1).unwrap();
}

#[test]
fn the_next_slot_may_be_after_the_next_opening() {
    let (mut state, now) = (book(), at(EVENING));
    // The counter closes at half past ten and takes its last orders for a quarter to ten.
    let last = at("2027-03-01T21:45:00Z");
    filled(&mut state, &wished(Some(last)));
    let next = next_slot(run(&mut state, now, &place("d", wished(Some(last)))).1);
    assert_eq!(next, Some(at("2027-03-02T12:30:00Z")), "it opens at noon and needs half an hour");
}

#[test]
fn a_kitchen_without_a_limit_takes_any_number() {
    let (mut state, now) = (book(), at(EVENING));
    for number in 0..100 {
        placed(&mut state, now, &format!("key-{number}"), PlaceOrder { random: number, ..wish() });
    }
    let mut profile = state.restaurant("cathedral-pizza").unwrap().profile.clone();
    profile.slot_capacity = Some(0);
    let put = |profile| ops(Action::PutRestaurant(Box::new(profile)));
    assert_eq!(issues(run(&mut state, now, &put(profile.clone())).1), [("number_range", "/slot_capacity".into())]);
    // Orders that were there before the limit count.
    profile.slot_capacity = Some(100);
    run(&mut state, now, &put(profile));
    next_slot(run(&mut state, now, &place("one-more", wish())).1).unwrap();
}

fn wished(at_ms: Option<u64>) -> PlaceOrder {
    PlaceOrder { fulfil_at_ms: at_ms, ..sushi() }
}

/// Every order there is.
fn orders(state: &State) -> Vec<OrderView> {
    let mut query = OrdersQuery { limit: 100, ..OrdersQuery::default() };
    let mut all = Vec::new();
    loop {
        let page = state.orders(&query);
        all.extend(page.orders);
        match page.next {
            None => return all,
            next => query.after = next,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_slot_never_holds_more_orders_than_its_kitchen_takes(plans in plans()) {
        let mut state = crowded();
        play(&mut state, &plans, |state, now, command, _, reply| {
            for order in orders(state) {
                let same = |other: &&OrderView| {
                    other.order.slot == order.order.slot
                        && other.order.id.restaurant() == order.order.id.restaurant()
                        && !matches!(other.order.stage, Stage::Cancelled | Stage::Rejected | Stage::Expired)
                };
                let count = orders(state).iter().filter(same).count() as u32;
                assert_eq!(state.slot_count(order.restaurant.number, order.order.slot), count);
                assert!(order.restaurant.profile.slot_capacity.is_none_or(|capacity| count <= u32::from(capacity)));
            }
            let (Action::Place(order), Reply::Refused(Refusal::Issues(found))) = (&command.action, reply) else { return };
            for issue in found {
                let Problem::SlotFull { next_slot_ms: Some(next) } = issue.problem else { continue };
                let later = state.quote(now, &PlaceOrder { fulfil_at_ms: Some(next), ..PlaceOrder::clone(order) });
                let in_time = |code: &str| !matches!(code, "slot_full" | "fulfil_at_unavailable" | "restaurant_closed");
                assert!(later.issues.iter().all(|issue| in_time(issue.code())), "{:?}", later.issues);
            }
        });
    }
}
