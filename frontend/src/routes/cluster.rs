//! The group of replicas, as it is and as an operator wants it. Tells and passes on; decides nothing.
use crate::answer::{Answered, told};
use crate::app::App;
use crate::body::Json;
use crate::failure::Error;
use crate::limits;
use api::cluster::Json as Text;
use api::v1::cluster::{Cluster, Failover, ForceLoss, Promote, RebuildView, Replica};
use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use api::v1::time::Timestamp;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use group::{Pod, View};
use member::{Reign, Report};
use serde::Serialize;
use std::collections::BTreeMap;
use tokio::time::{Instant, sleep};

/// Who leads, who is in sync, and how past failovers went.
#[utoipa::path(get, path = paths::CLUSTER, responses((status = 200, body = Cluster)))]
pub(super) async fn status(State(app): State<App>) -> Answered {
    let reports = app.cluster.reports().await;
    Ok(told(StatusCode::OK, Text::of(&cluster(app.cluster.belief().view, &reports))))
}

/// Hands the lead over to another replica, by plan.
#[utoipa::path(post, path = paths::PROMOTE, request_body = Promote, responses(
    (status = 200, body = Cluster), (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn promote(State(app): State<App>, Json(body): Json<Promote>) -> Answered {
    let view = app.cluster.belief().view.ok_or_else(no_view)?;
    let to = Pod::new(&body.to);
    if view.epoch.number != body.expect_epoch {
        let detail =
            format!("the epoch is {}, not {}; look again and decide again", view.epoch.number, body.expect_epoch);
        return Err(Error::new(ErrorCode::EpochChanged, detail).fact("epoch", view.epoch.number));
    }
    if !view.in_sync.contains_key(&to) {
        let names: Vec<&str> = view.in_sync.keys().map(Pod::as_str).collect();
        let detail = format!("{} is not in sync; choose one of {}", body.to, names.join(", "));
        return Err(Error::new(ErrorCode::ClusterRefused, detail).fact("in_sync", names));
    }
    if view.primary != to {
        app.cluster.hand_over(to.clone(), view.epoch).await?;
        see(&app, &view, &to).await?;
    }
    status(State(app)).await
}

/// Waits until a view says so: what comes of a hand-over is seen, never answered.
async fn see(app: &App, before: &View, to: &Pod) -> Result<(), Error> {
    let deadline = Instant::now() + limits::HAND_OVER_TIME;
    while Instant::now() < deadline {
        let seen = app.cluster.belief();
        if let Some(view) = seen.view.filter(|view| view.epoch > before.epoch) {
            if view.primary == *to {
                return Ok(());
            }
            let detail = format!("{} leads instead, since epoch {}", view.primary, view.epoch);
            return Err(Error::new(ErrorCode::EpochChanged, detail).fact("epoch", view.epoch.number));
        }
        sleep(limits::CATCH_UP_PAUSE).await;
    }
    Err(Error::new(
        ErrorCode::ClusterRefused,
        format!("{} still leads; see GET /v1/cluster, then repeat", before.primary),
    ))
}

/// Writes a lost view anew from what the replicas remember.
#[utoipa::path(post, path = paths::REBUILD_VIEW, request_body = RebuildView, responses(
    (status = 200), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn rebuild_view(State(app): State<App>, Json(body): Json<RebuildView>) -> Answered {
    controllers_say(&app, api::control::REBUILD_VIEW, &body).await
}

/// Goes on with one replica's disk, and loses what it lacks.
#[utoipa::path(post, path = paths::FORCE_LOSS, request_body = ForceLoss, responses(
    (status = 200), (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn force_loss(State(app): State<App>, Json(body): Json<ForceLoss>) -> Answered {
    controllers_say(&app, api::control::FORCE_LOSS, &body).await
}

async fn controllers_say(app: &App, path: &str, body: &impl Serialize) -> Answered {
    let page = app.controllers.pass_on(path, body).await?;
    let mut response = Response::new(Body::from(page.body));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(header::CONTENT_TYPE, page.kind);
    Ok(response)
}

fn no_view() -> Error {
    Error::new(ErrorCode::Unavailable, "the group has no view yet; repeat when it has a primary")
}

/// The group as told: by the newest view that anyone holds, and by what each replica says.
fn cluster(believed: Option<View>, reports: &BTreeMap<Pod, Option<Report>>) -> Cluster {
    let held = reports.values().flatten().filter_map(|report| report.status.view.clone());
    let view = held.chain(believed).max_by_key(|view| (view.epoch, view.version));
    // The one that knows the latest reign knows the most of them.
    let reigns = reports.values().flatten().map(|report| &report.reigns);
    let reigns = reigns.max_by_key(|reigns| reigns.last().map(|reign| (reign.epoch, reigns.len())));
    Cluster {
        group: view.as_ref().map(|view| view.group.to_string()).unwrap_or_default(),
        version: view.as_ref().map_or(0, |view| view.version),
        epoch: view.as_ref().map_or(0, |view| view.epoch.number),
        loss_epoch: view.as_ref().map_or(0, |view| view.epoch.loss),
        primary: view.as_ref().map(|view| view.primary.to_string()).unwrap_or_default(),
        in_sync: view.iter().flat_map(|view| view.in_sync.keys()).map(Pod::to_string).collect(),
        min_in_sync: view.as_ref().map_or(0, |view| view.min_in_sync as u64),
        replicas: reports.iter().map(|(pod, report)| replica(pod, report.as_ref())).collect(),
        failovers: reigns.into_iter().flatten().rev().map(failover).collect(),
    }
}

fn replica(pod: &Pod, report: Option<&Report>) -> Replica {
    match report.map(|report| &report.status) {
        Some(status) => Replica {
            name: pod.to_string(),
            role: serde_json::to_value(status.role)
                .ok()
                .and_then(|role| role.as_str().map(str::to_owned))
                .unwrap_or_default(),
            epoch: status.promised.number,
            durable: status.tail.seq,
            committed: status.commit,
            storage_id: status.me.storage.to_string(),
            healthy: status.unhealthy.is_none() && !status.view_lost,
            trouble: status.unhealthy.clone().or(status.view_lost.then(|| "the view is lost".to_owned())),
        },
        None => Replica {
            name: pod.to_string(),
            role: "unreachable".to_owned(),
            epoch: 0,
            durable: 0,
            committed: 0,
            storage_id: String::new(),
            healthy: false,
            trouble: Some("it does not answer".to_owned()),
        },
    }
}

fn failover(reign: &Reign) -> Failover {
    let start = &reign.start;
    let cause = serde_json::to_value(start.change.cause).ok().and_then(|cause| cause.as_str().map(str::to_owned));
    Failover {
        epoch: reign.epoch.number,
        primary: start.primary.to_string(),
        previous: start.previous.as_ref().map(Pod::to_string),
        cause: cause.unwrap_or_default(),
        suspected_at: Timestamp::from_ms(start.change.suspected_at),
        decided_at: Timestamp::from_ms(start.change.decided_at),
        seen_at: Timestamp::from_ms(start.seen_at),
        started_at: Timestamp::from_ms(reign.at),
        detect_ms: start.change.decided_at.saturating_sub(start.change.suspected_at),
        take_over_ms: reign.at.max(start.seen_at).saturating_sub(start.change.decided_at),
    }
}
