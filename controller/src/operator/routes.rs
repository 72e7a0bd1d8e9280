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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::post;
    use http_body_util::BodyExt;

    /// Two groups, each of which says who it is and what it was asked.
    fn ports() -> Ports {
        let ports = Ports::default();
        for name in ["one", "other"] {
            let echo = async move |uri: Uri, body: String| format!("{name} {uri} {body}");
            let routes = Router::new().route("/v1/suspect", post(echo));
            let metrics = crate::metrics::Metrics::labelled(&[("namespace", "ns"), ("installation", name)]);
            ports.groups().insert(Key { namespace: "ns".into(), name: name.into() }, Port { routes, metrics });
        }
        ports
    }

    async fn ask(ports: &Ports, method: &str, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).body(Body::from("word")).unwrap();
        let answer = routes(ports.clone()).oneshot(request).await.unwrap();
        let code = answer.status();
        (code, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_group_is_asked_under_its_own_path_and_no_other() {
        let ports = ports();
        for name in ["one", "other"] {
            let (code, said) = ask(&ports, "POST", &format!("/installations/ns/{name}/v1/suspect?by=x")).await;
            assert_eq!((code, said), (StatusCode::OK, format!("{name} /v1/suspect?by=x word")));
        }
        for path in ["/installations/ns/none/v1/suspect", "/installations/elsewhere/one/v1/suspect"] {
            let (code, said) = ask(&ports, "POST", path).await;
            assert_eq!(code, StatusCode::NOT_FOUND, "{path}");
            assert!(said.contains("is known here"), "{said}");
        }
        assert_eq!(ask(&ports, "GET", "/installations/ns/one/v1/suspect").await.0, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(ask(&ports, "POST", "/installations/ns/one/v2/suspect").await.0, StatusCode::NOT_FOUND);
        let (code, said) = ask(&ports, "POST", "/v1/suspect").await;
        assert!(code == StatusCode::NOT_FOUND && said.contains("/installations/NAMESPACE/NAME"), "{said}");
    }

    #[tokio::test]
    async fn a_group_that_is_gone_is_known_no_more_and_readiness_means_that_the_cluster_was_read() {
        let ports = ports();
        assert_eq!(ask(&ports, "GET", HEALTHZ).await.0, StatusCode::OK);
        assert_eq!(ask(&ports, "GET", READYZ).await.0, StatusCode::SERVICE_UNAVAILABLE);
        ports.ready.store(true, Ordering::Relaxed);
        assert_eq!(ask(&ports, "GET", READYZ).await.0, StatusCode::OK);
        assert!(ask(&ports, "GET", METRICS).await.1.contains("installation=\"other\""));
        ports.groups().remove(&Key { namespace: "ns".into(), name: "other".into() });
        assert_eq!(ask(&ports, "POST", "/installations/ns/other/v1/suspect").await.0, StatusCode::NOT_FOUND);
        assert!(!ask(&ports, "GET", METRICS).await.1.contains("installation=\"other\""));
    }
}
