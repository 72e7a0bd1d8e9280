//! Restaurants and menus, as told.
use super::{names, times};
use crate::v1::money::Money;
use crate::v1::restaurant::{Category, Menu, MenuItem, MenuOption, Offer, OptionGroup, Restaurant};
use order::hours::Opening;
use order::issue::Problem;
use order::menu::{Item, MenuRevision};
use order::money::Currency;
use order::query::Nearby;
use order::restaurant::Restaurant as Theirs;

/// A restaurant at an instant of log time (ms since 1970).
pub fn restaurant(restaurant: &Theirs, at_ms: u64) -> Restaurant {
    let profile = &restaurant.profile;
    let paused = restaurant.paused(at_ms);
    let (open, next_open_at_ms) = opening(restaurant, at_ms);
    Restaurant {
        id: profile.slug.to_string(),
        name: profile.name.to_string(),
        description: profile.description.to_string(),
        address: profile.address.iter().map(|line| line.to_string()).collect(),
        postcode: profile.postcode.to_string(),
        open,
        paused: paused.is_some(),
        paused_until: times(paused.flatten()),
        next_open_at: times(next_open_at_ms),
        services: restaurant.services().into_iter().map(Into::into).collect(),
        minimum: money(profile.minimum_order, profile.currency),
        prep_minutes: u32::from(profile.prep_minutes),
        slot_capacity: profile.slot_capacity.map(u32::from),
        version: u64::from(restaurant.version),
        menu_revision: u64::from(restaurant.menu_revision),
    }
}

/// A restaurant as seen from a place.
pub fn offer(near: &Nearby) -> Offer {
    let profile = &near.restaurant.profile;
    let unreachable = |problem: &&Problem| matches!(problem, Problem::OutsideZone { .. } | Problem::PostcodeUnverified);
    let delivers = profile.delivery.is_some() && near.why_not.iter().find(unreachable).is_none();
    Offer {
        id: profile.slug.to_string(),
        name: profile.name.to_string(),
        description: profile.description.to_string(),
        delivers,
        open: near.open,
        fee: delivers.then(|| near.fee.into()),
        minimum: money(profile.minimum_order, profile.currency),
        eta_minutes: delivers.then_some(near.eta_minutes),
        distance_m: near.distance_m,
        why_not: near.why_not.iter().map(|problem| problem.code().to_owned()).collect(),
        next_open_at: near.why_not.iter().find_map(|problem| match problem {
            Problem::RestaurantClosed { next_open_at_ms } => times(*next_open_at_ms),
            _ => None,
        }),
    }
}

/// A restaurant in a list that no postcode was given for.
pub fn offer_anywhere(restaurant: &Theirs, at_ms: u64) -> Offer {
    let profile = &restaurant.profile;
    let (open, next_open_at_ms) = opening(restaurant, at_ms);
    Offer {
        id: profile.slug.to_string(),
        name: profile.name.to_string(),
        description: profile.description.to_string(),
        delivers: false,
        open,
        fee: None,
        minimum: money(profile.minimum_order, profile.currency),
        eta_minutes: None,
        distance_m: None,
        why_not: vec!["postcode_required".to_owned()],
        next_open_at: times(next_open_at_ms),
    }
}

/// Whether some service takes orders at an instant, and if not, when the first one does next.
fn opening(restaurant: &Theirs, at_ms: u64) -> (bool, Option<u64>) {
    let last_orders = restaurant.profile.last_orders_minutes;
    let hours = restaurant.services().into_iter().filter_map(|service| restaurant.hours(service));
    let openings: Vec<Opening> = hours.map(|hours| hours.takes_orders(at_ms, last_orders)).collect();
    let open = openings.iter().any(|opening| matches!(opening, Opening::Open { .. }));
    let next = openings.iter().filter_map(|opening| match opening {
        Opening::Closed { next_open_at_ms } => *next_open_at_ms,
        Opening::Open { .. } => None,
    });
    match restaurant.paused(at_ms) {
        Some(_) => (false, None),
        None if open => (true, None),
        None => (false, next.min()),
    }
}

/// A menu; `available` tells of an item's or option's name whether it is to be had.
pub fn menu(restaurant: &Theirs, revision: &MenuRevision, available: impl Fn(&str) -> bool) -> Menu {
    let currency = revision.menu.currency;
    let told = |item: &Item| item_told(item, currency, &available);
    let categories = revision.menu.categories.iter().map(|category| Category {
        id: category.id.to_string(),
        name: category.name.to_string(),
        items: category.items.iter().map(told).collect(),
    });
    Menu {
        restaurant: restaurant.profile.slug.to_string(),
        revision: u64::from(revision.revision),
        categories: categories.collect(),
    }
}

fn item_told(item: &Item, currency: Currency, available: &impl Fn(&str) -> bool) -> MenuItem {
    let groups = item.groups.iter().map(|group| OptionGroup {
        id: group.id.to_string(),
        name: group.name.to_string(),
        min: u32::from(group.min),
        max: u32::from(group.max),
        options: group
            .options
            .iter()
            .map(|choice| MenuOption {
                id: choice.id.to_string(),
                name: choice.name.to_string(),
                price: money(choice.price_delta, currency),
                max_quantity: u32::from(choice.max_quantity),
                allergens: names(choice.allergens),
                available: available(choice.id.as_str()),
            })
            .collect(),
    });
    MenuItem {
        id: item.id.to_string(),
        name: item.name.to_string(),
        description: item.description.to_string(),
        price: money(item.price, currency),
        allergens: names(item.allergens),
        age_restricted: item.age_restricted,
        available: available(item.id.as_str()),
        option_groups: groups.collect(),
    }
}

fn money(amount: i64, currency: Currency) -> Money {
    order::money::Money::new(amount, currency).into()
}
