//! Restaurants: who delivers where, what is on the menu, and what a restaurant says of itself.
use crate::answer::{Answered, unreadable};
use crate::app::{App, Reading, Wanted, now_ms};
use crate::body::{Json, Optional};
use crate::failure::Error;
use crate::limits;
use crate::steering::{Search, Segment, Steering};
use api::cluster::{Found, Query};
use api::fingerprint;
use api::v1::asked;
use api::v1::command::Nothing;
use api::v1::error::{ErrorCode, Problem};
use api::v1::menu_body::NewMenu;
use api::v1::paths;
use api::v1::restaurant::{Availability, Menu, Pause, Restaurant, RestaurantList};
use axum::extract::State;
use axum::http::HeaderMap;
use order::Command;
use order::command::{Action, Given};
use order::id::Slug;
use order::stage::{Actor, Role};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

const MINUTE_MS: u64 = 60_000;

/// Seen from where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Seen {
    /// A postcode in any spelling; without one, all restaurants are listed.
    #[param(example = "DH1 3LE")]
    postcode: Option<String>,
    /// As for one order.
    #[serde(default)]
    #[param(inline)]
    consistency: Wanted,
}

/// Who delivers to a postcode: fee, time, open or not, and why not.
#[utoipa::path(get, path = paths::RESTAURANTS, params(Seen), responses(
    (status = 200, body = RestaurantList), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn list(State(app): State<App>, Search(seen): Search<Seen>, headers: HeaderMap) -> Answered {
    let place = match seen.postcode {
        Some(text) => match app.places.given(&text, limits::PLACE_TIME).await {
            Given::Place(place) => Some(super::postcodes::exists(place)?),
            Given::NotAPostcode(_) => return Err(super::postcodes::invalid(&text)),
        },
        None => None,
    };
    app.ask(seen.consistency, &Query::Restaurants(place), &headers).await
}

/// One restaurant.
#[utoipa::path(get, path = paths::RESTAURANT, params(("restaurant" = String, Path), Reading), responses(
    (status = 200, body = Restaurant), (status = 304), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    Segment(restaurant): Segment,
    Search(Reading { consistency }): Search<Reading>,
    headers: HeaderMap,
) -> Answered {
    app.ask(consistency, &Query::Restaurant(restaurant), &headers).await
}

/// A restaurant's menu. The ETag is its revision.
#[utoipa::path(get, path = paths::MENU, params(("restaurant" = String, Path), Reading), responses(
    (status = 200, body = Menu), (status = 304), (status = 404, body = Problem)))]
pub(super) async fn menu(
    State(app): State<App>,
    Segment(restaurant): Segment,
    Search(Reading { consistency }): Search<Reading>,
    headers: HeaderMap,
) -> Answered {
    app.ask(consistency, &Query::Menu(restaurant), &headers).await
}

/// Puts the next revision of a menu. `If-Match` must be the ETag of the one before, or `*` for the first.
#[utoipa::path(put, path = paths::MENU, request_body = NewMenu, params(("restaurant" = String, Path),
    ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Restaurant), (status = 404, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem), (status = 428, body = Problem)))]
pub(super) async fn put_menu(
    State(app): State<App>,
    Segment(restaurant): Segment,
    steering: Steering,
    Json(body): Json<NewMenu>,
) -> Answered {
    steering.require_if_match("the menu")?;
    let route = paths::menu(&restaurant);
    let said = Said::of("PUT", &route, &restaurant, &steering, &body)?;
    let menu = asked::menu(body)
        .map_err(|issues| Error::new(ErrorCode::MenuRefused, "the menu has names that are none").issues(issues))?;
    said.submit(&app, |restaurant| Action::PutMenu { restaurant, menu: Box::new(menu) }).await
}

/// Says whether an item or option can be had, and how many are left.
#[utoipa::path(put, path = paths::AVAILABILITY, request_body = Availability, params(("restaurant" = String, Path),
    ("item" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Restaurant), (status = 404, body = Problem)))]
pub(super) async fn availability(
    State(app): State<App>,
    Segment(names): Segment<(String, String)>,
    steering: Steering,
    Json(body): Json<Availability>,
) -> Answered {
    let (restaurant, item) = names;
    let name = Slug::parse(&item).map_err(|error| Error::new(ErrorCode::ItemUnknown, error.to_string()))?;
    let route = format!("/v1/restaurants/{restaurant}/items/{item}/availability");
    let said = Said::of("PUT", &route, &restaurant, &steering, &body)?;
    let availability = order::restaurant::Availability { available: body.available, stock: body.stock };
    said.submit(&app, |restaurant| Action::SetAvailability { restaurant, name, availability }).await
}

/// Takes no orders for a while.
#[utoipa::path(post, path = paths::PAUSE, request_body = Pause, params(("restaurant" = String, Path),
    ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Restaurant), (status = 404, body = Problem)))]
pub(super) async fn pause(
    State(app): State<App>,
    Segment(restaurant): Segment,
    steering: Steering,
    Optional(body): Optional<Pause>,
) -> Answered {
    let said = Said::of("POST", &format!("/v1/restaurants/{restaurant}/pause"), &restaurant, &steering, &body)?;
    let until_ms = body.minutes.map(|minutes| now_ms() + u64::from(minutes) * MINUTE_MS);
    said.submit(&app, |restaurant| Action::Pause { restaurant, until_ms }).await
}

/// Takes orders again.
#[utoipa::path(post, path = paths::RESUME, request_body = Nothing, params(("restaurant" = String, Path),
    ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Restaurant), (status = 404, body = Problem)))]
pub(super) async fn resume(
    State(app): State<App>,
    Segment(restaurant): Segment,
    steering: Steering,
    Optional(body): Optional<Nothing>,
) -> Answered {
    let said = Said::of("POST", &format!("/v1/restaurants/{restaurant}/resume"), &restaurant, &steering, &body)?;
    said.submit(&app, |restaurant| Action::Resume { restaurant }).await
}

/// What a restaurant says of itself, with its key and version.
struct Said<'a> {
    restaurant: Slug,
    steering: &'a Steering,
    fingerprint: u128,
}

impl<'a> Said<'a> {
    fn of(
        method: &str,
        route: &str,
        restaurant: &str,
        steering: &'a Steering,
        body: &impl Serialize,
    ) -> Result<Said<'a>, Error> {
        let fingerprint = fingerprint::of(method, route, body);
        let restaurant = Slug::parse(restaurant).map_err(|_| unknown(restaurant))?;
        Ok(Said { restaurant, steering, fingerprint })
    }

    async fn submit(self, app: &App, action: impl FnOnce(Slug) -> Action) -> Answered {
        let Said { restaurant, steering, fingerprint } = self;
        let actor = Actor::named(Role::Restaurant, restaurant.as_str());
        let (keyed, if_match) = (Some(steering.keyed(fingerprint)), steering.if_match());
        app.submit(&Command { actor, keyed, if_match, action: action(restaurant) }).await
    }
}

fn unknown(restaurant: &str) -> Error {
    let shown: String = restaurant.chars().take(80).collect();
    Error::new(
        ErrorCode::RestaurantUnknown,
        format!("no restaurant is called {shown:?}; GET /v1/restaurants lists them"),
    )
}

/// The number that a restaurant's orders carry.
///
/// # Errors
/// There is no such restaurant, or nobody could be asked.
pub(super) async fn number(app: &App, restaurant: String) -> Result<u32, Error> {
    let answer = app.read(Wanted::Eventual, &Query::Number(restaurant)).await?;
    match api::cluster::found_from_bytes(&answer.reply).map_err(unreadable)? {
        Found::Number(number) => Ok(number),
        Found::Refused(json) => Err(crate::answer::refused(&json)),
        Found::Told { .. } => Err(Error::new(ErrorCode::Internal, "the replica answered another question")),
    }
}
