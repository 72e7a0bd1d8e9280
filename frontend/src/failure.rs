//! The one table that turns failures into HTTP answers. Handlers name a code or pass a failure on; statuses are not theirs.
use api::v1::error::{ErrorCode, Problem, Retry};
use api::v1::issue::Issue;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use member::{Failure, Why};
use serde_json::Value;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A request that cannot be answered as wished.
#[derive(Debug)]
pub struct Error(Box<Problem>);

impl Error {
    /// A failure with this code; `detail` says what is wrong this time and what to do.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Error {
        Error(Box::new(Problem::new(code, detail)))
    }
    /// The same with everything that stands in the way.
    pub fn issues(self, issues: Vec<Issue>) -> Error {
        Error(Box::new(self.0.issues(issues)))
    }
    /// The same with one more fact.
    pub fn fact(self, name: &str, value: impl Into<Value>) -> Error {
        Error(Box::new(self.0.fact(name, value)))
    }
    /// The problem it becomes.
    pub fn problem(&self) -> &Problem {
        &self.0
    }
    /// A parameter of the path or query that is not what it should be.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Error {
        Error::new(ErrorCode::InvalidParameter, detail).fact("parameter", name)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        Error(Box::new(problem))
    }
}

/// What the group's client says, as the caller hears it (E4).
impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::NotExecuted(Why::TooLarge) => Error::new(ErrorCode::BodyTooLarge, "the request is too large"),
            Failure::NotExecuted(Why::Stopping) => {
                Error::new(ErrorCode::Stopping, "nothing was executed; another front end will take it")
            }
            Failure::NotExecuted(why) => Error::new(
                ErrorCode::NotExecuted,
                format!("{why}; nothing was executed, repeat the request with the same key"),
            ),
            Failure::OutcomeUnknown => Error::new(
                ErrorCode::OutcomeUnknown,
                "it was sent on and no answer came; repeat it with the same Idempotency-Key to learn the outcome",
            ),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        let mut problem = *self.0;
        problem.trace_id = trace_id();
        if problem.status >= 500 {
            tracing::warn!(trace_id = problem.trace_id, code = &*problem.code, "{}", problem.detail);
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = problem.known().map(ErrorCode::retry);
        let body = serde_json::to_vec(&problem).expect("a problem is text and numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(Retry::Same { after_s }) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after_s));
        }
        response
    }
}

/// A name for one failed request, unique among front ends with all likelihood.
fn trace_id() -> String {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    format!("{process:016x}{:08x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_repeated_says_when() {
        let response = Error::from(Failure::OutcomeUnknown).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let response = Error::new(ErrorCode::OrderUnknown, "none").into_response();
        assert!(!response.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn no_two_failures_share_a_name() {
        assert_ne!(trace_id(), trace_id());
    }
}
