//! Who delivers where, and listings in pages.

use order::State;
use order::issue::Problem;
use order::place::Point;
use order::postcode::{Outcode, Postcode};
use order::query::{OrdersQuery, Where};
use order::stage::{Role, Service, Stage};

use crate::fixture::*;

fn names(state: &State, place: Where, service: Service) -> Vec<(String, bool)> {
    let all = state.near(at(EVENING), place, service);
    all.iter().map(|near| (near.restaurant.profile.slug.to_string(), near.why_not.is_empty())).collect()
}

#[test]
fn those_who_deliver_come_first_and_others_say_why_not() {
    let state = book();
    let durham = Where::Postcode(Postcode::parse("DH1 3LE").unwrap(), Point::new(54_768_110, -1_571_870));
    let near = state.near(at(EVENING), durham, Service::Delivery);
    assert_eq!(near[0].restaurant.profile.slug.as_str(), "cathedral-pizza");
    assert!(near[0].open && near[0].why_not.is_empty() && near[0].distance_m.unwrap() < 1_200);
    assert_eq!((near[0].fee.amount, near[0].eta_minutes), (0, 22));
    assert_eq!(near[1].restaurant.profile.slug.as_str(), "elvet-bakery");
    assert!(!near[1].open && matches!(near[1].why_not[..], [Problem::RestaurantClosed { next_open_at_ms: Some(_) }]));
    assert_eq!((near[1].fee.amount, near.len()), (250, 2));
}

#[test]
fn without_a_point_the_outcode_decides_and_the_radius_is_untold() {
    let state = book();
    let newcastle = Where::Postcode(Postcode::parse("NE1 7RU").unwrap(), None);
    assert_eq!(
        names(&state, newcastle, Service::Delivery),
        [("quayside-noodles".into(), true), ("bigg-market-grill".into(), false)]
    );
    let outcode = Where::Outcode(Outcode::parse("NE1").unwrap());
    assert_eq!(names(&state, outcode, Service::Delivery), names(&state, newcastle, Service::Delivery));
    let soho = Where::Outcode(Outcode::parse("W1D").unwrap());
    assert_eq!(names(&state, soho, Service::Collection), [("soho-sushi".into(), true)]);
    let [near] = &state.near(at(EVENING), soho, Service::Delivery)[..] else { panic!("more than one") };
    assert_eq!(near.why_not, [Problem::ServiceUnavailable { offered: vec![Service::Collection] }]);
}

#[test]
fn a_listing_is_read_in_pages_either_way_without_gap_or_repetition() {
    let (mut state, now) = (book(), at(EVENING));
    let mut ids: Vec<_> = (0..25).map(|n| placed(&mut state, now + n, &format!("key-{n}"), wish()).order.id).collect();
    for id in ids.iter().step_by(3) {
        let accept = order::command::Step::Accept { ready_by_ms: None };
        moved(&mut state, now + 60, &step(Role::Restaurant, *id, accept));
    }
    let number = state.restaurant("cathedral-pizza").unwrap().number;
    for restaurant in [None, Some(number)] {
        for newest_first in [false, true] {
            let mut query = OrdersQuery { restaurant, newest_first, limit: 7, ..Default::default() };
            let mut read = Vec::new();
            loop {
                let page = state.orders(&query);
                read.extend(page.orders.iter().map(|view| view.order.id));
                query.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            ids.sort_unstable();
            if newest_first {
                ids.reverse();
            }
            assert_eq!(read, ids, "{restaurant:?} {newest_first}");
        }
        let accepted = OrdersQuery { restaurant, stage: Some(Stage::Accepted), limit: 100, ..Default::default() };
        assert_eq!(state.orders(&accepted).orders.len(), 9);
    }
    let other = state.restaurant("soho-sushi").unwrap().number;
    let none = state.orders(&OrdersQuery { restaurant: Some(other), limit: 0, ..Default::default() });
    assert!(none.orders.is_empty() && none.next.is_none());
}
