//! The parts of a request beside its body, read by the handlers' arguments: path, query, key and version. Errors in our words.
use crate::failure::Error;
use crate::headers;
use api::v1::error::ErrorCode;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::header;
use axum::http::request::Parts;
use order::OrderId;
use order::key::{Key, Keyed};
use serde::de::DeserializeOwned;

/// The key and the version that a change came with.
pub struct Steering {
    key: Option<Key>,
    if_match: Option<u32>,
    has_if_match: bool,
}

impl Steering {
    /// The key with the fingerprint of the request; one made on arrival if the caller gave none (E1).
    pub fn keyed(&self, fingerprint: u128) -> Keyed {
        let key = self.key.clone().unwrap_or_else(|| {
            Key::parse(&uuid::Uuid::now_v7().to_string()).expect("a UUID is 36 visible ASCII characters")
        });
        Keyed { key, fingerprint }
    }
    /// The version that must still be the current one.
    pub fn if_match(&self) -> Option<u32> {
        self.if_match
    }
    /// `If-Match` must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn require_if_match(&self, what: &str) -> Result<(), Error> {
        let detail =
            format!("send the header If-Match with the ETag of {what} that you read, or * for whatever is there");
        if self.has_if_match { Ok(()) } else { Err(Error::new(ErrorCode::PreconditionRequired, detail)) }
    }
    /// The caller's own key, which must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn require_key(&self) -> Result<(), Error> {
        let detail =
            "send the header Idempotency-Key with a new UUID (version 7), and the same one when you repeat the request";
        if self.key.is_some() { Ok(()) } else { Err(Error::new(ErrorCode::KeyRequired, detail)) }
    }
}

impl<S: Sync> FromRequestParts<S> for Steering {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Steering, Error> {
        let headers = &parts.headers;
        let has_if_match = headers.contains_key(header::IF_MATCH);
        Ok(Steering { key: headers::key(headers)?, if_match: headers::if_match(headers)?, has_if_match })
    }
}

/// The order that the path names.
pub struct Order(pub OrderId);

impl<S: Send + Sync> FromRequestParts<S> for Order {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Order, Error> {
        let Segment(text) = Segment::<String>::from_request_parts(parts, state).await?;
        OrderId::parse(&text).map(Order).map_err(|error| Error::new(ErrorCode::OrderUnknown, error.to_string()))
    }
}

/// The part of the path in which the caller names something.
pub struct Segment<T = String>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Segment(text)),
            Err(error) => Err(Error::parameter("path", error.body_text())),
        }
    }
}

/// The query's parameters.
pub struct Search<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Search<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Search(query)),
            Err(error) => Err(Error::parameter("query", error.body_text())),
        }
    }
}
