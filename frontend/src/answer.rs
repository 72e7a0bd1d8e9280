//! HTTP answers from what the book told: status, headers, and JSON passed on unread.
use crate::failure::Error;
use crate::headers::{IDEMPOTENT_REPLAYED, JH_CURSOR, JH_FRESHNESS};
use api::cluster::{Found, Json, Reply};
use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use member::{Answer, Freshness};
use std::fmt::Display;

/// What a handler gives back.
pub type Answered = Result<Response<Body>, Error>;

/// The answer to a command.
///
/// # Errors
/// The refusal, in the book's words.
pub fn to_command(answer: &Answer) -> Answered {
    match api::cluster::reply_from_bytes(&answer.reply).map_err(unreadable)? {
        Reply::Order { id, version, placed, replayed, json } => {
            let mut response = told(if placed { StatusCode::CREATED } else { StatusCode::OK }, json);
            let headers = response.headers_mut();
            if placed {
                headers.insert(header::LOCATION, text(format_args!("{}/{id}", paths::ORDERS)));
            }
            finish(headers, version, replayed, answer);
            Ok(response)
        }
        Reply::Restaurant { version, created, replayed, json } => {
            let mut response = told(if created { StatusCode::CREATED } else { StatusCode::OK }, json);
            finish(response.headers_mut(), version, replayed, answer);
            Ok(response)
        }
        Reply::Done => Ok(told(StatusCode::OK, Json(b"{}".to_vec()))),
        Reply::Refused(json) => Err(refused(&json)),
    }
}

fn finish(headers: &mut HeaderMap, version: u32, replayed: bool, answer: &Answer) {
    headers.insert(header::ETAG, text(format_args!("\"{version}\"")));
    headers.insert(JH_CURSOR, text(answer.cursor));
    if replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
}

/// The answer to a question. `asked` has the request's headers, for `If-None-Match`.
///
/// # Errors
/// The refusal, in the book's words.
pub fn to_query(answer: &Answer, asked: &HeaderMap) -> Answered {
    let (tag, next, json) = match api::cluster::found_from_bytes(&answer.reply).map_err(unreadable)? {
        Found::Told { tag, next, json } => (tag, next, json),
        Found::Refused(json) => return Err(refused(&json)),
        Found::Number(_) => return Err(Error::new(ErrorCode::Internal, "the replica answered another question")),
    };
    let tag = (!tag.is_empty()).then(|| format!("\"{tag}\""));
    let known = tag.as_deref().is_some_and(|tag| crate::headers::has_not_changed(asked, tag));
    let mut response = told(StatusCode::OK, json);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    let headers = response.headers_mut();
    if let Some(tag) = tag {
        headers.insert(header::ETAG, text(tag));
        // Kept by whoever likes, and asked for again each time.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(next) = next {
        headers.insert(header::LINK, text(format_args!("<?cursor={next}>; rel=\"next\"")));
    }
    headers.insert(JH_CURSOR, text(answer.cursor));
    headers.insert(JH_FRESHNESS, HeaderValue::from_static(freshness(answer.freshness)));
    Ok(response)
}

fn freshness(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Strong => "strong",
        Freshness::Eventual => "eventual",
        Freshness::Unsettled => "unsettled",
    }
}

/// JSON of ours with this status.
pub fn told(status: StatusCode, json: Json) -> Response<Body> {
    let mut response = Response::new(Body::from(json.0));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(text: impl Display) -> HeaderValue {
    HeaderValue::try_from(text.to_string()).expect("numbers, ids and cursors are visible ASCII")
}

/// A refusal of the book. Its words are the problem, whatever this build knows of them.
pub fn refused(json: &Json) -> Error {
    match serde_json::from_slice::<Problem>(&json.0) {
        Ok(problem) => Error::from(problem),
        Err(error) => Error::new(ErrorCode::Internal, format!("read a replica's refusal: {error}")),
    }
}

/// The answer came, but this build cannot read it: it may well have been executed.
pub fn unreadable(garbled: api::wire::Garbled) -> Error {
    Error::new(ErrorCode::OutcomeUnknown, format!("the answer came from a replica of another build: {garbled}"))
}
