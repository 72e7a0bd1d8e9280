//! Placing and quoting: what is right is placed and priced, what is wrong is said all at once, with its place and remedy.

use crate::fixture::*;
use order::allergen::{Allergen, AllergenSet};
use order::command::{Action, Given, PlaceOrder};
use order::issue::Problem;
use order::limits;
use order::money::{Currency, Money};
use order::place::{Place, Standing};
use order::postcode::Postcode;
use order::reply::{Refusal, Reply};
use order::restaurant::Availability;
use order::stage::{Role, Service, Stage};
use order::transitions::EventKind;

#[test]
fn the_example_of_the_api_is_placed_and_costs_twelve_pounds_fifty() {
    let mut state = book();
    let now = at(EVENING);
    let (delta, reply) = run(&mut state, now, &place("first", wish()));
    let Reply::Placed { order, replayed: false } = reply else { panic!("{reply:?}") };
    assert_eq!((order.stage(), order.version(), order.restaurant().as_str()), (Stage::Placed, 1, "cathedral-pizza"));
    assert_eq!(order.order.money(order.order.total()).to_string(), "12.50 GBP");
    assert_eq!(order.deadline_ms(), Some(now + 600_000));
    let line = order.lines().next().unwrap();
    assert_eq!((line.item.id.as_str(), line.quantity, line.unit_price, line.amount()), ("margherita", 2, 625, 1_250));
    assert_eq!(line.options().next().unwrap().choice.name.as_ref(), "Extra cheese");
    assert_eq!(order.allergens(), AllergenSet::of([Allergen::Gluten, Allergen::Milk]));
    let event = delta.unwrap().events[0];
    assert_eq!((event.order, event.version, event.kind, event.at_ms), (order.order.id, 1, EventKind::Placed, now));
    assert_eq!(order.order.texts.lines().collect::<Vec<_>>(), ["12 North Road"]);
    assert_eq!(state.order(order.order.id).unwrap().order, order.order);
}

#[test]
fn everything_wrong_is_said_at_once_each_with_its_place() {
    let mut state = book();
    let mut wrong = wish();
    wrong.items = vec![
        line("no-such-pizza", 1, &[]),
        line("margherita", 0, &[("extra-cheese", 3)]),
        line("marinara", 100, &[("no-such-option", 1), ("chilli", 1), ("chilli", 1), ("anchovies", 0)]),
        line("pale-ale", 1, &[]),
    ];
    wrong.name = " ".into();
    wrong.phone = "0191 334 1234".into();
    wrong.note = "x".repeat(limits::NOTE_BYTES_MAX + 1).into();
    wrong.expect.menu_revision = Some(9);
    let to = wrong.deliver_to.as_mut().unwrap();
    to.lines = vec!["".into(), "a\nb".into()];
    to.postcode = Given::NotAPostcode("DHI 4SG".into());
    let reply = run(&mut state, at(EVENING), &place("first", wrong)).1;
    let expected = [
        ("text_required", "/customer/name"),
        ("text_too_long", "/note"),
        ("phone_invalid", "/customer/phone"),
        ("text_required", "/deliver_to/lines/0"),
        ("text_unprintable", "/deliver_to/lines/1"),
        ("postcode_invalid", "/deliver_to/postcode"),
        ("item_unknown", "/items/0/item"),
        ("quantity_range", "/items/1/quantity"),
        ("option_max", "/items/1/options/0/quantity"),
        ("quantity_range", "/items/2/quantity"),
        ("option_unknown", "/items/2/options/0/option"),
        ("duplicate", "/items/2/options/2/option"),
        ("quantity_range", "/items/2/options/3/quantity"),
        ("age_check_required", "/age_confirmed"),
        ("menu_changed", "/expect/menu_revision"),
    ];
    assert_eq!(issues(reply), expected.map(|(code, pointer)| (code, pointer.to_owned())));
}

#[test]
fn an_order_of_nothing_from_nowhere_is_refused_with_what_is_missing() {
    let mut state = book();
    let mut empty = wish();
    (empty.items, empty.deliver_to) = (Vec::new(), None);
    let reply = run(&mut state, at(EVENING), &place("first", empty)).1;
    assert_eq!(issues(reply), [("address_required", "/deliver_to".into()), ("items_required", "/items".into())]);
    let mut nowhere = wish();
    nowhere.restaurant = slug("no-such-place");
    let reply = run(&mut state, at(EVENING), &place("first", nowhere)).1;
    assert_eq!(issues(reply), [("restaurant_unknown", "/restaurant".into())]);
}

#[test]
fn option_groups_ask_for_their_least_and_most() {
    let mut state = book();
    let mut collect = wish();
    (collect.restaurant, collect.service, collect.deliver_to) = (slug("soho-sushi"), Service::Collection, None);
    collect.items =
        vec![line("nigiri-set", 1, &[("salmon", 4)]), line("nigiri-set", 1, &[("salmon", 4), ("tamago", 3)])];
    let Refusal::Issues(found) = refusal(run(&mut state, at(EVENING), &place("first", collect.clone())).1) else {
        panic!()
    };
    assert!(
        matches!(&found[0].problem, Problem::OptionGroupMin { min: 6, chosen: 4, options, .. } if options.len() == 4)
    );
    assert_eq!(found[0].problem.remedy(), "choose 2 more of pieces (at least 6)");
    assert!(matches!(&found[1].problem, Problem::OptionGroupMax { max: 6, chosen: 7, .. }));
    collect.items = vec![line("nigiri-set", 1, &[("salmon", 4), ("scallop", 2)])];
    let order = placed(&mut state, at(EVENING), "second", collect);
    assert_eq!((order.order.subtotal, order.order.fee, order.order.place), (1_490 + 180, 0, None));
}

#[test]
fn hours_pauses_services_and_zones_are_refused_with_what_would_help() {
    let mut state = book();
    let mut bakery = wish();
    bakery.restaurant = slug("elvet-bakery");
    bakery.items = vec![line("walnut-cake", 3, &[])];
    let Refusal::Issues(found) = refusal(run(&mut state, at(EVENING), &place("a", bakery.clone())).1) else { panic!() };
    let next_open_at_ms = Some(at("2027-03-02T07:30:00Z"));
    assert_eq!(
        found.iter().map(|issue| &issue.problem).collect::<Vec<_>>(),
        [&Problem::RestaurantClosed { next_open_at_ms }]
    );

    let mut far = wish();
    let to = far.deliver_to.as_mut().unwrap();
    to.postcode = Given::Place(verified("NE1 7RU", Some((54_980_320, -1_615_710))));
    let Refusal::Issues(found) = refusal(run(&mut state, at(EVENING), &place("b", far)).1) else { panic!() };
    assert!(
        matches!(&found[0].problem, Problem::OutsideZone { distance_m: Some(22_000..24_000), zones } if zones == &["DH1"])
    );

    let mut brought = wish();
    (brought.restaurant, brought.items) = (slug("soho-sushi"), vec![line("miso", 1, &[])]);
    let reply = run(&mut state, at(EVENING), &place("c", brought)).1;
    assert_eq!(issues(reply), [("service_unavailable", "/service".into())]);

    let until_ms = Some(at(EVENING) + 1_200_000);
    run(&mut state, at(EVENING), &ops(Action::Pause { restaurant: slug("cathedral-pizza"), until_ms }));
    let Refusal::Issues(found) = refusal(run(&mut state, at(EVENING), &place("d", wish())).1) else { panic!() };
    assert_eq!(found[0].problem, Problem::RestaurantPaused { until_ms });
    placed(&mut state, at(EVENING) + 1_200_000, "e", wish());
}

#[test]
fn a_postcode_is_judged_by_what_is_known_of_it() {
    let mut state = book();
    let now = at(EVENING);
    let code = |state: &mut order::State, place_found: Place| {
        let mut order = wish();
        order.deliver_to.as_mut().unwrap().postcode = Given::Place(place_found);
        match run(state, now, &place("same-key-each-time", order)).1 {
            Reply::Placed { .. } => Vec::new(),
            other => issues(other).into_iter().map(|(code, _)| code).collect(),
        }
    };
    let with = |standing, suggestions: &[&str]| Place {
        standing,
        suggestions: suggestions.iter().map(|text| Postcode::parse(text).unwrap()).collect(),
        ..verified("DH1 4SG", None)
    };
    assert_eq!(code(&mut state, with(Standing::Unknown, &["DH1 4SF"])), ["postcode_unknown"]);
    assert_eq!(code(&mut state, with(Standing::Terminated, &[])), ["postcode_terminated"]);
    assert_eq!(code(&mut state, verified("BX1 1LT", None)), ["postcode_undeliverable"]);
    assert_eq!(code(&mut state, verified("GIR 0AA", None)), ["postcode_undeliverable"]);
    assert_eq!(code(&mut state, verified("BT7 1NN", None)), ["outside_zone"]);
    assert_eq!(code(&mut state, with(Standing::Unverified, &[])), [""; 0], "the outcode suffices");
    let mut radius = wish();
    (radius.restaurant, radius.items) = (slug("bigg-market-grill"), vec![line("parmo", 1, &[])]);
    radius.deliver_to.as_mut().unwrap().postcode =
        Given::Place(Place::unverified(Postcode::parse("NE1 7RU").unwrap(), now));
    let reply = run(&mut state, now, &place("other", radius)).1;
    assert_eq!(issues(reply), [("postcode_unverified", "/deliver_to/postcode".into())]);
}

#[test]
fn minimum_price_and_menu_are_compared_with_what_the_customer_expects() {
    let mut state = book();
    let mut small = wish();
    (small.restaurant, small.items) = (slug("quayside-noodles"), vec![line("gyoza", 1, &[])]);
    small.deliver_to.as_mut().unwrap().postcode = Given::Place(verified("NE1 7RU", None));
    small.expect.total = Some(1);
    let Refusal::Issues(found) = refusal(run(&mut state, at(EVENING), &place("a", small.clone())).1) else { panic!() };
    let pounds = |amount| Money::new(amount, Currency::GBP);
    let missing = Problem::MinimumNotMet { minimum: pounds(1_200), additional_spend_required: pounds(625) };
    assert_eq!(found[0].problem, missing);
    assert_eq!(missing.remedy(), "the minimum is 12.00 GBP; add 6.25 GBP to the order");
    assert_eq!(found[1].problem, Problem::PriceChanged { total: pounds(575 + 299) });
    (small.items, small.expect.total) = (vec![line("gyoza", 4, &[])], Some(2_300 + 149));
    assert_eq!(placed(&mut state, at(EVENING), "b", small).order.fee, 149, "the band of twenty pounds");
}

#[test]
fn what_has_run_out_cannot_be_ordered_and_stock_is_never_oversold() {
    let mut state = book();
    let now = at(EVENING);
    let availability = |available, stock| Availability { available, stock };
    let set = |name: &str, availability| {
        ops(Action::SetAvailability { restaurant: slug("cathedral-pizza"), name: slug(name), availability })
    };
    run(&mut state, now, &set("extra-cheese", availability(false, None)));
    assert_eq!(
        issues(run(&mut state, now, &place("a", wish())).1),
        [("option_unavailable", "/items/0/options/0/option".into())]
    );
    run(&mut state, now, &set("extra-cheese", availability(true, None)));
    run(&mut state, now, &set("margherita", availability(true, Some(3))));
    let mut twice = wish();
    twice.items.push(line("margherita", 2, &[]));
    let Refusal::Issues(found) = refusal(run(&mut state, now, &place("b", twice)).1) else { panic!() };
    assert_eq!(
        (found[0].pointer.as_str(), found[0].problem.remedy().as_str()),
        ("/items/1/quantity", "order at most 3")
    );
    let number = state.restaurant("cathedral-pizza").unwrap().number;
    let order = placed(&mut state, now, "c", wish());
    assert_eq!(state.availability(number, "margherita").stock, Some(1));
    assert!(matches!(refusal(run(&mut state, now, &place("d", wish())).1), Refusal::Issues(_)));
    let reason = order::stage::Reason::MadeMistake;
    moved(&mut state, now, &step(Role::Customer, order.order.id, order::command::Step::Cancel { reason }));
    assert_eq!(state.availability(number, "margherita").stock, Some(3), "cancelling gives it back");
    run(&mut state, now, &set("margherita", availability(false, Some(3))));
    assert_eq!(issues(run(&mut state, now, &place("e", wish())).1), [("item_unavailable", "/items/0/item".into())]);
}

#[test]
fn stock_counts_the_portions_of_each_item_and_what_was_begun_does_not_come_back() {
    let (mut state, now) = (book(), at(EVENING));
    let restaurant = slug("cathedral-pizza");
    for name in ["margherita", "lemonade"] {
        let (restaurant, availability) = (restaurant.clone(), Availability { available: true, stock: Some(10) });
        run(&mut state, now, &ops(Action::SetAvailability { restaurant, name: slug(name), availability }));
    }
    let mut mixed = wish();
    mixed.items.extend([line("margherita", 1, &[]), line("lemonade", 4, &[])]);
    let id = placed(&mut state, now, "a", mixed).order.id;
    let number = state.restaurant("cathedral-pizza").unwrap().number;
    let left = |state: &order::State| ["margherita", "lemonade"].map(|name| state.availability(number, name).stock);
    assert_eq!(left(&state), [Some(7), Some(6)]);
    for wanted in [order::command::Step::Accept { ready_by_ms: None }, order::command::Step::Start] {
        moved(&mut state, now, &step(Role::Restaurant, id, wanted));
    }
    let reason = order::stage::Reason::Other;
    moved(&mut state, now, &step(Role::Ops, id, order::command::Step::Cancel { reason }));
    assert_eq!(left(&state), [Some(7), Some(6)], "it was in the oven");
}

#[test]
fn acknowledged_allergens_must_cover_the_order_and_beer_needs_an_adult() {
    let mut state = book();
    let mut careful = wish();
    careful.allergens_acknowledged = Some(AllergenSet::of([Allergen::Gluten]));
    careful.items.push(line("pale-ale", 1, &[]));
    let Refusal::Issues(found) = refusal(run(&mut state, at(EVENING), &place("a", careful.clone())).1) else {
        panic!()
    };
    let items = vec![slug("margherita")];
    assert_eq!(found[0].problem, Problem::AllergenAckRequired { items, allergens: AllergenSet::of([Allergen::Milk]) });
    assert_eq!(found[1].problem, Problem::AgeCheckRequired { items: vec![slug("pale-ale")] });
    careful.allergens_acknowledged = Some(AllergenSet::of([Allergen::Gluten, Allergen::Milk]));
    careful.age_confirmed = true;
    assert_eq!(
        placed(&mut state, at(EVENING), "b", careful.clone()).order.acknowledged,
        careful.allergens_acknowledged.unwrap()
    );
}

#[test]
fn an_order_for_later_waits_and_one_for_an_impossible_time_is_told_the_next() {
    let mut state = book();
    let now = at(EVENING);
    let mut later = wish();
    later.restaurant = slug("elvet-bakery");
    later.items = vec![line("walnut-cake", 3, &[])];
    later.fulfil_at_ms = Some(at("2027-03-02T12:30:00Z"));
    let order = placed(&mut state, now, "a", later.clone());
    assert_eq!((order.stage(), order.order.fulfil_at_ms()), (Stage::Scheduled, later.fulfil_at_ms));
    let expected = at("2027-03-02T12:30:00Z") - 17 * 60_000 - 600_000;
    assert_eq!(order.deadline_ms(), Some(expected), "way and preparation, then the time to answer");
    for (wished, earliest) in [
        ("2027-03-02T11:30:00Z", Some(at("2027-03-02T12:00:00Z"))),
        ("2027-03-01T19:01:00Z", Some(at("2027-03-02T07:30:00Z"))),
        ("2020-01-01T00:00:00Z", Some(at("2027-03-02T07:30:00Z"))),
        ("2028-01-01T00:00:00Z", None),
    ] {
        later.fulfil_at_ms = Some(at(wished));
        let Refusal::Issues(found) = refusal(run(&mut state, now, &place("b", later.clone())).1) else { panic!() };
        assert_eq!(found[0].problem, Problem::FulfilAtUnavailable { earliest_ms: earliest }, "{wished}");
    }
}

#[test]
fn where_it_is_always_open_an_order_is_for_neither_too_soon_nor_too_far_ahead() {
    let (mut state, now) = (book(), at(EVENING));
    let (soonest, latest) = (state.quote(now, &wish()).eta_ms, now + limits::FULFIL_AHEAD_MS_MAX);
    let later = |wish_ms| PlaceOrder { fulfil_at_ms: Some(wish_ms), ..wish() };
    for (wish_ms, earliest_ms) in [(soonest - 1, Some(soonest)), (latest + 1, None)] {
        let Refusal::Issues(found) = refusal(run(&mut state, now, &place("a", later(wish_ms))).1) else { panic!() };
        assert_eq!(found[0].problem, Problem::FulfilAtUnavailable { earliest_ms });
    }
    placed(&mut state, now, "b", later(soonest));
    placed(&mut state, now, "c", later(latest));
}

#[test]
fn a_quote_says_what_placing_would_say_and_changes_nothing() {
    let state = book();
    let quote = state.quote(at(EVENING), &wish());
    assert!(quote.is_fulfillable());
    assert_eq!((quote.total().amount, quote.lines().count()), (1_250, 1));
    let mut wrong = wish();
    wrong.phone = "?".into();
    let quote = state.quote(at(EVENING), &wrong);
    assert_eq!(quote.issues.iter().map(|issue| issue.code()).collect::<Vec<_>>(), ["phone_invalid"]);
    assert_eq!(quote.total().amount, 1_250, "priced all the same");
}

#[test]
fn only_customers_place_orders() {
    let mut state = book();
    let order = place_as(order::stage::Actor::guest(Role::Courier), "a", 1, wish());
    assert!(
        matches!(refusal(run(&mut state, at(EVENING), &order).1), Refusal::Forbidden { who, .. } if who == [Role::Customer])
    );
}

#[test]
fn a_place_that_is_claimed_to_be_on_the_other_side_of_the_world_breaks_nothing() {
    let mut state = book();
    let mut odd = wish();
    odd.fulfil_at_ms = Some(at(EVENING) + 6 * limits::HOUR_MS);
    odd.deliver_to.as_mut().unwrap().postcode = Given::Place(verified("DH1 4SG", Some((-54_780_000, 178_400_000))));
    assert_eq!(placed(&mut state, at(EVENING), "a", odd).stage(), Stage::Scheduled, "the outcode is in the zone");
}
