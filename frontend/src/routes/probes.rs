//! What probes and scrapers ask.
use crate::app::App;
use api::v1::paths;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

/// Whether the process runs.
#[utoipa::path(get, path = paths::HEALTHZ, responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it takes requests. That a primary is missing does not count: requests wait for the next one here. But one that has just
/// started first reaches those behind it: the first callers are not to wait for that.
#[utoipa::path(get, path = paths::READYZ, responses(
    (status = 200, body = String, content_type = "text/plain"), (status = 503, body = String, content_type = "text/plain")))]
pub(super) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    if *app.stopping.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match app.cluster.belief().view {
        None => (StatusCode::SERVICE_UNAVAILABLE, "no replica has told its view yet\n"),
        Some(_) if !*app.met.borrow() => (StatusCode::SERVICE_UNAVAILABLE, "connecting\n"),
        Some(_) => (StatusCode::OK, "ready\n"),
    }
}

/// Figures, as OpenMetrics text.
#[utoipa::path(get, path = paths::METRICS, responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], crate::metrics::text(&app))
}
