//! What operators and probes ask a replica over HTTP: does it turn, is it ready, how is it. Reads the member's report and nothing else.
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use group::Role;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use member::{Figures, Member, Report};
use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A request's head must be there after this long: whoever asks is a probe.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Connections at one time. Probes and scrapers are a handful; more would take the loop's time.
const CONNECTIONS: usize = 32;
/// A loop that turns answers in microseconds; one that is busy, in milliseconds.
const REPORT_TIME: Duration = Duration::from_secs(2);
/// Between two accepts that fail for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The member, once it has its data directory.
pub(crate) type Door = Arc<OnceLock<Member>>;

/// The routes.
pub(crate) fn app(door: Door) -> Router {
    Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/v1/status", get(status))
        .with_state(door)
}

/// Answers until the process ends.
pub(crate) async fn serve(listener: TcpListener, app: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
            // How a probe's connection ends is the probe's business.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

/// Healthy means: its event loop turns. Whom it reaches is not asked, and whoever waits for a directory does what it should.
async fn healthy(State(door): State<Door>) -> Response {
    let Some(member) = door.get() else { return "waiting for the data directory\n".into_response() };
    match tokio::time::timeout(REPORT_TIME, member.report()).await {
        Ok(Some(_)) => "ok\n".into_response(),
        Ok(None) => unavailable("stopping"),
        Err(_) => unavailable("the event loop does not answer"),
    }
}

/// Ready means: it serves its member port, on a sound disk. Whether a primary lives is not asked, and not even whether there is a
/// group: a replica that waits for one is as ready as it can be, and taking it away would only make things worse.
async fn ready(State(door): State<Door>) -> Response {
    match report(&door).await {
        Ok(Report { status, .. }) => match status.unhealthy {
            None if status.role != Role::Halted => "ready\n".into_response(),
            why => unavailable(&format!("{:?}: {}", status.role, why.unwrap_or_default())),
        },
        Err(why) => unavailable(why),
    }
}

async fn report(door: &Door) -> Result<Report, &'static str> {
    match door.get() {
        Some(member) => member.report().await.ok_or("stopping"),
        None => Err("waiting for the data directory"),
    }
}

fn unavailable(why: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
}

async fn status(State(door): State<Door>) -> Response {
    match report(&door).await {
        Ok(report) => {
            let body = serde_json::to_vec_pretty(&report).expect("a report is numbers and names");
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(why) => unavailable(why),
    }
}

async fn metrics(State(door): State<Door>) -> Response {
    match report(&door).await {
        Ok(report) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text(&report)).into_response()
        }
        Err(why) => unavailable(why),
    }
}

/// The report as OpenMetrics text.
fn text(report: &Report) -> String {
    let Report { status, reigns: _, figures } = report;
    let Figures { changes, reads, sent_away, busy, held, connections, turns, snapshots, applied } = *figures;
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        write!(text, "# HELP jh_replica_{name} {help}\n# TYPE jh_replica_{name} gauge\njh_replica_{name} {value}\n")
            .expect("writing to a string never fails");
    };
    gauge("epoch", "Epoch promised", status.promised.number);
    gauge("durable_seq", "Last entry on this disk", status.tail.seq);
    gauge("committed_seq", "Last entry known to be committed", status.commit);
    gauge("leads", "1 if it leads", u64::from(matches!(status.role, Role::Primary | Role::Draining)));
    gauge("healthy", "1 if log and disk are sound", u64::from(status.unhealthy.is_none()));
    gauge("suspects", "Members it hears nothing from", status.suspects.len() as u64);
    gauge("view_version", "Version of the newest view seen", status.view.as_ref().map_or(0, |view| view.version));
    gauge("held_answers", "Answers that wait until they may leave", held as u64);
    gauge("connections", "Open connections of peers, front ends and controllers", connections as u64);
    let mut counter = |name: &str, help: &str, value: u64| {
        write!(
            text,
            "# HELP jh_replica_{name} {help}\n# TYPE jh_replica_{name} counter\njh_replica_{name}_total {value}\n"
        )
        .expect("writing to a string never fails");
    };
    counter("changes", "Commands that changed the book", changes);
    counter("reads", "Reads, refusals and duplicates", reads);
    counter("sent_away", "Requests sent away because it does not lead", sent_away);
    counter("busy", "Requests refused because too much waits", busy);
    counter("turns", "Turns of the event loop", turns);
    counter("snapshots", "Snapshots published", snapshots);
    counter("applied", "Entries applied to the book", applied);
    text.push_str("# EOF\n");
    text
}
