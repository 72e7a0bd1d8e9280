//! All routes: one list from which both the router and its description are made, so that neither can forget one.
mod cluster;
mod commands;
mod couriers;
mod events;
mod orders;
mod postcodes;
mod probes;
mod restaurants;

use crate::app::App;
use crate::failure::Error;
use api::v1::error::ErrorCode;
use api::v1::paths;
use axum::Router;
use axum::http::{Method, Uri, header};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(
    title = "Just Hungry",
    description = "Online food ordering that survives the death of any of its servers. Money is in minor units, times are \
        RFC 3339 in UTC. Errors are application/problem+json with a stable `code` and all `issues` at once. Repeat a \
        request that got a 503 with the same Idempotency-Key.",
    license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
))]
struct Described;

/// The whole service, testable without a socket.
pub fn app(app: App) -> Router {
    let (router, described) = described().split_for_parts();
    let described = Bytes::from(described.to_pretty_json().expect("a description is a tree of texts"));
    let json = [(header::CONTENT_TYPE, "application/json")];
    router
        .route(paths::OPENAPI, get(move || async move { (json, described) }))
        .route("/", get(crate::page::page))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// The routes with their description.
pub fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(restaurants::list))
        .routes(routes!(restaurants::one))
        .routes(routes!(restaurants::menu, restaurants::put_menu))
        .routes(routes!(restaurants::availability))
        .routes(routes!(restaurants::pause))
        .routes(routes!(restaurants::resume))
        .routes(routes!(postcodes::list))
        .routes(routes!(postcodes::postcode))
        .routes(routes!(postcodes::addresses))
        .routes(routes!(orders::quote))
        .routes(routes!(orders::place, orders::list))
        .routes(routes!(orders::one))
        .merge(commands::described())
        .routes(routes!(events::of_order))
        .routes(routes!(events::all))
        .routes(routes!(couriers::jobs))
        .routes(routes!(cluster::status))
        .routes(routes!(cluster::promote))
        .routes(routes!(cluster::rebuild_view))
        .routes(routes!(cluster::force_loss))
        .routes(routes!(probes::healthz))
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::metrics))
}

async fn nothing_here(uri: Uri) -> Error {
    let path: String = uri.path().chars().take(100).collect();
    Error::new(ErrorCode::NotFound, format!("nothing is at {path}; {} describes what is where", paths::OPENAPI))
}

async fn wrong_method(method: Method) -> impl IntoResponse {
    Error::new(ErrorCode::MethodNotAllowed, format!("{method} is not for this path; the header Allow says what is"))
}
