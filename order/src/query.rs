//! Questions about the state: who delivers where, listings in pages. Pure functions; they change nothing and hold nothing.

use std::sync::Arc;

use crate::hours::Opening;
use crate::id::{OrderId, RestaurantNumber};
use crate::issue::Problem;
use crate::limits;
use crate::money::Money;
use crate::place::Point;
use crate::postcode::{Outcode, Postcode};
use crate::restaurant::{Reach, Restaurant};
use crate::stage::{Service, Stage};
use crate::state::State;
use crate::view::OrderView;
use crate::wish;

/// Where someone is, as far as that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// At a postcode, perhaps with its point.
    Postcode(Postcode, Option<Point>),
    /// Somewhere in an outcode.
    Outcode(Outcode),
}

/// A restaurant as seen from a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nearby {
    /// The restaurant.
    pub restaurant: Arc<Restaurant>,
    /// Metres to it, if known.
    pub distance_m: Option<u32>,
    /// The fee for the smallest order that it accepts; nothing for collection.
    pub fee: Money,
    /// Minutes until the food would be there or ready.
    pub eta_minutes: u32,
    /// Whether it takes orders at the moment.
    pub open: bool,
    /// Why it cannot be ordered from now; nothing if it can.
    pub why_not: Vec<Problem>,
}

/// Which orders to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OrdersQuery {
    /// Of one restaurant.
    pub restaurant: Option<RestaurantNumber>,
    /// In one stage.
    pub stage: Option<Stage>,
    /// Only those beyond this one, in the order of the listing.
    pub after: Option<OrderId>,
    /// The newest first; otherwise the oldest.
    pub newest_first: bool,
    /// How many at most; 100 is the most.
    pub limit: usize,
}

/// A page of orders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrdersPage {
    /// The orders. A page may be short, even empty, although more follow.
    pub orders: Vec<OrderView>,
    /// What to ask for next; none when the listing is over.
    pub next: Option<OrderId>,
}

impl State {
    /// All restaurants, by number.
    pub fn restaurants(&self) -> impl Iterator<Item = &Arc<Restaurant>> {
        self.restaurants.values()
    }

    /// Restaurants that serve a place or are near it: those that can be ordered from first, then by distance.
    pub fn near(&self, at_ms: u64, place: Where, service: Service) -> Vec<Nearby> {
        let at_ms = at_ms.min(limits::AT_MS_MAX);
        let mut all: Vec<Nearby> =
            self.restaurants.values().filter_map(|restaurant| self.nearby(at_ms, restaurant, place, service)).collect();
        all.sort_by_key(|near| (!near.why_not.is_empty(), near.distance_m.unwrap_or(u32::MAX), near.restaurant.number));
        all.truncate(limits::PAGE_MAX);
        all
    }

    fn nearby(&self, at_ms: u64, restaurant: &Arc<Restaurant>, place: Where, service: Service) -> Option<Nearby> {
        let (outcode, point) = match place {
            Where::Postcode(postcode, point) => (postcode.outcode(), point),
            Where::Outcode(outcode) => (outcode, None),
        };
        let distance_m = restaurant.distance_m(point);
        let reach = match place {
            Where::Postcode(postcode, point) => restaurant.reach(postcode, point),
            Where::Outcode(outcode) => restaurant.reach_outcode(outcode),
        };
        let same_town = restaurant.profile.postcode.outcode().area() == outcode.area();
        let close = distance_m.map_or(same_town, |metres| metres <= limits::NEAR_M_MAX);
        if reach != Reach::Inside && !close {
            return None;
        }
        let mut why_not = self.closed_because(at_ms, restaurant, service);
        let open = why_not.is_empty();
        why_not.extend(unreachable_because(restaurant, reach, service));
        let fee = if service == Service::Delivery { restaurant.fee(restaurant.profile.minimum_order) } else { 0 };
        Some(Nearby {
            fee: Money::new(fee, restaurant.profile.currency),
            eta_minutes: restaurant.eta_minutes(service, distance_m),
            restaurant: Arc::clone(restaurant),
            distance_m,
            open,
            why_not,
        })
    }

    /// Why a restaurant takes no orders for now; nothing if it does.
    pub fn closed_because(&self, at_ms: u64, restaurant: &Restaurant, service: Service) -> Vec<Problem> {
        let Some(hours) = restaurant.hours(service) else {
            return vec![Problem::ServiceUnavailable { offered: restaurant.services() }];
        };
        let mut why_not = Vec::new();
        if let Some(until_ms) = restaurant.paused(at_ms) {
            why_not.push(Problem::RestaurantPaused { until_ms });
        }
        if let Opening::Closed { next_open_at_ms } = hours.takes_orders(at_ms, restaurant.profile.last_orders_minutes) {
            why_not.push(Problem::RestaurantClosed { next_open_at_ms });
        }
        if self.menu(restaurant).is_none() {
            why_not.push(Problem::MenuMissing);
        }
        why_not
    }

    /// A page of orders, of one restaurant, in one stage, or all.
    pub fn orders(&self, query: &OrdersQuery) -> OrdersPage {
        let limit = query.limit.clamp(1, limits::PAGE_MAX);
        let (ids, next) = match query.restaurant {
            Some(restaurant) => self.page_of_restaurant(restaurant, query, limit),
            None => self.page_of_all(query, limit),
        };
        let orders = ids.iter().filter_map(|id| self.order(*id)).collect();
        OrdersPage { orders, next }
    }

    /// Takes one page of every stage, so that the listing is by id whatever the stages.
    fn page_of_restaurant(
        &self,
        restaurant: RestaurantNumber,
        query: &OrdersQuery,
        limit: usize,
    ) -> (Vec<OrderId>, Option<OrderId>) {
        let stages = Stage::ALL.iter().copied().filter(|stage| query.stage.is_none_or(|wanted| wanted == *stage));
        let mut ids: Vec<OrderId> = Vec::new();
        for stage in stages {
            let bounds = query.bounds();
            let range = self.index.stages.range((restaurant, stage, bounds.0)..=(restaurant, stage, bounds.1));
            let range = range.map(|(_, _, id)| *id).filter(|id| Some(*id) != query.after);
            if query.newest_first { ids.extend(range.rev().take(limit + 1)) } else { ids.extend(range.take(limit + 1)) }
        }
        ids.sort_unstable();
        if query.newest_first {
            ids.reverse();
        }
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().copied().filter(|_| more);
        (ids, next)
    }

    fn page_of_all(&self, query: &OrdersQuery, limit: usize) -> (Vec<OrderId>, Option<OrderId>) {
        let bounds = query.bounds();
        let range = self.orders.range(bounds.0..=bounds.1).filter(|(id, _)| Some(**id) != query.after);
        let walk: Box<dyn Iterator<Item = _>> =
            if query.newest_first { Box::new(range.rev()) } else { Box::new(range) };
        let (mut ids, mut last) = (Vec::new(), None);
        for (visited, (id, order)) in walk.enumerate() {
            if ids.len() == limit || visited == limits::SCAN_MAX {
                return (ids, last);
            }
            last = Some(*id);
            if query.stage.is_none_or(|stage| stage == order.stage) {
                ids.push(*id);
            }
        }
        (ids, None)
    }
}

impl OrdersQuery {
    fn bounds(&self) -> (OrderId, OrderId) {
        let (first, last) = (OrderId::from_u128(0), OrderId::from_u128(u128::MAX));
        match self.after {
            Some(after) if self.newest_first => (first, after),
            Some(after) => (after, last),
            None => (first, last),
        }
    }
}

fn unreachable_because(restaurant: &Restaurant, reach: Reach, service: Service) -> Option<Problem> {
    match (service, reach) {
        (Service::Collection, _) | (_, Reach::Inside) => None,
        (_, Reach::Untold) => Some(Problem::PostcodeUnverified),
        (_, Reach::Outside(_)) if restaurant.profile.delivery.is_none() => None,
        (_, Reach::Outside(distance_m)) => {
            Some(Problem::OutsideZone { distance_m, zones: wish::zone_names(restaurant) })
        }
    }
}
