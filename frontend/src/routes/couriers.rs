//! Couriers: which jobs are theirs and which wait for someone.
use crate::answer::Answered;
use crate::app::{App, Reading};
use crate::steering::{Search, Segment};
use api::cluster::Query;
use api::v1::courier::Courier;
use api::v1::paths;
use axum::extract::State;
use axum::http::HeaderMap;

/// A courier's jobs, and those that wait for one. Anyone may call themselves a courier, until there is sign-in.
#[utoipa::path(get, path = paths::COURIER, params(("courier" = String, Path), Reading), responses((status = 200, body = Courier)))]
pub(super) async fn jobs(
    State(app): State<App>,
    Segment(courier): Segment,
    Search(Reading { consistency }): Search<Reading>,
    headers: HeaderMap,
) -> Answered {
    app.ask(consistency, &Query::Courier(courier), &headers).await
}
