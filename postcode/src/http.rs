//! The adapter's routes: what is asked, whom to ask for it, and which problem stands for which failure. Knows no sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use order::postcode::{Class, Outcode, Postcode, PostcodeError};

use crate::cache::{Answer, Cache};
use crate::chain::{Chain, Verdict};
use crate::clock::Clock;
use crate::embedded::Embedded;
use crate::limits;
use crate::metrics::Metrics;
use crate::pack::Pack;
use crate::provider::{Deadline, Provider};
use crate::{suggest, wire};

/// Milliseconds that the caller still has, on a request.
pub const DEADLINE_HEADER: &str = "jh-deadline-ms";

/// Everything the routes need.
pub struct Adapter {
    cache: Cache,
    pack: Arc<Pack>,
    clock: Clock,
    metrics: Metrics,
    stopping: AtomicBool,
}

impl Adapter {
    /// An adapter that asks these providers in their order, and the pack after them.
    #[must_use]
    pub fn new(mut providers: Vec<Box<dyn Provider>>, clock: Clock) -> Self {
        let (pack, metrics) = (Arc::new(Pack::embedded()), Metrics::new());
        providers.push(Box::new(Embedded(Arc::clone(&pack))));
        let chain = Chain::new(providers, clock.clone(), metrics.clone());
        let cache = Cache::new(chain, clock.clone());
        Self { cache, pack, clock, metrics, stopping: AtomicBool::new(false) }
    }

    /// From here on `/readyz` tells callers to go elsewhere.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// The whole service, ready to be served or to be called in a test.
pub fn app(adapter: Arc<Adapter>) -> Router {
    Router::new()
        .route(paths::POSTCODE, get(postcode))
        .route(paths::OUTCODE, get(outcode))
        .route(paths::HEALTHZ, get(|| async { "ok\n" }))
        .route(paths::READYZ, get(readyz))
        .route(paths::METRICS, get(metrics))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .with_state(adapter)
}

type Shared = State<Arc<Adapter>>;
type Text = Result<Path<String>, PathRejection>;

async fn postcode(State(adapter): Shared, text: Text, headers: HeaderMap) -> Result<Response, Failure> {
    let postcode = parse_postcode(&adapter.pack, text)?;
    let answer = adapter.cache.resolve(postcode, deadline(&headers)?).await;
    adapter.metrics.answered(answer.via, &answer.resolution.verdict);
    Ok((cache_status(&answer), told(&adapter, postcode, &answer)).into_response())
}

async fn outcode(State(adapter): Shared, text: Text) -> Result<Response, Failure> {
    let outcode = text.map_err(|_not_utf8| PostcodeError::Shape).and_then(|Path(text)| Outcode::parse(&text));
    let outcode = outcode.map_err(|_| Problem::new(ErrorCode::PostcodeInvalid, "give an outcode such as DH1"))?;
    let area = adapter.pack.outcode(outcode.as_str()).ok_or_else(|| wire::unknown(outcode.as_str(), Vec::new()))?;
    let area = wire::outcode_area(outcode, area, adapter.pack.edition_ms(), adapter.clock.now_ms());
    Ok(Json(area).into_response())
}

async fn readyz(State(adapter): Shared) -> (StatusCode, &'static str) {
    if adapter.stopping.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(adapter): Shared) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (kind, adapter.metrics.text(adapter.cache.bytes()))
}

async fn nothing_here() -> Failure {
    Problem::new(ErrorCode::NotFound, format!("ask for {} or {}", paths::POSTCODE, paths::OUTCODE)).into()
}

async fn wrong_method() -> Failure {
    Problem::new(ErrorCode::MethodNotAllowed, "use GET").into()
}

fn parse_postcode(pack: &Pack, text: Text) -> Result<Postcode, Failure> {
    let Path(text) = text.map_err(|_not_utf8| wire::invalid(PostcodeError::Shape))?;
    let postcode = Postcode::parse(&text).map_err(|error| match suggest::meant(pack, &text) {
        none if none.is_empty() => wire::invalid(error),
        suggestions => wire::mistyped(suggestions),
    })?;
    match postcode.class() {
        Class::Ordinary | Class::NorthernIreland | Class::CrownDependency => Ok(postcode),
        Class::NonGeographic | Class::Giro | Class::Forces | Class::Overseas => Err(wire::placeless(postcode).into()),
    }
}

fn deadline(headers: &HeaderMap) -> Result<Deadline, Failure> {
    let given_ms = match headers.get(DEADLINE_HEADER) {
        None => limits::DEADLINE_MS,
        Some(value) => value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::new(ErrorCode::InvalidHeader, "give JH-Deadline-Ms as a whole number of milliseconds")
        })?,
    };
    let given = Duration::from_millis(given_ms.min(limits::DEADLINE_MS_MAX));
    Ok(Deadline::after(given.saturating_sub(limits::RESERVE)))
}

fn told(adapter: &Adapter, postcode: Postcode, answer: &Answer) -> Response {
    let (known, now_ms) = (&*answer.resolution, adapter.clock.now_ms());
    let suggestions = || suggest::near(&adapter.pack, postcode);
    match &known.verdict {
        Verdict::Found(place) => Json(wire::located(postcode, Some(place), known, now_ms)).into_response(),
        Verdict::Unresolved => Json(wire::located(postcode, None, known, now_ms)).into_response(),
        Verdict::NotFound => Failure::from(wire::unknown(&postcode.to_string(), suggestions())).into_response(),
        Verdict::Terminated => Failure::from(wire::terminated(postcode, suggestions())).into_response(),
    }
}

fn cache_status(answer: &Answer) -> [(&'static str, String); 1] {
    [("cache-status", wire::cache_status(answer.via))]
}

/// A problem on its way out.
#[derive(Debug)]
struct Failure(Box<Problem>);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self.0)).into_response()
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
