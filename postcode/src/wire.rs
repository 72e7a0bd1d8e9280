//! Turns what is known into the public JSON and the public problems. The only file that knows both sides' words.

use std::time::Duration;

use api::v1::error::{ErrorCode, Problem};
use api::v1::postcodes::{
    Freshness, ListedPostcode, Located, OutcodeArea, Postcodes, Precision, Provenance, ProviderState,
};
use api::v1::time::Timestamp;
use order::postcode::{Class, Outcode, Postcode};

use crate::breaker::State;
use crate::cache::{Answer, Via};
use crate::chain::Verdict;
use crate::code::Code;
use crate::embedded;
use crate::grid::Position;
use crate::link::Doing;
use crate::pack;

/// A postcode, its place if anyone knows it, and how it is known. Where nobody does, `area` is what the pack knows of
/// its outcode.
pub(crate) fn located(code: Code, answer: &Answer, area: Option<pack::Outcode>, now_ms: u64) -> Located {
    let known = &*answer.resolution;
    let place = if let Verdict::Found(place) = &known.verdict { Some(place) } else { None };
    let position = place.and_then(|place| place.position);
    let shown = position.or_else(|| Some(Position::from(area?.centre?).rounded()));
    let outcode = code.british().map_or_else(|| code.to_string(), |postcode| postcode.outcode().to_string());
    Located {
        postcode: code.to_string(),
        country: code.british().map_or(code.country().as_str(), |postcode| country(postcode.outcode())).to_owned(),
        outcode,
        place: place.and_then(|place| place.name.clone()),
        latitude: shown.map(|position| position.latitude),
        longitude: shown.map(|position| position.longitude),
        provenance: Provenance {
            source: known.source.to_owned(),
            fetched_at: Timestamp::from_ms(known.fetched_ms),
            age_s: age_s(known.fetched_ms, now_ms),
            freshness: match known.terms.embedded_ms {
                Some(_) => Freshness::Embedded,
                None if answer.via.is_stale() => Freshness::Stale,
                None => Freshness::Fresh,
            },
            precision: match place {
                Some(place) if position.is_some() && place.is_building => Precision::Building,
                _ if position.is_some() => Precision::PostcodeCentroid,
                _ => Precision::Outcode,
            },
            verified: known.verdict != Verdict::Unresolved,
        },
        addresses: Vec::new(),
        suggestions: Vec::new(),
        attribution: known.terms.attribution.iter().map(|line| (*line).to_owned()).collect(),
        explanation: None,
    }
}

/// An outcode as the pack knows it.
pub(crate) fn outcode_area(outcode: Outcode, area: pack::Outcode, edition_ms: u64, now_ms: u64) -> OutcodeArea {
    let centre = area.centre.map(|point| Position::from(point).rounded());
    OutcodeArea {
        outcode: outcode.to_string(),
        country: country(outcode).to_owned(),
        postcodes: area.postcodes,
        latitude: centre.map(|centre| centre.latitude),
        longitude: centre.map(|centre| centre.longitude),
        provenance: Provenance {
            source: embedded::NAME.to_owned(),
            fetched_at: Timestamp::from_ms(edition_ms),
            age_s: age_s(edition_ms, now_ms),
            freshness: Freshness::Embedded,
            precision: Precision::Outcode,
            verified: true,
        },
        attribution: embedded::ATTRIBUTION.iter().map(|line| (*line).to_owned()).collect(),
    }
}

/// A text that is no postcode.
pub(crate) fn invalid(error: impl std::fmt::Display) -> Problem {
    Problem::new(ErrorCode::PostcodeInvalid, error.to_string())
}

/// Postcodes of the pack, in a list.
pub(crate) fn listed(postcodes: impl IntoIterator<Item = ListedPostcode>) -> Postcodes {
    let attribution = embedded::ATTRIBUTION.iter().map(|line| (*line).to_owned()).collect();
    Postcodes { postcodes: postcodes.into_iter().collect(), attribution }
}

/// How a provider is doing.
pub(crate) fn doing(role: &str, doing: &Doing, data_age_s: u64) -> ProviderState {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (breaker, open_for_ms) = match doing.breaker {
        State::Closed => ("closed", None),
        State::HalfOpen => ("half_open", None),
        State::Open(time) => ("open", Some(ms(time))),
    };
    ProviderState {
        name: doing.name.to_owned(),
        role: role.to_owned(),
        breaker: breaker.to_owned(),
        open_for_ms,
        resting: doing.is_resting,
        under_way: doing.under_way,
        waiting: doing.waiting,
        p95_ms: doing.p95.map(ms),
        last: doing.last.map(|(word, _)| word.to_owned()),
        last_ago_ms: doing.last.map(|(_, ago)| ms(ago)),
        data_age_s: doing.is_embedded.then_some(data_age_s),
    }
}

/// A text that is no postcode but looks like one; the suggestions are not empty.
pub(crate) fn mistyped(suggestions: Vec<String>) -> Problem {
    let detail = format!("this is not in use, but looks like {}; take it if it is meant", suggestions.join(" or "));
    Problem::new(ErrorCode::PostcodeUnknown, detail).fact("suggestions", suggestions)
}

/// A postcode or outcode that does not exist.
pub(crate) fn unknown(what: &str, suggestions: Vec<String>) -> Problem {
    let remedy = if suggestions.is_empty() { "check it" } else { "check it, or take one of the suggestions" };
    let problem = Problem::new(ErrorCode::PostcodeUnknown, format!("{what} is not in use; {remedy}"));
    problem.fact("suggestions", suggestions)
}

/// A postcode that no longer exists.
pub(crate) fn terminated(postcode: Code, suggestions: Vec<String>) -> Problem {
    let detail = format!("{postcode} is no longer in use; give the postcode that took its place");
    Problem::new(ErrorCode::PostcodeTerminated, detail).fact("suggestions", suggestions)
}

/// A postcode that is real and of no place on the map.
pub(crate) fn placeless(postcode: Postcode) -> Problem {
    let detail = format!("{postcode} belongs to no place that can be delivered to; give the postcode of the building");
    Problem::new(ErrorCode::PostcodeUnknown, detail).fact("suggestions", Vec::<String>::new())
}

/// How an answer came, in the words of RFC 9211.
pub(crate) fn cache_status(via: Via) -> String {
    match via {
        Via::Hit { ttl_s } => format!("jh-postcode; hit; ttl={ttl_s}"),
        Via::Stale { over_s } => format!("jh-postcode; hit; ttl=-{over_s}; detail=\"asked for anew\""),
        Via::StaleIfError { over_s } => format!("jh-postcode; hit; ttl=-{over_s}; detail=\"nobody could say\""),
        Via::Miss { stored: true } => "jh-postcode; fwd=miss; stored".to_owned(),
        Via::Miss { stored: false } => "jh-postcode; fwd=miss".to_owned(),
        Via::Collapsed => "jh-postcode; fwd=miss; collapsed".to_owned(),
        Via::Shed => "jh-postcode; fwd=bypass; detail=\"no time to ask\"".to_owned(),
    }
}

fn country(outcode: Outcode) -> &'static str {
    match (outcode.class(), outcode.area()) {
        (Class::CrownDependency, "JE") => "JE",
        (Class::CrownDependency, "GY") => "GG",
        (Class::CrownDependency, _) => "IM",
        _ => "GB",
    }
}

pub(crate) fn age_s(then_ms: u64, now_ms: u64) -> u64 {
    now_ms.saturating_sub(then_ms) / 1000
}
