//! Turns what is known into the public JSON and the public problems. The only file that knows both sides' words.

use api::v1::error::{ErrorCode, Problem};
use api::v1::postcodes::{Freshness, Located, OutcodeArea, Precision, Provenance};
use api::v1::time::Timestamp;
use order::postcode::{Class, Outcode, Postcode, PostcodeError};

use crate::cache::Via;
use crate::chain::{Resolution, Verdict};
use crate::embedded;
use crate::grid::Position;
use crate::pack;
use crate::provider::Place;

/// A postcode, its place if anyone knows it, and how it is known.
pub(crate) fn located(postcode: Postcode, place: Option<&Place>, known: &Resolution, now_ms: u64) -> Located {
    let position = place.and_then(|place| place.position);
    let precision = if position.is_some() { Precision::PostcodeCentroid } else { Precision::Outcode };
    let freshness = if known.terms.embedded_ms.is_some() { Freshness::Embedded } else { Freshness::Fresh };
    Located {
        postcode: postcode.to_string(),
        country: country(postcode.outcode()).to_owned(),
        outcode: postcode.outcode().to_string(),
        place: place.and_then(|place| place.district.clone()),
        latitude: position.map(|position| position.latitude),
        longitude: position.map(|position| position.longitude),
        provenance: Provenance {
            source: known.source.to_owned(),
            fetched_at: Timestamp::from_ms(known.fetched_ms),
            age_s: age_s(known.fetched_ms, now_ms),
            freshness,
            precision,
            verified: known.verdict != Verdict::Unresolved,
        },
        attribution: known.terms.attribution.iter().map(|line| (*line).to_owned()).collect(),
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
pub(crate) fn invalid(error: PostcodeError) -> Problem {
    Problem::new(ErrorCode::PostcodeInvalid, error.to_string())
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
pub(crate) fn terminated(postcode: Postcode, suggestions: Vec<String>) -> Problem {
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

fn age_s(then_ms: u64, now_ms: u64) -> u64 {
    now_ms.saturating_sub(then_ms) / 1000
}
