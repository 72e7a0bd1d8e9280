//! Every problem has a code of its own, a remedy that reads as a sentence, and values that machines can use.

use order::acquirer::Decline;
use order::allergen::{Allergen, AllergenSet};
use order::form::Form;
use order::issue::{Problem, Value};
use order::money::{Currency, Money};
use order::postcode::{Postcode, PostcodeError};
use order::promise::Fault;
use order::stage::{Reason, Service};

use crate::fixture::*;

fn order_problems() -> Vec<Problem> {
    let (pounds, codes) =
        (|amount| Money::new(amount, Currency::GBP), vec![Postcode::parse("SW1A 0AA").expect("well formed")]);
    vec![
        Problem::RestaurantUnknown { restaurant: slug("a") },
        Problem::RestaurantClosed { next_open_at_ms: Some(1) },
        Problem::RestaurantPaused { until_ms: None },
        Problem::ServiceUnavailable { offered: vec![Service::Collection] },
        Problem::MenuMissing,
        Problem::ItemsRequired,
        Problem::LinesMax { max: 50 },
        Problem::ItemUnknown { item: slug("a") },
        Problem::ItemUnavailable { item: slug("a"), left: Some(0) },
        Problem::OptionUnknown { option: slug("a") },
        Problem::OptionUnavailable { option: slug("a") },
        Problem::OptionGroupMin { group: slug("a"), min: 2, chosen: 1, options: vec![slug("b")] },
        Problem::OptionGroupMax { group: slug("a"), max: 1, chosen: 2 },
        Problem::OptionMax { option: slug("a"), max: 1 },
        Problem::QuantityRange { min: 1, max: 99 },
        Problem::SlotFull { next_slot_ms: Some(1) },
        Problem::Quote(Fault::Invalid),
        Problem::Quote(Fault::Mismatch),
        Problem::Quote(Fault::Expired { expired_at_ms: 1 }),
        Problem::PaymentDeclined { reason: Decline::Declined },
        Problem::MenuChanged { menu_revision: 2 },
        Problem::PriceChanged { total: pounds(1) },
        Problem::MinimumNotMet { minimum: pounds(2), additional_spend_required: pounds(1) },
        Problem::OutsideZone { distance_m: Some(1), zones: vec!["DH1".into()] },
        Problem::PostcodeInvalid { why: PostcodeError::Shape, suggestions: codes.clone() },
        Problem::PostcodeUnknown { suggestions: codes.clone() },
        Problem::PostcodeTerminated { suggestions: codes },
        Problem::PostcodeUnverified,
        Problem::PostcodeUndeliverable,
        Problem::AddressRequired,
        Problem::AddressLinesRequired { max: 5 },
        Problem::AllergenAckRequired { items: vec![slug("a")], allergens: AllergenSet::of([Allergen::Milk]) },
        Problem::AgeCheckRequired { items: vec![slug("a")] },
        Problem::FulfilAtUnavailable { earliest_ms: Some(1) },
        Problem::TimeRange { after_ms: 1, until_ms: 2 },
        Problem::ReasonUnlisted { allowed: &[Reason::Busy] },
        Problem::CourierRequired,
        Problem::CodeWrong,
    ]
}

fn forms() -> Vec<Problem> {
    let forms = vec![
        Form::TextRequired,
        Form::TextTooLong { max_bytes: 1 },
        Form::TextUnprintable,
        Form::PhoneInvalid,
        Form::NumberRange { min: 1, max: 2 },
        Form::TooMany { max: 1 },
        Form::Duplicate { name: "a".into() },
        Form::CurrencyMismatch { currency: Currency::GBP },
        Form::PointRequired,
        Form::ServiceRequired,
        Form::HoursOverlap,
        Form::NotSorted,
        Form::GroupImpossible { max: 1 },
    ];
    forms.into_iter().map(Problem::Form).collect()
}

#[test]
fn every_problem_has_its_own_code_and_says_how_to_succeed() {
    let all = [order_problems(), forms()].concat();
    let mut codes: Vec<&str> = all.iter().map(Problem::code).collect();
    for problem in &all {
        assert!(problem.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{problem:?}");
        assert!(problem.remedy().len() > 8, "{problem:?}");
        assert!(problem.values().iter().all(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn values_are_there_for_machines_and_words_for_people() {
    let problem =
        Problem::PostcodeInvalid { why: PostcodeError::Shape, suggestions: vec![Postcode::parse("SW1A 0AA").unwrap()] };
    assert_eq!(problem.values(), [("suggestions", Value::Texts(vec!["SW1A 0AA".into()]))]);
    assert!(problem.remedy().ends_with("did you mean SW1A 0AA?"));
    assert_eq!(Problem::RestaurantClosed { next_open_at_ms: Some(7) }.values(), [("next_open_at", Value::Time(7))]);
    assert_eq!(Problem::RestaurantClosed { next_open_at_ms: None }.values(), []);
}
