//! Two who compete for the Lease before an API server that keeps nothing but Leases. Time is virtual.
use super::*;
use axum::http::{self, Method};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The Lease as the server keeps it, and who gets no answers any more.
#[derive(Default)]
struct Kept {
    lease: Option<Value>,
    version: u64,
    cut_off: BTreeSet<&'static str>,
}

type Server = Arc<Mutex<Kept>>;

fn answer(code: u16, body: &Value) -> http::Response<Body> {
    http::Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap()
}

fn status(code: u16, reason: &str) -> http::Response<Body> {
    answer(
        code,
        &json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason}),
    )
}

fn client(server: &Server, whose: &'static str) -> Client {
    let server = server.clone();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(serve(&server, whose, request).await) }
    });
    Client::new(service, "ns")
}

async fn serve(server: &Server, whose: &str, request: http::Request<Body>) -> http::Response<Body> {
    if server.lock().unwrap().cut_off.contains(whose) {
        return pending().await;
    }
    let method = request.method().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut kept = server.lock().unwrap();
    if method == Method::GET {
        return kept.lease.as_ref().map_or_else(|| status(404, "NotFound"), |lease| answer(200, lease));
    }
    let mut lease: Value = serde_json::from_slice(&body).unwrap();
    let held = kept.lease.as_ref().map(|lease| lease["metadata"]["resourceVersion"].clone());
    let is_on_it = if method == Method::POST {
        held.is_none()
    } else {
        held == Some(lease["metadata"]["resourceVersion"].clone())
    };
    if !is_on_it {
        return status(409, "Conflict");
    }
    kept.version += 1;
    lease["metadata"]["resourceVersion"] = kept.version.to_string().into();
    kept.lease = Some(lease.clone());
    answer(200, &lease)
}

/// One who competes.
struct One {
    leading: watch::Receiver<bool>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn compete(server: &Server, me: &'static str) -> One {
    let (lead, leading) = watch::channel(false);
    let competitor = Competitor::new(client(server, me), "ns", "lease", me, lead);
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(competitor.run(async move { drop(stopped.await) }));
    One { leading, stop, task }
}

/// One that builds, and one that waits.
async fn two() -> (Server, One, One) {
    let server = Server::default();
    let mut first = compete(&server, "first");
    first.leading.wait_for(|leading| *leading).await.unwrap();
    let second = compete(&server, "second");
    sleep(LEASE_TIME * 10).await;
    assert!(*first.leading.borrow() && !*second.leading.borrow(), "whoever renews keeps it");
    (server, first, second)
}

/// When the second one builds, from now on.
async fn until_second(second: &mut One) -> Duration {
    let begun = Instant::now();
    tokio::time::timeout(LEASE_TIME * 10, second.leading.wait_for(|leading| *leading)).await.unwrap().unwrap();
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_lets_go_and_the_other_builds_at_its_next_look() {
    let (_server, first, mut second) = two().await;
    first.stop.send(()).unwrap();
    let took = until_second(&mut second).await;
    assert!(took <= LEASE_RENEW + Duration::from_millis(10), "{took:?}");
    first.task.await.unwrap();
    assert!(!*first.leading.borrow());
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_is_followed_when_its_claim_is_over() {
    let (_server, first, mut second) = two().await;
    first.task.abort();
    let took = until_second(&mut second).await;
    assert!(took >= LEASE_TIME - LEASE_RENEW && took <= LEASE_TIME + LEASE_RENEW * 2, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_cut_off_builds_no_more_before_another_does() {
    let (server, mut first, mut second) = two().await;
    server.lock().unwrap().cut_off.insert("first");
    let begun = Instant::now();
    first.leading.wait_for(|leading| !*leading).await.unwrap();
    let (let_go, taken) = (begun.elapsed(), begun.elapsed() + until_second(&mut second).await);
    assert!(let_go <= LEASE_HELD, "{let_go:?}");
    assert!(taken + Duration::from_millis(10) >= let_go + (LEASE_TIME - LEASE_HELD), "{let_go:?} {taken:?}");
    drop(first.stop);
}
