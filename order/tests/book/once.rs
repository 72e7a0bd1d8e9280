//! Exactly once (E1–E3): a key executes one request, its answer comes again, and it is forgotten only by a logged trim.

use order::State;
use order::command::{Action, Command, Step};
use order::key::{Key, Keyed};
use order::limits;
use order::reply::{Bound, Refusal, Reply};
use order::stage::{Actor, Role, Stage};
use order::state::Bounds;

use crate::fixture::*;

const DAY: u64 = limits::KEY_KEPT_MS;

fn kitchen(id: order::OrderId, step_wanted: Step) -> Command {
    step(Role::Restaurant, id, step_wanted)
}

const ACCEPT: Step = Step::Accept { ready_by_ms: None };

#[test]
fn an_order_placed_twice_with_one_key_is_placed_once_and_answered_as_the_first_time() {
    let (mut state, now) = (book(), at(EVENING));
    let first = placed(&mut state, now, "a", wish());
    moved(&mut state, now + 1, &kitchen(first.order.id, ACCEPT));
    let mut other_luck = wish();
    other_luck.random = 99;
    let (delta, reply) = run(&mut state, now + 2, &place("a", other_luck));
    let Reply::Placed { order, replayed: true } = reply else { panic!("{reply:?}") };
    assert!(delta.is_none());
    assert_eq!((order.order.id, order.stage(), order.version()), (first.order.id, Stage::Placed, 1));
    assert_eq!(
        (order.deadline_ms(), order.ready_by_ms(), order.history()),
        (first.deadline_ms(), None, first.history())
    );
    assert_eq!(state.orders_held(), 1);
}

#[test]
fn e2_a_key_is_not_used_for_another_request_and_not_shared_across_scopes() {
    let (mut state, now) = (book(), at(EVENING));
    let guest = Actor::guest(Role::Customer);
    placed(&mut state, now, "a", wish());
    assert_eq!(refusal(run(&mut state, now, &place_as(guest.clone(), "a", 2, wish())).1), Refusal::KeyReused);
    let ada = run(&mut state, now, &place_as(Actor::named(Role::Customer, "ada"), "a", 2, wish())).1;
    assert!(matches!(ada, Reply::Placed { replayed: false, .. }), "another principal's key is another key");
    let mut elsewhere = wish();
    (elsewhere.restaurant, elsewhere.items) = (slug("bigg-market-grill"), vec![line("parmo", 1, &[])]);
    let to = elsewhere.deliver_to.as_mut().unwrap();
    to.postcode = order::command::Given::Place(verified("NE1 7RU", Some((54_980_320, -1_615_710))));
    assert!(matches!(
        run(&mut state, now, &place_as(guest, "a", 3, elsewhere)).1,
        Reply::Placed { replayed: false, .. }
    ));
}

#[test]
fn e3_a_refusal_is_not_recorded_and_its_key_can_be_used_again() {
    let (mut state, now) = (book(), at(EVENING));
    let mut wrong = wish();
    wrong.phone = "?".into();
    let digest = state.digest();
    assert_eq!(issues(run(&mut state, now, &place("a", wrong)).1).len(), 1);
    assert_eq!(state.digest(), digest);
    placed(&mut state, now, "a", wish());
}

#[test]
fn placing_needs_a_key() {
    let (mut state, now) = (book(), at(EVENING));
    let order = Command { keyed: None, ..place("a", wish()) };
    assert_eq!(refusal(run(&mut state, now, &order).1), Refusal::KeyRequired);
}

#[test]
fn e1_the_key_is_looked_up_before_the_version_and_the_stage() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let accept = keyed(Command { if_match: Some(1), ..kitchen(id, ACCEPT) }, "k", 5);
    assert!(matches!(run(&mut state, now, &accept).1, Reply::Moved { replayed: false, event: Some(_), .. }));
    moved(&mut state, now, &kitchen(id, Step::Start));
    let (delta, reply) = run(&mut state, now, &accept);
    assert!(delta.is_none() && matches!(reply, Reply::Moved { replayed: true, event: None, .. }), "{reply:?}");
    let other = keyed(kitchen(id, Step::Ready), "k", 6);
    assert_eq!(refusal(run(&mut state, now, &other).1), Refusal::KeyReused);
}

#[test]
fn e3_a_change_repeated_after_another_one_is_answered_with_the_order_as_it_left_it() {
    let (mut state, now) = (book(), at(EVENING));
    let id = placed(&mut state, now, "a", wish()).order.id;
    let accept = keyed(kitchen(id, ACCEPT), "k", 5);
    let Reply::Moved { order: first, .. } = run(&mut state, now, &accept).1 else { panic!("not accepted") };
    moved(&mut state, now + 1, &kitchen(id, Step::Start));
    let Reply::Moved { order: again, replayed: true, .. } = run(&mut state, now + 2, &accept).1 else {
        panic!("not replayed")
    };
    assert_eq!((again.version(), again), (2, first), "and not version 3, which another change was answered with");
}

#[test]
fn a_key_of_a_restaurants_change_works_the_same() {
    let (mut state, now) = (book(), at(EVENING));
    let restaurant = slug("cathedral-pizza");
    let pause = keyed(ops(Action::Pause { restaurant: restaurant.clone(), until_ms: None }), "p", 1);
    assert!(matches!(run(&mut state, now, &pause).1, Reply::Restaurant { replayed: false, .. }));
    run(&mut state, now, &ops(Action::Resume { restaurant: restaurant.clone() }));
    let (delta, reply) = run(&mut state, now, &pause);
    assert!(delta.is_none() && matches!(reply, Reply::Restaurant { replayed: true, .. }));
    assert_eq!(
        state.closed_because(now, state.restaurant("cathedral-pizza").unwrap(), order::stage::Service::Delivery),
        []
    );
    let resume = keyed(ops(Action::Resume { restaurant }), "p", 2);
    assert_eq!(refusal(run(&mut state, now, &resume).1), Refusal::KeyReused);
}

#[test]
fn e2_a_key_that_moved_one_order_moves_no_other_one() {
    let (mut state, now) = (book(), at(EVENING));
    let [one, two] = ["one", "two"].map(|key| placed(&mut state, now, key, wish()).order.id);
    moved(&mut state, now, &keyed(kitchen(one, ACCEPT), "step", 1));
    assert_eq!(refusal(run(&mut state, now, &keyed(kitchen(two, ACCEPT), "step", 1)).1), Refusal::KeyReused);
}

#[test]
fn e3_an_old_unknown_key_is_refused_and_an_old_known_one_is_answered() {
    let (mut state, now) = (book(), at("2024-01-01T12:00:00Z"));
    let uuid = |text: &str| Keyed { key: Key::parse(text).unwrap(), fingerprint: 1 };
    let made_at_ms = 1_704_067_200_000;
    let mut order = place("a", wish());
    order.keyed = Some(uuid("018cc251-f400-7000-8000-0123456789ab"));
    assert!(matches!(run(&mut state, now, &order).1, Reply::Placed { .. }));
    let later = made_at_ms + DAY + 1;
    assert!(matches!(run(&mut state, later, &order).1, Reply::Placed { replayed: true, .. }));
    order.keyed = Some(uuid("018cc251-f400-7000-8000-0123456789ac"));
    assert_eq!(refusal(run(&mut state, later, &order).1), Refusal::KeyExpired { made_at_ms });
    assert!(matches!(run(&mut state, later - 1, &order).1, Reply::Placed { replayed: false, .. }));
}

#[test]
fn e3_a_trim_forgets_keys_of_orders_that_are_over_and_keeps_those_of_open_ones() {
    let (mut state, now) = (book(), at(EVENING));
    let open = placed(&mut state, now, "open", wish()).order.id;
    let over = placed(&mut state, now, "over", wish()).order.id;
    moved(&mut state, now, &keyed(kitchen(open, ACCEPT), "step-key", 1));
    moved(&mut state, now, &kitchen(over, Step::Reject { reason: order::stage::Reason::Busy, items: vec![] }));
    let early = Command::system(Action::Trim { before_ms: u64::MAX });
    run(&mut state, now + DAY, &early);
    assert!(
        matches!(run(&mut state, now + DAY, &place("over", wish())).1, Reply::Placed { replayed: true, .. }),
        "kept for a day"
    );
    let due = state.due(now + DAY + limits::HOUR_MS + 1, 10);
    assert!(matches!(due[..], [Command { action: Action::Trim { .. }, .. }]), "{due:?}");
    run(&mut state, now + DAY + limits::HOUR_MS + 1, &due[0]);
    assert_eq!(state.due(now + DAY + limits::HOUR_MS + 1, 10), [], "one trim suffices");
    let again = run(&mut state, now + DAY + limits::HOUR_MS + 2, &place("open", wish())).1;
    assert!(matches!(again, Reply::Placed { replayed: true, .. }), "an open order keeps its key");
    assert!(matches!(run(&mut state, now + 2 * DAY, &place("over", wish())).1, Reply::Placed { replayed: false, .. }));
    let step_again = keyed(kitchen(open, Step::Start), "step-key", 2);
    assert!(matches!(run(&mut state, now + 2 * DAY, &step_again).1, Reply::Moved { replayed: false, .. }));
}

#[test]
fn e3_a_trim_is_a_slice_and_an_older_one_makes_nobody_remember() {
    let (mut state, now) = (book(), at(EVENING));
    let pause = ops(Action::Pause { restaurant: slug("cathedral-pizza"), until_ms: None });
    for n in 0..limits::TRIM_MAX + 2 {
        run(&mut state, now, &keyed(pause.clone(), &format!("key-{n}"), 1));
    }
    run(&mut state, now, &ops(Action::Resume { restaurant: slug("cathedral-pizza") }));
    let over = placed(&mut state, now + 10, "over", wish()).order.id;
    moved(&mut state, now + 10, &kitchen(over, Step::Reject { reason: order::stage::Reason::Busy, items: vec![] }));
    let later = now + DAY + limits::HOUR_MS;
    let mut trimmed = |before_ms| {
        let (delta, _) = run(&mut state, later, &Command::system(Action::Trim { before_ms }));
        delta.map_or(0, |delta| delta.deletes.len())
    };
    assert_eq!(trimmed(later - DAY), limits::TRIM_MAX, "a trim never stalls the loop");
    assert_eq!(trimmed(now + 5), 2);
    let again = run(&mut state, later, &place("over", wish())).1;
    assert!(matches!(again, Reply::Placed { replayed: false, .. }), "its key was forgotten: {again:?}");
}

#[test]
fn at_a_bound_the_new_is_refused_and_the_old_is_kept() {
    let mut state = State::with_bounds(Bounds { orders: 1, keys: 1 });
    let now = at(EVENING);
    order::sample::commands().iter().for_each(|command| {
        run(&mut state, now, command);
    });
    let id = placed(&mut state, now, "a", wish()).order.id;
    assert_eq!(refusal(run(&mut state, now, &place("b", wish())).1), Refusal::Busy(Bound::Orders));
    assert!(matches!(run(&mut state, now, &place("a", wish())).1, Reply::Placed { replayed: true, .. }));
    let accept = keyed(kitchen(id, ACCEPT), "k", 1);
    moved(&mut state, now, &accept);
    assert_eq!(refusal(run(&mut state, now, &keyed(kitchen(id, Step::Start), "l", 1)).1), Refusal::Busy(Bound::Keys));
    assert!(matches!(run(&mut state, now, &accept).1, Reply::Moved { replayed: true, .. }));
    assert_eq!(state.order(id).unwrap().stage(), Stage::Accepted, "nothing is half done");
}

#[test]
fn the_same_random_number_in_the_same_millisecond_gives_two_orders() {
    let (mut state, now) = (book(), at(EVENING));
    let first = placed(&mut state, now, "a", wish()).order.id;
    let second = placed(&mut state, now, "b", wish()).order.id;
    assert_eq!((first.low + 1, first.high), (second.low, second.high));
}
