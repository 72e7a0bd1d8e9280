//! The controller's own port: status, metrics, the word of front ends, the operator's two commands. Passes everything to the loop.
use crate::account;
use crate::control::Request;
use crate::limits::{ANSWER_TIME, BODY_BYTES, NAME_BYTES};
use crate::metrics::Metrics;
use crate::repair::Repair;
use api::control::{FORCE_LOSS, REBUILD_VIEW, STATUS, SUSPECT, Suspect};
use api::v1::cluster::{ForceLoss, RebuildView};
use api::v1::error::{ErrorCode, Problem};
use api::v1::issue::Issue;
use api::v1::paths::{HEALTHZ, METRICS, READYZ};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use group::Pod;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// What the handlers hold.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) members: watch::Receiver<BTreeSet<Pod>>,
    pub(crate) ready: Arc<AtomicBool>,
    pub(crate) metrics: Metrics,
}

/// All routes.
pub(crate) fn app(admin: Admin) -> Router {
    Router::new()
        .route(SUSPECT, post(suspect))
        .route(REBUILD_VIEW, post(rebuild_view))
        .route(FORCE_LOSS, post(force_loss))
        .route(STATUS, get(status))
        .route(HEALTHZ, get(async || "ok\n"))
        .route(READYZ, get(ready))
        .route(METRICS, get(metrics))
        .fallback(async || failure(Problem::new(ErrorCode::NotFound, "see /v1/status")))
        .method_not_allowed_fallback(async || failure(Problem::new(ErrorCode::MethodNotAllowed, "")))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(admin)
}

type Body = Result<Bytes, BytesRejection>;

async fn suspect(State(admin): State<Admin>, body: Body) -> Result<StatusCode, Failure> {
    let suspect: Suspect = read(body)?;
    admin.knows(&suspect.pod, "/pod")?;
    if suspect.by.len() > NAME_BYTES {
        return Err(invalid("/by", format!("longer than {NAME_BYTES} bytes")));
    }
    admin.pass(Request::Suspect(suspect))?;
    Ok(StatusCode::ACCEPTED)
}

async fn rebuild_view(State(admin): State<Admin>, body: Body) -> Result<axum::Json<Value>, Failure> {
    let RebuildView { expect_epoch } = read(body)?;
    admin.repair(Repair::Rebuild(expect_epoch)).await
}

async fn force_loss(State(admin): State<Admin>, body: Body) -> Result<axum::Json<Value>, Failure> {
    let command: ForceLoss = read(body)?;
    admin.knows(&Pod::new(&command.keep), "/keep")?;
    admin.repair(Repair::Force(command)).await
}

async fn status(State(admin): State<Admin>) -> Result<axum::Json<Value>, Failure> {
    let (reply, answer) = oneshot::channel();
    admin.pass(Request::Status(reply))?;
    wait(answer).await.map(axum::Json)
}

async fn ready(State(admin): State<Admin>) -> Result<&'static str, Failure> {
    if admin.ready.load(Ordering::Relaxed) {
        return Ok("ready\n");
    }
    Err(failure(Problem::new(ErrorCode::Unavailable, "the view store has not been read")))
}

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], admin.metrics.text())
}

impl Admin {
    async fn repair(&self, repair: Repair) -> Result<axum::Json<Value>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.pass(Request::Repair(repair, reply))?;
        let view = wait(answer).await?.map_err(failure)?;
        Ok(axum::Json(account::view(&view)))
    }

    fn pass(&self, request: Request) -> Result<(), Failure> {
        let full = |_| failure(Problem::new(ErrorCode::Overloaded, "the controller has more to do than it can"));
        self.requests.try_send(request).map_err(full)
    }

    fn knows(&self, pod: &Pod, pointer: &'static str) -> Result<(), Failure> {
        let members = self.members.borrow();
        if members.contains(pod) {
            return Ok(());
        }
        Err(invalid(pointer, format!("no such member; there are {members:?}")))
    }
}

/// The loop answers at once unless the view store holds it up.
async fn wait<T>(answer: oneshot::Receiver<T>) -> Result<T, Failure> {
    match timeout(ANSWER_TIME, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(failure(Problem::new(ErrorCode::Stopping, "this controller is stopping: ask another"))),
        Err(_) => {
            Err(failure(Problem::new(ErrorCode::OutcomeUnknown, "the view store is slow: look before repeating")))
        }
    }
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, Failure> {
    let bytes = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            failure(Problem::new(ErrorCode::BodyTooLarge, format!("at most {BODY_BYTES} bytes")))
        }
        _ => failure(Problem::new(ErrorCode::RequestTimeout, rejection.body_text())),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => invalid("", error.to_string()),
        _ => failure(Problem::new(ErrorCode::MalformedJson, error.to_string())),
    })
}

fn invalid(pointer: &'static str, detail: String) -> Failure {
    let issue = Issue::new("invalid", pointer, detail);
    failure(Problem::new(ErrorCode::InvalidBody, "").issues(vec![issue]))
}

pub(crate) fn failure(problem: Problem) -> Failure {
    Failure(Box::new(problem))
}

/// A problem as an answer.
#[derive(Debug)]
pub(crate) struct Failure(Box<Problem>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, serde_json::to_vec(&*self.0).expect("a problem is text and numbers")).into_response()
    }
}
