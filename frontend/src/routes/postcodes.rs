//! Postcodes: what the adapter says is passed on; with the adapter away, what can be known without it.
use crate::answer::{Answered, told};
use crate::app::{App, now_ms};
use crate::failure::Error;
use crate::steering::Segment;
use api::cluster::Json;
use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use api::v1::postcodes::{Freshness, Located, Precision, Provenance};
use api::v1::time::Timestamp;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use order::place::{Place, Standing};
use order::postcode::{Postcode, suggestions};

/// What is known of a postcode, and from whom.
#[utoipa::path(get, path = paths::POSTCODE, params(("postcode" = String, Path, example = "DH1 3LE")), responses(
    (status = 200, body = Located), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn postcode(State(app): State<App>, Segment(text): Segment) -> Answered {
    if let Some(page) = app.places.ask(&text).await {
        let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut response = Response::new(Body::from(page.body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, page.kind);
        return Ok(response);
    }
    let postcode = Postcode::parse(&text).map_err(|_| invalid(&text))?;
    Ok(told(StatusCode::OK, Json::of(&unverified(postcode))))
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
        attribution: Vec::new(),
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
