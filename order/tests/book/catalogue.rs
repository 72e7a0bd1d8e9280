//! What restaurants change about themselves, and what is wrong with what they send.

use std::sync::Arc;

use order::State;
use order::command::{Action, Command};
use order::menu::Menu;
use order::money::Currency;
use order::reply::{Refusal, Reply};
use order::restaurant::{Availability, FeeBand, Profile, Restaurant, Zone};
use order::stage::{Actor, Role};

use crate::fixture::*;

fn pizzeria(state: &State) -> &Arc<Restaurant> {
    state.restaurant("cathedral-pizza").expect("the sample has it")
}

fn put_menu(menu: Menu) -> Command {
    ops(Action::PutMenu { restaurant: slug("cathedral-pizza"), menu: Box::new(menu) })
}

fn current_menu(state: &State) -> Menu {
    state.menu(pizzeria(state)).expect("the sample has it").menu.clone()
}

fn put(profile: Profile) -> Command {
    ops(Action::PutRestaurant(Box::new(profile)))
}

#[test]
fn a_new_menu_is_a_new_revision_and_old_orders_keep_theirs() {
    let (mut state, now) = (book(), at(EVENING));
    let old = placed(&mut state, now, "a", wish()).order.id;
    let mut menu = current_menu(&state);
    menu.categories[0].items[0].price = 900;
    menu.categories[0].items.swap(0, 1);
    for round in 0..2 {
        let (delta, reply) = run(&mut state, now, &put_menu(menu.clone()));
        let Reply::Restaurant { restaurant, .. } = reply else { panic!("{reply:?}") };
        assert_eq!((restaurant.menu_revision, restaurant.version, delta.is_some()), (2, 1, round == 0));
    }
    let unit_price = |state: &State, id| state.order(id).unwrap().lines().next().unwrap().unit_price;
    let new = placed(&mut state, now, "b", wish()).order.id;
    assert_eq!((unit_price(&state, old), unit_price(&state, new)), (625, 1_025));
    let stale = Command { if_match: Some(1), ..put_menu(menu) };
    assert_eq!(refusal(run(&mut state, now, &stale).1), Refusal::PreconditionFailed { version: 2 });
}

#[test]
fn revisions_that_no_order_refers_to_are_dropped() {
    let (mut state, now) = (book(), at(EVENING));
    placed(&mut state, now, "a", wish());
    for price in 901..905 {
        let mut menu = current_menu(&state);
        menu.categories[0].items[0].price = price;
        run(&mut state, now, &put_menu(menu));
    }
    let (records, _) = state.slice(None, 1_000);
    let revisions: Vec<u32> = records
        .iter()
        .filter_map(|record| match record {
            order::delta::Record::Menu(menu) if menu.restaurant == pizzeria(&state).number => Some(menu.revision),
            _ => None,
        })
        .collect();
    assert_eq!(revisions, [1, 5], "the one that an order uses, and the current one");
}

#[test]
fn a_wrong_menu_is_refused_with_all_that_is_wrong() {
    let (mut state, now) = (book(), at(EVENING));
    let mut menu = current_menu(&state);
    menu.currency = Currency::parse("EUR").unwrap();
    let copy = menu.categories[0].clone();
    menu.categories.push(copy);
    let item = &mut menu.categories[0].items[0];
    (item.name, item.price) = ("".into(), -1);
    let group = &mut item.groups[0];
    (group.min, group.max) = (9, 1);
    group.options[0].price_delta = i64::MIN;
    (group.options[1].max_quantity, group.options[2].id) = (0, slug("extra-cheese"));
    let found = issues(run(&mut state, now, &put_menu(menu)).1);
    let has = |code: &str, pointer: &str| found.iter().any(|(c, p)| *c == code && p == pointer);
    let base = "/categories/0/items/0";
    assert!(has("currency_mismatch", "/currency") && has("duplicate", "/categories/2/id"), "{found:?}");
    assert!(has("duplicate", "/categories/2/items/0/id") && has("text_required", &format!("{base}/name")), "{found:?}");
    assert!(has("number_range", &format!("{base}/price")), "{found:?}");
    assert!(has("option_group_impossible", &format!("{base}/option_groups/0/min")), "{found:?}");
    assert!(has("number_range", &format!("{base}/option_groups/0/options/0/price")), "{found:?}");
    assert!(has("number_range", &format!("{base}/option_groups/0/options/1/max_quantity")), "{found:?}");
    assert!(has("duplicate", &format!("{base}/option_groups/0/options/2/id")), "{found:?}");
    assert_eq!(pizzeria(&state).menu_revision, 1);
}

#[test]
fn a_wrong_profile_is_refused_with_all_that_is_wrong() {
    let (mut state, now) = (book(), at(EVENING));
    let mut profile = state.restaurant("elvet-bakery").unwrap().profile.clone();
    (profile.name, profile.minimum_order, profile.accept_window_s) = ("\u{7}".into(), -1, 0);
    (profile.point, profile.currency) = (None, Currency::parse("EUR").unwrap());
    let delivery = profile.delivery.as_mut().unwrap();
    delivery.fees = vec![FeeBand { minimum: 5, fee: 1 }, FeeBand { minimum: 5, fee: -1 }];
    delivery.zones.push(Zone::Radius(0));
    let overlapping = order::hours::Interval::parse("10:00", "12:30").unwrap();
    delivery.hours.week[0].push(overlapping);
    profile.collection.as_mut().unwrap().exceptions.reverse();
    let expected = [
        ("text_unprintable", "/name"),
        ("currency_mismatch", "/currency"),
        ("number_range", "/minimum_order"),
        ("number_range", "/accept_window_s"),
        ("hours_overlap", "/delivery/hours/week/monday"),
        ("point_required", "/delivery/zones/0/radius_m"),
        ("number_range", "/delivery/zones/1/radius_m"),
        ("point_required", "/delivery/zones/1/radius_m"),
        ("number_range", "/delivery/fees/1/fee"),
        ("not_sorted", "/delivery/fees"),
        ("not_sorted", "/collection/hours/exceptions"),
    ];
    assert_eq!(issues(run(&mut state, now, &put(profile.clone())).1), expected.map(|(c, p)| (c, p.to_owned())));
    (profile.slug, profile.delivery, profile.collection) = (slug("nothing-at-all"), None, None);
    assert!(issues(run(&mut state, now, &put(profile)).1).contains(&("service_required", String::new())));
}

#[test]
fn a_restaurant_is_made_once_changed_by_version_and_keeps_its_number() {
    let (mut state, now) = (book(), at(EVENING));
    let mut profile = pizzeria(&state).profile.clone();
    let created = |reply: Reply| match reply {
        Reply::Restaurant { restaurant, created, .. } => (restaurant.number.get(), restaurant.version, created),
        other => panic!("{other:?}"),
    };
    profile.name = "Cathedral Pizza & Co".into();
    assert_eq!(created(run(&mut state, now, &put(profile.clone())).1), (1, 2, false));
    let stale = Command { if_match: Some(1), ..put(profile.clone()) };
    assert_eq!(refusal(run(&mut state, now, &stale).1), Refusal::PreconditionFailed { version: 2 });
    profile.slug = slug("cathedral-pizza-two");
    assert_eq!(created(run(&mut state, now, &put(profile)).1), (7, 1, true));
}

#[test]
fn only_the_restaurant_itself_changes_itself() {
    let (mut state, now) = (book(), at(EVENING));
    let resume = |actor| Command { actor, ..ops(Action::Resume { restaurant: slug("cathedral-pizza") }) };
    let forbidden = |reply| matches!(refusal(reply), Refusal::Forbidden { .. });
    assert!(forbidden(run(&mut state, now, &resume(Actor::guest(Role::Customer))).1));
    assert!(forbidden(run(&mut state, now, &resume(Actor::named(Role::Restaurant, "soho-sushi"))).1));
    assert!(matches!(
        run(&mut state, now, &resume(Actor::named(Role::Restaurant, "cathedral-pizza"))).1,
        Reply::Restaurant { .. }
    ));
    let missing = ops(Action::Resume { restaurant: slug("no-such-place") });
    assert_eq!(refusal(run(&mut state, now, &missing).1), Refusal::NoRestaurant(slug("no-such-place")));
    let long = Actor::named(Role::Ops, &"x".repeat(999));
    assert_eq!(issues(run(&mut state, now, &resume(long)).1), [("text_too_long", String::new())]);
}

#[test]
fn only_what_is_on_the_menu_can_run_out() {
    let (mut state, now) = (book(), at(EVENING));
    let set = |name: &str, stock| {
        let availability = Availability { available: true, stock };
        ops(Action::SetAvailability { restaurant: slug("cathedral-pizza"), name: slug(name), availability })
    };
    assert_eq!(issues(run(&mut state, now, &set("no-such-thing", Some(1))).1), [("item_unknown", "/item".into())]);
    let before = state.digest();
    run(&mut state, now, &set("chilli", Some(5)));
    assert_ne!(state.digest(), before);
    run(&mut state, now, &set("chilli", None));
    assert_eq!(state.digest(), before, "back to nothing special");
}

#[test]
fn a_pause_ends_in_the_future_and_within_a_week() {
    let (mut state, now) = (book(), at(EVENING));
    for until_ms in [0, now, now + 8 * 24 * 3_600_000, u64::MAX] {
        let pause = ops(Action::Pause { restaurant: slug("cathedral-pizza"), until_ms: Some(until_ms) });
        assert_eq!(issues(run(&mut state, now, &pause).1), [("time_range", "/until".into())]);
    }
}
