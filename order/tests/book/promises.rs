//! Signed quotes: what was promised holds for a while and for that order, on every copy of the book, and cannot be made up.

use order::State;
use order::command::{Action, Command, Expect, Given, PlaceOrder};
use order::issue::Problem;
use order::limits::QUOTE_KEPT_MS;
use order::promise::{Fault, Promise};
use order::reply::{Refusal, Reply};
use order::stage::{Actor, Role};
use proptest::prelude::*;

use crate::fixture::*;

fn promise(state: &State, now: u64, order: &PlaceOrder) -> Promise {
    state.promise(now, order, &state.quote(now, order)).expect("the order can be placed and the book has a secret")
}

fn quoted(token: &str, order: PlaceOrder) -> PlaceOrder {
    PlaceOrder { quote: Some(token.into()), ..order }
}

fn problem(state: &mut State, now: u64, order: PlaceOrder) -> Problem {
    let Refusal::Issues(found) = refusal(run(state, now, &place("p", order)).1) else { panic!("refused otherwise") };
    assert_eq!((found.len(), found[0].pointer.as_str()), (1, "/quote"), "{found:?}");
    found[0].problem.clone()
}

#[test]
fn an_order_is_placed_on_its_quote_until_that_expires() {
    let (mut state, now) = (book(), at(EVENING));
    let Promise { token, expires_at_ms } = promise(&state, now, &wish());
    assert_eq!(expires_at_ms, now + QUOTE_KEPT_MS);
    assert_eq!(
        problem(&mut state, expires_at_ms, quoted(&token, wish())),
        Problem::Quote(Fault::Expired { expired_at_ms: expires_at_ms })
    );
    placed(&mut state, expires_at_ms - 1, "a", quoted(&token, wish()));
    let again = run(&mut state, expires_at_ms + 1, &place("a", quoted(&token, wish()))).1;
    assert!(matches!(again, Reply::Placed { replayed: true, .. }), "the key comes before the quote (E1)");
}

#[test]
fn a_quote_is_checked_by_every_copy_and_after_a_snapshot() {
    let (state, now) = (book(), at(EVENING));
    let token = promise(&state, now, &wish()).token;
    let mut copy = State::new();
    state.slice(None, usize::MAX).0.into_iter().for_each(|record| copy.load(record));
    placed(&mut copy, now, "a", quoted(&token, wish()));
}

#[test]
fn the_book_takes_one_secret_for_ever_and_only_from_the_system() {
    let (mut state, now) = (State::new(), at(EVENING));
    assert!(state.needs_secret());
    let stranger = Command { actor: Actor::guest(Role::Ops), ..Command::begin([1; 32]) };
    assert!(matches!(refusal(run(&mut state, now, &stranger).1), Refusal::Forbidden { .. }));
    assert!(run(&mut state, now, &Command::begin([1; 32])).0.is_some());
    assert!(!state.needs_secret());
    assert!(run(&mut state, now, &Command::begin([2; 32])).0.is_none());
    // Maintenance of the book leaves the secret where it is.
    run(&mut state, now, &Command::system(Action::Outage { from_ms: now - 200_000, to_ms: now }));
    assert!(!state.needs_secret());
    assert_eq!(format!("{:?}", Command::begin([1; 32])).matches("Secret(…)").count(), 1);
}

#[test]
fn a_quote_of_another_book_or_none_at_all_is_told_apart_from_an_old_one() {
    let (mut state, now) = (book(), at(EVENING));
    let mut other = State::new();
    for command in [Command::begin([8; 32])].into_iter().chain(order::sample::commands()) {
        run(&mut other, now, &command);
    }
    let foreign = promise(&other, now, &wish()).token;
    let long = "x".repeat(100_000);
    for token in [foreign.as_str(), "", "?", "AAAA", &long] {
        assert_eq!(problem(&mut state, now, quoted(token, wish())), Problem::Quote(Fault::Invalid));
    }
    let mut unborn = State::new();
    order::sample::commands().iter().for_each(|command| drop(run(&mut unborn, now, command)));
    assert_eq!(unborn.promise(now, &wish(), &unborn.quote(now, &wish())), None);
    assert_eq!(problem(&mut unborn, now, quoted(&foreign, wish())), Problem::Quote(Fault::Invalid));
}

#[test]
fn a_quote_is_for_one_order_however_it_is_paid_and_spelt() {
    let (mut state, now) = (book(), at(EVENING));
    let token = promise(&state, now, &wish()).token;
    let mut elsewhere = wish();
    elsewhere.deliver_to.as_mut().unwrap().postcode = Given::Place(verified("DH1 3AQ", None));
    let others = [
        PlaceOrder { items: vec![line("margherita", 3, &[("extra-cheese", 1)])], ..wish() },
        PlaceOrder { items: vec![line("margherita", 2, &[])], ..wish() },
        PlaceOrder { name: "Eve".into(), ..wish() },
        PlaceOrder { note: "".into(), ..wish() },
        PlaceOrder { fulfil_at_ms: Some(now + 7_200_000), ..wish() },
        PlaceOrder { age_confirmed: true, ..wish() },
        elsewhere,
    ];
    for other in others {
        assert_eq!(problem(&mut state, now, quoted(&token, other)), Problem::Quote(Fault::Mismatch));
    }
    let mut located = wish();
    located.deliver_to.as_mut().unwrap().postcode = Given::Place(verified("dh14sg", None));
    let expect = Expect { total: Some(1_250), menu_revision: Some(1) };
    placed(&mut state, now, "a", PlaceOrder { tender: card("tok_ok"), expect, random: 9, ..quoted(&token, located) });
}

#[test]
fn what_a_quote_promised_and_does_not_hold_any_more_is_said() {
    let (mut state, now) = (book(), at(EVENING));
    let token = promise(&state, now, &wish()).token;
    let Action::PutMenu { restaurant, mut menu } = order::sample::commands()[1].action.clone() else { panic!() };
    menu.categories[0].items[0].price += 1;
    run(&mut state, now, &ops(Action::PutMenu { restaurant, menu }));
    let Refusal::Issues(found) = refusal(run(&mut state, now, &place("p", quoted(&token, wish()))).1) else { panic!() };
    let found: Vec<_> = found.iter().map(|issue| (issue.code(), issue.pointer.as_str())).collect();
    assert_eq!(found, [("menu_changed", "/quote"), ("price_changed", "/quote")]);
}

#[test]
fn what_cannot_be_ordered_is_not_promised() {
    let (state, now) = (book(), at(EVENING));
    let wrong = PlaceOrder { phone: "?".into(), ..wish() };
    assert_eq!(state.promise(now, &wrong, &state.quote(now, &wrong)), None);
}

proptest! {
    #[test]
    fn a_token_with_any_change_is_no_quote_of_ours(place in any::<prop::sample::Index>(), with in "[A-Za-z0-9_-]") {
        let (mut state, now) = (book(), at(EVENING));
        let token = promise(&state, now, &wish()).token;
        let place = place.index(token.len());
        let mut forged = token.clone();
        forged.replace_range(place..=place, &with);
        prop_assume!(forged != token);
        prop_assert_eq!(problem(&mut state, now, quoted(&forged, wish())), Problem::Quote(Fault::Invalid));
    }

    #[test]
    fn any_text_as_a_quote_is_an_issue_and_never_a_panic(token in ".*") {
        let mut state = book();
        prop_assert_eq!(problem(&mut state, at(EVENING), quoted(&token, wish())), Problem::Quote(Fault::Invalid));
    }
}
