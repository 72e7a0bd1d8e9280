//! Following through an outage of the API server, and one that was set back. Time is virtual.
use super::*;
use axum::http::{self, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::pending;
use tokio::time::{Instant, sleep};

/// A server that has one ConfigMap, of this name and version, or is away.
type Server = Arc<Mutex<Option<(&'static str, u64)>>>;

fn client(server: &Server) -> Client {
    let server = server.clone();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let there = *server.lock().unwrap();
        async move {
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let (code, body) = match there {
                None => (StatusCode::SERVICE_UNAVAILABLE, status()),
                // Nothing ever happens.
                Some(_) if is_watch => return pending().await,
                Some((name, version)) => (StatusCode::OK, list(name, version)),
            };
            let body = Body::from(body.to_string().into_bytes());
            Ok::<_, Infallible>(http::Response::builder().status(code).body(body).unwrap())
        }
    });
    Client::new(service, "ns")
}

fn status() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 503, "reason": "Away", "message": "away"})
}

fn list(name: &str, version: u64) -> Value {
    let object = json!({"metadata": {"name": name, "namespace": "ns", "resourceVersion": version.to_string()}});
    let metadata = json!({"resourceVersion": version.to_string()});
    json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": [object]})
}

/// What is there, as one who follows has it.
fn followed(server: &Server) -> Store<ConfigMap> {
    let (store, mut writer) = reflector::store();
    let all = Api::<ConfigMap>::all(client(server));
    tokio::spawn(follow(all, Config::default(), move |event| writer.apply_watcher_event(event)));
    store
}

/// How long it takes until exactly this is there.
async fn until(store: &Store<ConfigMap>, name: &str) -> Duration {
    let begun = Instant::now();
    let is_so = || store.state().iter().map(|object| object.name_any()).eq([name.to_owned()]);
    while !is_so() {
        assert!(begun.elapsed() < WATCH_AFRESH * 3, "{name} was not seen");
        sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn however_long_the_api_server_was_away_what_happened_is_seen_within_a_second_of_its_return() {
    for away in [1, 10, 600] {
        let server = Server::default();
        let store = followed(&server);
        sleep(Duration::from_secs(away)).await;
        *server.lock().unwrap() = Some(("x", 7));
        let took = until(&store, "x").await;
        assert!(took <= Duration::from_secs(1), "away for {away} s, seen after {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn v3_a_server_that_was_set_back_shows_what_it_has() {
    let server: Server = Arc::new(Mutex::new(Some(("new", 900))));
    let store = followed(&server);
    until(&store, "new").await;
    *server.lock().unwrap() = Some(("old", 300));
    let took = until(&store, "old").await;
    assert!(took <= WATCH_AFRESH + Duration::from_secs(1), "{took:?}");
}
