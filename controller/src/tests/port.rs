//! The port: status, metrics, problems. Members are at addresses where nobody listens.
use super::{Running, pods};
use crate::admin::{Admin, app};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt;

struct Controller {
    router: Router,
    dir: TempDir,
    running: Running,
}

impl Controller {
    fn start() -> Controller {
        let dir = TempDir::new().unwrap();
        // Port 1 is never listened at: connections are refused.
        let members = member::directory(pods().into_iter().map(|pod| (pod, "127.0.0.1:1".to_owned())));
        let running = Running::start("controller-0", dir.path(), members, || 0);
        let (requests, ready, metrics) = (running.requests.clone(), running.ready.clone(), running.metrics.clone());
        let (_, members) = tokio::sync::watch::channel(pods().into_iter().collect());
        let router = app(Admin { requests, members, ready, metrics });
        Controller { router, dir, running }
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let (status, text) = self.call("POST", path, &body.to_string()).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// The status page, once it is as wanted.
    async fn shows(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let page: Value = serde_json::from_str(&self.call("GET", "/v1/status", "").await.1).unwrap();
                if wanted(&page) {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), looking).await.expect("the page shows it in time")
    }

    async fn stop(self) {
        self.running.stop().await;
    }
}

#[tokio::test]
async fn the_status_page_tells_what_is_seen_and_readiness_follows_the_store() {
    let controller = Controller::start();
    let page = controller.shows(|page| page["members"][2]["link"] == "refused" && page["store"] == "missing").await;
    assert_eq!((&page["name"], &page["view"]), (&json!("controller-0"), &Value::Null));
    assert_eq!(page["conditions"].as_array().unwrap().len(), 6);
    assert_eq!(controller.call("GET", "/readyz", "").await.0, StatusCode::OK);
    assert_eq!(controller.call("GET", "/healthz", "").await.0, StatusCode::OK);
    let (_, text) = controller.call("GET", "/metrics", "").await;
    assert!(text.contains("jh_controller_condition{condition=\"Degraded\"} 1"), "{text}");
    controller.stop().await;
}

#[tokio::test]
async fn v2_a_group_is_not_born_while_members_are_away() {
    let controller = Controller::start();
    controller.shows(|page| page["members"][2]["link"] == "refused" && page["store"] == "missing").await;
    assert_eq!(std::fs::read_dir(controller.dir.path()).unwrap().count(), 0, "nothing is written");
    controller.stop().await;
}

#[tokio::test]
async fn the_word_of_a_front_end_is_taken_and_counted() {
    let controller = Controller::start();
    let suspect = json!({ "by": "frontend", "pod": "replica-0", "boot": "2a", "sign": "refused" });
    assert_eq!(controller.post("/v1/suspect", &suspect).await.0, StatusCode::ACCEPTED);
    controller.shows(|page| page["store"] == "missing").await;
    let (_, text) = controller.call("GET", "/metrics", "").await;
    assert!(text.contains("jh_controller_suspicions_total{sign=\"refused\"} 1"), "{text}");
    controller.stop().await;
}

#[tokio::test]
async fn bad_requests_get_their_own_problem() {
    let controller = Controller::start();
    let long = format!("{{\"by\":\"{}\"}}", "x".repeat(20 << 10));
    for (path, body, status, code) in [
        ("/v1/suspect", "{", 400, "malformed_json"),
        ("/v1/suspect", "", 400, "malformed_json"),
        ("/v1/suspect", "\u{1F355}", 400, "malformed_json"),
        ("/v1/suspect", "{}", 422, "invalid_body"),
        ("/v1/suspect", r#"{"pod":"replica-0","boot":"dog","sign":"silent"}"#, 422, "invalid_body"),
        ("/v1/suspect", r#"{"pod":"replica-0","boot":"1","sign":"bored"}"#, 422, "invalid_body"),
        ("/v1/suspect", r#"{"pod":"replica-9","boot":"1","sign":"silent"}"#, 422, "invalid_body"),
        ("/v1/suspect", r#"{"pod":"replica-0","boot":"1","sign":"silent","more":1}"#, 422, "invalid_body"),
        ("/v1/suspect", &long, 413, "body_too_large"),
        ("/v1/rebuild-view", r#"{"expect_epoch":-1}"#, 422, "invalid_body"),
        ("/v1/force-loss", r#"{"expect_epoch":1,"keep":"replica-9"}"#, 422, "invalid_body"),
        ("/v1/nothing", "{}", 404, "not_found"),
        ("/v1/status", "{}", 405, "method_not_allowed"),
    ] {
        let (got, text) = controller.call("POST", path, body).await;
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((got.as_u16(), &problem["code"]), (status, &json!(code)), "{path} {body:.60}: {text}");
    }
    controller.stop().await;
}

#[tokio::test]
async fn v3_and_u1_nothing_is_rebuilt_or_forced_without_a_member_that_knows_a_view() {
    let controller = Controller::start();
    let (status, problem) = controller.post("/v1/rebuild-view", &json!({ "expect_epoch": 1 })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("cluster_refused")));
    let force = json!({ "expect_epoch": 1, "keep": "replica-0" });
    let (status, problem) = controller.post("/v1/force-loss", &force).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("cluster_refused")));
    assert!(problem["detail"].as_str().unwrap().contains("no member"), "{problem}");
    assert_eq!(std::fs::read_dir(controller.dir.path()).unwrap().count(), 0);
    controller.stop().await;
}

/// A port whose loop takes nothing, and where its requests go.
fn deaf(places: usize) -> (Router, tokio::sync::mpsc::Receiver<crate::control::Request>) {
    let (requests, inbox) = tokio::sync::mpsc::channel(places);
    let (_, members) = tokio::sync::watch::channel(pods().into_iter().collect());
    let (ready, metrics) = (std::sync::Arc::default(), crate::metrics::Metrics::new());
    (app(Admin { requests, members, ready, metrics }), inbox)
}

async fn asked(router: &Router, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice::<Value>(&bytes).unwrap_or_default()["code"].clone())
}

#[tokio::test]
async fn a_controller_that_has_not_read_the_store_is_not_ready() {
    let (router, _inbox) = deaf(1);
    assert_eq!(asked(&router, "GET", "/readyz", &Value::Null).await, (503, json!("unavailable")));
}

#[tokio::test]
async fn what_the_loop_cannot_take_is_refused_and_not_kept() {
    let (router, _inbox) = deaf(1);
    let suspect = json!({ "by": "frontend", "pod": "replica-0", "boot": "2a", "sign": "refused" });
    assert_eq!(asked(&router, "POST", "/v1/suspect", &suspect).await.0, 202);
    assert_eq!(asked(&router, "POST", "/v1/suspect", &suspect).await.1, json!("overloaded"));
}

#[tokio::test]
async fn the_name_of_a_front_end_has_a_bound() {
    let (router, _inbox) = deaf(2);
    let suspect = |letters| json!({ "by": "x".repeat(letters), "pod": "replica-0", "boot": "2a", "sign": "refused" });
    assert_eq!(asked(&router, "POST", "/v1/suspect", &suspect(253)).await.0, 202);
    assert_eq!(asked(&router, "POST", "/v1/suspect", &suspect(254)).await, (422, json!("invalid_body")));
}

/// The time of the runtime passes at once, since nobody does anything else.
#[tokio::test(start_paused = true)]
async fn e4_a_command_that_is_not_answered_in_time_is_of_unknown_outcome() {
    let (router, _inbox) = deaf(1);
    let rebuild = json!({ "expect_epoch": 1 });
    assert_eq!(asked(&router, "POST", "/v1/rebuild-view", &rebuild).await.1, json!("outcome_unknown"));
}

#[tokio::test]
async fn a_controller_that_is_stopping_says_so() {
    let (router, mut inbox) = deaf(1);
    let stopping = async { drop(inbox.recv().await) };
    let (answer, ()) = tokio::join!(asked(&router, "GET", "/v1/status", &Value::Null), stopping);
    assert_eq!(answer.1, json!("stopping"));
}
