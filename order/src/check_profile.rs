//! Checks a restaurant's profile before it is taken: texts, amounts, hours, zones, fees. Pointers are into the restaurant's body.

use crate::form::{self, Form};
use crate::hours::{Hours, Interval};
use crate::issue::{Issue, Issues};
use crate::limits;
use crate::money::Currency;
use crate::restaurant::{Delivery, FeeBand, Profile, Zone};

/// Everything that is wrong with a profile; nothing if it can be put. The currency stays what it was.
pub(crate) fn check(profile: &Profile, currency: Option<Currency>) -> Vec<Issue> {
    let mut issues = Issues::default();
    issues.form("/name", form::of_text(&profile.name, true, limits::NAME_BYTES_MAX));
    issues.form("/description", form::of_text(&profile.description, false, limits::DESCRIPTION_BYTES_MAX));
    issues.at_most("/address/lines", profile.address.len(), limits::ADDRESS_LINES_MAX);
    for (at, line) in profile.address.iter().take(limits::ADDRESS_LINES_MAX).enumerate() {
        issues.form(format!("/address/lines/{at}"), form::of_text(line, true, limits::ADDRESS_LINE_BYTES_MAX));
    }
    if let Some(currency) = currency.filter(|currency| *currency != profile.currency) {
        issues.form("/currency", Some(Form::CurrencyMismatch { currency }));
    }
    check_numbers(profile, &mut issues);
    if profile.delivery.is_none() && profile.collection.is_none() {
        issues.form("", Some(Form::ServiceRequired));
    }
    if let Some(delivery) = &profile.delivery {
        check_delivery(profile, delivery, &mut issues);
    }
    if let Some(hours) = &profile.collection {
        check_hours(hours, "/collection/hours", &mut issues);
    }
    issues.0
}

fn check_numbers(profile: &Profile, issues: &mut Issues) {
    let lead = |minutes: u16| form::of_number(i64::from(minutes), 0, i64::from(limits::LEAD_MINUTES_MAX));
    let prep = form::of_number(i64::from(profile.prep_minutes), 0, i64::from(limits::PREP_MINUTES_MAX));
    let (least, most) = (i64::from(limits::ACCEPT_WINDOW_S_MIN), i64::from(limits::ACCEPT_WINDOW_S_MAX));
    issues.form("/minimum_order", form::of_number(profile.minimum_order, 0, limits::PRICE_MAX));
    issues.form("/prep_minutes", prep);
    issues.form("/accept_window_s", form::of_number(i64::from(profile.accept_window_s), least, most));
    issues.form("/lead_minutes", lead(profile.lead_minutes));
    issues.form("/last_orders_minutes", lead(profile.last_orders_minutes));
    let capacity = |orders: u16| form::of_number(i64::from(orders), 1, i64::from(limits::SLOT_CAPACITY_MAX));
    issues.form("/slot_capacity", profile.slot_capacity.and_then(capacity));
}

fn check_delivery(profile: &Profile, delivery: &Delivery, issues: &mut Issues) {
    check_hours(&delivery.hours, "/delivery/hours", issues);
    issues.at_most("/delivery/zones", delivery.zones.len(), limits::ZONES_MAX);
    for (at, zone) in delivery.zones.iter().take(limits::ZONES_MAX).enumerate() {
        if let Zone::Radius(metres) = zone {
            let pointer = format!("/delivery/zones/{at}/radius_m");
            issues.form(pointer.as_str(), form::of_number(i64::from(*metres), 1, i64::from(limits::RADIUS_M_MAX)));
            issues.form(pointer, profile.point.is_none().then_some(Form::PointRequired));
        }
    }
    check_fees(&delivery.fees, issues);
}

fn check_fees(fees: &[FeeBand], issues: &mut Issues) {
    issues.at_most("/delivery/fees", fees.len(), limits::FEE_BANDS_MAX);
    for (at, band) in fees.iter().take(limits::FEE_BANDS_MAX).enumerate() {
        let minimum = form::of_number(band.minimum, 0, limits::PRICE_MAX);
        issues.form(format!("/delivery/fees/{at}/minimum"), minimum);
        issues.form(format!("/delivery/fees/{at}/fee"), form::of_number(band.fee, 0, limits::PRICE_MAX));
    }
    if !fees.is_sorted_by(|a, b| a.minimum < b.minimum) {
        issues.form("/delivery/fees", Some(Form::NotSorted));
    }
}

fn check_hours(hours: &Hours, base: &str, issues: &mut Issues) {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    for (day, intervals) in DAYS.iter().zip(&hours.week) {
        check_day(intervals, &format!("{base}/week/{day}"), issues);
    }
    issues.at_most(&format!("{base}/exceptions"), hours.exceptions.len(), limits::EXCEPTIONS_MAX);
    if !hours.exceptions.is_sorted_by(|a, b| a.0 < b.0) {
        issues.form(format!("{base}/exceptions"), Some(Form::NotSorted));
    }
    for (date, intervals) in hours.exceptions.iter().take(limits::EXCEPTIONS_MAX) {
        check_day(intervals, &format!("{base}/exceptions/{date}"), issues);
    }
}

fn check_day(intervals: &[Interval], pointer: &str, issues: &mut Issues) {
    issues.at_most(pointer, intervals.len(), limits::INTERVALS_MAX);
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable();
    let overlap = sorted.windows(2).any(|pair| pair[0].close_minute() > pair[1].open_minute());
    issues.form(pointer, overlap.then_some(Form::HoursOverlap));
}
