//! Answers of every service with something put wrong at random: each is read as something, nothing panics, and what is taken for a
//! place is one. So many cases as `FUZZ_CASES` says; a few hundred in every run of the tests.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::shapes;
use super::tests::SERVICES;
use crate::check::{Judged, judge};
use crate::code::Code;
use crate::country::Country;
use crate::limits::{ADDRESSES_MAX, TEXT_CHARS_MAX};
use crate::pack::Pack;
use crate::provider::{Outcome, Place};
use crate::services::{Page, named};

/// What services say in the wrong place, and what they should not.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-200.0..200.0).prop_map(|number: f64| Value::from(number.to_string())),
        Just(Value::from("1e999")),
        Just(Value::from("NaN")),
        Just(Value::from("POINT(1e300 -1e300)")),
        Just(Value::from("x".repeat(5_000))),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| proptest::collection::vec(inner, 0..3).prop_map(Value::from))
}

/// All places in it, as pointers.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), all)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(number, value)| places(value, &format!("{at}/{number}"), all));
        }
        _ => {}
    }
}

/// Puts these values at these places, one after the other.
fn replaced(body: &str, changes: &[(Index, Value)]) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_str::<Value>(body) else { return body.into() };
    for (place, value) in changes {
        let mut all = vec![];
        places(&json, "", &mut all);
        *json.pointer_mut(&all[place.index(all.len())]).unwrap() = value.clone();
    }
    json.to_string().into_bytes()
}

fn is_a_place(place: &Place) -> Result<(), TestCaseError> {
    if let Some(at) = place.position {
        prop_assert!((-90.0..=90.0).contains(&at.latitude) && (-180.0..=180.0).contains(&at.longitude), "{:?}", at);
    }
    let texts = || place.name.iter().chain(&place.addresses);
    prop_assert!(texts().all(|text| text.chars().count() <= TEXT_CHARS_MAX && !text.is_empty()), "{:?}", place);
    prop_assert!(texts().all(|text| !text.chars().any(char::is_control)), "{:?}", place);
    prop_assert!(place.addresses.len() <= ADDRESSES_MAX);
    Ok(())
}

/// Reads what was made of a service's own answer.
fn check(which: Index, status: Option<u16>, text: bool, change: impl Fn(&str) -> Vec<u8>) -> Result<(), TestCaseError> {
    let (name, country, code) = *which.get(&SERVICES);
    let (country, service) = (Country::parse(country).unwrap(), named(name).unwrap());
    let (usual, media, body) = shapes::answer(&Pack::embedded(), name, country, code);
    let media = if text { "text/html" } else { media.split(';').next().unwrap() };
    let page = Page { status: status.unwrap_or(usual), media: media.into(), retry_after: None, body: change(&body) };
    let code = Code::parse(country, code).unwrap();
    if let Judged::Sound(Outcome::Found(place)) = judge(code, service.read(code, &page), None) {
        is_a_place(&place)?;
    }
    if let Some(door) = service.door() {
        let _ = door.read(&page);
    }
    Ok(())
}

fn cases() -> u32 {
    std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_service_that_says_something_else_anywhere_is_read_as_something(
        which: Index, status in proptest::option::weighted(0.2, 100..600_u16), text in proptest::bool::weighted(0.1),
        changes in proptest::collection::vec((any::<Index>(), any_json()), 1..4),
    ) {
        check(which, status, text, |body| replaced(body, &changes))?;
    }

    #[test]
    fn a_service_whose_bytes_are_damaged_is_read_as_something(
        which: Index, changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..5), cut in proptest::option::of(any::<Index>()),
    ) {
        check(which, None, false, |body| {
            let mut bytes = body.as_bytes().to_vec();
            changes.iter().for_each(|(place, byte)| *place.get_mut(&mut bytes) = *byte);
            let end = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
            bytes.truncate(end);
            bytes
        })?;
    }
}
