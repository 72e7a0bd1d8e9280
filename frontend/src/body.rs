//! Reads a request's body within its bounds and as its type. Knows HTTP and JSON, not what the body asks for.
use crate::failure::Error;
use crate::{limits, shape};
use api::v1::error::ErrorCode;
use api::v1::issue::Issue;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use utoipa::ToSchema;

/// A body that must be there.
pub struct Json<T>(pub T);

/// A body that may be left out where every field of it may be.
pub struct Optional<T>(pub T);

impl<S: Sync, T: DeserializeOwned + ToSchema> FromRequest<S> for Json<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let declared = is_json(&request);
        let bytes = read(request.into_body()).await?;
        if !declared {
            return Err(Error::new(ErrorCode::UnsupportedMediaType, "send the header Content-Type: application/json"));
        }
        parse(&bytes).map(Json)
    }
}

impl<S: Sync, T: DeserializeOwned + ToSchema + Default> FromRequest<S> for Optional<T> {
    type Rejection = Error;
    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        if bytes.is_empty() {
            return Ok(Optional(T::default()));
        }
        let Json(body) = Json::from_request(Request::from_parts(parts, Body::from(bytes)), state).await?;
        Ok(Optional(body))
    }
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

/// The whole body, if it is not too large and comes in time.
async fn read(body: Body) -> Result<Bytes, Error> {
    let collecting = Limited::new(body, limits::BODY_BYTES).collect();
    match tokio::time::timeout(limits::BODY_TIME, collecting).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            let most = limits::BODY_BYTES;
            Err(Error::new(ErrorCode::BodyTooLarge, format!("a body may have {most} bytes")).fact("max_bytes", most))
        }
        Ok(Err(error)) => Err(Error::new(ErrorCode::MalformedJson, format!("the body broke off: {error}"))),
        Err(_) => {
            let most = limits::BODY_TIME.as_secs();
            Err(Error::new(
                ErrorCode::RequestTimeout,
                format!("the body must arrive within {most} seconds; nothing was executed"),
            ))
        }
    }
}

/// The body as its type, or everything that is wrong with it.
///
/// # Errors
/// `malformed_json` if it is not JSON, `invalid_body` with all issues if it is of another shape.
pub fn parse<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => wrong_shape::<T>(bytes),
        _ if bytes.is_empty() => Error::new(ErrorCode::MalformedJson, "the body is empty; send JSON"),
        _ => Error::new(ErrorCode::MalformedJson, format!("the body is not JSON: {error}")),
    })
}

#[cold]
fn wrong_shape<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Error {
    let found = match serde_json::from_slice(bytes) {
        Ok(value) => shape::issues::<T>(&value),
        Err(error) => return Error::new(ErrorCode::MalformedJson, format!("the body is not JSON: {error}")),
    };
    let found = if found.is_empty() { vec![first_issue::<T>(bytes)] } else { found };
    let detail = match found.len() {
        1 => format!("{}: {}", found[0].pointer, found[0].detail),
        many => format!("{many} things are wrong; `issues` has each with its place"),
    };
    Error::new(ErrorCode::InvalidBody, detail).issues(found)
}

/// What parsing itself stumbled over: things that a schema cannot say, like a field given twice or a time that is none.
fn first_issue<T: DeserializeOwned>(bytes: &[u8]) -> Issue {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => Issue::new("value_wrong", pointer(error.path()), error.inner().to_string()),
        Ok(_) => Issue::new("value_wrong", "", "there is something after the end of the JSON text"),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |at, segment| match segment {
        Segment::Seq { index } => format!("{at}/{index}"),
        Segment::Map { key } => format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::place::PlaceOrder;

    fn refused(body: &[u8]) -> (String, Vec<(String, String)>) {
        let error = parse::<PlaceOrder>(body).unwrap_err();
        let problem = error.problem();
        let issues = problem.issues.iter().map(|issue| (issue.code.to_string(), issue.pointer.clone())).collect();
        (problem.code.to_string(), issues)
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for body in [&b""[..], b"{", b"\xff\xfe", b"{\"note\":\"\xc3\x28\"}", b"nul", b"{\"a\":1e999}", deep.as_bytes()]
        {
            assert_eq!(refused(body).0, "malformed_json", "{}", String::from_utf8_lossy(&body[..body.len().min(20)]));
        }
    }

    #[test]
    fn what_a_schema_cannot_say_still_has_its_place() {
        let body = r#"{"restaurant":"a","service":"delivery","items":[],"customer":{"name":"x","phone":"y"},"fulfil_at":"soon"}"#;
        assert_eq!(
            refused(body.as_bytes()),
            ("invalid_body".into(), vec![("value_wrong".into(), "/fulfil_at".into())])
        );
        let body = r#"{"restaurant":"a","restaurant":"b"}"#;
        assert_eq!(refused(body.as_bytes()).0, "invalid_body");
    }
}
