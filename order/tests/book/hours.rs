//! Opening hours, case by case: several intervals, midnight, exceptions, lead times, both changes of the clocks, other zones.

use crate::fixture::at;
use order::clock::{Date, Zone};
use order::hours::{Hours, Interval, Opening};

fn week(zone: &str, times: &[(&str, &str)]) -> Hours {
    Hours {
        zone: Zone::parse(zone).expect("test zones exist"),
        week: std::array::from_fn(|_| day(times)),
        exceptions: Vec::new(),
    }
}

fn day(times: &[(&str, &str)]) -> Vec<Interval> {
    times.iter().map(|(open, close)| Interval::parse(open, close).expect("times are well formed")).collect()
}

fn open_until(hours: &Hours, instant: &str) -> Option<u64> {
    match hours.at(at(instant)) {
        Opening::Open { until_ms } => Some(until_ms),
        Opening::Closed { .. } => None,
    }
}

fn next_open(hours: &Hours, instant: &str) -> Option<u64> {
    match hours.at(at(instant)) {
        Opening::Open { .. } => panic!("open at {instant}"),
        Opening::Closed { next_open_at_ms } => next_open_at_ms,
    }
}

#[test]
fn two_intervals_a_day_leave_the_afternoon_closed() {
    let hours = week("Europe/London", &[("12:00", "14:30"), ("17:00", "23:00")]);
    assert_eq!(next_open(&hours, "2027-02-01T11:59:59Z"), Some(at("2027-02-01T12:00:00Z")));
    assert_eq!(open_until(&hours, "2027-02-01T12:00:00Z"), Some(at("2027-02-01T14:30:00Z")));
    assert_eq!(next_open(&hours, "2027-02-01T14:30:00Z"), Some(at("2027-02-01T17:00:00Z")));
    assert_eq!(next_open(&hours, "2027-02-01T23:00:00Z"), Some(at("2027-02-02T12:00:00Z")));
}

#[test]
fn an_interval_over_midnight_belongs_to_the_day_it_starts_on() {
    let mut hours = week("Europe/London", &[]);
    hours.week[4] = day(&[("18:00", "02:00")]);
    let (friday, saturday) = ("2027-02-05T23:59:00Z", "2027-02-06T01:59:59Z");
    assert_eq!(open_until(&hours, friday), Some(at("2027-02-06T02:00:00Z")));
    assert_eq!(open_until(&hours, saturday), Some(at("2027-02-06T02:00:00Z")));
    assert_eq!(next_open(&hours, "2027-02-06T02:00:00Z"), Some(at("2027-02-12T18:00:00Z")));
    assert_eq!(next_open(&hours, "2027-02-05T01:00:00Z"), Some(at("2027-02-05T18:00:00Z")));
    hours.exceptions = vec![(Date::parse("2027-02-06").unwrap(), Vec::new())];
    assert!(open_until(&hours, saturday).is_some(), "closing on Saturday does not cut Friday's night short");
    hours.exceptions = vec![(Date::parse("2027-02-05").unwrap(), Vec::new())];
    assert_eq!(open_until(&hours, saturday), None, "closing on Friday does");
}

#[test]
fn midnight_ends_a_day_in_both_spellings_and_adjoining_days_are_one_opening() {
    for end in ["00:00", "24:00"] {
        let hours = week("Europe/London", &[("11:30", end)]);
        assert_eq!(open_until(&hours, "2027-02-01T23:59:59Z"), Some(at("2027-02-02T00:00:00Z")));
        assert_eq!(next_open(&hours, "2027-02-02T00:00:00Z"), Some(at("2027-02-02T11:30:00Z")));
    }
    let mut hours = week("Europe/London", &[]);
    hours.week[0] = day(&[("18:00", "24:00")]);
    hours.week[1] = day(&[("00:00", "03:00")]);
    assert_eq!(open_until(&hours, "2027-02-01T19:00:00Z"), Some(at("2027-02-02T03:00:00Z")));
}

#[test]
fn always_open_is_open_at_every_hour_and_through_both_changes_of_the_clocks() {
    let hours = Hours::always(Zone::parse("Europe/London").unwrap());
    for instant in ["2027-03-28T00:59:59Z", "2027-03-28T01:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"] {
        assert!(open_until(&hours, instant).is_some());
        assert_eq!(hours.slot(at(instant), 30, 30), Ok(()));
    }
    let mut nearly = hours.clone();
    nearly.exceptions = vec![(Date::parse("2027-12-25").unwrap(), Vec::new())];
    assert_eq!(next_open(&nearly, "2027-12-25T10:00:00Z"), Some(at("2027-12-26T00:00:00Z")));
    assert!(matches!(nearly.takes_orders(at("2027-02-01T23:59:00Z"), 30), Opening::Open { .. }));
}

#[test]
fn exceptions_replace_the_hours_of_their_date() {
    let mut hours = week("Europe/London", &[("12:00", "22:00")]);
    let date = |text| Date::parse(text).unwrap();
    hours.exceptions = vec![(date("2027-12-24"), day(&[("10:00", "15:00")])), (date("2027-12-25"), Vec::new())];
    assert_eq!(open_until(&hours, "2027-12-24T10:30:00Z"), Some(at("2027-12-24T15:00:00Z")));
    assert_eq!(next_open(&hours, "2027-12-24T15:00:00Z"), Some(at("2027-12-26T12:00:00Z")));
}

#[test]
fn a_house_that_never_opens_says_so() {
    let hours = week("Europe/London", &[]);
    assert_eq!(next_open(&hours, "2027-02-01T12:00:00Z"), None);
    assert_eq!(hours.slot(at("2027-02-01T12:00:00Z"), 0, 0), Err(None));
}

#[test]
fn last_orders_are_taken_before_closing_and_not_in_the_last_minute() {
    let hours = week("Europe/London", &[("17:00", "23:00")]);
    let takes = |instant: &str, minutes| matches!(hours.takes_orders(at(instant), minutes), Opening::Open { .. });
    assert!(takes("2027-02-01T22:29:59Z", 30));
    assert!(!takes("2027-02-01T22:30:00Z", 30));
    assert!(takes("2027-02-01T22:59:59Z", 0), "without a lead the last minute counts");
    let Opening::Closed { next_open_at_ms } = hours.takes_orders(at("2027-02-01T22:45:00Z"), 30) else {
        panic!("open")
    };
    assert_eq!(next_open_at_ms, Some(at("2027-02-02T17:00:00Z")), "the next opening, not the one that is ending");
}

#[test]
fn slots_begin_after_the_lead_and_end_with_last_orders_also_while_closed() {
    let hours = week("Europe/London", &[("17:00", "23:00")]);
    let slot = |instant: &str| hours.slot(at(instant), 15, 30);
    assert_eq!(slot("2027-02-01T17:15:00Z"), Ok(()));
    assert_eq!(slot("2027-02-01T22:30:00Z"), Ok(()));
    assert_eq!(slot("2027-02-01T17:14:00Z"), Err(Some(at("2027-02-01T17:15:00Z"))));
    assert_eq!(slot("2027-02-01T22:31:00Z"), Err(Some(at("2027-02-02T17:15:00Z"))));
    assert_eq!(slot("2027-02-01T04:00:00Z"), Err(Some(at("2027-02-01T17:15:00Z"))));
}

#[test]
fn in_spring_the_missing_hour_opens_and_closes_when_the_clock_jumps() {
    // On 2027-03-28 the clock of London jumps from 01:00 to 02:00, at 01:00 UTC.
    let night = week("Europe/London", &[("18:00", "01:30")]);
    assert_eq!(open_until(&night, "2027-03-28T00:59:59Z"), Some(at("2027-03-28T01:00:00Z")));
    assert_eq!(open_until(&night, "2027-03-28T01:00:00Z"), None);
    let early = week("Europe/London", &[("01:30", "06:00")]);
    assert_eq!(next_open(&early, "2027-03-28T00:30:00Z"), Some(at("2027-03-28T01:00:00Z")));
    assert_eq!(open_until(&early, "2027-03-28T01:00:00Z"), Some(at("2027-03-28T05:00:00Z")));
    let inside = week("Europe/London", &[("01:10", "01:50")]);
    assert_eq!(
        next_open(&inside, "2027-03-28T00:30:00Z"),
        Some(at("2027-03-29T00:10:00Z")),
        "an interval within the gap does not happen"
    );
    let over = week("Europe/London", &[("18:00", "02:00")]);
    assert_eq!(open_until(&over, "2027-03-28T00:30:00Z"), Some(at("2027-03-28T01:00:00Z")), "an hour shorter");
}

#[test]
fn in_autumn_the_doubled_hour_is_open_both_times() {
    // On 2027-10-31 the clock of London goes from 02:00 back to 01:00, at 01:00 UTC.
    let night = week("Europe/London", &[("18:00", "01:30")]);
    assert_eq!(open_until(&night, "2027-10-31T00:45:00Z"), Some(at("2027-10-31T01:30:00Z")));
    assert_eq!(open_until(&night, "2027-10-31T01:29:59Z"), Some(at("2027-10-31T01:30:00Z")));
    let over = week("Europe/London", &[("18:00", "02:00")]);
    assert_eq!(open_until(&over, "2027-10-30T23:30:00Z"), Some(at("2027-10-31T02:00:00Z")), "an hour longer");
    let early = week("Europe/London", &[("01:30", "06:00")]);
    assert_eq!(next_open(&early, "2027-10-31T00:00:00Z"), Some(at("2027-10-31T00:30:00Z")), "the first half past one");
}

#[test]
fn the_wall_clock_is_the_restaurants_wherever_the_customer_is() {
    let hours = week("Asia/Singapore", &[("11:00", "22:00")]);
    assert_eq!(open_until(&hours, "2027-06-01T03:00:00Z"), Some(at("2027-06-01T14:00:00Z")));
    assert_eq!(open_until(&hours, "2027-06-01T02:59:59Z"), None);
    let hours = week("America/New_York", &[("20:00", "04:00")]);
    assert_eq!(open_until(&hours, "2027-06-01T07:59:59Z"), Some(at("2027-06-01T08:00:00Z")));
}

#[test]
fn times_far_beyond_the_calendar_are_closed_not_a_panic() {
    let hours = week("Europe/London", &[("12:00", "22:00")]);
    assert_eq!(hours.at(u64::MAX), Opening::Closed { next_open_at_ms: None });
    assert_eq!(hours.at(0), Opening::Closed { next_open_at_ms: Some(11 * 3_600_000) });
}

#[test]
fn times_of_day_are_read_strictly() {
    assert_eq!(Interval::parse("18:00", "02:00").unwrap().texts(), ("18:00".to_owned(), "02:00".to_owned()));
    for (open, close) in [
        ("24:00", "02:00"),
        ("9:00", "10:00"),
        ("09:60", "10:00"),
        ("", ""),
        ("09.00", "10:00"),
        ("+9:00", "10:00"),
        ("10:00", "24:01"),
    ] {
        assert!(Interval::parse(open, close).is_err(), "{open} {close}");
    }
}
