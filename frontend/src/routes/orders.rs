//! Quotes and orders: price, place, show, list. What an order is and whether it can be taken is not decided here.
use crate::answer::Answered;
use crate::app::{App, Reading, Wanted};
use crate::body::Json;
use crate::failure::Error;
use crate::limits;
use crate::steering::{Order, Search, Steering};
use api::cluster::{Filter, Query};
use api::fingerprint;
use api::v1::asked;
use api::v1::error::{ErrorCode, Problem};
use api::v1::issue::Issue;
use api::v1::order::{Order as Told, OrderList, Quote, Stage};
use api::v1::paths;
use api::v1::place::{PlaceOrder, Service};
use axum::extract::State;
use axum::http::HeaderMap;
use order::Command;
use order::OrderId;
use order::command::{Action, PlaceOrder as Wish};
use order::stage::{Actor, Role};
use serde::Deserialize;
use utoipa::IntoParams;

/// Prices an order and says what stands in its way. No effect.
#[utoipa::path(post, path = paths::QUOTES, request_body = PlaceOrder, responses(
    (status = 200, body = Quote), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn quote(State(app): State<App>, headers: HeaderMap, Json(body): Json<PlaceOrder>) -> Answered {
    let wish = locate(&app, body, 0).await?;
    app.ask(Wanted::Strong, &Query::Quote(Box::new(wish)), &headers).await
}

/// Places an order, once for each Idempotency-Key.
#[utoipa::path(post, path = paths::ORDERS, request_body = PlaceOrder, params(
    ("Idempotency-Key" = String, Header, description = "16 to 128 visible ASCII characters; the same again repeats safely")),
    responses((status = 201, body = Told), (status = 400, body = Problem), (status = 410, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn place(State(app): State<App>, steering: Steering, Json(body): Json<PlaceOrder>) -> Answered {
    steering.require_key()?;
    let keyed = Some(steering.keyed(fingerprint::of("POST", paths::ORDERS, &body)));
    let wish = locate(&app, body, random()).await?;
    let (actor, action) = (Actor::guest(Role::Customer), Action::Place(Box::new(wish)));
    app.submit(&Command { actor, keyed, if_match: None, action }).await
}

/// One order.
#[utoipa::path(get, path = paths::ORDER, params(("order" = String, Path), Reading), responses(
    (status = 200, body = Told), (status = 304), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    Order(id): Order,
    Search(Reading { consistency }): Search<Reading>,
    headers: HeaderMap,
) -> Answered {
    app.ask(consistency, &Query::Order(id), &headers).await
}

/// Which orders to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Of this restaurant only.
    restaurant: Option<String>,
    /// In this stage only.
    stage: Option<Stage>,
    /// Where the page before left off: its `next`.
    cursor: Option<String>,
    /// So many at most, 1–100.
    limit: Option<u32>,
    /// As for one order.
    #[serde(default)]
    #[param(inline)]
    consistency: Wanted,
}

/// Orders, newest first, in pages. `Link: rel="next"` leads to the next one.
#[utoipa::path(get, path = paths::ORDERS, params(Listing), responses(
    (status = 200, body = OrderList), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(State(app): State<App>, Search(listing): Search<Listing>, headers: HeaderMap) -> Answered {
    let (filter, consistency) = listing.filter()?;
    app.ask(consistency, &Query::Orders(filter), &headers).await
}

impl Listing {
    fn filter(self) -> Result<(Filter, Wanted), Error> {
        let Listing { restaurant, stage, cursor, limit, consistency } = self;
        let not_ours =
            |_| Error::new(ErrorCode::CursorInvalid, "use the `next` of the page before, or leave the cursor out");
        let before = cursor.map(|text| OrderId::parse(&text).map_err(not_ours)).transpose()?;
        let limit = limit.unwrap_or(limits::PAGE);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            return Err(Error::parameter("limit", format!("limit is 1 to {}", limits::PAGE_MAX)));
        }
        Ok((Filter { restaurant, stage: stage.map(Into::into), before, limit }, consistency))
    }
}

/// The wish with its postcode resolved: here and not in the log, because every copy must see the same answer.
async fn locate(app: &App, body: PlaceOrder, random: u64) -> Result<Wish, Error> {
    let given = match (&body.deliver_to, body.service) {
        (Some(address), Service::Delivery) => {
            Some(app.places.given(&address.postcode, limits::PLACE_TIME_OF_ORDERS).await)
        }
        _ => None,
    };
    asked::place(body, given, random).map_err(refused)
}

/// What no order can hold, in the words of an order that was refused.
fn refused(issues: Vec<Issue>) -> Error {
    Error::new(ErrorCode::OrderRefused, "some values mean nothing; `issues` has each").issues(issues)
}

/// 64 bits that nobody can guess, for the order's id.
fn random() -> u64 {
    getrandom::u64().expect("the kernel gives random bytes once it has started")
}
