//! Checks who orders, where it goes and when it is wanted. Knows neither items nor prices.

use crate::command::{Destination, Given, PlaceOrder};
use crate::form::{self, Form};
use crate::hours::Opening;
use crate::issue::{Issues, Problem};
use crate::limits;
use crate::order::Located;
use crate::phone::Phone;
use crate::place::{Place, Standing};
use crate::postcode::{self, Class, Postcode, PostcodeError};
use crate::restaurant::{Reach, Restaurant, Zone};
use crate::stage::Service;

/// When an order is passed on to its restaurant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// At once.
    Now,
    /// Then, ms since 1970.
    Later(u64),
}

/// Name, telephone number and note. The number, if it is one.
pub(crate) fn check_customer(order: &PlaceOrder, issues: &mut Issues) -> Option<Phone> {
    if let Some(form) = form::of_text(&order.name, true, limits::NAME_BYTES_MAX) {
        issues.add("/customer/name", Problem::Form(form));
    }
    // A note may have several lines.
    let unprintable = order.note.chars().any(|c| c.is_control() && c != '\n');
    if order.note.len() > limits::NOTE_BYTES_MAX {
        issues.add("/note", Problem::Form(Form::TextTooLong { max_bytes: limits::NOTE_BYTES_MAX as u32 }));
    } else if unprintable {
        issues.add("/note", Problem::Form(Form::TextUnprintable));
    }
    let phone = Phone::parse(&order.phone).ok();
    if phone.is_none() {
        issues.add("/customer/phone", Problem::Form(Form::PhoneInvalid));
    }
    phone
}

/// The address, without asking whether anyone delivers there. The place, if it is one.
pub(crate) fn check_destination<'a>(to: &'a Destination, base: &str, issues: &mut Issues) -> Option<&'a Place> {
    if to.lines.is_empty() || to.lines.len() > limits::ADDRESS_LINES_MAX {
        let problem = Problem::AddressLinesRequired { max: limits::ADDRESS_LINES_MAX as u32 };
        issues.add(format!("{base}/lines"), problem);
    }
    for (at, line) in to.lines.iter().take(limits::ADDRESS_LINES_MAX).enumerate() {
        if let Some(form) = form::of_text(line, true, limits::ADDRESS_LINE_BYTES_MAX) {
            issues.add(format!("{base}/lines/{at}"), Problem::Form(form));
        }
    }
    let problem = match &to.postcode {
        Given::NotAPostcode(text) => not_a_postcode(text),
        Given::Place(place) => match place.standing {
            Standing::Unknown => Problem::PostcodeUnknown { suggestions: bounded(&place.suggestions) },
            Standing::Terminated => Problem::PostcodeTerminated { suggestions: bounded(&place.suggestions) },
            _ if matches!(place.postcode.class(), Class::NonGeographic | Class::Giro) => Problem::PostcodeUndeliverable,
            Standing::Verified | Standing::Unverified => return Some(place),
        },
    };
    issues.add(format!("{base}/postcode"), problem);
    None
}

fn not_a_postcode(text: &str) -> Problem {
    let why = Postcode::parse(text).err().unwrap_or(PostcodeError::Shape);
    Problem::PostcodeInvalid { why, suggestions: postcode::suggestions(text) }
}

fn bounded(suggestions: &[Postcode]) -> Vec<Postcode> {
    suggestions.iter().take(limits::SUGGESTIONS_MAX).copied().collect()
}

/// Whether the restaurant delivers to a place.
pub(crate) fn check_zone(restaurant: &Restaurant, place: &Place, base: &str, issues: &mut Issues) {
    let problem = match restaurant.reach(place.postcode, place.point) {
        Reach::Inside => return,
        Reach::Untold => Problem::PostcodeUnverified,
        Reach::Outside(distance_m) => Problem::OutsideZone { distance_m, zones: zone_names(restaurant) },
    };
    issues.add(format!("{base}/postcode"), problem);
}

/// The zones of a restaurant in words.
pub(crate) fn zone_names(restaurant: &Restaurant) -> Vec<String> {
    let zones = restaurant.profile.delivery.iter().flat_map(|delivery| &delivery.zones);
    zones
        .map(|zone| match zone {
            Zone::Outcode(outcode) => outcode.to_string(),
            Zone::Sector(sector) => sector.to_string(),
            Zone::Radius(metres) => format!("{metres} m around {}", restaurant.profile.postcode),
        })
        .collect()
}

/// Whether the restaurant can do it when it is wanted, and when to tell it.
pub(crate) fn check_time(
    restaurant: &Restaurant,
    at_ms: u64,
    service: Service,
    wish_ms: Option<u64>,
    eta_minutes: u32,
    issues: &mut Issues,
) -> Start {
    let Some(hours) = restaurant.hours(service) else {
        issues.add("/service", Problem::ServiceUnavailable { offered: restaurant.services() });
        return Start::Now;
    };
    let paused = restaurant.paused(wish_ms.unwrap_or(at_ms));
    if let Some(until_ms) = paused {
        issues.add("/restaurant", Problem::RestaurantPaused { until_ms });
    }
    let opening = hours.takes_orders(at_ms, restaurant.profile.last_orders_minutes);
    match (wish_ms, opening) {
        (None, Opening::Open { .. }) => Start::Now,
        (None, Opening::Closed { next_open_at_ms }) => {
            issues.add("/restaurant", Problem::RestaurantClosed { next_open_at_ms });
            Start::Now
        }
        (Some(wish_ms), opening) => {
            check_slot(restaurant, at_ms, service, wish_ms, eta_minutes, issues);
            let needed_ms = u64::from(eta_minutes) * 60_000 + u64::from(restaurant.profile.accept_window_s) * 1_000;
            match (wish_ms.saturating_sub(needed_ms), opening) {
                (start_ms, _) if start_ms > at_ms => Start::Later(start_ms),
                (_, Opening::Closed { next_open_at_ms: Some(open_ms) }) if open_ms < wish_ms => Start::Later(open_ms),
                _ => Start::Now,
            }
        }
    }
}

fn check_slot(
    restaurant: &Restaurant,
    at_ms: u64,
    service: Service,
    wish_ms: u64,
    eta_minutes: u32,
    issues: &mut Issues,
) {
    let Some(hours) = restaurant.hours(service) else { return };
    let profile = &restaurant.profile;
    let soonest_ms = at_ms + u64::from(eta_minutes) * 60_000;
    let slot = |wish_ms| hours.slot(wish_ms, profile.lead_minutes, profile.last_orders_minutes);
    let latest_ms = at_ms + limits::FULFIL_AHEAD_MS_MAX;
    let earliest_ms = match slot(wish_ms.clamp(soonest_ms, latest_ms)) {
        Ok(()) if (soonest_ms..=latest_ms).contains(&wish_ms) => return,
        Ok(()) if wish_ms < soonest_ms => Some(soonest_ms),
        Ok(()) => None,
        Err(next_ms) => next_ms.filter(|next_ms| *next_ms <= latest_ms),
    };
    issues.add("/fulfil_at", Problem::FulfilAtUnavailable { earliest_ms });
}

/// The part of a place that an order keeps.
pub(crate) fn located(place: &Place) -> Located {
    Located {
        fetched_at_ms: place.fetched_at_ms,
        point: place.point,
        postcode: place.postcode,
        standing: place.standing,
        freshness: place.freshness,
        precision: place.precision,
    }
}

/// The name of the service that resolved a place, within its bound.
pub(crate) fn source(place: &Place) -> &str {
    let source = &place.source;
    let end = (0..=source.len().min(limits::SOURCE_BYTES_MAX)).rev().find(|end| source.is_char_boundary(*end));
    &source[..end.unwrap_or(0)]
}
