//! The port of a controller that looks after many groups: each has the routes of a controller of one, under its own path.
use super::installation::Key;
use crate::admin::{Failure, failure};
use crate::metrics::merged;
use api::v1::error::{ErrorCode, Problem};
use api::v1::paths::{HEALTHZ, METRICS, READYZ};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tower::ServiceExt;

/// What the handlers hold.
#[derive(Clone, Default)]
pub(crate) struct Ports {
    groups: Arc<Mutex<BTreeMap<Key, Port>>>,
    /// Whether the cluster has been read once.
    pub(crate) ready: Arc<AtomicBool>,
}

/// The routes and the figures of one group.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) routes: Router,
    pub(crate) metrics: crate::metrics::Metrics,
}

impl Ports {
    /// Changes what is there.
    pub(crate) fn groups(&self) -> MutexGuard<'_, BTreeMap<Key, Port>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All routes.
pub(crate) fn routes(ports: Ports) -> Router {
    Router::new()
        .route("/installations/{namespace}/{name}/{*rest}", any(dispatch))
        .route(HEALTHZ, get(async || "ok\n"))
        .route(READYZ, get(ready))
        .route(METRICS, get(metrics))
        .fallback(async || failure(Problem::new(ErrorCode::NotFound, "see /installations/NAMESPACE/NAME/v1/status")))
        .with_state(ports)
}

async fn ready(State(ports): State<Ports>) -> Result<&'static str, Failure> {
    if ports.ready.load(Ordering::Relaxed) {
        return Ok("ready\n");
    }
    Err(failure(Problem::new(ErrorCode::Unavailable, "the cluster has not been read")))
}

async fn metrics(State(ports): State<Ports>) -> impl IntoResponse {
    let texts: Vec<_> = ports.groups().values().map(|port| port.metrics.text()).collect();
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], merged(&texts))
}

async fn dispatch(
    State(ports): State<Ports>,
    Path((namespace, name, rest)): Path<(String, String, String)>,
    mut request: Request,
) -> Response {
    let key = Key { namespace, name };
    let Some(port) = ports.groups().get(&key).cloned() else {
        return failure(Problem::new(ErrorCode::NotFound, format!("no JustHungry {key} is known here")))
            .into_response();
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let Ok(uri) = format!("/{rest}{query}").parse::<Uri>() else {
        return failure(Problem::new(ErrorCode::NotFound, "this is no path")).into_response();
    };
    *request.uri_mut() = uri;
    // What the outer path matched is not for the inner routes to see.
    request.extensions_mut().clear();
    port.routes.oneshot(request).await.into_response()
}
