//! Postcodes: what the adapter says is passed on; with the adapter away, what can be known without it.
use crate::answer::{Answered, told};
use crate::app::{App, now_ms};
use crate::failure::Error;
use crate::places::Page;
use crate::steering::Segment;
use api::cluster::Json;
use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use api::v1::postcodes::{Freshness, Located, Postcodes, Precision, Provenance};
use api::v1::time::Timestamp;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode, header};
use order::place::{Place, Standing};
use order::postcode::{Postcode, suggestions};

/// What is known of a postcode, and from whom.
#[utoipa::path(get, path = paths::POSTCODE, params(
    ("postcode" = String, Path, example = "DH1 3LE"),
    ("country" = Option<String>, Query, description = "The country's two letters; Britain if there are none"),
    ("explain" = Option<bool>, Query, description = "Whether to tell how the answer was found")), responses(
    (status = 200, body = Located), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn postcode(State(app): State<App>, Segment(text): Segment, RawQuery(query): RawQuery) -> Answered {
    if let Some(page) = app.places.ask(&text, "", query.as_deref()).await {
        return Ok(passed_on(page));
    }
    let is_abroad = |pair: &str| pair.starts_with("country=") && !pair.eq_ignore_ascii_case("country=GB");
    if query.iter().flat_map(|query| query.split('&')).any(is_abroad) {
        return Err(away());
    }
    let postcode = Postcode::parse(&text).map_err(|_| invalid(&text))?;
    Ok(told(StatusCode::OK, Json::of(&unverified(postcode))))
}

/// The addresses of a postcode where a service knows them; otherwise what is known of the postcode.
#[utoipa::path(get, path = paths::ADDRESSES, params(("postcode" = String, Path, example = "DH1 3LE")), responses(
    (status = 200, body = Located), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn addresses(State(app): State<App>, Segment(text): Segment, RawQuery(query): RawQuery) -> Answered {
    let page = app.places.ask(&text, "/addresses", query.as_deref()).await.ok_or_else(away)?;
    Ok(passed_on(page))
}

/// Postcodes that begin as typed, or those nearest to a point.
#[utoipa::path(get, path = paths::POSTCODES, params(
    ("prefix" = Option<String>, Query, example = "DH1 3"),
    ("near" = Option<String>, Query, description = "Latitude and longitude", example = "54.77,-1.57"),
    ("limit" = Option<usize>, Query)), responses(
    (status = 200, body = Postcodes), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answered {
    let page = app.places.list(query.as_deref()).await.ok_or_else(away)?;
    Ok(passed_on(page))
}

fn passed_on(page: Page) -> Response<Body> {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::new(Body::from(page.body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, page.kind);
    if let Some(cache) = page.cache {
        response.headers_mut().insert("cache-status", cache);
    }
    response
}

/// The adapter alone could say.
fn away() -> Error {
    Error::new(ErrorCode::Unavailable, "the postcode adapter cannot be reached; try again in a moment")
}

/// What is known of a postcode that nobody could be asked about: its shape.
fn unverified(postcode: Postcode) -> Located {
    Located {
        postcode: postcode.to_string(),
        country: "GB".to_owned(),
        outcode: postcode.outcode().to_string(),
        place: None,
        latitude: None,
        longitude: None,
        provenance: Provenance {
            source: "local".to_owned(),
            fetched_at: Timestamp::from_ms(now_ms()),
            age_s: 0,
            freshness: Freshness::Fresh,
            precision: Precision::Outcode,
            verified: false,
        },
        addresses: Vec::new(),
        suggestions: Vec::new(),
        attribution: Vec::new(),
        explanation: None,
    }
}

/// A text that has not the form of a postcode.
pub(super) fn invalid(text: &str) -> Error {
    let shown: String = text.chars().take(40).collect();
    let detail = format!("{shown:?} has not the form of a postcode, like DH1 3LE");
    with_suggestions(Error::new(ErrorCode::PostcodeInvalid, detail), &suggestions(&shown))
}

/// The place, unless it is known that the postcode does not exist.
pub(super) fn exists(place: Place) -> Result<Place, Error> {
    let code = match place.standing {
        Standing::Verified | Standing::Unverified => return Ok(place),
        Standing::Unknown => ErrorCode::PostcodeUnknown,
        Standing::Terminated => ErrorCode::PostcodeTerminated,
    };
    let error = Error::new(code, format!("{} is not in use; check it", place.postcode));
    Err(with_suggestions(error, &place.suggestions))
}

fn with_suggestions(error: Error, suggestions: &[Postcode]) -> Error {
    let texts: Vec<String> = suggestions.iter().map(Postcode::to_string).collect();
    if texts.is_empty() { error } else { error.fact("suggestions", texts) }
}
